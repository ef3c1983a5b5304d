from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise
from math import inf, isnan, nan

import pytest

from sidecar.desk import session
from sidecar.domain.breaker import BreakerStatus, Trigger
from sidecar.domain.clock import MINUTE, SECOND, at_local
from sidecar.domain.commands import ChangeLimits
from sidecar.domain.events import Beat, Listed, Settlement, VenueBook
from sidecar.domain.orders import OrderState, Side
from sidecar.domain.records import EquityMarked
from sidecar.domain.report import Quality
from tests.desk.world import (
    CALENDAR,
    CALL,
    CLOSE,
    DAY,
    FUTURE,
    LOT,
    NEXT_DAY,
    OPEN,
    PUT,
    SPOT,
    World,
    chain,
    fresh,
    index,
    quote,
)  # fmt: skip

NEXT_OPEN = at_local(NEXT_DAY, 9, 15, CALENDAR.zone)


@pytest.fixture
def world() -> World:
    return World().begin()


def settled(price: float, at: int | None = None) -> Settlement:
    closed = CALL.expires_at or 0
    return Settlement(closed if at is None else at, "NIFTY", "20260908", price, closed)


def test_the_clock_never_goes_back(world: World) -> None:
    world.take(Beat(world.at + SECOND), Beat(world.at))
    assert world.state.now == world.at + SECOND
    assert world.report.seq == world.state.seq


def test_the_session_is_open_from_its_first_instant_to_its_last_but_one() -> None:
    world = World()
    for at, is_open in ((OPEN - 1, False), (OPEN + SECOND, True), (CLOSE - 1, True), (CLOSE, False)):
        assert world.take(Beat(at)).session_open is is_open


def test_beyond_the_sessions_table_nothing_is_open_and_the_report_says_so() -> None:
    beyond = at_local(date(CALENDAR.last.year + 1, 1, 4), 10, 0, CALENDAR.zone)
    report = World().take(Beat(beyond))
    assert not report.session_open
    assert report.calendar_days_left == 0
    assert any("sessions table ends" in note for note in report.notes)


def test_the_day_begins_at_the_equity_of_the_open_and_is_on_record(world: World) -> None:
    assert world.report.day == DAY
    (mark,) = [record for record in world.records if isinstance(record, EquityMarked)]
    assert mark.opening == {"main": Decimal(10_000_000), "*": Decimal(10_000_000)}
    assert world.report.total.daily_pnl == 0.0


def overnight(world: World, spot: float) -> None:
    world.at = CLOSE - SECOND
    world.trade()
    world.at = NEXT_OPEN - SECOND
    world.beat(0.0)


def test_the_next_day_counts_from_its_own_open(world: World) -> None:
    world.trade_lots(lots=5)
    overnight(world, SPOT)
    before = world.report.total.daily_pnl
    assert before != 0.0
    report = world.trade(SPOT)
    assert (report.day, report.total.daily_pnl) == (NEXT_DAY, 0.0)
    assert world.trade(SPOT + 100).total.daily_pnl < 0.0


def test_the_roll_waits_a_minute_for_trusted_marks_and_then_takes_what_there_is(world: World) -> None:
    world.trade_lots()
    overnight(world, SPOT)
    world.at = NEXT_OPEN
    assert world.take(index(world.at), Beat(world.at)).day == DAY
    world.at += 59 * SECOND
    assert world.take(index(world.at), Beat(world.at)).day == DAY
    world.at += SECOND
    assert world.take(index(world.at), Beat(world.at)).day == NEXT_DAY


def test_a_daily_trip_is_cleared_by_the_roll_and_yesterdays_loss_does_not_trip_again(world: World) -> None:
    world.trade_lots(lots=5)
    world.ask(ChangeLimits, reason="drill", limits={"daily_loss": 0.0005})
    world.trade(SPOT + 150, beats=4)
    assert [cause.trigger for cause in world.state.breaker.causes] == [Trigger.DAILY_LOSS_LIMIT]
    overnight(world, SPOT + 150)
    assert world.state.breaker.status is BreakerStatus.TRIPPED
    world.trade(SPOT, beats=5)
    assert world.state.breaker.active
    assert world.report.day == NEXT_DAY
    assert [event.event for event in world.report.breaker_events] == ["triggered", "rolled"]


def test_an_emergency_stop_outlives_the_night(world: World) -> None:
    world.stop()
    overnight(world, SPOT)
    world.trade(beats=3)
    assert world.state.breaker.status is BreakerStatus.EMERGENCY_STOP


def test_equity_is_put_on_record_once_a_minute_from_trusted_marks(world: World) -> None:
    world.trade(seconds=1.0, beats=130)
    marks = [record.at for record in world.records if isinstance(record, EquityMarked)]
    assert [b - a for a, b in pairwise(marks)] == [MINUTE, MINUTE]


def test_positions_settle_exactly_at_the_closing_value(world: World) -> None:
    world.trade_lots(CALL, Side.SELL)
    world.trade(seconds=10)
    world.trade_lots(PUT, Side.BUY)
    closed = CALL.expires_at or 0
    world.at = closed
    world.take(settled(24_912.80))
    assert world.state.book.open_positions() == []
    assert world.report.awaiting_settlement == ()
    short = next(trip for trip in world.state.book.round_trips if trip.symbol == CALL.id)
    assert short.realized == LOT * (Decimal("21.40") - Decimal("12.80"))
    assert world.state.book.imbalance() == 0


def test_a_position_awaits_its_settlement_with_no_greeks_and_a_stale_value(world: World) -> None:
    world.trade_lots()
    closed = CALL.expires_at or 0
    world.take(Beat(closed - 1), Beat(closed + SECOND))
    (line,) = world.report.positions
    assert world.report.awaiting_settlement == (line.id,)
    assert line.quality is Quality.STALE
    assert (line.delta, line.gamma, line.vega, line.theta, line.rho) == (0.0,) * 5
    assert isnan(line.iv)
    assert line.current_price > 0.0
    assert world.take(settled(SPOT, closed + 2 * SECOND)).positions == ()


def test_a_closing_value_that_comes_early_settles_nothing_before_the_expiry(world: World) -> None:
    world.trade_lots()
    closed = CALL.expires_at or 0
    world.take(settled(SPOT, closed - MINUTE))
    assert len(world.report.positions) == 1
    world.take(Beat(closed - 1))
    assert len(world.report.positions) == 1
    assert world.take(Beat(closed)).positions == ()


def test_a_second_closing_value_changes_nothing(world: World) -> None:
    world.trade_lots()
    world.at = CALL.expires_at or 0
    world.take(settled(SPOT), settled(25_500.0))
    assert world.state.book.realized() == LOT * Decimal("21.40")
    assert world.report.counters.quotes_refused == {}


@pytest.mark.parametrize("price", [nan, inf, 0.0, -1.0])
def test_a_closing_value_that_is_no_price_is_refused_and_the_true_one_still_settles(world: World, price: float) -> None:
    world.trade_lots()
    world.at = CALL.expires_at or 0
    assert len(world.take(settled(price)).positions) == 1
    assert sum(world.report.counters.quotes_refused.values()) == 1
    assert world.take(settled(SPOT)).positions == ()


def test_working_orders_end_with_their_contract(world: World) -> None:
    (order,) = world.place().orders
    world.take(Beat(CALL.expires_at or 0))
    assert world.state.orders[order.id].state is OrderState.EXPIRED
    assert world.state.working == {}


def test_a_future_settles_at_the_value_of_the_index() -> None:
    world = World().begin()
    world.take(Listed(world.at, (FUTURE,), "test", True))
    world.trade()
    world.take(quote(FUTURE, world.at), Beat(world.at))
    world.trade_lots(FUTURE, Side.BUY)
    price = world.state.book.open_positions()[0].average_price
    closed = FUTURE.expires_at or 0
    world.take(Settlement(closed, "NIFTY", "20260929", 24_800.5, closed))
    assert world.state.book.realized() == LOT * (Decimal("24800.5") - price)


def test_a_fund_whose_equity_was_unknown_at_the_roll_gets_its_base_when_it_is_known() -> None:
    world = World()
    state = world.state
    session.advance(state, OPEN + 2 * MINUTE)
    assert session.roll(state, {"main": nan, "*": 5.0}, trusted=False)
    assert state.base is not None
    assert "main" not in state.base.equity_by_fund
    assert not session.roll(state, {"main": nan, "*": 9.0}, trusted=True)
    assert session.roll(state, {"main": 7.0, "*": 9.0}, trusted=True)
    assert state.base.equity_by_fund == {"main": Decimal("7.0000"), "*": Decimal("5.0000")}


def test_a_break_in_the_session_is_closed_and_its_end_begins_a_new_count_of_staleness() -> None:
    days = [one for one in CALENDAR.sessions if len(one.intervals) == 2]
    if not days:
        pytest.skip("the sessions table has no day with a break")
    day = days[-1]
    (first, pause), (again, _) = day.intervals
    world = World(fresh())
    world.take(VenueBook(first, {}, ()), Listed(first, tuple(c for c in (CALL, PUT)), "test"), index(pause - 1))
    assert world.take(Beat(pause)).session_open is False
    report = world.take(Beat(again + SECOND))
    assert report.session_open
    assert report.breaker.active
    assert not world.take(Beat(again + 11 * SECOND)).breaker.active


def test_no_contract_trades_beyond_its_expiry(world: World) -> None:
    world.at = CALL.expires_at or 0
    world.take(*chain(world.at), Beat(world.at))
    refused = world.place(price=Decimal("21.40"))
    assert refused.refusal is not None
    assert refused.refusal.limit_name == "contract"
