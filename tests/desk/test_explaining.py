"""The day's explain beside the desk's own P&L: the same number at every report, and parts that say why."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite, isnan, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.book.explain import PARTS
from sidecar.desk.recovery import restore
from sidecar.domain.analytics import ExplainLine
from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.events import Beat, Listed, Settlement
from sidecar.domain.orders import Side
from sidecar.domain.records import Entry, EquityMarked, decode, encode
from sidecar.domain.report import DeskReport
from tests.desk.world import CALL, CLOSE, FUTURE, LOT, PUT, SPOT, World, chain, fresh, quote

TWO_FUNDS: dict[str, Any] = {"capital": {"main": Decimal(6_000_000), "other": Decimal(4_000_000)}}
EXPIRES = CALL.expires_at or 0


def agree(report: DeskReport) -> DeskReport:
    """Every line's parts sum to its total in whole paise, each fund's total is its daily P&L, sums are sums."""
    for line in report.explain:
        if isfinite(line.total):
            assert sum(paise(line)[:-1]) == paise(line)[-1]
    legs = [line for line in report.explain if line.symbol != "*"]
    funds = {line.fund_id: line for line in report.explain if line.strategy == "*"}
    for fund in report.funds:
        if fund.fund_id in funds:
            assert funds[fund.fund_id].total == pytest.approx(fund.daily_pnl, abs=0.0101, nan_ok=True)
    if legs and isfinite(report.explain[-1].total):
        assert report.explain[-1].total == pytest.approx(report.total.daily_pnl, abs=0.0051)
        assert paise(report.explain[-1]) == [sum(part) for part in zip(*map(paise, legs), strict=True)]
    return report


def paise(line: ExplainLine) -> list[int]:
    return [round(getattr(line, name) * 100) for name in (*PARTS, "unexplained", "total")]


def desk(report: DeskReport) -> ExplainLine:
    assert report.explain[-1].id == "*/*/*"
    return report.explain[-1]


def leg(report: DeskReport, symbol: str = CALL.id) -> ExplainLine:
    (line,) = [line for line in report.explain if line.symbol == symbol]
    return line


def restarted(world: World, **more: Any) -> World:
    state = fresh(**more)
    restore(state, [decode(encode(Entry(0, record))).record for record in world.records])
    return World(state, at=world.at)


@pytest.fixture
def world() -> World:
    return World().begin()


def test_a_flat_desk_has_nothing_to_explain(world: World) -> None:
    assert world.trade().explain == ()


def test_a_sale_is_explained_by_half_a_spread_and_its_fees(world: World) -> None:
    world.trade_lots(CALL, Side.SELL, 2)
    line = leg(agree(world.report))
    quoted = world.state.board.last(CALL.id)
    assert quoted is not None
    assert line.trades == pytest.approx(-2 * LOT * 0.5 * (quoted.ask - quoted.bid))
    assert line.fees == -float(world.state.book.fees().quantize(Decimal("0.01")))
    assert line.total == pytest.approx(line.trades + line.fees)


def test_each_part_answers_to_what_moved(world: World) -> None:
    world.trade_lots(CALL, Side.SELL, 2)
    unit = {name: float(values[world.state.board.universe.rows[CALL.id]]) for name, values in
            world.state.valuation.values.items()}  # fmt: skip
    held = -2 * LOT
    before = leg(world.trade())
    line = leg(agree(world.trade(SPOT + 10.0, volatility=0.152)))
    assert line.delta - before.delta == pytest.approx(held * unit["delta"] * 10.0, rel=0.02)
    assert line.gamma - before.gamma == pytest.approx(held * unit["gamma"] * 50.0, rel=0.05)
    assert line.vega - before.vega == pytest.approx(held * unit["vega"] * 0.2, rel=0.2)
    assert abs(line.unexplained) < 0.02 * sum(abs(getattr(line, name)) for name in PARTS)


def test_an_hour_of_a_still_market_is_time_decay(world: World) -> None:
    world.trade_lots(CALL, Side.SELL, 2)
    first = leg(world.report)
    line = leg(agree(world.trade(seconds=10.0, beats=360)))
    decay = line.total - first.total
    assert decay > 0.0
    assert line.theta == pytest.approx(decay, rel=0.1)
    assert abs(line.unexplained) < 0.05 * abs(line.theta) + LOT * 2 * 0.1


def test_at_every_report_of_a_moving_day_the_parts_sum_to_the_daily_pnl_and_little_is_left(world: World) -> None:
    random = np.random.default_rng(7)
    spot, volatility = SPOT, 0.15
    world.trade_lots(CALL, Side.SELL, 2)
    world.trade_lots(PUT, Side.SELL, 2)
    for number in range(300):
        spot += float(random.normal(0.0, 4.0))
        volatility += float(random.normal(0.0, 3e-4))
        agree(world.trade(spot, volatility=volatility, seconds=2.0))
        if number == 150:
            world.trade_lots(CALL, Side.BUY, 1)
            agree(world.report)
    line = desk(world.report)
    assert abs(line.unexplained) < 0.01 * sum(abs(getattr(line, name)) for name in PARTS)
    assert world.report.explain_alarm == ""


def test_between_two_seconds_of_the_market_the_lines_keep_up_with_the_pnl(world: World) -> None:
    world.trade_lots(CALL, Side.SELL, 2)
    for step in range(25):
        agree(world.trade(SPOT + step, seconds=0.1))


def test_a_gap_is_cut_where_it_happens_and_not_five_seconds_later(world: World) -> None:
    """Two moves of 60 points that undo each other: cut in time they are gamma, else they would never have been."""
    world.trade_lots(CALL, Side.SELL, 2)
    before = leg(world.report).gamma
    world.trade(SPOT + 60.0)
    line = leg(agree(world.trade(SPOT)))
    assert line.gamma - before < -2 * LOT * 0.001 * 3_000


def test_a_future_is_explained_by_its_own_price_to_the_last_paisa(world: World) -> None:
    world.take(Listed(world.at, (FUTURE,), "test", True))
    world.trade()
    world.take(quote(FUTURE, world.at), Beat(world.at))
    world.trade_lots(FUTURE, Side.BUY)
    first = leg(world.report, FUTURE.id)
    for step in range(1, 9):
        world.at += SECOND
        world.take(*chain(world.at, SPOT + 3 * step), quote(FUTURE, world.at, SPOT + 5 * step), Beat(world.at))
    line = leg(agree(world.report), FUTURE.id)
    assert line.delta - first.delta == pytest.approx(LOT * 40.0, abs=0.02)
    assert abs(line.unexplained) <= 0.02


def test_two_funds_and_two_strategies_sum_to_the_desk() -> None:
    world = World(**TWO_FUNDS).begin()
    world.trade_lots(CALL, Side.SELL, strategy="one")
    world.trade(seconds=10)
    world.trade_lots(CALL, Side.SELL, strategy="two", fund_id="other")
    world.trade(seconds=10)
    world.trade_lots(PUT, Side.BUY, strategy="two")
    report = agree(world.trade(SPOT + 25, seconds=10, volatility=0.16))
    assert [line.id for line in report.explain if line.symbol == "*"] == [
        "main/one/*", "main/two/*", "other/two/*", "main/*/*", "other/*/*", "*/*/*"
    ]  # fmt: skip
    funds = [paise(line) for line in report.explain if line.strategy == "*" and line.fund_id != "*"]
    assert paise(desk(report)) == [sum(part) for part in zip(*funds, strict=True)]


def test_legs_opened_in_another_order_have_the_same_lines() -> None:
    found = []
    for first, second in ((CALL, PUT), (PUT, CALL)):
        world = World().begin()
        world.trade_lots(first, Side.SELL)
        world.trade_lots(second, Side.SELL)
        found.append(world.trade(SPOT + 15, beats=20, volatility=0.155).explain)
    assert found[0] == found[1]


def test_a_position_closed_today_keeps_its_line_until_the_next_roll(world: World) -> None:
    world.trade_lots(CALL, Side.SELL)
    world.trade(SPOT + 10, seconds=10)
    world.trade_lots(CALL, Side.BUY)
    line = leg(agree(world.trade(SPOT + 50, seconds=10, beats=3)))
    assert line.total == pytest.approx(world.report.total.daily_pnl, abs=0.0051)
    assert line.trades < 0.0
    world.at = CLOSE + MINUTE
    world.beat()
    world.at += 18 * 60 * MINUTE
    assert agree(world.trade(beats=2)).explain == ()


def test_what_happens_while_the_exchange_is_closed_is_no_decay_and_the_next_day_begins_at_nothing(world: World) -> None:
    world.trade_lots(CALL, Side.SELL, 2)
    world.at = CLOSE - 2 * SECOND
    evening = leg(world.trade())
    world.at = CLOSE
    late = leg(agree(world.beat(seconds=3_600)))
    assert late.theta == pytest.approx(evening.theta, abs=0.5)
    assert late.vega == pytest.approx(evening.vega, abs=0.5)
    world.at += (23 * 60 + 35 - 16 * 60 - 40 + 10 * 60) * MINUTE  # past the next open
    world.trade()
    line = leg(agree(world.report))
    assert paise(line) == [0] * 10


def test_a_late_mark_after_the_close_is_left_over(world: World) -> None:
    world.trade_lots(CALL, Side.SELL, 2)
    world.at = CLOSE - 2 * SECOND
    before = leg(world.trade())
    world.at = CLOSE
    after = leg(agree(world.trade(SPOT + 40)))
    assert after.delta == pytest.approx(before.delta, abs=0.5)
    assert after.unexplained < before.unexplained - 100.0


def test_an_interval_with_an_unknown_mark_is_unexplained_once_it_is_known_and_the_line_says_so(world: World) -> None:
    world.trade_lots(CALL, Side.SELL, 2)
    before = leg(world.trade(beats=6))
    row = world.state.board.universe.rows[CALL.id]
    for _ in range(7):
        world.state.valuation.mark[row] = nan
        world.state.chain = None  # the desk takes one anew, as after any change of a mark
        report = agree(world.beat())
        assert isnan(leg(report).total)
        assert isnan(desk(report).unexplained)
        assert desk(report).fees == before.fees
    line = leg(agree(world.trade(SPOT + 40)))
    assert line.delta == before.delta
    assert line.unexplained - before.unexplained == pytest.approx(line.total - before.total, abs=1.0)
    line = leg(agree(world.trade(SPOT + 40, beats=8)))
    assert line.unpriced == pytest.approx(line.unexplained, abs=30.0)
    assert line.unpriced < -100.0
    assert world.report.explain_alarm == ""


def test_the_expiry_day_to_its_settlement_is_explained_to_the_paisa() -> None:
    world = World(at=EXPIRES - 30 * MINUTE).begin()
    world.trade_lots(CALL, Side.SELL, 2, at_price="6.00")
    spot = SPOT + 120
    for minute in range(29):
        spot += (-9.0, 14.0)[minute % 2]
        agree(world.trade(spot, seconds=60))
    world.at = EXPIRES
    waits = leg(agree(world.beat(seconds=1)))
    assert isfinite(waits.total)
    world.take(Settlement(world.at, "NIFTY", f"{CALL.expiry:%Y%m%d}", 24_912.80, world.at))
    line = leg(agree(world.report))
    assert world.state.book.open_positions() == []
    realized = world.state.book.realized() - world.state.book.fees()
    assert line.total == pytest.approx(float(realized), abs=0.0051)
    assert line.unexplained == pytest.approx(waits.unexplained, abs=0.05)  # the settlement itself is a trade
    assert desk(agree(world.beat(seconds=120))).total == line.total


def on_record(world: World) -> bool:
    """Whether the legs went on record in this very instant."""
    return isinstance(world.records[-1], EquityMarked) and world.records[-1].at == world.at


def relisted(world: World) -> Listed:
    return Listed(world.at, world.state.board.universe.contracts, "test", True)


def moved(world: World, beats: int = 12) -> DeskReport:
    return agree(world.trade(SPOT + 12, beats=beats, volatility=0.153))


def test_a_restart_at_a_record_goes_on_as_if_nothing_had_happened(world: World) -> None:
    world.trade_lots(CALL, Side.SELL, 2)
    world.trade_lots(PUT, Side.SELL, 1)
    world.trade(SPOT + 30, beats=60)
    while not on_record(world):
        world.trade(SPOT + 30)
    again = restarted(world)
    blind = agree(again.take(relisted(world), Beat(again.at)))
    assert all(isnan(line.total) for line in blind.explain)
    assert moved(again).explain == moved(world).explain
    assert len(again.report.explain) == 5


@pytest.mark.parametrize("fills", [0, 1])
def test_a_restart_between_two_records_keeps_the_pnl_and_the_parts_within_the_series(world: World, fills: int) -> None:
    world.trade_lots(CALL, Side.SELL, 2)
    world.trade(SPOT + 10, beats=30)
    for _ in range(fills):
        world.trade_lots(CALL, Side.BUY, 1)
        world.trade_lots(PUT, Side.SELL, 1)
    world.trade(SPOT + 14, beats=15)
    assert not on_record(world)
    again = restarted(world)
    again.take(relisted(world), *(Beat(again.at + step * SECOND // 10) for step in range(3)))
    one, two = desk(moved(world)), desk(moved(again))
    assert two.total == one.total
    assert two.fees == one.fees
    assert two.unexplained == pytest.approx(one.unexplained, abs=15.0)
    assert two.theta == pytest.approx(one.theta, abs=5.0)
    assert two.unpriced == one.unpriced
    assert again.report.explain_alarm == ""


def test_a_journal_of_an_older_program_explains_from_the_next_roll(world: World) -> None:
    world.trade_lots(CALL, Side.SELL)
    old = World(fresh(), at=world.at)
    records = [decode(encode(Entry(0, record))).record for record in world.records]
    restore(old.state, [replace(one, explain=None) if isinstance(one, EquityMarked) else one for one in records])
    old.take(relisted(world), Beat(old.at))
    assert old.trade().explain == ()
    assert old.report.explain_alarm == ""
    old.at = CLOSE
    old.beat()
    old.at += 18 * 60 * MINUTE
    assert [line.id for line in agree(old.trade()).explain][-1] == "*/*/*"


MOVES = st.tuples(st.floats(-25, 25), st.floats(-0.004, 0.004), st.sampled_from((0.1, 1.0, 7.0)))
TRADES = st.tuples(st.sampled_from((CALL, PUT)), st.sampled_from(tuple(Side)), st.integers(1, 3))


@settings(max_examples=25, deadline=None)
@given(st.lists(MOVES | TRADES, min_size=1, max_size=12))
def test_any_path_of_marks_and_fills_sums_to_the_daily_pnl(path: list[tuple[Any, Any, Any]]) -> None:
    world = World(limits={"price_band": 0.5, "order_rate": 1_000.0, "duplicate_order": 0.0}).begin()
    spot, volatility = SPOT, 0.15
    for first, second, third in path:
        if isinstance(first, float):
            spot, volatility = spot + first, volatility + second
            agree(world.trade(spot, volatility=volatility, seconds=third))
        else:
            outcome = world.place(first, second, third)
            if outcome.refusal is None and outcome.orders:
                agree(world.fill(outcome.orders[0]))
    agree(world.trade(spot, volatility=volatility))
