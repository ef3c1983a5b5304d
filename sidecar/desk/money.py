"""Margin, equity and free capital of a fund at the newest valuation (``sidecar.book.capital`` says what is blocked)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from math import nan
from typing import NamedTuple

import numpy as np

from sidecar.book import capital, pnl
from sidecar.book.capital import Holding, Margin, Prices
from sidecar.book.positions import Position
from sidecar.desk.margins import Margins
from sidecar.desk.state import DeskState
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.orders import Order, OrderRequest
from sidecar.risk.legs import Floats
from sidecar.risk.portfolio import Book, Point, alone
from sidecar.risk.reduce_only import span

#: What the strategies of a fund hold of one contract, by strategy.
Shares = dict[str, Holding]
_NOTHING: Shares = {}
Base = tuple[dict[str, Shares], Book, frozenset[str]]


class Account(NamedTuple):
    """One fund's money, or the desk's (``*``); NaN where a price it needs is unknown."""

    equity: float
    unrealized: float
    used: float
    available: float
    by_strategy: dict[str, float]


class Blocked(NamedTuple):
    """What an order is judged by: margins with every other working order of the fund filled as it costs most.

    ``fund`` at a net quantity of the fund in the contract; ``strategy`` at a quantity of the strategy, now ``held``;
    ``position`` of the contract alone at a net quantity; ``rises``: whether so many signed units can raise the fund's.
    """

    fund: Callable[[int], float]
    strategy: Callable[[int], float]
    held: int
    position: Callable[[int], float]
    rises: Callable[[int], bool]


def account(state: DeskState, fund: str) -> Account:
    """Equity and margin of a fund (``*`` for all, which do not offset each other) at the newest marks."""
    return _look(state).kept(("account", fund), lambda: _account(state, fund))


def mark_of(state: DeskState, symbol: str) -> float:
    """The mark of a contract at the last valuation; NaN if it was never valued."""
    row = state.board.universe.rows.get(symbol)
    marks = state.valuation.mark
    return float(marks[row]) if row is not None and row < marks.size else nan


def margin_of(state: DeskState, contract: Contract, quantity: int, price: float = nan) -> float:
    """What signed units of a contract would block by themselves, bought or sold at ``price``, else at the mark."""
    symbol, margins = contract.id, _look(state)
    held = capital.moved(Holding(), contract, quantity, Prices(price, price), mark_of(state, symbol))
    return float(alone(margins.of((symbol,)), margins.row(symbol), [_point((held,))])[0])


def margin_used(state: DeskState, position: Position) -> float:
    """What one position would block by itself."""
    margins = _look(state)
    return margins.kept("positions", lambda: _each(state, margins))[position.id]


def blocked(state: DeskState, request: OrderRequest, contract: Contract, resting: Iterable[Order]) -> Blocked:
    """The margins that a request is judged by; ``resting`` are the working orders of its fund."""
    symbol, name, margins = request.symbol, request.strategy, _look(state)
    working = tuple(order for order in resting if order.remaining)
    own = tuple(order for order in working if order.request.strategy == name)
    here = [order for order in working if order.request.symbol == symbol]
    mark = mark_of(state, symbol)
    prices = _prices([request, *(order.request for order in here)], mark)
    held, _, strategies = _base(state, margins, request.fund_id, None)
    shares = dict(held.get(symbol, _NOTHING))
    mine = capital.again(shares.pop(name, Holding()), contract, prices, mark)
    others = tuple(shares.values())
    net = mine.quantity + sum(share.quantity for share in others)
    signed = [order.signed_remaining for order in here]
    ends = {0, *span(0, signed), *span(0, (*signed, request.signed))} if contract.kind is not Kind.INDEX else {0}
    whole = _worked(state, margins, request.fund_id, None, working)
    one, row = margins.of((symbol,)), margins.row(symbol)  # no older than what the book is made of
    fund = whole.without(one, row)

    def at(start: Holding, *beside: Holding) -> Callable[[int], Point]:
        return lambda change: _point((capital.moved(start, contract, start.quantity + change, prices, mark), *beside))

    moved = at(mine, *others)
    of_fund = of_strategy = _kept(lambda changes: fund.with_(row, [*map(moved, changes)]), ends)
    # Where all is of one strategy, its book is the fund's.
    if len(own) < len(working) or not strategies <= {name}:
        part = _worked(state, margins, request.fund_id, name, own).without(one, row)
        of_strategy = _kept(lambda changes: part.with_(row, [*map(at(mine), changes)]), ends)

    def rises(change: int) -> bool:
        starts = sorted({0, *span(0, signed)})
        return any(fund.rises(row, moved(start), moved(start + change)) for start in starts)

    return Blocked(
        lambda quantity: of_fund(quantity - net),
        lambda quantity: of_strategy(quantity - mine.quantity),
        mine.quantity,
        _kept(
            lambda quantities: alone(one, row, [*map(at(Holding()), quantities)]), [net + end for end in sorted(ends)]
        ),
        rises,
    )


def used_after(state: DeskState, requests: Sequence[OrderRequest]) -> float:
    """What the fund of ``requests`` would block if they filled in full at their prices, and nothing else did."""
    margins, fund = _look(state), requests[0].fund_id
    held, base, _ = _base(state, margins, fund, None)
    after: dict[str, Shares] = {}
    for request in requests:
        symbol, name, mark = request.symbol, request.strategy, mark_of(state, request.symbol)
        shares = after.setdefault(symbol, dict(held.get(symbol, _NOTHING)))
        share, prices = shares.get(name, Holding()), _prices([request], mark)
        shares[name] = capital.moved(share, state.contracts[symbol], share.quantity + request.signed, prices, mark)
    points = [[_point(tuple(shares.values()))] for shares in after.values()]
    return base.changed(_book(margins, list(after), points)).total()


def _account(state: DeskState, fund: str) -> Account:
    margins = _look(state)
    own = [position for position in state.book.open_positions() if fund in ("*", position.fund_id)]
    used = sum((_base(state, margins, one, None)[1].total() for one in dict.fromkeys(p.fund_id for p in own)), 0.0)
    strategies: dict[str, float] = {}
    for one, strategy in dict.fromkeys((p.fund_id, p.strategy) for p in own):
        strategies[strategy] = strategies.get(strategy, 0.0) + _base(state, margins, one, strategy)[1].total()
    marks = {position.symbol: mark_of(state, position.symbol) for position in own}
    losses = (capital.future_loss(p, state.contracts[p.symbol], marks[p.symbol]) for p in own)
    whole = Margin(fund, used, sum(losses, 0.0))
    key = None if fund == "*" else fund
    realized, fees = state.book.realized(key), state.book.fees(key)
    unrealized = sum((pnl.unrealized(position, marks[position.symbol]) for position in own), 0.0)
    funds = state.capital(fund)
    return Account(
        pnl.equity(funds, realized, fees, unrealized),
        unrealized,
        used,
        capital.available(funds, realized, fees, whole),
        strategies,
    )


def _each(state: DeskState, margins: Margins) -> dict[str, float]:
    """What each open position would block by itself, by its id."""
    own = state.book.open_positions()
    held = [capital.held([p], state.contracts[p.symbol], mark_of(state, p.symbol)) for p in own]
    each = _book(margins, [p.symbol for p in own], [[_point((holding,))] for holding in held]).each()
    return dict(zip((p.id for p in own), each.tolist(), strict=True))


def _base(state: DeskState, margins: Margins, fund: str, strategy: str | None) -> Base:
    """What a fund holds, or one of its strategies, the book of it without any order, and whose strategies these are."""
    return margins.kept(("base", fund, strategy), lambda: _make_base(state, margins, fund, strategy))


def _make_base(state: DeskState, margins: Margins, fund: str, strategy: str | None) -> Base:
    held: dict[str, Shares] = {}
    for position in state.book.open_positions():
        if position.fund_id == fund and strategy in (None, position.strategy):
            share = capital.held([position], state.contracts[position.symbol], mark_of(state, position.symbol))
            held.setdefault(position.symbol, {})[position.strategy] = share
    book = _book(margins, list(held), [[_point(tuple(shares.values()))] for shares in held.values()])
    return held, book, frozenset(name for shares in held.values() for name in shares)


def _worked(state: DeskState, margins: Margins, fund: str, strategy: str | None, working: tuple[Order, ...]) -> Book:
    """The book of what a fund holds, or one of its strategies, and of all that its working orders can make of it."""
    orders: dict[str, list[Order]] = {}
    for order in working:
        orders.setdefault(order.request.symbol, []).append(order)
    asked = tuple((order.request, order.remaining) for order in working)

    def make() -> Book:
        held, base, _ = _base(state, margins, fund, strategy)
        points = [_reached(state, symbol, held.get(symbol, _NOTHING), own) for symbol, own in orders.items()]
        return base.changed(_book(margins, list(orders), points)) if orders else base

    return margins.kept(("worked", fund, strategy, asked), make)


def _reached(state: DeskState, symbol: str, shares: Shares, orders: Sequence[Order]) -> list[Point]:
    """The points that fills can bring a contract to: every combination of what each strategy can come to hold."""
    contract, mark = state.contracts[symbol], mark_of(state, symbol)
    choices = []
    for strategy in dict.fromkeys((*shares, *(order.request.strategy for order in orders))):
        own = [order for order in orders if order.request.strategy == strategy]
        held = shares.get(strategy, Holding())
        low, high = span(held.quantity, (order.signed_remaining for order in own))
        prices = _prices((order.request for order in own), mark)
        choices.append(capital.reached(held, contract, low, high, prices, mark))
    return [_point(combination) for combination in product(*choices)]


def _prices(requests: Iterable[OrderRequest], mark: float) -> Prices:
    """The dearest prices of orders; the mark stands for a price that is not given."""
    return capital.dearest((ask.side.sign, mark if ask.price is None else float(ask.price)) for ask in requests)


def _point(holdings: Sequence[Holding]) -> Point:
    """What is held of one contract in all."""
    return float(sum(holding.quantity for holding in holdings)), sum((holding.premium for holding in holdings), 0.0)


def _book(margins: Margins, symbols: Sequence[str], points: Sequence[Sequence[Point]]) -> Book:
    """The book of contracts, each at the points that it can come to."""
    one = margins.of(symbols)
    rows = np.array([margins.row(symbol) for symbol in symbols], dtype=np.intp)
    width = max(map(len, points), default=1)
    # What has fewer points has its first more than once.
    filled = [[*own, *[own[0]] * (width - len(own))] for own in points]
    at = np.array(filled, dtype=np.float64).reshape(len(symbols), width, 2)
    return Book(one, rows, at[..., 0], at[..., 1])


def _kept(function: Callable[[Sequence[int]], Floats], first: Iterable[int]) -> Callable[[int], float]:
    """The function, asked once for each quantity, and for ``first`` in one go: the gate asks about the same few."""
    answers: dict[int, float] = {}

    def asked(quantity: int) -> float:
        if quantity not in answers:
            new = tuple(dict.fromkeys((quantity, *(() if answers else first))))
            answers.update(zip(new, map(float, function(new)), strict=True))
        return answers[quantity]

    return asked


def _look(state: DeskState) -> Margins:
    margins = state.margins
    if not margins.is_at(state.chain, len(state.book.seen), state.now):
        day = state.calendar.local_date(state.now)
        index = state.board.spot(state.config.volatility_index)
        margins.look(state.chain, len(state.book.seen), state.now, day, state.rates, index)
    return margins
