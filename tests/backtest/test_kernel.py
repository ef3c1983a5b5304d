"""The laws of a bar run, on drawn bars, and the same run in plain Python, fill by fill."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.backtest import kernel
from sidecar.backtest.executed import Executed, trade_digest
from sidecar.backtest.legs import laid_out
from sidecar.backtest.series import Series
from sidecar.backtest.vectorised import Sizing, trade, traded
from sidecar.book.fees import charges, exercise_charges
from sidecar.domain.clock import MINUTE
from tests.backtest.tapes import APRIL, CALL, FREE, FUTURE, MARCH, PUT, REFERENCE, TICK, changed, series_of, walk

LOTS = Sizing(2, Decimal(2_000_000))
DATES = st.dates(date(2019, 6, 3), date(2026, 11, 20))


@st.composite
def tapes(draw: st.DrawFn, contract: Any = FUTURE) -> tuple[Series, np.ndarray]:
    """Bars with gaps, settlements and missing quotes, two schedules of fees, and targets."""
    n, seed = draw(st.integers(2, 60)), draw(st.integers(0, 2**32 - 1))
    dice = np.random.default_rng(seed)
    level = np.maximum(50, 2000 + np.cumsum(dice.integers(-60, 61, n)))
    bid = np.maximum(1, level + dice.integers(-90, 30, n)) * (dice.random(n) > 0.05)
    settles = dice.random(n) < 0.05
    margin = draw(st.sampled_from([0.1, 1.0]))
    series = changed(
        series_of((level / 20.0).tolist(), contract=contract, fees=(MARCH, APRIL), margin=margin),
        bid=bid, ask=(bid + dice.integers(1, 20, n)) * (bid > 0), settles=settles,
        settlement=np.where(settles, np.round(level / 20.0 + dice.random(n) + (contract.strike or 0.0), 2), nan),
        shut=settles | (dice.random(n) < 0.1), fee=dice.integers(0, 2, n).astype(np.int32),
    )  # fmt: skip
    return series, dice.choice([-1.0, -0.5, 0.0, 0.5, 1.0, nan], n)


@given(
    st.integers(1, 4000), st.integers(1, 600_000), st.booleans(), DATES,
    st.sampled_from([("NSE", "future"), ("NSE", "option"), ("BSE", "option")]),
)  # fmt: skip
def test_charges_are_the_book_s_to_the_last_decimal(
    lots: int, ticks: int, buys: bool, day: date, kind: tuple[str, str]
) -> None:
    if kind[0] == "BSE":
        day = max(day, date(2023, 5, 15))
    schedule = REFERENCE.fees(*kind, day)
    units = lots * 75 * (1 if buys else -1)
    series = series_of([ticks / 20.0] * 3, [(ticks / 20.0, ticks / 20.0)] * 3, fees=(schedule,), margin=0.0,
                       contract=replace(FUTURE, freeze_quantity=0))  # fmt: skip
    fill = trade(series, np.sign(units) * np.array([1.0, 1.0, 1.0]), Sizing(lots, Decimal(10**11))).fills[0]
    assert (fill.quantity, fill.price) == (units, ticks * TICK)
    assert str(fill.fees) == str(charges(FUTURE, units, ticks * TICK, schedule).total)


@given(st.sampled_from([CALL, PUT]), st.integers(1, 50), st.integers(2_300_000, 2_500_000), DATES)
def test_a_settlement_s_money_is_the_book_s(contract: Any, lots: int, hundredths: int, day: date) -> None:
    """Through the marks, which are the kernel's own: the fills are made by the book."""
    schedule, closing = REFERENCE.fees("NSE", "option", day), Decimal(hundredths) / 100
    settlement = np.array([nan, nan, float(closing)])
    series = series_of([100.0] * 3, contract=replace(contract, freeze_quantity=0), fees=(schedule,), margin=1.0,
                       settles=np.array([False, False, True]), settlement=settlement)  # fmt: skip
    run = traded(laid_out((series,)), np.ones(3), Sizing(lots, Decimal(10**8)))
    worth = max(Decimal(0), (closing - 24000) * (1 if contract is CALL else -1))
    tax = exercise_charges(contract, 75 * lots, worth, closing, schedule).total
    before, after = run.marks[1:, kernel.CASH].tolist()
    assert Decimal(after - before) / kernel.MONEY == 75 * lots * worth - tax


@given(tapes(), st.integers(1, 3), st.integers(50_000, 3_000_000))
def test_money_is_conserved_at_every_bar_exactly(tape: tuple[Series, np.ndarray], lots: int, capital: int) -> None:
    """Cash is the capital less what fills paid and cost; what is held is worth its close; nothing else moves."""
    series, targets = tape
    run, sizing = traded(laid_out((series,)), targets, Sizing(lots, Decimal(capital))), Sizing(lots, Decimal(capital))
    done = trade(series, targets, sizing)
    cash, held, fills, equity = Decimal(capital), 0, list(done.fills), Decimal(capital)
    for bar in range(len(series)):
        expected, before = equity, held
        close = int(series.close[bar]) * TICK
        while fills and fills[0].at <= bar * MINUTE + (MINUTE if fills[0].note else 0):
            fill = fills.pop(0)
            cash -= fill.quantity * fill.price + fill.fees
            expected += fill.quantity * (close - fill.price) - fill.fees
            held += fill.quantity
        expected += before * (close - int(series.close[max(bar - 1, 0)]) * TICK)
        equity = cash + held * close
        assert equity == expected
        assert run.marks[bar].tolist() == [int(each * 10_000) for each in (equity, cash, abs(held) * close)]
    assert not fills


@given(tapes(), st.integers(1, 3), st.integers(20_000, 3_000_000))
def test_no_order_that_adds_takes_what_the_account_has_not(
    tape: tuple[Series, np.ndarray], lots: int, capital: int
) -> None:
    series, targets = tape
    done = trade(series, targets, Sizing(lots, Decimal(capital)))
    cash, held = Decimal(capital), 0
    for fill in done.fills:
        cash -= fill.quantity * fill.price + fill.fees
        before, held = held, held + fill.quantity
        if not fill.note and abs(held) > (abs(before) if held * before > 0 else 0):
            equity = Decimal(str(done.equity[fill.at // MINUTE - 1]))
            assert equity >= abs(held) * fill.price * Decimal(str(series.margin[0])) + fill.fees
            assert cash >= 0 or series.margin[0] < 1.0
    assert all(order.quantity % FUTURE.lot_size == 0 for order in done.unfilled)


@given(tapes(), st.integers(0, 59), st.integers(0, 2**32 - 1))
def test_nothing_up_to_a_bar_depends_on_what_comes_after_it(
    tape: tuple[Series, np.ndarray], cut: int, seed: int
) -> None:
    """Neither on later prices, nor on later decisions; an order of the cut meets the bar after it, not its own."""
    series, targets = tape
    cut, n = min(cut, len(series) - 1), len(series)
    dice = np.random.default_rng(seed)
    order = np.r_[np.arange(cut + 1), cut + 1 + dice.permutation(n - cut - 1)]
    scrambled = changed(series, **{name: getattr(series, name)[order] for name in ("bid", "ask", "middle", "close")})
    ends = (cut + 1) * MINUTE

    def so_far(run: Executed) -> Any:
        at = [order for order in run.unfilled if order.at < ends]
        return (
            [fill for fill in run.fills if fill.at < ends or (fill.note and fill.at == ends)],
            at,
            run.equity[: cut + 1].tolist(),
        )

    assert so_far(trade(series, targets, LOTS)) == so_far(trade(scrambled, targets[order], LOTS))


@given(tapes())
def test_a_fill_is_at_the_quote_of_the_bar_after_the_decision(tape: tuple[Series, np.ndarray]) -> None:
    series, targets = tape
    for fill in trade(series, targets, LOTS).fills:
        if not fill.note:
            bar = fill.at // MINUTE
            assert fill.price == int((series.ask if fill.quantity > 0 else series.bid)[bar]) * TICK
            assert not series.shut[bar - 1]
            assert fill.at >= series.closes_at[bar - 1]


def test_a_trade_on_either_side_of_a_change_pays_the_tax_of_its_day() -> None:
    """Sold at 24000.00 on 2026-03-31 and on 2026-04-01: 0.02 % and 0.05 % of 1800000."""
    quotes = [(24000.0, 24000.0)] * 5
    series = series_of([24000.0] * 5, quotes, fees=(MARCH, APRIL), fee=[0, 0, 0, 1, 1])
    fees = [fill.fees for fill in trade(series, np.array([-1, 0, -1, 0, 0.0]), LOTS).fills if fill.quantity < 0]
    assert [fee - fees[0] for fee in fees] == [0, Decimal(540) * 2]


def test_without_costs_random_trading_of_a_martingale_earns_nothing_and_costs_only_take() -> None:
    means, free, costly = [], 0.0, 0.0
    for seed in range(40):
        close = walk(2000, seed)
        quotes = np.stack([np.r_[close[:1], close[:-1]]] * 2, axis=1)
        targets = np.random.default_rng(1000 + seed).choice([-1.0, 0.0, 1.0], 2000)
        sizing = Sizing(1, Decimal(10**8))
        free = trade(series_of(close.tolist(), quotes.tolist(), fees=(FREE,)), targets, sizing).equity[-1]
        costly = trade(series_of(close.tolist(), quotes.tolist()), targets, sizing).equity[-1]
        worse = trade(series_of(close.tolist()), targets, sizing).equity[-1]
        assert worse < costly < free
        means.append(free - 1e8)
    assert abs(np.mean(means)) < 3.0 * np.std(means, ddof=1) / np.sqrt(len(means))


def plain(series: Series, targets: np.ndarray, lots: int, capital: Decimal) -> list[tuple[int, int, int, Decimal]]:
    """Bar, quantity, ticks and fees of each fill, and nothing that the kernel uses but the book's charges."""
    contract, schedule = series.contracts[0], series.fees[0]
    cash, held, order, fills, equity = capital, 0, 0, [], capital
    close, bid, ask, wants = series.close.tolist(), series.bid.tolist(), series.ask.tolist(), targets.tolist()
    share = Decimal(str(series.margin[0]))
    for bar, last in enumerate(close):
        if order:
            ticks = ask[bar] if order > 0 else bid[bar]
            bound = close[bar - 1]
            within = ticks * 100 <= bound * 104 if order > 0 else ticks * 100 >= bound * 96
            fees = charges(contract, order, ticks * TICK, schedule).total
            reduces = abs(held + order) <= abs(held) and held * (held + order) >= 0
            if within and (reduces or equity >= abs(held + order) * ticks * TICK * share + fees):
                fills.append((bar, order, ticks, fees))
                cash -= order * ticks * TICK + fees
                held += order
        equity = cash + held * last * TICK
        order = 0
        if not series.shut[bar]:
            order = int(lots * wants[bar]) * contract.lot_size - held
    return fills


def test_the_kernel_trades_what_a_plain_loop_trades_fill_by_fill() -> None:
    n = 200_000
    close = walk(n, 11)
    ticks = np.rint(close * 20).astype(np.int64)
    sums = np.r_[0, np.cumsum(ticks)]
    fast, slow = np.zeros(n), np.zeros(n)
    fast[49:], slow[49:] = (sums[50:] - sums[30:-20]) * 50, (sums[50:] - sums[:-50]) * 20
    targets = np.where(fast > slow, 1.0, np.where(fast < slow, -1.0, 0.0))
    series = series_of(close.tolist(), margin=0.12)
    run = trade(series, targets, Sizing(3, Decimal(5_000_000)))
    found = [(fill.at // MINUTE, fill.quantity, int(fill.price / TICK), fill.fees) for fill in run.fills]
    assert found == plain(series, targets, 3, Decimal(5_000_000))
    assert len(found) > 1000
    assert {order.reason for order in run.unfilled} == {"not affordable"}
    assert trade_digest(run) == trade_digest(trade(series, targets, Sizing(3, Decimal(5_000_000))))


@pytest.mark.parametrize("turnover", [0, 1, 10**9 - 1, 10**9, 123_456_789_012_345, 2**61])
def test_one_charge_is_exact_for_any_turnover(turnover: int) -> None:
    for rate in (0, 1, 17_300, 500_000, kernel.RATE // 2, kernel.RATE):
        assert kernel.item(turnover, rate) == (turnover * rate * 2 + kernel.RATE) // (2 * kernel.RATE)
