"""The loop of a bar run, in whole numbers: ticks, units, and money in ten-thousandths.

An order that is decided at the close of a bar meets the quote at the next one's open, and nothing else.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.ticks import limit_ticks
from sidecar.features.feature import inline
from sidecar.pricing.compiling import compiled

Whole = NDArray[np.int64]
_limit = inline(limit_ticks)

#: Money is whole ten-thousandths; rates and shares are whole billionths.
MONEY, RATE = 10_000, 1_000_000_000
#: Columns of the table of fees, all in billionths but the first, which is money.
BROKERAGE, STT_BUY, STT_SELL, STT_EXERCISE, EXCHANGE, SEBI, IPFT, STAMP_BUY, STAMP_SELL, GST, ON_SETTLEMENT = range(11)
#: Columns of the table of contracts; the value of a tick, and the strike, are money.
LOT, TICK, FREEZE, STRIKE, RIGHT = range(5)
FUTURE, CALL, PUT = 0, 1, -1
#: How an order ended.
FILLED, SETTLED, NO_MATCH, NOT_AFFORDABLE, ABOVE_FREEZE, ABOVE_SHOWN = range(6)
#: Columns of a row of the log: quantities are signed units, prices ticks, or money for a settlement.
HOW, BAR, LEG, CONTRACT, QUANTITY, PRICE, FEE = range(7)
#: What is true of a bar: it decides nothing; what is held has to go at its open; its contract is not there after it;
#: it settles; its contract is another than the one before's.
SHUT, FORCED, LAST, SETTLES, NEW = 1, 2, 4, 8, 16
#: Columns of the tally.
ROWS, ENTRIES, RUINED = range(3)
#: Columns of the marks.
EQUITY, CASH, VALUE = range(3)


class Quotes(NamedTuple):
    """What an order or a settlement reads of a bar of one or two series over the same n bars, (legs, n) each, as in
    :class:`~sidecar.backtest.series.Series`. ``shown_bid`` and ``shown_ask`` are units at the best prices, -1 where any
    number is. ``settlement`` is money for a unit of the underlying.
    """

    contract: NDArray[np.int32]
    bid: Whole
    ask: Whole
    shown_bid: Whole
    shown_ask: Whole
    settlement: Whole
    fee: NDArray[np.int32]
    margin: NDArray[np.float64]


@inline
def item(turnover: int, rate: int) -> int:
    """One charge: ``turnover`` money, not negative, at ``rate`` billionths, half up; no product leaves 63 bits."""
    return (turnover // RATE) * rate + ((turnover % RATE) * rate + RATE // 2) // RATE


@inline
def charge(turnover: int, buys: bool, row: Any) -> int:
    """What a fill of ``turnover`` costs, item by item, as :func:`sidecar.book.fees.charges`."""
    services = row[BROKERAGE] + item(turnover, row[EXCHANGE]) + item(turnover, row[SEBI]) + item(turnover, row[IPFT])
    taxes = item(turnover, row[STT_BUY if buys else STT_SELL]) + item(turnover, row[STAMP_BUY if buys else STAMP_SELL])
    return services + taxes + item(services, row[GST])


@inline
def settled(value: int, held: int, terms: Any, row: Any) -> Any:
    """What a unit is worth at the index's ``value``, and the tax on ``held`` units, as :mod:`sidecar.book.expiry`."""
    if terms[RIGHT] == FUTURE:
        return value, 0
    worth = max(0, (value - terms[STRIKE]) * terms[RIGHT])
    if held <= 0 or worth == 0:
        return worth, 0
    base = value if row[ON_SETTLEMENT] else worth
    return worth, item(held * base, row[STT_EXERCISE])


@inline
def _write(
    log: Any, tally: Any, how: int, t: int, leg: int, contract: int, quantity: int, price: int, fee: int
) -> None:
    row = tally[ROWS]
    if row < log.shape[0]:
        log[row, HOW] = how
        log[row, BAR] = t
        log[row, LEG] = leg
        log[row, CONTRACT] = contract
        log[row, QUANTITY] = quantity
        log[row, PRICE] = price
        log[row, FEE] = fee
    tally[ROWS] = row + 1


@inline
def _met(quotes: Any, leg: int, t: int, order: int, closed: int, terms: Any) -> int:
    """What becomes of an order at the open of bar t, its price apart; ``closed`` is the close it was decided on."""
    buys = order > 0
    price = quotes.ask[leg, t] if buys else quotes.bid[leg, t]
    shown = quotes.shown_ask[leg, t] if buys else quotes.shown_bid[leg, t]
    if terms[FREEZE] > 0 and abs(order) > terms[FREEZE]:
        return ABOVE_FREEZE
    if price <= 0 or (price > _limit(closed, 1) if buys else price < _limit(closed, -1)):
        return NO_MATCH
    if shown >= 0 and abs(order) > shown:
        return ABOVE_SHOWN
    return FILLED


@inline
def _affords(after: int, order: int, price: int, fee: int, equity: int, cash: int, share: float) -> bool:
    """Whether the account bears ``after`` units at ``price`` (money): its margin, or all of it where that is asked."""
    whole = int(share * RATE + 0.5)
    if equity < item(abs(after) * price, whole) + fee:
        return False
    return whole < RATE or cash - order * price - fee >= 0


@inline
def _at_open(
    quotes: Any,
    flags: Any,
    terms: Any,
    fees: Any,
    t: int,
    held: Any,
    order: Any,
    mark: Any,
    cash: int,
    equity: int,
    log: Any,
    tally: Any,
) -> int:
    """Orders meet the open of bar t; the cash after them. What reduces goes first: its money is there for the rest."""
    for turn in range(2):
        for leg in range(held.size):
            quantity = order[leg]
            reduces = held[leg] * quantity < 0 and abs(quantity) <= abs(held[leg])
            if quantity == 0 or reduces != (turn == 0):
                continue
            order[leg] = 0
            contract, row = quotes.contract[leg, t], fees[quotes.fee[leg, t]]
            term, after = terms[contract], held[leg] + quantity
            ticks = quotes.ask[leg, t] if quantity > 0 else quotes.bid[leg, t]
            price = ticks * term[TICK]
            fee = charge(abs(quantity) * price, quantity > 0, row)
            how = FILLED
            if not (reduces and flags[leg, t] & LAST):
                how = _met(quotes, leg, t, quantity, mark[leg], term)
            share = quotes.margin[leg, t - 1]
            if how == FILLED and not reduces and not _affords(after, quantity, price, fee, equity, cash, share):
                how = NOT_AFFORDABLE
            _write(log, tally, how, t, leg, contract, quantity, ticks, fee)
            if how == FILLED:
                cash -= quantity * price + fee
                tally[ENTRIES] += not reduces and held[leg] * after <= 0
                held[leg] = after
    return cash


@inline
def _settle(quotes: Any, terms: Any, fees: Any, t: int, leg: int, held: Any, log: Any, tally: Any) -> int:
    """The money that a leg's settlement brings at the close of bar t."""
    contract, quantity = quotes.contract[leg, t], held[leg]
    price, fee = settled(quotes.settlement[leg, t], quantity, terms[contract], fees[quotes.fee[leg, t]])
    _write(log, tally, SETTLED, t, leg, contract, -quantity, price, fee)
    held[leg] = 0
    return quantity * price - fee


@inline
def _wanted(target: float, leg: int, pair: bool, lots: int, lot: int, held: int) -> int:
    """Units that a target asks of a leg; no number leaves things as they are. The second leg is its fall."""
    if not np.isfinite(target):
        return held
    target = min(max(target, -1.0), 1.0)
    if pair:
        target = max(target if leg == 0 else -target, 0.0)
    return int(lots * target) * lot


@compiled("kernel.py", "../features/feature.py", "../domain/ticks.py", room=__package__)
def run(
    quotes: Any,
    close: Any,
    flags: Any,
    terms: Any,
    fees: Any,
    targets: Any,
    lots: int,
    capital: int,
    place: Any,
    log: Any,
    tally: Any,
    marks: Any,
) -> None:
    """Trade ``targets`` (n,) in ``lots`` from ``capital`` money; ``close`` and ``flags`` (legs, n) are of each bar.

    ``place`` (n,) is the row of ``marks`` that a bar's close goes to, a later bar over an earlier one: (rows, 3) of
    equity, cash and the value of what is held. ``log`` (rows, 7) takes what fits; ``tally`` (3,) counts its rows, the
    positions that were entered, and is one past the bar at which the account had nothing left, 0 if it never had.
    """
    count, n = close.shape
    contract = quotes.contract  # taken out of the tuple once: each time costs
    held, order, mark = np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int64)
    cash = equity = capital
    ruined = sent = False
    for t in range(n):
        if sent:
            cash = _at_open(quotes, flags, terms, fees, t, held, order, mark, cash, equity, log, tally)
        net = every = 0
        for leg in range(count):
            if flags[leg, t] & NEW:
                mark[leg] = 0  # that of another contract
            if close[leg, t] > 0:
                mark[leg] = close[leg, t]
            if held[leg] != 0:
                if flags[leg, t] & SETTLES:
                    cash += _settle(quotes, terms, fees, t, leg, held, log, tally)
                value = held[leg] * mark[leg] * terms[contract[leg, t], TICK]
                net += value
                every += abs(value)
        equity = cash + net
        if equity <= 0 and not ruined:
            ruined, tally[RUINED] = True, t + 1
        marks[place[t], EQUITY], marks[place[t], CASH], marks[place[t], VALUE] = equity, cash, every
        sent = False
        for leg in range(count):
            if flags[leg, t] & SHUT or t + 1 == n or mark[leg] <= 0:
                continue
            wanted = 0
            if not ruined and not flags[leg, t + 1] & FORCED:
                lot = terms[contract[leg, t], LOT]
                wanted = _wanted(targets[t], leg, count == 2, lots, lot, held[leg])
            order[leg] = wanted - held[leg]
            sent = sent or order[leg] != 0
