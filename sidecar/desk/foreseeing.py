"""What a fund can lose if an order is sent: the vectors of :mod:`sidecar.risk.losses` from the newest valuation."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sidecar.desk.state import DeskState
from sidecar.domain.contracts import Contract
from sidecar.domain.orders import Order
from sidecar.risk.losses import Losses
from sidecar.risk.reduce_only import span


def losses(state: DeskState, fund_id: str, contract: Contract, resting: Iterable[Order]) -> Losses:
    """The losses that an order of the fund in ``contract`` is judged by; ``resting`` are the fund's working orders."""
    tails = state.tails
    held = state.book.units(fund_id)
    held.pop(contract.id, None)
    working: dict[str, list[int]] = {}
    for order in resting:
        if order.remaining and order.request.symbol != contract.id:
            working.setdefault(order.request.symbol, []).append(order.signed_remaining)
    unit = tails.losses({contract.id: 1.0})
    ends = [np.multiply.outer(span(0, own), tails.losses({symbol: 1.0})) for symbol, own in working.items()]
    return Losses(tails.losses(held), unit, np.array(ends).reshape(-1, 2, unit.size), tails.moves)
