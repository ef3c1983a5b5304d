"""Margin, equity and free capital of a fund at the newest valuation (``sidecar.book.capital`` says what is blocked)."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import NamedTuple

from sidecar.book import capital, pnl
from sidecar.book.capital import Holding, Margin, Prices
from sidecar.book.positions import Position
from sidecar.desk.holdings import NOTHING, Shares, asked_prices, base, book_of, look, mark_of, point
from sidecar.desk.margins import Margins
from sidecar.desk.state import DeskState
from sidecar.domain.contracts import Contract
from sidecar.domain.orders import OrderRequest
from sidecar.domain.scopes import Scope
from sidecar.risk.portfolio import alone


class Account(NamedTuple):
    """One fund's money, or the desk's (``*``); NaN where a price it needs is unknown."""

    equity: float
    unrealized: float
    used: float
    available: float
    by_strategy: dict[str, float]


def account(state: DeskState, fund: str) -> Account:
    """Equity and margin of a fund (``*`` for all, which do not offset each other) at the newest marks."""
    return look(state).kept(("account", fund), lambda: _account(state, fund))


def margin_of(state: DeskState, contract: Contract, quantity: int, price: float = nan) -> float:
    """What signed units of a contract would block by themselves, bought or sold at ``price``, else at the mark."""
    symbol, margins = contract.id, look(state)
    held = capital.moved(Holding(), contract, quantity, Prices(price, price), mark_of(state, symbol))
    return float(alone(margins.of((symbol,)), margins.row(symbol), [point((held,))])[0])


def margin_used(state: DeskState, position: Position) -> float:
    """What one position would block by itself."""
    margins = look(state)
    return margins.kept("positions", lambda: _each(state, margins))[position.id]


def used(state: DeskState, scope: Scope) -> float:
    """What a fund, or a part of it, blocks by itself; NaN where a price it needs is unknown."""
    return base(state, look(state), scope)[1].total()


def used_after(state: DeskState, requests: Sequence[OrderRequest]) -> float:
    """What the fund of ``requests`` would block if they filled in full at their prices, and nothing else did."""
    margins = look(state)
    held, bare, _ = base(state, margins, Scope(requests[0].fund_id))
    after: dict[str, Shares] = {}
    for request in requests:
        symbol, name, mark = request.symbol, request.strategy, mark_of(state, request.symbol)
        shares = after.setdefault(symbol, dict(held.get(symbol, NOTHING)))
        share, prices = shares.get(name, Holding()), asked_prices([request], mark)
        shares[name] = capital.moved(share, state.contracts[symbol], share.quantity + request.signed, prices, mark)
    points = [[point(tuple(shares.values()))] for shares in after.values()]
    return bare.changed(book_of(margins, list(after), points)).total()


def _account(state: DeskState, fund: str) -> Account:
    margins = look(state)
    own = [position for position in state.book.open_positions() if fund in ("*", position.fund_id)]
    used = sum((base(state, margins, Scope(one))[1].total() for one in dict.fromkeys(p.fund_id for p in own)), 0.0)
    strategies: dict[str, float] = {}
    for one, strategy in dict.fromkeys((p.fund_id, p.strategy) for p in own):
        strategies[strategy] = strategies.get(strategy, 0.0) + base(state, margins, Scope(one, strategy))[1].total()
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
    each = book_of(margins, [p.symbol for p in own], [[point((holding,))] for holding in held]).each()
    return dict(zip((p.id for p in own), each.tolist(), strict=True))
