from __future__ import annotations

from decimal import Decimal
from math import isnan

import pytest

from sidecar.domain.clock import SECOND
from sidecar.domain.events import Beat, Quote
from sidecar.domain.orders import Side
from sidecar.domain.report import Quality
from tests.desk.world import CALL, CLOSE, LOT, PUT, SPOT, World, chain, fresh, index


@pytest.fixture
def world() -> World:
    return World().begin()


def test_a_positions_greeks_are_those_of_a_unit_times_its_signed_quantity(world: World) -> None:
    world.trade_lots(lots=2)
    (line,) = world.trade().positions
    assert world.published is not None
    row = world.state.board.universe.rows[CALL.id]
    for name in ("delta", "gamma", "vega", "theta", "rho"):
        assert getattr(line, name) == getattr(world.published.chain, name)[row] * -2 * LOT
    assert (line.quantity, line.lots, line.strike) == (-2 * LOT, -2.0, 24_900.0)
    assert line.pnl_percent == line.unrealized_pnl / (line.entry_price * 2 * LOT)


def test_a_position_says_what_its_greeks_rest_on(world: World) -> None:
    world.trade_lots()
    assert world.trade().positions[0].vol_quality == "quoted"
    world.at += SECOND
    lonely = [Quote(one.symbol, one.at, one.at, last=one.last) for one in chain(world.at)]
    assert world.take(*lonely, Beat(world.at)).positions[0].vol_quality == "traded"


def test_a_position_is_live_then_stale_and_outside_the_session_the_last_quote_is_the_market(world: World) -> None:
    world.trade_lots()
    assert world.trade().positions[0].quality is Quality.LIVE
    for _ in range(10):
        world.at += SECOND
        world.take(index(world.at), Beat(world.at))
    assert world.report.positions[0].quality is Quality.STALE
    assert world.report.total.quality is Quality.STALE
    world.at = CLOSE
    assert world.beat(0.0).positions[0].quality is Quality.LIVE


def test_the_peak_rises_with_trusted_equity_alone(world: World) -> None:
    world.trade_lots(PUT, Side.BUY, lots=5)
    high = world.trade(SPOT - 60).total
    assert high.peak_value == high.portfolio_value > 10_000_000.0
    for _ in range(11):
        world.at += SECOND
        world.take(index(world.at, SPOT - 60), Beat(world.at))
    assert world.report.total.quality is Quality.STALE
    assert world.report.total.peak_value == high.peak_value
    low = world.trade(SPOT).total
    assert low.peak_value == high.peak_value
    assert low.drawdown == low.max_drawdown > 0.0
    back = world.trade(SPOT - 60).total
    assert back.max_drawdown == low.max_drawdown
    assert back.drawdown < low.drawdown


def test_marks_of_the_closed_hours_move_no_peak(world: World) -> None:
    world.trade_lots(PUT, Side.BUY, lots=5)
    peak = world.report.total.peak_value
    world.at = CLOSE
    world.take(*[], Beat(world.at))
    world.trade(SPOT - 100)
    assert world.report.total.peak_value == peak


def test_money_is_kept_apart_by_fund_and_added_up_for_the_desk() -> None:
    world = World(fresh(capital={"a": Decimal(5_000_000), "b": Decimal(3_000_000)})).begin()
    world.trade_lots(CALL, fund_id="a")
    world.trade(seconds=6)
    world.trade_lots(PUT, fund_id="b")
    one, two, desk = world.trade(SPOT + 30).funds
    assert desk.capital == one.capital + two.capital == Decimal(8_000_000)
    assert desk.portfolio_value == pytest.approx(one.portfolio_value + two.portfolio_value)
    assert desk.fees == one.fees + two.fees
    assert desk.total_positions == 2
    assert desk.used_margin == pytest.approx(one.used_margin + two.used_margin)


def test_winners_and_trades_are_counted_after_fees(world: World) -> None:
    world.trade_lots(PUT, Side.BUY)
    world.trade(seconds=6)
    world.trade_lots(PUT, Side.SELL, at_price="40.00")
    total = world.trade().total
    assert (total.trades, total.winning_trades) == (1, 1)


def test_an_unknown_mark_makes_equity_unknown_and_nothing_else_is_invented(world: World) -> None:
    from sidecar.desk.recovery import restore

    world.trade_lots()
    again = World(fresh(), at=world.at)
    restore(again.state, world.records)
    total = again.beat().total
    assert isnan(total.portfolio_value)
    assert isnan(total.daily_pnl)
    assert isnan(total.used_margin)
    assert total.quality is Quality.MISSING
    assert total.fees == world.report.total.fees
