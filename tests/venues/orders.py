"""Contracts, orders and quotes for the tests of the paper broker."""

from datetime import date
from decimal import Decimal
from math import nan

from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.events import Quote
from sidecar.domain.orders import Order, OrderRequest, OrderState, OrderType, Side, TimeInForce

SECOND = 1_000_000
OPEN = 1_795_146_300_000_000  # 2026-11-20 09:15 in India
CLOSE = OPEN + 385 * 60 * SECOND
CALL = Contract(
    "NIFTY",
    Kind.OPTION,
    date(2026, 11, 23),
    24_600.0,
    Right.CALL,
    CLOSE + 3 * 86_400 * SECOND,
    65,
    Decimal("0.05"),
    1_755,
)
PUT = Contract(
    "NIFTY",
    Kind.OPTION,
    date(2026, 11, 23),
    24_600.0,
    Right.PUT,
    CLOSE + 3 * 86_400 * SECOND,
    65,
    Decimal("0.05"),
    1_755,
)


def order(
    name: str = "o1",
    side: Side = Side.BUY,
    lots: int = 1,
    price: str | None = "100.00",
    *,
    immediate: bool = False,
    contract: Contract = CALL,
    quantity: int | None = None,
) -> Order:
    request = OrderRequest(
        contract.id,
        side,
        lots * 65 if quantity is None else quantity,
        None if price is None else Decimal(price),
        OrderType.MARKET if price is None else OrderType.LIMIT,
        TimeInForce.IOC if immediate else TimeInForce.DAY,
    )
    return Order(name, request, OrderState.PENDING, "tester", OPEN, OPEN)


def quote(
    at_s: float,
    bid: float = nan,
    ask: float = nan,
    bid_size: float = 650.0,
    ask_size: float = 650.0,
    last: float = nan,
    volume: float = nan,
    contract: Contract = CALL,
) -> Quote:
    at = OPEN + round(at_s * SECOND)
    return Quote(contract.id, at, at, bid, ask, bid_size, ask_size, last, volume)


def at(seconds: float) -> int:
    return OPEN + round(seconds * SECOND)
