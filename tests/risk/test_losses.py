"""What a fund can lose over fills, against every set of fills tried one by one."""

from itertools import product
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain.orders import Side
from sidecar.risk import footprint
from sidecar.risk.gate import check
from sidecar.risk.legs import Floats
from sidecar.risk.losses import Losses
from sidecar.risk.tail import value_at_risk
from sidecar.risk.view import only_reduces
from tests.risk.build import LOT, holding, of_future, order, request, view

MANY, STRESSES = 20, 3
NO_ENDS = np.zeros((0, 2, MANY + STRESSES))

vectors = st.lists(st.integers(-40, 40).map(lambda n: n / 4), min_size=MANY + STRESSES, max_size=MANY + STRESSES).map(
    np.array
)
orders = st.lists(st.tuples(vectors, st.integers(-3, 0), st.integers(0, 3)), max_size=3)


def built(held: Floats, unit: Floats, working: list[tuple[Floats, int, int]]) -> Losses:
    ends = [[sold * one, bought * one] for one, sold, bought in working]
    return Losses(held, unit, np.array(ends).reshape(-1, 2, held.size), MANY)


def every_fill(held: Floats, working: list[tuple[Floats, int, int]]) -> list[Floats]:
    steps = [range(sold, bought + 1) for _, sold, bought in working]
    units = [one for one, _, _ in working]
    return [
        held + sum((count * one for count, one in zip(counts, units, strict=True)), np.zeros(held.size))
        for counts in product(*steps)
    ]


def worst(loss: Floats) -> float:
    return max(float(loss[MANY:].max()), 0.0)


@settings(deadline=None, max_examples=150)
@given(vectors, vectors, orders, st.integers(-3, 3), st.integers(0, 3))
def test_the_largest_stress_loss_over_every_set_of_fills_is_exact(
    held: Floats, unit: Floats, working: list[tuple[Floats, int, int]], low: int, width: int
) -> None:
    found = built(held, unit, working).worst(low, low + width)
    tried = [loss + net * unit for loss in every_fill(held, working) for net in range(low, low + width + 1)]
    assert found == pytest.approx(max(map(worst, tried)), abs=1e-9)


@settings(deadline=None, max_examples=150)
@given(vectors, vectors, orders, st.integers(-3, 3), st.integers(0, 3))
def test_no_set_of_fills_has_a_larger_value_at_risk_than_was_said(
    held: Floats, unit: Floats, working: list[tuple[Floats, int, int]], low: int, width: int
) -> None:
    found = built(held, unit, working).var_95(low, low + width)
    tried = [
        max(float(value_at_risk((loss + net * unit)[:MANY], 0.95)), 0.0)
        for loss in every_fill(held, working)
        for net in range(low, low + width + 1)
    ]
    assert found >= max(tried) - 1e-9
    if not working and not width:
        assert found == pytest.approx(tried[0], abs=1e-9)


@settings(deadline=None, max_examples=300)
@given(vectors, vectors, orders, st.integers(-3, 3), st.integers(0, 2), st.sampled_from([-2, -1, 1, 2]))
def test_what_is_said_not_to_raise_the_stress_loss_raises_it_at_no_set_of_fills(
    held: Floats, unit: Floats, working: list[tuple[Floats, int, int]], low: int, width: int, signed: int
) -> None:
    told = built(held, unit, working).worst_rises(signed, low, low + width)
    step = np.sign(signed)
    rises = [
        worst(loss + (net + part) * unit) > worst(loss + net * unit) + 1e-6
        for loss in every_fill(held, working)
        for net in range(low, low + width + 1)
        for part in range(step, signed + step, step)
    ]
    if any(rises):
        assert told


def test_a_stress_loss_that_cannot_rise_alone_is_said_not_to() -> None:
    unit = np.append(np.zeros(MANY), [-8.0, 3.0, 0.0])
    assert not built(4 * unit, unit, []).worst_rises(-1, 0, 0)
    assert built(4 * unit, unit, []).worst_rises(1, 0, 0)
    assert not built(0 * unit, unit, []).worst_rises(-1, 4, 4)


def test_a_gain_everywhere_is_no_loss() -> None:
    gains = np.full(MANY + STRESSES, -5.0)
    at = built(gains, gains, [])
    assert (at.var_95(0, 0), at.worst(0, 0)) == (0.0, 0.0)
    assert not at.worst_rises(-1, 1, 1)


def test_what_is_unknown_of_one_contract_is_unknown_of_the_fund() -> None:
    known, unknown = np.zeros(MANY + STRESSES), np.full(MANY + STRESSES, nan)
    for at in (built(unknown, known, []), built(known, unknown, []), built(known, known, [(unknown, 0, 1)])):
        assert isnan(at.var_95(0, 1))
        assert isnan(at.worst(0, 1))
        assert at.worst_rises(-1, 0, 1)


def test_the_gate_refuses_what_would_lose_too_much_in_a_day_and_says_what_would_pass() -> None:
    at = view(losses=of_future(), limits={"var_95": 0.001, "order_lots": 99})
    # Of twenty moves the second-largest loss of a long is 9 points, of a short 9 too (from 9 up).
    verdict = check(request(Side.BUY, 10 * LOT), at)
    assert verdict.refusal is not None
    assert (verdict.refusal.limit_name, verdict.refusal.before) == ("var_95", 0.0)
    most = verdict.refusal.largest_quantity
    assert check(request(Side.BUY, most), at).accepted
    assert not check(request(Side.BUY, most + LOT), at).accepted


def test_the_gate_refuses_what_a_stress_would_cost_too_much() -> None:
    at = view(
        losses=of_future(),
        limits={"stress_loss": 0.01, "order_lots": 99, "capital_per_trade": 1.0, "position_allocation": 1.0},
    )
    verdict = check(request(Side.SELL, 10 * LOT), at)
    assert verdict.refusal is not None
    assert verdict.refusal.limit_name == "stress_loss"
    assert verdict.refusal.after == pytest.approx(10 * LOT * 100 / 5_000_000)
    assert verdict.refusal.largest_quantity == 6 * LOT


def test_working_orders_of_the_contract_count_to_what_it_can_lose() -> None:
    at = view(losses=of_future(), resting=(order(Side.SELL, LOT), order(Side.BUY, 3 * LOT)))
    assert footprint.stress_loss(request(Side.SELL), at) == (3 * LOT * 100 / 5e6, 3 * LOT * 100 / 5e6)
    assert footprint.stress_loss(request(Side.BUY), at) == (3 * LOT * 100 / 5e6, 4 * LOT * 100 / 5e6)
    assert footprint.var_95(request(Side.BUY), at)[1] == pytest.approx(4 * LOT * 10 / 5e6)


def test_the_hedge_of_the_worst_stress_is_not_free_to_go() -> None:
    hedge = of_future(-2 * LOT)
    held = holding(LOT, losses=hedge)
    assert not only_reduces(request(Side.SELL, LOT), held)
    assert only_reduces(request(Side.SELL, LOT), holding(LOT, losses=of_future()))
