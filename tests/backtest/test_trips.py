"""Round trips by hand, and the law that they are all the money there is."""

from __future__ import annotations

from decimal import Decimal
from math import isnan, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.backtest.executed import Executed
from sidecar.backtest.trips import trades_of
from sidecar.domain.errors import BacktestFailed
from sidecar.domain.orders import Fill
from tests.backtest.runs import CALL, FUTURE, fill, run_of


def test_a_long_trip_of_two_buys_and_one_sell_is_worked_by_hand() -> None:
    fills = (
        fill(75, "100.00", 1, fees="10"),
        fill(75, "110.00", 2, fees="11"),
        fill(-150, "108.50", 3, fees="22.5"),
    )
    (trade,) = trades_of(run_of(fills, slippage=(3.75, 0.0, 7.5)))
    assert (trade.side, trade.quantity, trade.opened_at, trade.closed_at) == ("buy", 150, 1, 3)
    assert (trade.entry_price, trade.exit_price) == (105.0, 108.5)
    assert (trade.gross_pnl, trade.fees, trade.net_pnl) == (Decimal(525), Decimal("43.5"), Decimal("481.5"))
    assert (trade.slippage, trade.exit) == (11.25, "order")
    assert isnan(trade.confidence)
    assert trade.model_id == ""


def test_a_fill_through_zero_ends_one_trip_and_begins_the_next_with_its_share_of_fees_and_slippage() -> None:
    fills = (fill(50, "200", 1, fees="5"), fill(-150, "190", 2, fees="30"), fill(100, "195", 3, fees="20"))
    long, short = trades_of(run_of(fills, slippage=(1.0, 3.0, 2.0)))
    assert (long.side, long.gross_pnl, long.fees, long.slippage) == ("buy", Decimal(-500), Decimal(15), 2.0)
    assert (short.side, short.gross_pnl, short.fees, short.slippage) == ("sell", Decimal(-500), Decimal(40), 4.0)
    assert (short.quantity, short.opened_at, short.entry_price, short.exit_price) == (100, 2, 190.0, 195.0)


def test_what_is_scaled_out_has_average_prices_and_the_most_it_held() -> None:
    fills = (fill(-30, "10", 1), fill(-30, "14", 2), fill(20, "9", 3), fill(40, "12", 4))
    (trade,) = trades_of(run_of(fills))
    assert (trade.side, trade.quantity, trade.entry_price, trade.exit_price) == ("sell", 60, 12.0, 11.0)
    assert trade.gross_pnl == Decimal(60)


def test_a_settlement_ends_a_trip_as_one() -> None:
    fills = (fill(-75, "83.4", 1, symbol=CALL), fill(75, "12.8", 2, symbol=CALL, note="settlement"))
    (trade,) = trades_of(run_of(fills))
    assert (trade.exit, trade.gross_pnl) == ("settlement", Decimal("5295.0"))


def test_what_is_still_held_is_a_trade_marked_at_the_last_price() -> None:
    fills = (fill(75, "100", 1, fees="7"), fill(-25, "110", 2, fees="3"))
    (trade,) = trades_of(run_of(fills, (1.0,), (9,), closes={FUTURE: 104.0}))
    assert (trade.exit, trade.closed_at, trade.gross_pnl, trade.net_pnl) == ("open", 9, Decimal(450), Decimal(440))
    assert trade.exit_price == pytest.approx((25 * 110 + 50 * 104) / 75)


@pytest.mark.parametrize("closes", [{}, {FUTURE: nan}])
def test_what_is_held_without_a_last_price_fails_the_run_and_names_it(closes: dict[str, float]) -> None:
    with pytest.raises(BacktestFailed, match=FUTURE):
        trades_of(run_of((fill(75, "100", 1),), closes=closes))


def test_a_fill_that_is_told_twice_counts_once() -> None:
    buy, sell = fill(75, "100", 1), fill(-75, "101", 2)
    assert [trade.net_pnl for trade in trades_of(run_of((buy, buy, sell)))] == [Decimal(75)]


def test_the_prediction_is_that_of_the_instant_the_trip_began() -> None:
    fills = (fill(50, "200", 1), fill(-100, "190", 2), fill(50, "195", 3))
    asked: list[tuple[str, int]] = []

    def entered(symbol: str, at: int) -> tuple[float, str]:
        asked.append((symbol, at))
        return 0.5 + at / 10, f"model-{at}"

    trades = trades_of(run_of(fills), entered)
    assert asked == [(FUTURE, 1), (FUTURE, 2)]
    assert [(trade.confidence, trade.model_id) for trade in trades] == [(0.6, "model-1"), (0.7, "model-2")]


ticks = st.integers(1, 60_000).map(lambda tick: Decimal(tick) / 20)


@st.composite
def histories(draw: st.DrawFn) -> Executed:
    """Fills of two contracts in lots of 25, turning round now and then, with a last price for each."""
    fills: list[Fill] = []
    for place in range(draw(st.integers(0, 20))):
        price, lots = draw(ticks), draw(st.integers(-4, 4).filter(bool))
        fees = draw(st.decimals("0", "99", places=4))
        symbol = draw(st.sampled_from((FUTURE, CALL)))
        fills.append(fill(25 * lots, str(price), place, fees=str(fees), symbol=symbol, name=str(place)))
    slippage = tuple(draw(st.floats(0, 50)) for _ in fills)
    closes = {symbol: float(draw(ticks)) for symbol in (FUTURE, CALL)}
    return run_of(fills, slippage=slippage, closes=closes)


@settings(max_examples=50)
@given(histories())
def test_the_nets_of_all_trades_are_what_the_fills_moved_and_left(run: Executed) -> None:
    trades = trades_of(run)
    cash = -sum((one.quantity * one.price + one.fees for one in run.fills), Decimal(0))
    held = {symbol: sum(one.quantity for one in run.fills if one.symbol == symbol) for symbol in run.closes}
    left = sum((Decimal(repr(run.closes[symbol])) * quantity for symbol, quantity in held.items()), Decimal(0))
    assert sum((trade.net_pnl for trade in trades), Decimal(0)) == cash + left
    assert sum((trade.fees for trade in trades), Decimal(0)) == sum((one.fees for one in run.fills), Decimal(0))
    assert sum(trade.slippage for trade in trades) == pytest.approx(sum(run.slippage))
    assert sum(trade.exit == "open" for trade in trades) == sum(quantity != 0 for quantity in held.values())
