"""What a model must beat."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from sidecar.domain.errors import InputError
from sidecar.learning.baselines import FEATURES, Logistic, Majority, Persistence

Outcomes = NDArray[np.int8]


def planted(seed: int, n: int) -> tuple[NDArray[np.float64], Outcomes]:
    """Five columns, of which the second and the fourth carry the outcome; nothing ever holds."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 5)) * np.array([1.0, 20.0, 0.01, 1.0, 5.0]) + 3.0
    z = 0.8 * (x[:, 1] - 3) / 20 - 0.5 * (x[:, 3] - 3) + 0.2
    return x, np.where(rng.random(n) < expit(z), 2, 0).astype(np.int8)


def test_the_majority_gives_every_row_the_class_shares_of_its_own_rows() -> None:
    y = np.array([0, 0, 1, 2, -1, 2, 2, 2], dtype=np.int8)
    assert Majority.fit(y).probabilities(2) == pytest.approx(np.array([[2, 1, 4], [2, 1, 4]]) / 7)
    weights = np.array([1.0, 1.0, 4.0, 1.0, 99.0, 1.0, 1.0, 1.0])
    assert Majority.fit(y, weights).base == pytest.approx((0.2, 0.4, 0.4))
    with pytest.raises(InputError, match="no outcome is known"):
        Majority.fit(np.array([-1, -1], dtype=np.int8))


def test_persistence_says_the_last_sign_again_as_often_as_it_was_right() -> None:
    last = np.array([1.0, 1.0, -1.0, -1.0, 1.0, 0.0, np.nan, 1.0])
    y = np.array([2, 2, 0, 2, 0, 2, 0, 1], dtype=np.int8)
    found = Persistence.fit(last, y)
    assert found.hit == pytest.approx(3 / 5)
    hold = 1 / 8
    assert found.probabilities(np.array([2.0, -2.0, 0.0, np.nan])) == pytest.approx(
        np.array([
            [0.4 * (1 - hold), hold, 0.6 * (1 - hold)],
            [0.6 * (1 - hold), hold, 0.4 * (1 - hold)],
            [3 / 8, 1 / 8, 4 / 8],
            [3 / 8, 1 / 8, 4 / 8],
        ])
    )  # fmt: skip


def test_persistence_that_never_saw_a_move_says_half() -> None:
    assert Persistence.fit(np.zeros(3), np.array([0, 1, 2], dtype=np.int8)).hit == 0.5


def test_the_logistic_regression_finds_the_planted_weights() -> None:
    x, y = planted(1, 30_000)
    found = Logistic.fit(x, y, penalty=1e-6)
    assert found.weights[:, 1] - found.weights[:, 0] == pytest.approx([0.0, 0.8, 0.0, -0.5, 0.0], abs=0.05)
    p = found.probabilities(x)
    assert p.sum(axis=1) == pytest.approx(np.ones(len(x)))
    assert np.all(p[:, 1] == 0.0)
    assert p[:, 2].mean() == pytest.approx(np.mean(y == 2), abs=1e-4)


def test_the_logistic_regression_knows_means_and_deviations_of_the_rows_it_was_fitted_on_alone() -> None:
    x, y = planted(2, 2_000)
    found = Logistic.fit(x[:1_000], y[:1_000])
    alone, beside = found.probabilities(x[1_000:1_001]), found.probabilities(np.vstack([x[1_000:1_001], x[:10] * 1e6]))
    assert np.array_equal(alone[0], beside[0])
    assert found.mean == pytest.approx(x[:1_000].mean(axis=0))


def test_unknown_and_constant_columns_do_no_harm_and_an_outlier_no_more_than_eight_deviations() -> None:
    x, y = planted(3, 1_000)
    x[:, 0], x[:, 2], x[::7, 1] = np.nan, 5.0, np.nan
    found = Logistic.fit(x, y)
    assert np.all(np.isfinite(found.probabilities(x)))
    far = np.tile(found.mean, (2, 1))
    far[0, 1], far[1, 1] = found.mean[1] + 8 * found.scale[1], 1e12
    assert np.array_equal(*found.probabilities(far)) is True


def test_three_classes_and_the_same_rows_give_the_same_regression() -> None:
    x, y = planted(4, 3_000)
    y[np.abs(x[:, 0] - 3) < 0.3] = 1
    one, two = Logistic.fit(x, y), Logistic.fit(x, y)
    assert np.array_equal(one.weights, two.weights)
    assert one.classes == (0, 1, 2)
    assert Logistic.fit(x, y, np.ones(y.size)).weights == pytest.approx(one.weights)
    with pytest.raises(InputError, match="no outcome is known"):
        Logistic.fit(x, np.full(y.size, -1, dtype=np.int8))


def test_five_features_are_named() -> None:
    assert len(set(FEATURES)) == 5
