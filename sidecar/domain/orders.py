"""Orders, their states, and fills."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1


class OrderType(StrEnum):
    LIMIT = "LIMIT"
    MARKET = "MARKET"


class TimeInForce(StrEnum):
    DAY = "DAY"
    IOC = "IOC"


class OrderState(StrEnum):
    """``pending`` until the venue answers; ``unknown`` when it did not and nobody may assume."""

    PENDING = "pending"
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    REFUSED = "refused"
    UNKNOWN = "unknown"


#: States in which an order may still fill.
WORKING = frozenset({OrderState.PENDING, OrderState.OPEN, OrderState.PARTIALLY_FILLED, OrderState.UNKNOWN})


class OrderRequest(msgspec.Struct, frozen=True):
    """What someone asks for. ``quantity`` is positive, in units of the underlying; ``price`` is needed for a LIMIT."""

    symbol: str
    side: Side
    quantity: int
    price: Decimal | None = None
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.DAY
    fund_id: str = "main"
    strategy: str = "manual"
    client_order_id: str = ""
    reason: str = ""

    @property
    def signed(self) -> int:
        """The quantity with its sign: negative for a sell."""
        return self.side.sign * self.quantity


class Order(msgspec.Struct, frozen=True):
    """One order and how far it has come. ``filled`` counts units; ``average_price`` is of the filled part."""

    id: str
    request: OrderRequest
    state: OrderState
    actor: str
    created_at: int
    updated_at: int
    filled: int = 0
    average_price: Decimal | None = None
    venue_order_id: str = ""
    note: str = ""
    reduces_only: bool = False

    @property
    def remaining(self) -> int:
        """Units that may still fill; never negative."""
        return self.request.quantity - self.filled if self.state in WORKING else 0

    @property
    def signed_remaining(self) -> int:
        """What is left to fill, negative for a sell."""
        return self.request.side.sign * self.remaining


class Fill(msgspec.Struct, frozen=True):
    """One execution. ``quantity`` is signed (a sell is negative); ``fees`` are charges and taxes, never negative.

    ``note`` says what is unusual about it: a settlement, a spread that had to be assumed.
    """

    id: str
    order_id: str
    symbol: str
    fund_id: str
    strategy: str
    quantity: int
    price: Decimal
    fees: Decimal
    at: int
    note: str = ""
