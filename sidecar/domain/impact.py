"""What orders would do if they were sent: the answer to a what-if. Unknown numbers are NaN."""

from __future__ import annotations

import msgspec

from sidecar.domain.analytics import TailLine
from sidecar.domain.orders import OrderRequest


class LimitImpact(msgspec.Struct, frozen=True):
    """One limit that grows with an order, before it and with it, each at the worst fills of all working orders.

    ``within``: it may go there. ``margin`` is money against what is available, the other units are the limits' own.
    """

    name: str
    limit: float
    before: float
    after: float
    within: bool


class OrderImpact(msgspec.Struct, frozen=True):
    """One order as the gate would answer it now, the ones before it in the list working.

    ``limit_name`` and ``detail`` say what refuses it, empty where nothing does; ``reduces_only``: it can only reduce
    risk, so most limits are not asked.
    """

    request: OrderRequest
    accepted: bool
    reduces_only: bool
    limit_name: str
    detail: str
    limits: tuple[LimitImpact, ...]


class UnderlyingGreeks(msgspec.Struct, frozen=True):
    """Position Greeks of one fund in one underlying."""

    underlying: str
    delta: float
    gamma: float
    vega: float
    theta: float


class FundState(msgspec.Struct, frozen=True):
    """A fund's book: Greeks by underlying, margin in account currency (fees not counted), tail and worst stress."""

    greeks: tuple[UnderlyingGreeks, ...]
    used_margin: float
    available_margin: float
    tail: TailLine


class FundImpact(msgspec.Struct, frozen=True):
    """A fund as it is, and after every order of the what-if has filled in full at its price."""

    fund_id: str
    before: FundState
    after: FundState


class Impact(msgspec.Struct, frozen=True):
    """The answer. ``largest``: the quantity of each order, all in the proportion asked, with which the gate passes them
    all, and one step more of which it does not: for a single order the largest size that would pass, else 0.
    """

    orders: tuple[OrderImpact, ...]
    funds: tuple[FundImpact, ...]
    largest: tuple[int, ...]
