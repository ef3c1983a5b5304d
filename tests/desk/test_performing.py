from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import isfinite, isnan
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.desk.recovery import restore
from sidecar.domain.clock import SECOND, at_local
from sidecar.domain.events import Beat
from sidecar.domain.orders import Side
from sidecar.domain.performance import PerformanceLine
from sidecar.domain.records import Entry, EquityMarked, decode, encode
from tests.desk.world import CALENDAR, CALL, DAY, LISTED, PUT, SPOT, World, chain, fresh

TWO: dict[str, Any] = {"capital": {"main": Decimal(10_000_000), "second": Decimal(5_000_000)}}
EVERY = 5 * SECOND


@pytest.fixture
def world() -> World:
    return World(**TWO).begin()


def by_fund(world: World) -> dict[str, PerformanceLine]:
    return {line.fund_id: line for line in world.report.performance}


def restarted(world: World, **more: Any) -> World:
    """Another desk on the records of this one, at the same instant."""
    state = fresh(**{**TWO, **more})
    restore(state, [decode(encode(Entry(0, record))).record for record in world.records])
    return World(state, at=world.at)


def same(one: World, two: World) -> None:
    assert msgspec.json.encode(one.report.performance) == msgspec.json.encode(two.report.performance)


def test_there_is_a_line_a_fund_and_the_desks_is_last(world: World) -> None:
    assert [line.fund_id for line in world.report.performance] == ["main", "second", "*"]
    for line, fund in zip(world.report.performance, world.report.funds, strict=True):
        assert line.portfolio_value == fund.portfolio_value == float(fund.capital)
        assert (line.total_return, line.daily_return, line.active_positions) == (0.0, 0.0, 0)
        assert (line.interval, line.periods_per_year, line.observations) == ("1min", 252 * 385.0, 0)
        assert all(map(isnan, (line.sharpe_ratio, line.sortino_ratio, line.volatility)))
        assert all(map(isnan, (line.win_rate, line.profit_factor)))


def test_the_same_lines_stand_for_five_seconds_and_until_a_fill(world: World) -> None:
    while (world.at + SECOND) % EVERY // SECOND != 0:
        world.trade()
    lines = world.trade().performance  # the first beat of another five seconds
    assert lines[0].timestamp == world.report.timestamp
    for _ in range(3):
        assert world.trade().performance is lines
    order = world.place().orders[0]
    assert world.report.performance is lines
    filled = world.fill(order).performance
    assert filled is not lines
    assert [line.active_positions for line in filled] == [1, 0, 1]
    assert filled[0].timestamp > lines[0].timestamp


def test_the_numbers_are_those_of_the_fund(world: World) -> None:
    world.trade_lots(lots=2, fund_id="second")
    for step in range(25):
        world.trade(SPOT + 15.0 * (step % 4), seconds=60.0)
    for line, fund in zip(world.report.performance, world.report.funds, strict=True):
        assert line.total_return == pytest.approx(fund.portfolio_value / float(fund.capital) - 1, rel=1e-6, abs=1e-15)
        assert (line.drawdown, line.max_drawdown) == (fund.drawdown, fund.max_drawdown)
        assert line.daily_return == fund.daily_pnl_percent
        assert line.observations == 25
    lines = by_fund(world)
    assert isnan(lines["main"].sharpe_ratio)  # nothing moved it
    assert isfinite(lines["second"].sharpe_ratio)
    assert lines["second"].max_drawdown > 0.0
    assert lines["*"].volatility == pytest.approx(lines["second"].volatility / 3, rel=1e-2)


def round_trip(world: World, fund: str, prices: tuple[str, str], strategy: str = "hand") -> None:
    world.trade_lots(CALL, Side.BUY, fund_id=fund, strategy=strategy, at_price=prices[0])
    world.trade(seconds=6)
    world.trade_lots(CALL, Side.SELL, fund_id=fund, strategy=strategy, at_price=prices[1])
    world.trade(seconds=6)


def test_round_trips_are_counted_after_fees_by_fund(world: World) -> None:
    round_trip(world, "main", ("20.00", "26.00"))
    round_trip(world, "main", ("20.00", "20.00"))
    round_trip(world, "second", ("20.00", "30.00"))
    lines = by_fund(world)
    assert [lines[fund].trades for fund in ("main", "second", "*")] == [2, 1, 3]
    assert [lines[fund].win_rate for fund in ("main", "second")] == [0.5, 1.0]
    nets = [trip.net for trip in world.state.book.round_trips]
    assert lines["main"].profit_factor == pytest.approx(float(nets[0] / -nets[1]), rel=1e-14)
    assert isnan(lines["second"].profit_factor)  # it never lost
    assert lines["*"].profit_factor == pytest.approx(float((nets[0] + nets[2]) / -nets[1]), rel=1e-14)


def test_a_fund_whose_marks_are_missing_has_no_value_and_no_return() -> None:
    world = World(**TWO).begin()
    world.trade_lots(fund_id="second")
    again = restarted(world)
    again.beat(6.0)  # before the feed has spoken
    lines = by_fund(again)
    assert isnan(lines["second"].portfolio_value)
    assert isnan(lines["second"].total_return)
    assert lines["main"].total_return == 0.0


def test_capital_that_was_added_between_two_runs_is_no_return(world: World) -> None:
    world.trade_lots(lots=3)
    for step in range(25):
        world.trade(SPOT + 10.0 * (step % 3), seconds=60.0)
    before = by_fund(world)
    more = {"main": Decimal(20_000_000), "second": Decimal(5_000_000)}
    again = restarted(world, capital=more)
    again.take(LISTED, *chain(again.at, SPOT + 10.0 * (24 % 3)), Beat(again.at))
    after = by_fund(again)
    assert after["main"].portfolio_value == before["main"].portfolio_value + 10_000_000
    for fund in ("main", "second", "*"):
        assert after[fund].total_return == pytest.approx(before[fund].total_return, rel=1e-6, abs=1e-12)
        assert after[fund].observations == before[fund].observations
    assert after["main"].sharpe_ratio == before["main"].sharpe_ratio


def test_a_fund_that_is_new_begins_at_nothing_and_leaves_the_desks_return_as_it_was(world: World) -> None:
    world.trade_lots(lots=3)
    world.trade(SPOT + 40, seconds=60.0)
    before = by_fund(world)
    again = restarted(world, capital={**TWO["capital"], "third": Decimal(15_000_000)})
    again.take(LISTED, *chain(again.at, SPOT + 40), Beat(again.at))
    after = by_fund(again)
    assert (after["third"].total_return, after["third"].observations) == (0.0, 0)
    assert after["*"].total_return == pytest.approx(before["*"].total_return, rel=1e-6)


def test_a_festive_hour_does_not_change_the_year(world: World) -> None:
    day = date(2026, 11, 8)
    session = CALENDAR.session(day)
    assert session is not None
    assert session.kind == "muhurat"
    world.at = session.open_at + SECOND
    world.beat()
    assert world.state.day == day
    assert {line.periods_per_year for line in world.report.performance} == {252 * 385.0}


steps = st.tuples(
    st.sampled_from(("trade", "buy", "sell", "wait")),
    st.sampled_from(("main", "second")),
    st.integers(-60, 60),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=1, max_size=12), st.data())
def test_a_restart_goes_on_with_the_same_lines(plan: list[tuple[str, str, int]], data: st.DataObject) -> None:
    world = World(**TWO).begin()
    for what, fund, move in plan:
        if what == "wait":
            world.trade(SPOT + move, seconds=150.0)
        elif what == "trade":
            world.trade(SPOT + move, seconds=61.0)
        else:
            world.trade_lots(PUT, Side.BUY if what == "buy" else Side.SELL, fund_id=fund)
            world.trade(SPOT + move, seconds=61.0)
    spot = SPOT + data.draw(st.integers(-60, 60))
    world.trade(spot, seconds=61.0)  # what the last mark knows, a restart knows
    again = restarted(world)
    again.take(LISTED, *chain(again.at, spot), Beat(again.at))
    for seconds in (5.0, 61.0, 61.0):
        spot += 7.0
        world.trade(spot, seconds=seconds)
        again.trade(spot, seconds=seconds)
        same(world, again)


def test_a_desk_with_a_month_on_record_measures_its_days() -> None:
    """Twenty-one sessions of marks: the ratios are of the twenty daily returns that are closed."""
    sessions = CALENDAR.sessions_between(DAY.replace(month=7, day=1), DAY)[-22:]
    records: list[Any] = []
    for number, session in enumerate(sessions):
        equity = Decimal(10_000_000 + 20_000 * (number % 3) + 5_000 * number)
        for at in (session.open_at, session.close_at - SECOND):
            money = {"main": equity, "*": equity}
            records.append(EquityMarked(at, session.date, money, money, money, {}, {"main": Decimal(10_000_000)}))
    state = fresh()
    restore(state, records)
    world = World(state, at=at_local(DAY, 15, 39, CALENDAR.zone) + 59 * SECOND)
    line = world.take(LISTED, Beat(world.at)).performance[-1]
    assert (line.interval, line.periods_per_year, line.observations) == ("1d", 252.0, 21)
    assert isfinite(line.sharpe_ratio)
