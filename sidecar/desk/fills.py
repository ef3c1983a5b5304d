"""What the venue answers: accepted, rejected, filled, cancelled, unknown. Each moves an order; a fill also the book."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import msgspec

from sidecar.book.fees import charges
from sidecar.book.position import position_id
from sidecar.desk.halting import trip
from sidecar.desk.state import DeskState
from sidecar.domain.breaker import Cause, Trigger
from sidecar.domain.clock import MINUTE
from sidecar.domain.contracts import Contract
from sidecar.domain.errors import DeskError, InputError
from sidecar.domain.events import (
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    VenueBook,
    VenueEvent,
)
from sidecar.domain.orders import WORKING, Fill, Order, OrderState
from sidecar.domain.records import Audited, FillRecorded

_ENDS = {"end of session": OrderState.EXPIRED, "the contract has expired": OrderState.EXPIRED}
#: States in which the venue cannot have filled anything.
_NEVER_SENT = frozenset({OrderState.REFUSED, OrderState.REJECTED})


def take(state: DeskState, event: VenueEvent) -> None:
    """Apply one answer of the venue. An answer about an order the desk never sent is a reconciliation break."""
    if isinstance(event, VenueBook):
        reconcile(state, event)
        return
    order = state.orders.get(event.order_id)
    if order is None:
        _break(state, f"the venue speaks of order {event.order_id[:40]!r}, which this desk never sent")
        return
    match event:
        case OrderAccepted() if order.state in (OrderState.PENDING, OrderState.UNKNOWN):
            to = OrderState.PARTIALLY_FILLED if order.filled else OrderState.OPEN
            _move(state, order, to, venue_order_id=event.venue_order_id)
        case OrderRejected() if order.state in WORKING:
            state.counters["orders_rejected"] += 1
            _move(state, order, OrderState.REJECTED, note=event.reason)
        case OrderCancelled() if order.state in WORKING:
            state.counters["orders_cancelled"] += 1
            _move(state, order, _ENDS.get(event.reason, OrderState.CANCELLED), note=event.reason)
        case OrderUnknown() if order.state in WORKING:
            _move(state, order, OrderState.UNKNOWN, note=event.reason)
        case OrderFilled():
            _fill(state, order, event)
        case _:
            # A late answer to an order that has ended (a cancel that lost the race, a repeat) changes nothing.
            state.counters["late_answers"] += 1


def take_fill(state: DeskState, fill: Fill) -> bool:
    """Put a fill into the book and on record; False, and nothing changes, if its id was seen before."""
    key = position_id(fill.fund_id, fill.strategy, fill.symbol)
    before = state.book.positions.get(key)
    if state.book.apply(fill) is None:
        return False
    state.explaining.take(fill, before, state.book.positions[key])
    state.pending.records.append(FillRecorded(state.now, fill))
    return True


def _fill(state: DeskState, order: Order, event: OrderFilled) -> None:
    """Book one execution. One that cannot be is not booked: trading stops until a person has looked at it."""
    if event.fill_id in state.book.seen:
        state.counters["late_answers"] += 1
        return
    contract = state.contracts[order.request.symbol]
    try:
        fill = _priced(state, order, contract, event)
        take_fill(state, fill)
    except (DeskError, InvalidOperation) as problem:
        said = f"{event.quantity} at {event.price[:20]!r}"
        _break(state, f"fill {event.fill_id[:40]!r} of order {order.id}, {said}, is not booked: {problem}")
        return
    state.counters["fills"] += 1
    if order.state in _NEVER_SENT:
        _break(state, f"order {order.id} is {order.state}, yet the venue filled {event.quantity} of it")
    filled = order.filled + event.quantity
    if filled > order.request.quantity:
        _break(state, f"order {order.id} was filled for {filled} of {order.request.quantity}")
    paid = (order.average_price or Decimal(0)) * order.filled + fill.price * event.quantity
    to = _after_fill(order, filled)
    if to is OrderState.FILLED:
        state.counters["orders_filled"] += 1
    _move(state, order, to, filled=filled, average_price=(paid / filled).quantize(Decimal("0.0001")))


def _after_fill(order: Order, filled: int) -> OrderState:
    """A fill after a cancel is real: the position has it, and the order stays ended unless it is now whole."""
    if filled >= order.request.quantity:
        return OrderState.FILLED
    return OrderState.PARTIALLY_FILLED if order.state in WORKING else order.state


def _priced(state: DeskState, order: Order, contract: Contract, event: OrderFilled) -> Fill:
    """The fill with its fees. :raises DeskError: a price, size or time that cannot be, or a settled contract."""
    price = Decimal(event.price)
    if not (price.is_finite() and price > 0 and event.quantity > 0):
        raise InputError("price", "a fill has a positive price and quantity")
    if not order.created_at - MINUTE <= event.at <= state.now + MINUTE:
        raise InputError("time", "it is dated before its order was made, or in the future")
    if contract.expiry is not None and contract.expires_at is not None and contract.expires_at <= state.now:
        expiry = f"{contract.expiry:%Y%m%d}"
        if (contract.underlying, expiry) in state.settlements:
            raise InputError("time", f"{contract.id} has been settled already")
    request = order.request
    exchange = state.reference.exchange(contract.underlying)
    schedule = state.reference.fees(exchange, contract.kind, state.calendar.local_date(event.at))
    signed = request.side.sign * event.quantity
    fees = charges(contract, signed, price, schedule, first_fill=order.filled == 0).total
    return Fill(
        id=event.fill_id,
        order_id=order.id,
        symbol=contract.id,
        fund_id=request.fund_id,
        strategy=request.strategy,
        quantity=signed,
        price=price,
        fees=fees,
        at=event.at,
        note=event.note,
    )


def _move(state: DeskState, order: Order, to: OrderState, **changes: object) -> None:
    state.keep(msgspec.structs.replace(order, state=to, updated_at=state.now, **changes))


def reconcile(state: DeskState, event: VenueBook) -> None:
    """Compare the venue's positions and orders with the desk's; a difference stops trading, with a line for each.

    Orders that the venue no longer works are over: they are cancelled here with that reason. One that it works and the
    desk does not is a difference too.
    """
    for order in list(state.working.values()):
        if order.id not in event.open_orders:
            state.counters["orders_cancelled"] += 1
            _move(state, order, OrderState.CANCELLED, note="the venue no longer works it")
        elif order.state is OrderState.UNKNOWN:
            _move(state, order, OrderState.PARTIALLY_FILLED if order.filled else OrderState.OPEN, note="")
    symbols = sorted({*event.positions, *(p.symbol for p in state.book.open_positions())})
    differences = [
        f"{symbol}: venue {event.positions.get(symbol, 0)}, desk {state.book.net(symbol)}"
        for symbol in symbols
        if event.positions.get(symbol, 0) != state.book.net(symbol)
    ]
    differences += [
        f"order {order_id[:40]!r}: works at the venue, not here"
        for order_id in event.open_orders
        if order_id not in state.working
    ]
    if differences:
        _break(state, "the venue differs: " + "; ".join(differences[:10]))
    else:
        agreed = f"{len(symbols)} positions agree with the venue"
        state.pending.records.append(Audited(state.now, "desk", "reconcile", "done", agreed))


def _break(state: DeskState, detail: str) -> None:
    trip(state, Cause(Trigger.RECONCILIATION_BREAK, state.now, "desk", detail))
