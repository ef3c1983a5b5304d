from math import exp, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sidecar.risk.payoff import payoff
from sidecar.risk.scenarios import worth
from tests.risk.books import CARRY, SPOT, TIME, book, books, leg


def test_a_strangle_breaks_even_its_premium_beyond_either_strike() -> None:
    legs = book(leg("call", 25_000.0, -75.0), leg("put", 24_000.0, -75.0))
    found = payoff(legs, cost=-75 * 200.0)
    assert_allclose(found.breakevens, [23_800 / SPOT - 1, 25_200 / SPOT - 1], rtol=1e-12)
    assert found.time == TIME
    inside = (found.spots >= 24_000 / SPOT - 1) & (found.spots <= 25_000 / SPOT - 1)
    assert_allclose(found.expiry[inside], 15_000.0, rtol=1e-12)
    assert_allclose(found.expiry[0], 75 * (200 - (24_000 - 0.9 * SPOT)), rtol=1e-12)


def test_without_a_cost_the_line_of_now_goes_through_zero_where_the_spot_is() -> None:
    found = payoff(book(leg("call", 24_600.0)))
    assert found.now[found.spots == 0.0] == [0.0]
    assert (np.diff(found.now) > 0).all()
    assert (np.diff(found.expiry) >= 0).all()
    paid = float(worth(book(leg("call", 24_600.0)))[0])
    assert_allclose(found.breakevens, [paid / SPOT], rtol=1e-9)


def test_the_strikes_are_points_of_the_line_and_those_beyond_it_are_not() -> None:
    legs = book(leg("call", 24_655.0), leg("put", 30_000.0), leg("call", 24_777.0, 0.0))
    spots = payoff(legs, (-0.1, 0.0, 0.1)).spots
    assert_allclose(spots, [-0.1, 0.0, 24_655 / SPOT - 1, 0.1], rtol=1e-14)


def test_a_calendar_spread_is_valued_when_its_near_leg_expires() -> None:
    legs = book(leg("call", 24_600.0, -75.0), leg("call", 24_600.0, 75.0, time=60 / 365, volatility=0.15))
    found = payoff(legs, np.linspace(-0.1, 0.1, 81))
    assert found.time == TIME
    assert found.spots[np.argmax(found.expiry)] == pytest.approx(0.0, abs=0.003)
    assert len(found.breakevens) == 2
    assert found.breakevens[0] < 0 < found.breakevens[1]


def test_a_leg_that_is_no_longer_held_does_not_set_the_day() -> None:
    legs = book(leg("call", 24_600.0, 0.0, time=1 / 365), leg("call", 24_600.0, time=-0.0), leg("put", 24_600.0))
    assert payoff(legs).time == TIME


def test_a_bull_spread_that_costs_nothing_touches_zero_along_its_floor() -> None:
    legs = book(leg("call", 24_000.0, 75.0), leg("call", 25_000.0, -75.0))
    assert_allclose(payoff(legs, (-0.1, -0.05, 0.1), cost=0.0).breakevens, [24_000 / SPOT - 1], rtol=1e-12)


def test_a_future_alone_has_no_expiry_to_wait_for() -> None:
    found = payoff(book(leg("future", quantity=75.0)), cost=75 * 24_600.0)
    assert found.time == 0.0
    assert_array_equal(found.now, found.expiry)
    assert_allclose(found.breakevens, [exp(-CARRY * TIME) - 1], rtol=1e-9)


def test_an_unknown_leg_makes_the_lines_unknown_and_leaves_no_breakevens() -> None:
    found = payoff(book(leg("call", 24_600.0, volatility=nan), leg("future")))
    assert np.isnan(found.now).all()
    assert np.isnan(found.expiry).all()
    assert found.breakevens == ()


def test_an_empty_book_is_flat_and_never_breaks_even() -> None:
    found = payoff(book())
    assert_array_equal(found.now, np.zeros(21))
    assert found.breakevens == ()


@given(books, st.floats(-1e6, 1e6))
def test_at_every_breakeven_the_book_makes_nothing_at_expiry(legs: Any, cost: float) -> None:
    rows = [i for i in range(len(legs)) if not legs.option[i] or legs.time[i] > 0.01]
    legs = legs.take(np.array(rows, dtype=np.intp))
    object.__setattr__(legs, "time", np.full(len(legs), TIME))
    object.__setattr__(legs, "forward", np.full(len(legs), SPOT * exp(CARRY * TIME)))
    found = payoff(legs, np.linspace(-0.4, 0.4, 9), cost=cost)
    scale = float(np.abs(legs.quantity).sum()) * SPOT
    for move in found.breakevens:
        spot, made = SPOT * (1 + move), -cost
        for i in range(len(legs)):
            sign = 1.0 if legs.call[i] else -1.0
            unit = max(sign * (spot - legs.strike[i]), 0.0) if legs.option[i] else spot
            unit = unit if legs.option[i] or any(legs.option & (legs.quantity != 0)) else spot * exp(CARRY * TIME)
            made += legs.quantity[i] * unit
        assert abs(made) <= 1e-9 * scale


@pytest.mark.parametrize("spots", [(), 0.1, (nan,), (-1.0, 0.0)])
def test_moves_that_are_none_are_refused(spots: Any) -> None:
    with pytest.raises(ValueError, match="spots"):
        payoff(book(leg("call", 24_600.0)), spots)
