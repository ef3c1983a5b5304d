"""What a fund can lose if an order is sent: the vectors of :mod:`sidecar.risk.losses` from the newest valuation."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sidecar.desk.state import DeskState
from sidecar.domain.contracts import Contract
from sidecar.domain.orders import Order
from sidecar.domain.scopes import Scope
from sidecar.risk.losses import Losses
from sidecar.risk.reduce_only import span


def losses(state: DeskState, scope: Scope, contract: Contract, resting: Iterable[Order], fund_id: str = "") -> Losses:
    """The losses of a scope that an order in ``contract`` is judged by; ``resting`` are the scope's working orders.

    Where the scope is the desk, ``fund_id`` is the order's fund: what other funds hold of the contract and offer in it
    is none of the position that the order moves.
    """
    tails, fund = state.tails, fund_id or scope.fund
    held: dict[str, int] = {}
    for one in state.book.open_positions():
        own = (one.symbol, one.fund_id) == (contract.id, fund)
        if not own and scope.covers(one.fund_id, one.strategy, state.contracts[one.symbol].underlying):
            held[one.symbol] = held.get(one.symbol, 0) + one.quantity
    working: dict[str, list[int]] = {}
    for order in resting:
        if order.remaining and (order.request.symbol, order.request.fund_id) != (contract.id, fund):
            working.setdefault(order.request.symbol, []).append(order.signed_remaining)
    unit = tails.losses({contract.id: 1.0})
    ends = [np.multiply.outer(span(0, some), tails.losses({symbol: 1.0})) for symbol, some in working.items()]
    return Losses(tails.losses(held), unit, np.array(ends).reshape(-1, 2, unit.size), tails.moves)
