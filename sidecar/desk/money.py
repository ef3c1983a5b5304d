"""Margin, equity and free capital of a fund at the newest valuation."""

from __future__ import annotations

from math import nan
from typing import NamedTuple

from sidecar.book import capital, pnl
from sidecar.book.capital import MarginRates, fund_margin, leg_margin, position_margin
from sidecar.book.positions import Position
from sidecar.desk.state import DeskState
from sidecar.domain.contracts import Contract
from sidecar.domain.orders import Order


class Account(NamedTuple):
    """One fund's money, or the desk's (``*``); NaN where a price it needs is unknown."""

    equity: float
    unrealized: float
    used: float
    available: float
    by_strategy: dict[str, float]


def account(state: DeskState, fund: str) -> Account:
    """Equity and margin of a fund (``*`` for all) at the newest marks."""
    key = None if fund == "*" else fund
    own = [position for position in state.book.open_positions() if fund in ("*", position.fund_id)]
    margins = [_margin(state, position) for position in own]
    by_strategy: dict[str, float] = {}
    for position, margin in zip(own, margins, strict=True):
        by_strategy[position.strategy] = by_strategy.get(position.strategy, 0.0) + margin.used
    whole = fund_margin(fund, margins)
    realized, fees = state.book.realized(key), state.book.fees(key)
    unrealized = sum((pnl.unrealized(position, mark_of(state, position.symbol)) for position in own), 0.0)
    funds = state.capital(fund)
    return Account(
        pnl.equity(funds, realized, fees, unrealized),
        unrealized,
        whole.used,
        capital.available(funds, realized, fees, whole),
        by_strategy,
    )


def mark_of(state: DeskState, symbol: str) -> float:
    """The mark of a contract at the last valuation; NaN if it was never valued."""
    row = state.board.universe.rows.get(symbol)
    marks = state.valuation.mark
    return float(marks[row]) if row is not None and row < marks.size else nan


def margin_of(state: DeskState, contract: Contract, quantity: int, entry: float | None = None) -> float:
    """What ``quantity`` signed units of a contract block; ``entry`` is the price of a long option not yet held."""
    mark = mark_of(state, contract.id)
    spot = state.board.spot(contract.underlying)
    return leg_margin(contract, quantity, mark if entry is None else entry, mark, spot, _rates(state))


def margin_of_order(state: DeskState, order: Order) -> float:
    """What a working order would block if all that remains of it filled, by itself; nothing if it only reduces."""
    if order.reduces_only:
        return 0.0
    contract = state.contracts[order.request.symbol]
    held = state.book.net(contract.id, order.request.fund_id)
    after = held + order.request.side.sign * order.remaining
    entry = float(order.request.price) if order.request.price is not None else None
    return max(0.0, margin_of(state, contract, after, entry) - margin_of(state, contract, held, entry))


def margin_used(state: DeskState, position: Position) -> float:
    """What one position blocks."""
    return _margin(state, position).used


def _margin(state: DeskState, position: Position) -> capital.Margin:
    contract = state.contracts[position.symbol]
    spot = state.board.spot(contract.underlying)
    return position_margin(position, contract, mark_of(state, position.symbol), spot, _rates(state))


def _rates(state: DeskState) -> MarginRates:
    return MarginRates(state.config.option_margin_rate, state.config.future_margin_rate)
