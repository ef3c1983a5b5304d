"""A rule's targets traded over a series in one compiled loop: the fills that the event engine has, without its desk.

It knows no gate: an order is refused when the account cannot afford it, when it is above the exchange's freeze quantity
or above what is shown, and else fills whole or not at all.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.backtest import kernel
from sidecar.backtest.executed import Executed, Unfilled
from sidecar.backtest.kernel import MONEY, Whole
from sidecar.backtest.legs import LaidOut, laid_out, money
from sidecar.backtest.series import Series
from sidecar.book.expiry import settlement_fills
from sidecar.book.position import ZERO, Position
from sidecar.domain.clock import DAY
from sidecar.domain.errors import InputError
from sidecar.domain.orders import Fill

#: One series, which is bought and sold; or a call's and a put's, of which a rise buys the one and a fall the other.
Traded = Series | tuple[Series, Series]
_REASONS = {
    kernel.NO_MATCH: "no match",
    kernel.NOT_AFFORDABLE: "not affordable",
    kernel.ABOVE_FREEZE: "above the freeze quantity",
    kernel.ABOVE_SHOWN: "larger than is shown",
}
_MOST = float(1 << 61)


class Sizing(NamedTuple):
    """How large: a target of 1 is ``lots``, of an account of ``capital``; the fund and strategy that fills bear."""

    lots: int
    capital: Decimal
    fund_id: str = "main"
    strategy: str = "backtest"


class Run(NamedTuple):
    """What the kernel left: ``log`` (m, 7), and a row of ``marks`` (n, 3) a bar: equity, cash, value held, all money in
    ten-thousandths. ``entries`` counts positions that were opened, ``ruined`` is the bar at which nothing was left, -1
    if there always was something.
    """

    log: Whole
    marks: Whole
    entries: int
    ruined: int


class Swept(NamedTuple):
    """k runs: equity at the end of each of d sessions (k, d), and how many positions each entered (k,). ``last`` (d,)
    is the sessions' last bar.
    """

    equity_by_session: NDArray[np.float64]
    trades: NDArray[np.int64]
    last: NDArray[np.int64]


def trade(series: Traded, targets: NDArray[np.float64], sizing: Sizing) -> Executed:
    """Trade ``targets`` (n,), each decided at its bar's close: cut to -1 to 1; no number leaves things as they are.

    :raises InputError: not one target a bar, no capital, a series that does not fit together, numbers too large.
    """
    legs = _legs(series)
    laid = laid_out(legs)
    done = traded(laid, targets, sizing)
    first = legs[0]
    fills, slippage, unfilled = _told(legs, laid, done, sizing)
    return Executed(
        fills=fills,
        slippage=slippage,
        marks_at=first.closes_at,
        equity=done.marks[:, kernel.EQUITY] / MONEY,
        notional=done.marks[:, kernel.VALUE] / MONEY,
        unfilled=unfilled,
        closes=_closes(legs, fills),
        ended="" if done.ruined < 0 else "the account had nothing left",
        events=len(first),
    )


def swept(series: Traded, targets: NDArray[np.float64], sizing: Sizing) -> Swept:
    """Trade each row of ``targets`` (k, n) by itself, as :func:`trade` would, and keep what each session came to.

    :raises InputError: as :func:`trade`.
    """
    legs = _legs(series)
    laid = laid_out(legs)
    # The exchanges' sessions lie within a day of UTC, 05:30 to 05:30 there.
    _, place = np.unique(legs[0].at // DAY, return_inverse=True)
    last = np.append(np.flatnonzero(np.diff(place)), len(place) - 1)
    _refuse(laid, sizing)
    done = [_run(laid, row, sizing, place, rows=0) for row in targets]
    equity = np.array([each.marks[:, kernel.EQUITY] for each in done], np.float64).reshape(len(done), len(last)) / MONEY
    return Swept(equity, np.array([each.entries for each in done], np.int64), last)


def traded(laid: LaidOut, targets: NDArray[np.float64], sizing: Sizing) -> Run:
    """The run in whole numbers, every bar and every order of it."""
    legs, n = laid.close.shape
    _refuse(laid, sizing)
    return _run(laid, targets, sizing, np.arange(n), rows=3 * legs * n)


def _run(laid: LaidOut, targets: NDArray[np.float64], sizing: Sizing, place: Whole, *, rows: int) -> Run:
    wanted = np.require(targets, np.float64, ["C", "W"])
    if wanted.shape != place.shape:
        raise InputError("targets", f"{wanted.shape} for {place.shape} bars", "give one target a bar")
    log, tally = np.empty((rows, 7), np.int64), np.zeros(3, np.int64)
    marks = np.empty((int(place[-1]) + 1, 3), np.int64)
    table = (laid.quotes, laid.close, laid.flags, laid.terms, laid.fees)
    kernel.run(*table, wanted, sizing.lots, money(sizing.capital, "initial_capital"), place, log, tally, marks)
    return Run(log[: tally[kernel.ROWS]], marks, int(tally[kernel.ENTRIES]), int(tally[kernel.RUINED]) - 1)


def _legs(series: Traded) -> tuple[Series, ...]:
    return (series,) if isinstance(series, Series) else series


def _refuse(laid: LaidOut, sizing: Sizing) -> None:
    """No size, no capital, or so much of either that whole numbers do not hold it.

    Equity moves by the units held times the price, each way; the account ends before it is far below nothing.
    """
    capital, lots = money(sizing.capital, "initial_capital"), sizing.lots
    if capital <= 0:
        raise InputError("initial_capital", f"{sizing.capital} trades nothing", "give an amount above 0")
    if lots <= 0:
        raise InputError("lots", f"{lots} is no size", "give a whole number from 1")
    unit = float((laid.terms[:, kernel.LOT] * laid.terms[:, kernel.TICK]).max()) * 2.0 * lots
    path = float(np.abs(np.diff(laid.close, axis=1)).sum()) + 2.0 * float(max(laid.close.max(), laid.quotes.ask.max()))
    if unit * path + capital > _MOST:
        raise InputError("lots", f"{lots} lots over this series are more than whole numbers hold", "give fewer")


def _told(
    legs: tuple[Series, ...], laid: LaidOut, done: Run, sizing: Sizing
) -> tuple[tuple[Fill, ...], tuple[float, ...], tuple[Unfilled, ...]]:
    """The log as fills, what each paid beyond the middle, and the orders that did not come to one."""
    fills: list[Fill] = []
    slippage: list[float] = []
    unfilled: list[Unfilled] = []
    names = [contract.id for contract in laid.contracts]
    steps = [contract.tick_size for contract in laid.contracts]
    times = legs[0].at[done.log[:, kernel.BAR]].tolist()
    for at, (how, bar, leg, place, quantity, price, fee) in zip(times, done.log.tolist(), strict=True):
        if how == kernel.SETTLED:
            fills.append(_settlement(legs[leg], bar, -quantity, sizing))
            slippage.append(0.0)
        elif how == kernel.FILLED:
            name = f"V-{len(fills) + 1:06d}"
            money_of, fees = price * steps[place], Decimal(fee).scaleb(-4)
            fills.append(Fill(name, name, names[place], sizing.fund_id, sizing.strategy, quantity, money_of, fees, at))
            middle = int(legs[leg].middle[bar])
            beyond = quantity * (2 * price - middle) if middle else 0
            slippage.append(max(0.0, beyond * float(steps[place]) / 2.0))
        else:
            unfilled.append(Unfilled(at, names[place], quantity, _REASONS[how]))
    return tuple(fills), tuple(slippage), tuple(unfilled)


def _settlement(series: Series, bar: int, held: int, sizing: Sizing) -> Fill:
    """The book's own settlement of a position."""
    contract = series.contracts[series.contract[bar]]
    at = int(series.closes_at[bar])
    position = Position(
        sizing.fund_id, sizing.strategy, contract.id, held, ZERO, ZERO, ZERO, ZERO, at, (), ZERO, ZERO
    )  # fmt: skip
    closing, schedule = float(series.settlement[bar]), series.fees[series.fee[bar]]
    return settlement_fills((position,), {contract.id: contract}, closing, at, schedule)[0]


def _closes(legs: tuple[Series, ...], fills: tuple[Fill, ...]) -> dict[str, float]:
    """The last known prices of what is still held."""
    held: dict[str, int] = {}
    for fill in fills:
        held[fill.symbol] = held.get(fill.symbol, 0) + fill.quantity
    found: dict[str, float] = {}
    for series in legs:
        contract = series.contracts[series.contract[-1]]
        known = series.close[(series.contract == series.contract[-1]) & (series.close > 0)]
        if held.get(contract.id) and known.size:
            found[contract.id] = float(int(known[-1]) * contract.tick_size)
    return found


def warm() -> None:
    """Load the kernel, or compile it."""
    one, many, three = np.zeros((1, 1), np.int64), np.zeros((1, 7), np.int64), np.zeros(3, np.int64)
    place: NDArray[Any] = np.zeros((1, 1), np.int32)
    quotes = kernel.Quotes(place, one, one, one, one, one, place, np.ones((1, 1)))
    terms, fees = np.ones((1, 5), np.int64), np.zeros((1, 11), np.int64)
    flags: NDArray[Any] = np.zeros((1, 1), np.uint8)
    kernel.run(quotes, one, flags, terms, fees, np.zeros(1), 1, 1, one[0], many, three, three[None])
