"""What a scope of the book holds, as books of margins, at the newest valuation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from math import nan

import numpy as np

from sidecar.book import capital
from sidecar.book.capital import Holding, Prices
from sidecar.desk.margins import Margins
from sidecar.desk.state import DeskState
from sidecar.domain.orders import Order, OrderRequest
from sidecar.domain.scopes import Scope
from sidecar.risk.portfolio import Book, Point
from sidecar.risk.reduce_only import span

#: What the strategies of a fund hold of one contract, by strategy.
Shares = dict[str, Holding]
NOTHING: Shares = {}
Base = tuple[dict[str, Shares], Book, frozenset[str]]


def look(state: DeskState) -> Margins:
    """The margins at the newest valuation, book and instant."""
    margins = state.margins
    if not margins.is_at(state.chain, len(state.book.seen), state.now):
        day = state.calendar.local_date(state.now)
        index = state.board.spot(state.config.volatility_index)
        margins.look(state.chain, len(state.book.seen), state.now, day, state.rates, index)
    return margins


def mark_of(state: DeskState, symbol: str) -> float:
    """The mark of a contract at the last valuation; NaN if it was never valued."""
    row = state.board.universe.rows.get(symbol)
    marks = state.valuation.mark
    return float(marks[row]) if row is not None and row < marks.size else nan


def base(state: DeskState, margins: Margins, scope: Scope) -> Base:
    """What a fund holds, or a part of it, the book of it without any order, and whose strategies these are."""
    return margins.kept(("base", scope), lambda: _make_base(state, margins, scope))


def _make_base(state: DeskState, margins: Margins, scope: Scope) -> Base:
    held: dict[str, Shares] = {}
    for position in state.book.open_positions():
        if scope.covers(position.fund_id, position.strategy, state.contracts[position.symbol].underlying):
            share = capital.held([position], state.contracts[position.symbol], mark_of(state, position.symbol))
            held.setdefault(position.symbol, {})[position.strategy] = share
    book = book_of(margins, list(held), [[point(tuple(shares.values()))] for shares in held.values()])
    return held, book, frozenset(name for shares in held.values() for name in shares)


def worked(state: DeskState, margins: Margins, scope: Scope, working: tuple[Order, ...]) -> Book:
    """The book of what a fund holds, or a part of it, and of all that its ``working`` orders can make of it."""
    orders: dict[str, list[Order]] = {}
    for order in working:
        orders.setdefault(order.request.symbol, []).append(order)
    asked = tuple((order.request, order.remaining) for order in working)

    def make() -> Book:
        held, bare, _ = base(state, margins, scope)
        points = [_reached(state, symbol, held.get(symbol, NOTHING), own) for symbol, own in orders.items()]
        return bare.changed(book_of(margins, list(orders), points)) if orders else bare

    return margins.kept(("worked", scope, asked), make)


def _reached(state: DeskState, symbol: str, shares: Shares, orders: Sequence[Order]) -> list[Point]:
    """The points that fills can bring a contract to: every combination of what each strategy can come to hold."""
    contract, mark = state.contracts[symbol], mark_of(state, symbol)
    choices = []
    for strategy in dict.fromkeys((*shares, *(order.request.strategy for order in orders))):
        own = [order for order in orders if order.request.strategy == strategy]
        held = shares.get(strategy, Holding())
        low, high = span(held.quantity, (order.signed_remaining for order in own))
        prices = asked_prices((order.request for order in own), mark)
        choices.append(capital.reached(held, contract, low, high, prices, mark))
    return [point(combination) for combination in product(*choices)]


def asked_prices(requests: Iterable[OrderRequest], mark: float) -> Prices:
    """The dearest prices of orders; the mark stands for a price that is not given."""
    return capital.dearest((ask.side.sign, mark if ask.price is None else float(ask.price)) for ask in requests)


def point(holdings: Sequence[Holding]) -> Point:
    """What is held of one contract in all."""
    return float(sum(holding.quantity for holding in holdings)), sum((holding.premium for holding in holdings), 0.0)


def book_of(margins: Margins, symbols: Sequence[str], points: Sequence[Sequence[Point]]) -> Book:
    """The book of contracts, each at the points that it can come to."""
    one = margins.of(symbols)
    rows = np.array([margins.row(symbol) for symbol in symbols], dtype=np.intp)
    width = max(map(len, points), default=1)
    # What has fewer points has its first more than once.
    filled = [[*own, *[own[0]] * (width - len(own))] for own in points]
    at = np.array(filled, dtype=np.float64).reshape(len(symbols), width, 2)
    return Book(one, rows, at[..., 0], at[..., 1])
