"""Margin, equity and free capital of a fund at the newest valuation (``sidecar.book.capital`` says what is blocked)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import nan
from typing import NamedTuple

import numpy as np

from sidecar.book import capital, pnl
from sidecar.book.capital import Holding, Margin
from sidecar.book.positions import Position
from sidecar.desk.margins import Margins
from sidecar.desk.state import DeskState
from sidecar.domain.contracts import Contract
from sidecar.domain.orders import Order, OrderRequest, Side
from sidecar.risk.portfolio import Book
from sidecar.risk.reduce_only import span

Holdings = dict[str, Holding]
_NOTHING = np.zeros((0, 1, 2))


class Account(NamedTuple):
    """One fund's money, or the desk's (``*``); NaN where a price it needs is unknown."""

    equity: float
    unrealized: float
    used: float
    available: float
    by_strategy: dict[str, float]


class Blocked(NamedTuple):
    """What an order is judged by: margins with every other working order of the fund filled as it costs most.

    ``fund`` at a net quantity of the fund in the contract; ``strategy`` with so many units more of it in the strategy;
    ``position`` of the contract alone at a net quantity; ``rises``: whether so many signed units can raise the fund's.
    """

    fund: Callable[[int], float]
    strategy: Callable[[int], float]
    position: Callable[[int], float]
    rises: Callable[[int], bool]


def account(state: DeskState, fund: str) -> Account:
    """Equity and margin of a fund (``*`` for all, which do not offset each other) at the newest marks."""
    key = None if fund == "*" else fund
    own = [position for position in state.book.open_positions() if fund in ("*", position.fund_id)]
    used = sum((_base(state, one, None)[1].total() for one in dict.fromkeys(p.fund_id for p in own)), 0.0)
    strategies: dict[str, float] = {}
    for one, strategy in dict.fromkeys((p.fund_id, p.strategy) for p in own):
        strategies[strategy] = strategies.get(strategy, 0.0) + _base(state, one, strategy)[1].total()
    losses = (capital.future_loss(p, state.contracts[p.symbol], mark_of(state, p.symbol)) for p in own)
    whole = Margin(fund, used, sum(losses, 0.0))
    realized, fees = state.book.realized(key), state.book.fees(key)
    unrealized = sum((pnl.unrealized(position, mark_of(state, position.symbol)) for position in own), 0.0)
    funds = state.capital(fund)
    return Account(
        pnl.equity(funds, realized, fees, unrealized),
        unrealized,
        used,
        capital.available(funds, realized, fees, whole),
        strategies,
    )


def mark_of(state: DeskState, symbol: str) -> float:
    """The mark of a contract at the last valuation; NaN if it was never valued."""
    row = state.board.universe.rows.get(symbol)
    marks = state.valuation.mark
    return float(marks[row]) if row is not None and row < marks.size else nan


def margin_of(state: DeskState, contract: Contract, quantity: int, price: float = nan) -> float:
    """What signed units of a contract would block by themselves, bought or sold at ``price``, else at the mark."""
    holding = _moved(state, Holding(), contract, quantity, price)
    return float(_book(state, [contract.id], [(holding,)]).each()[0])


def margin_used(state: DeskState, position: Position) -> float:
    """What one position would block by itself."""
    return _look(state).kept("positions", lambda: _each(state))[position.id]


def blocked(state: DeskState, request: OrderRequest, contract: Contract, resting: Iterable[Order]) -> Blocked:
    """The margins that a request is judged by; ``resting`` are the working orders of its fund."""
    price = nan if request.price is None else float(request.price)
    books, held = [], []
    for strategy in (None, request.strategy):
        holdings, base = _base(state, request.fund_id, strategy)
        others = [order for order in resting if strategy in (None, order.request.strategy)]
        held.append(holdings.get(contract.id, Holding()))
        books.append(base.changed(_working(state, holdings, others, contract)))
    working = [order.request.side.sign * order.remaining for order in resting if order.request.symbol == contract.id]
    here, there = held
    row = _look(state).row(contract.id)

    def point(holding: Holding, quantity: int) -> tuple[float, float]:
        return _point(_moved(state, holding, contract, quantity, price))

    def rises(signed: int) -> bool:
        nets = {here.quantity, *span(here.quantity, working)}
        return any(books[0].rises(row, point(here, net), point(here, net + signed)) for net in sorted(nets))

    return Blocked(
        _kept(lambda quantity: books[0].with_(row, point(here, quantity))),
        _kept(lambda change: books[1].with_(row, point(there, there.quantity + change))),
        _kept(lambda quantity: margin_of(state, contract, quantity, price)),
        rises,
    )


def _each(state: DeskState) -> dict[str, float]:
    """What each open position would block by itself, by its id."""
    own = state.book.open_positions()
    held = [capital.held([p], state.contracts[p.symbol], mark_of(state, p.symbol)) for p in own]
    each = _book(state, [p.symbol for p in own], [(holding,) for holding in held]).each()
    return dict(zip((p.id for p in own), each.tolist(), strict=True))


def _base(state: DeskState, fund: str, strategy: str | None) -> tuple[Holdings, Book]:
    """What a fund holds, or one of its strategies, and the book of it without any order."""
    return _look(state).kept(("base", fund, strategy), lambda: _make_base(state, fund, strategy))


def _make_base(state: DeskState, fund: str, strategy: str | None) -> tuple[Holdings, Book]:
    by_symbol: dict[str, list[Position]] = {}
    for position in state.book.open_positions():
        if position.fund_id == fund and strategy in (None, position.strategy):
            by_symbol.setdefault(position.symbol, []).append(position)
    holdings = {
        symbol: capital.held(own, state.contracts[symbol], mark_of(state, symbol)) for symbol, own in by_symbol.items()
    }
    return holdings, _book(state, list(holdings), [(holding,) for holding in holdings.values()])


def _working(state: DeskState, holdings: Holdings, orders: Iterable[Order], judged: Contract) -> Book:
    """The contracts that orders can move, and between which points; nothing held of the one that is judged."""
    working: dict[str, list[Order]] = {}
    for order in orders:
        if order.remaining and order.request.symbol != judged.id:
            working.setdefault(order.request.symbol, []).append(order)
    ends = [_reached(state, symbol, holdings.get(symbol, Holding()), own) for symbol, own in working.items()]
    return _book(state, [*working, judged.id], [*ends, (Holding(), Holding(), Holding())])


def _book(state: DeskState, symbols: Sequence[str], ends: Sequence[tuple[Holding, ...]]) -> Book:
    """The book of contracts, each with the same number of holdings that it can come to."""
    margins = _look(state)
    one = margins.of(symbols)
    rows = np.array([margins.row(symbol) for symbol in symbols], dtype=np.intp)
    both = np.array([[_point(end) for end in own] for own in ends]) if symbols else _NOTHING
    return Book(one, rows, both[..., 0], both[..., 1])


def _reached(state: DeskState, symbol: str, holding: Holding, orders: list[Order]) -> tuple[Holding, Holding, Holding]:
    """The lowest, the present and the highest holding that fills can lead to, at the dearest of the orders' prices."""
    contract = state.contracts[symbol]
    low, high = span(holding.quantity, (order.request.side.sign * order.remaining for order in orders))
    prices: dict[Side, list[float]] = {Side.BUY: [], Side.SELL: []}
    for order in orders:
        if order.request.price is not None:
            prices[order.request.side].append(float(order.request.price))
    sold, bought = min(prices[Side.SELL], default=nan), max(prices[Side.BUY], default=nan)
    return (
        _moved(state, holding, contract, low, sold),
        holding,
        _moved(state, holding, contract, high, bought),
    )


def _moved(state: DeskState, holding: Holding, contract: Contract, quantity: int, price: float) -> Holding:
    if quantity == holding.quantity:
        return holding
    mark = mark_of(state, contract.id)
    return capital.moved(holding, contract, quantity, price if price == price else mark, mark)


def _point(holding: Holding) -> tuple[float, float]:
    return float(holding.quantity), holding.premium


def _kept(function: Callable[[int], float]) -> Callable[[int], float]:
    """The function, asked once for each quantity: the gate asks many limits about the same few."""
    answers: dict[int, float] = {}

    def asked(quantity: int) -> float:
        if quantity not in answers:
            answers[quantity] = function(quantity)
        return answers[quantity]

    return asked


def _look(state: DeskState) -> Margins:
    day = state.calendar.local_date(state.now)
    index = state.board.spot(state.config.volatility_index)
    state.margins.look(state.chain, len(state.book.seen), state.now, day, state.rates, index)
    return state.margins
