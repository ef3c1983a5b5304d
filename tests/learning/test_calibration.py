"""Margins into probabilities: the truth is found again, an order is never turned, and nothing said is said so."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import softmax

from sidecar.domain.errors import InputError
from sidecar.learning.calibration import CONSTANT, NO_ORDER, NO_ROWS, ONE_CLASS, Calibration, fit

Margins = NDArray[np.float64]
Outcomes = NDArray[np.int8]


def sample(seed: int, n: int, slope: float, biases: tuple[float, float, float]) -> tuple[Margins, Outcomes]:
    rng = np.random.default_rng(seed)
    margins = rng.standard_normal((n, 3)) * 2
    p = softmax(slope * margins + np.array(biases), axis=1)
    y = (rng.random(n)[:, None] > np.cumsum(p, axis=1)).sum(axis=1)
    return margins, np.minimum(y, 2).astype(np.int8)


def two(seed: int, n: int, slope: float) -> tuple[Margins, Outcomes]:
    rng = np.random.default_rng(seed)
    margin = rng.standard_normal(n) * 3
    y = np.where(rng.random(n) < 1 / (1 + np.exp(-slope * margin - 0.3)), 2, 0).astype(np.int8)
    return np.stack([np.zeros(n), np.full(n, -np.inf), margin], axis=1), y


def test_the_slope_and_the_biases_that_made_the_outcomes_are_found_again() -> None:
    found = fit(*sample(1, 40_000, 0.5, (0.2, -0.4, 0.2)))
    assert found.slope == pytest.approx(0.5, abs=0.02)
    assert found.biases == pytest.approx((0.2, -0.4, 0.2), abs=0.04)
    assert (found.rows, found.note) == (40_000, "")


def test_two_classes_are_platts_own_sigmoid() -> None:
    margins, y = two(2, 3_000, 0.7)
    up, down = np.count_nonzero(y == 2), np.count_nonzero(y == 0)
    target = np.where(y == 2, (up + 1) / (up + 2), 1 / (down + 2))

    def loss(ab: NDArray[np.float64]) -> float:
        z = ab[0] * margins[:, 2] + ab[1]
        return float(np.sum(np.logaddexp(0, -z) * target + np.logaddexp(0, z) * (1 - target)))

    a, b = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-9}).x
    p = fit(margins, y).apply(margins)
    assert np.all(p[:, 1] == 0.0)
    assert p[:, 2] == pytest.approx(1 / (1 + np.exp(-a * margins[:, 2] - b)), abs=1e-5)


def test_probabilities_sum_to_one_and_survive_the_journey_through_json() -> None:
    margins, y = two(3, 500, 0.7)
    found = fit(margins, y)
    again = msgspec.json.decode(msgspec.json.encode(found), type=Calibration)
    assert np.array_equal(again.apply(margins), found.apply(margins))
    assert found.apply(margins).sum(axis=1) == pytest.approx(np.ones(500), abs=1e-12)


@given(seed=st.integers(0, 1_000), slope=st.floats(-1, 2))
def test_a_greater_margin_is_never_a_smaller_chance(seed: int, slope: float) -> None:
    margins, y = two(seed, 200, slope)
    p = fit(margins, y).apply(margins)[:, 2]
    assert np.all(np.diff(p[np.argsort(margins[:, 2])]) >= 0)


def test_the_same_rows_give_the_same_calibration_and_a_weight_of_two_is_a_row_twice() -> None:
    margins, y = sample(4, 4_000, 0.5, (0.0, 0.0, 0.0))
    assert fit(margins, y) == fit(margins, y)
    weights = np.where(np.arange(y.size) % 3 == 0, 2.0, 1.0)
    twice = np.concatenate([np.arange(y.size), np.flatnonzero(weights == 2.0)])
    weighted, repeated = fit(margins, y, weights), fit(margins[twice], y[twice])
    assert weighted.slope == pytest.approx(repeated.slope, rel=1e-3)


def test_an_overconfident_model_is_brought_to_the_truth() -> None:
    margins, y = sample(5, 20_000, 0.25, (0.0, 0.0, 0.0))
    assert fit(margins * 10, y).slope == pytest.approx(0.025, abs=0.003)


def test_one_class_alone_falls_back_to_a_base_rate_that_leaves_the_others_a_chance() -> None:
    found = fit(np.random.default_rng(0).standard_normal((98, 3)), np.zeros(98, dtype=np.int8))
    assert (found.slope, found.note) == (0.0, ONE_CLASS)
    assert found.apply(np.ones((1, 3)))[0] == pytest.approx([99 / 101, 1 / 101, 1 / 101])


def test_constant_margins_and_an_order_that_is_not_there_fall_back_to_the_base_rate() -> None:
    margins, y = sample(6, 5_000, 0.5, (0.0, 0.0, 0.0))
    flat = fit(np.ones((y.size, 3)), y)
    turned = fit(-margins, y)
    assert (flat.slope, flat.note) == (0.0, CONSTANT)
    assert (turned.slope, turned.note) == (0.0, NO_ORDER)
    shares = np.bincount(y, minlength=3) / y.size
    for found in (flat, turned):
        assert found.apply(margins[:1])[0] == pytest.approx(shares, abs=1e-3)


def test_a_class_that_these_rows_never_saw_keeps_a_chance() -> None:
    margins, y = sample(7, 2_000, 0.5, (0.0, 0.0, 0.0))
    kept = y != 1
    assert 0 < fit(margins[kept], y[kept]).apply(np.zeros((1, 3)))[0, 1] < 0.01


def test_no_rows_margins_that_are_not_numbers_and_an_unknown_class_are_refused() -> None:
    margins, y = sample(8, 50, 0.5, (0.0, 0.0, 0.0))
    with pytest.raises(InputError, match=NO_ROWS):
        fit(margins[:0], y[:0])
    broken = margins.copy()
    broken[3, 1] = np.nan
    with pytest.raises(InputError, match="not all numbers"):
        fit(broken, y)
    with pytest.raises(InputError, match="a class that the model does not know"):
        fit(two(8, 50, 1.0)[0], np.ones(50, dtype=np.int8))
