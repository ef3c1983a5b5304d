"""The legs' matrix: where an interval begins and ends, what waits, and what the market says of each leg."""

from __future__ import annotations

from decimal import Decimal
from math import isnan, nan
from typing import Any

import numpy as np
import pytest

from sidecar.book.explain import GREEKS, PARTS
from sidecar.book.position import ZERO
from sidecar.desk.sheet import (
    FORWARD,
    MARK,
    SPOT,
    VOLATILITY,
    YEARS,
    Columns,
    Leg,
    Sheet,
    columns,
    market,
    spreads,
    unit_greeks,
)
from sidecar.desk.step import step
from sidecar.domain.clock import DAY, SECOND
from sidecar.domain.contracts import Contract
from sidecar.domain.events import Beat, Listed
from sidecar.domain.orders import Fill, Side
from sidecar.domain.records import ExplainMark
from tests.desk import world as around
from tests.desk.world import CALL, FUTURE, LISTED, LOT, PUT, World, chain, quote

EXPIRES = CALL.expires_at or 0
ROWS = 5 + len(GREEKS)


@pytest.fixture
def world() -> World:
    """Short two calls and long a put, an hour after the open, with a future that is quoted and not held."""
    world = World()
    step(world.state, Listed(LISTED.at, (*LISTED.contracts, FUTURE), "test", True))
    world.take(quote(FUTURE, world.at), *chain(world.at), Beat(world.at))
    world.trade_lots(CALL, Side.SELL, 2)
    world.trade_lots(PUT, Side.BUY, 1)
    world.take(quote(FUTURE, world.at), *chain(world.at), Beat(world.at))
    return world


def taken(world: World, *contracts: Contract) -> tuple[list[Leg], Columns]:
    """The legs of the call, the put and these, in that order."""
    held = [world.state.book.positions[f"main/manual/{one.id}"] for one in (CALL, PUT, *contracts)]
    legs = [Leg(position, position.quantity, ZERO) for position in held]
    return legs, columns(world.state, legs, {"main"})


def fill(quantity: int, price: str = "20.00", fees: int = 20) -> Fill:
    return Fill("f", "o", CALL.id, "main", "manual", quantity, Decimal(price), Decimal(fees), 1)


def leg(quantity: int, world: World) -> Leg:
    return Leg(world.state.book.positions[f"main/manual/{CALL.id}"], quantity, ZERO)


def test_a_legs_fills_are_counted_from_where_the_interval_began(world: World) -> None:
    one = leg(-150, world)
    one.take(fill(75, "20.00"))
    one.take(fill(-150, "22.50"))
    assert (one.before, one.kept, one.after) == (-150, -75, -225)
    assert one.paid == 75 * Decimal("20.00") - 150 * Decimal("22.50")
    assert one.fees == Decimal(40)
    one.begin(one.after)
    assert (one.before, one.kept, one.after, one.paid, one.fees) == (-225, -225, -225, ZERO, ZERO)


@pytest.mark.parametrize(("fills", "kept"), [((75, -75), -75), ((150, -150), 0), ((300,), 0), ((-75, 75), -150)])
def test_units_that_were_given_up_and_taken_again_were_not_held_all_through(
    world: World, fills: tuple[int, ...], kept: int
) -> None:
    one = leg(-150, world)
    for quantity in fills:
        one.take(fill(quantity))
    assert one.kept == kept


def test_a_legs_cash_is_its_pnl_but_for_what_it_holds_at_the_mark(world: World) -> None:
    _, found = taken(world)
    now = market(world.state, found)
    total = found.cash + found.quantity * now[MARK]
    assert total.sum() == pytest.approx(world.report.total.daily_pnl, abs=1e-6)
    position = world.state.book.positions[f"main/manual/{CALL.id}"]
    later = Leg(position, position.quantity, position.realized - position.fees, 1_000.0)
    assert later.cash == pytest.approx(-float(position.cost) - 1_000.0)


def test_columns_follow_the_contracts_and_the_fills(world: World) -> None:
    legs, found = taken(world)
    assert [one.position.symbol for one in legs] == [CALL.id, PUT.id]
    np.testing.assert_array_equal(found.quantity, [-2 * LOT, LOT])
    np.testing.assert_array_equal(found.held.before, found.quantity)
    assert (found.underlyings, found.underlying.tolist()) == (["NIFTY"], [0, 0])
    assert found.option.tolist() == [True, True]
    assert found.expires.tolist() == [EXPIRES, EXPIRES]
    assert found.lot == [LOT, LOT]
    assert found.all_listed
    legs[0].take(fill(LOT))
    assert columns(world.state, legs, {"main"}).held.kept.tolist() == [-LOT, LOT]


def test_no_legs_have_empty_columns(world: World) -> None:
    none = columns(world.state, [], {"main"})
    assert none.quantity.shape == none.held.before.shape == (0,)
    assert market(world.state, none).shape == (5, 0)
    assert none.lines.make(np.zeros((len(PARTS), 0)), np.zeros(0), np.zeros(0)) == ()


def test_the_market_of_a_leg_is_the_valuations(world: World) -> None:
    _, found = taken(world)
    now = market(world.state, found)
    assert world.published is not None
    told = world.published.chain
    for column, one in enumerate((CALL, PUT)):
        row = told.rows[one.id]
        assert now[MARK, column] == told.mark[row]
        assert now[FORWARD, column] == told.forward[row]
        assert now[VOLATILITY, column] == told.iv[row]
        assert now[SPOT, column] == around.SPOT
        assert now[YEARS, column] == pytest.approx((EXPIRES - world.at) / (365 * DAY))
    greeks = unit_greeks(world.state, found)
    assert greeks.shape == (len(GREEKS), 2)
    assert greeks[GREEKS.index("delta"), 0] == told.delta[told.rows[CALL.id]]


def test_an_expired_options_forward_is_its_spot_and_a_future_never_runs_out(world: World) -> None:
    world.trade_lots(FUTURE, Side.BUY, 1)
    _, found = taken(world, FUTURE)
    world.state.now = EXPIRES
    now = market(world.state, found)
    assert now[YEARS].tolist() == [0.0, 0.0, 1.0]
    np.testing.assert_array_equal(now[FORWARD][:2], now[SPOT][:2])
    assert (now[YEARS][2], now[MARK][2]) == (1.0, around.SPOT + 40.0)


def test_a_contract_that_is_no_longer_listed_has_an_unknown_market(world: World) -> None:
    _, found = taken(world)
    unlisted = found._replace(row=np.array([-1, found.row[1]]), all_listed=False)
    now = market(world.state, unlisted)
    assert np.isnan(now[[MARK, FORWARD, VOLATILITY], 0]).all()
    assert np.isfinite(now[:, 1]).all()
    assert np.isnan(unit_greeks(world.state, unlisted)[:, 0]).all()


def test_a_spread_that_is_not_quoted_is_a_share_of_the_mark(world: World) -> None:
    _, found = taken(world)
    now = market(world.state, found)
    quoted = world.state.board.last(CALL.id)
    assert quoted is not None
    assert spreads(world.state, found, now)[0] == pytest.approx(quoted.ask - quoted.bid)
    unlisted = found._replace(row=np.array([-1, found.row[1]]), all_listed=False)
    assert spreads(world.state, unlisted, now)[0] == pytest.approx(0.05 * now[MARK, 0])


def sheet(count: int = 2) -> Sheet:
    """Legs that began at a known market ten seconds ago and have earned 3 of theta in a first interval."""
    made = Sheet()
    for index in range(count):
        made.add()
        made.begin(index, np.full(ROWS, 1.0), 0)
    made.parts[0] = 3.0
    made.running[1] = 2.0
    return made


def cut(made: Sheet, total: Any, known: list[bool]) -> np.ndarray[Any, Any]:
    count = len(known)
    return made.cut(
        np.full((5, count), 7.0), np.full((len(GREEKS), count), 8.0), 10 * SECOND, np.array(total), np.array(known)
    )


def test_a_leg_of_which_nothing_is_known_begins_with_an_unknown_market() -> None:
    made = Sheet()
    made.add()
    assert np.isnan(made.start).all()
    assert made.start.shape == (ROWS, 1)
    assert not made.parts.any()
    assert not made.running.any()


def test_a_cut_adds_what_ran_and_begins_at_the_new_market() -> None:
    made = sheet()
    assert cut(made, [6.0, 4.0], [True, True]).all()
    np.testing.assert_array_equal(made.parts[:2], [[3.0, 3.0], [2.0, 2.0]])
    assert not made.running.any()
    np.testing.assert_array_equal(made.left, [1.0, -1.0])
    np.testing.assert_array_equal(made.unpriced, [0.0, 0.0])
    np.testing.assert_array_equal(made.start, np.repeat([[7.0]] * 5 + [[8.0]] * len(GREEKS), 2, axis=1))
    np.testing.assert_array_equal(made.started, [10 * SECOND] * 2)


def test_what_an_interval_earned_that_could_not_be_explained_is_unpriced_once_the_total_is_known() -> None:
    made = sheet()
    made.running[:] = 0.0
    cut(made, [nan, 3.0], [False, True])
    assert made.unpriced.tolist() == [0.0, 0.0]
    cut(made, [13.0, 3.5], [False, True])
    assert made.unpriced.tolist() == [10.0, 0.0]
    assert made.left.tolist() == [10.0, 0.5]
    cut(made, [14.0, 3.5], [True, True])
    assert made.unpriced.tolist() == [10.0, 0.0]
    assert made.left.tolist() == [11.0, 0.5]


def test_a_leg_taken_up_after_a_restart_waits_in_its_interval_until_its_market_is_known() -> None:
    made = sheet()
    made.resumed[0] = 1.0
    assert cut(made, [nan, 5.0], [False, True]).tolist() == [False, True]
    np.testing.assert_array_equal(made.start[:, 0], np.full(ROWS, 1.0))
    assert (made.started[0], made.running[1, 0]) == (0.0, 2.0)
    assert cut(made, [5.0, 5.0], [True, True]).all()
    assert (made.parts[1, 0], made.resumed[0], made.unpriced[0]) == (2.0, 0.0, 0.0)


def test_a_record_and_the_leg_made_of_it_are_the_same_to_the_last_bit() -> None:
    made = Sheet()
    made.add()
    start = tuple(None if place == 4 else 0.1 * place for place in range(ROWS))
    parts = tuple(1.0 / (place + 3) for place in range(len(PARTS)))
    at = 1_788_000_000_123_457
    made.resume(ExplainMark("main/manual/x", 75, ZERO, 0.0, parts, 0.25, 0.125, at, start))
    assert tuple(made.parts[:, 0]) == parts
    assert (made.left[0], made.unpriced[0], int(made.started[0])) == (0.25, 0.125, at)
    assert isnan(made.start[4, 0])
    assert made.start[3, 0] == 0.1 * 3


def test_dropping_legs_keeps_the_others_as_they_were() -> None:
    made = sheet(3)
    made.parts[0] = [1.0, 2.0, 3.0]
    made.started[:] = [1.0, 2.0, 3.0]
    made.keep([True, False, True])
    assert made.parts[0].tolist() == made.started.tolist() == [1.0, 3.0]
