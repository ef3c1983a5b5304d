"""One position and its realised P&L, exact to the last decimal, from fills alone.

A position is what one strategy of one fund holds of one contract. Its cost is kept as an exact total, not as a rounded
average. A partial close releases its share of the cost, rounded half-even to four decimals (the store's money); the
rest stays in the position, and the last unit releases all that is left. So realised P&L less the cost still held is at
every moment exactly the money that the fills moved, and a round trip earns the same whatever the order or size of its
fills. The rounding of one partial close moves the cost of what is left by 0.00005 at most.

P&L by first in, first out never divides and so never rounds; each position keeps it beside the average cost. Once flat
the two agree. A fill through zero is two: one that closes, one that opens the rest; its fees are split by quantity.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from sidecar.domain.errors import InputError
from sidecar.domain.orders import Fill

ZERO = Decimal(0)
QUANTUM = Decimal("0.0001")


class Lot(msgspec.Struct, frozen=True):
    """What is left of one opening fill: signed units, the price paid or received, and when."""

    quantity: int
    price: Decimal
    at: int


class Position(msgspec.Struct, frozen=True):
    """Signed ``quantity`` held at a signed total ``cost`` (money paid; negative for a short: money received).

    ``realized`` (average cost) and ``realized_fifo`` are gross of ``fees``; the three are sums over the life of the
    position, the ``trip_`` ones over the round trip that began at ``opened_at``. ``lots`` are oldest first.
    """

    fund_id: str
    strategy: str
    symbol: str
    quantity: int
    cost: Decimal
    realized: Decimal
    realized_fifo: Decimal
    fees: Decimal
    opened_at: int
    lots: tuple[Lot, ...]
    trip_realized: Decimal
    trip_fees: Decimal

    @property
    def id(self) -> str:
        """``fund/strategy/symbol``."""
        return position_id(self.fund_id, self.strategy, self.symbol)

    @property
    def average_price(self) -> Decimal:
        """Cost of one unit, before fees; NaN when nothing is held. For show: sums start from ``cost``."""
        return self.cost / self.quantity if self.quantity else Decimal("NaN")


def position_id(fund_id: str, strategy: str, symbol: str) -> str:
    """The id of the position of a strategy of a fund in a contract."""
    return f"{fund_id}/{strategy}/{symbol}"


def flat(fill: Fill) -> Position:
    """The position that a fill will be the first of: nothing held yet."""
    return Position(fill.fund_id, fill.strategy, fill.symbol, 0, ZERO, ZERO, ZERO, ZERO, fill.at, (), ZERO, ZERO)


def apply(position: Position | None, fill: Fill) -> tuple[Position, Decimal]:
    """The position after a fill, and the P&L that the fill realised: average cost, gross of fees.

    :raises InputError: a fill of nothing, or with a price or fee that is negative or not a number.
    """
    position = before = flat(fill) if position is None else position
    for part in split(position, fill):
        position = _increased(position, part) if position.quantity * part.quantity >= 0 else _reduced(position, part)
    return position, position.realized - before.realized


def split(position: Position, fill: Fill) -> tuple[Fill, ...]:
    """The fill as one part, or as two if it crosses zero: what closes the position and what opens the other side.

    Fees are shared by quantity, the closing part's rounded half-even to four decimals; together they are the fill's.
    """
    _refuse(fill)
    closing = -position.quantity
    if closing * fill.quantity <= 0 or abs(fill.quantity) <= abs(closing):
        return (fill,)
    fees = _share(fill.fees, closing, fill.quantity)
    return (
        msgspec.structs.replace(fill, quantity=closing, fees=fees),
        msgspec.structs.replace(fill, quantity=fill.quantity - closing, fees=fill.fees - fees),
    )


def _refuse(fill: Fill) -> None:
    if fill.quantity == 0:
        raise InputError("quantity", f"fill {fill.id!r} is of nothing", "a fill has a signed, whole quantity")
    for field, amount in (("price", fill.price), ("fees", fill.fees)):
        if not amount.is_finite() or amount < 0:
            raise InputError(field, f"fill {fill.id!r} has {amount}", "give a number that is not negative")


def _share(amount: Decimal, part: int, whole: int) -> Decimal:
    return (amount * part / whole).quantize(QUANTUM, ROUND_HALF_EVEN)


def _increased(position: Position, fill: Fill) -> Position:
    fresh = position.quantity == 0
    return msgspec.structs.replace(
        position,
        quantity=position.quantity + fill.quantity,
        cost=position.cost + fill.quantity * fill.price,
        fees=position.fees + fill.fees,
        opened_at=fill.at if fresh else position.opened_at,
        lots=(*position.lots, Lot(fill.quantity, fill.price, fill.at)),
        trip_realized=ZERO if fresh else position.trip_realized,
        trip_fees=fill.fees + (ZERO if fresh else position.trip_fees),
    )


def _reduced(position: Position, fill: Fill) -> Position:
    closed = -fill.quantity
    released = position.cost if closed == position.quantity else _share(position.cost, closed, position.quantity)
    realized = closed * fill.price - released
    lots, realized_fifo = _consumed(position.lots, closed, fill.price)
    return msgspec.structs.replace(
        position,
        quantity=position.quantity - closed,
        cost=position.cost - released,
        realized=position.realized + realized,
        realized_fifo=position.realized_fifo + realized_fifo,
        fees=position.fees + fill.fees,
        lots=lots,
        trip_realized=position.trip_realized + realized,
        trip_fees=position.trip_fees + fill.fees,
    )


def _consumed(lots: tuple[Lot, ...], closed: int, price: Decimal) -> tuple[tuple[Lot, ...], Decimal]:
    """The lots left after ``closed`` signed units leave, oldest first, and what those realise at ``price``."""
    gain = ZERO
    for index, lot in enumerate(lots):
        taken = lot.quantity if abs(lot.quantity) <= abs(closed) else closed
        gain += taken * (price - lot.price)
        closed -= taken
        if closed == 0:
            rest = lot.quantity - taken
            kept = (Lot(rest, lot.price, lot.at),) if rest else ()
            return kept + lots[index + 1 :], gain
    return (), gain
