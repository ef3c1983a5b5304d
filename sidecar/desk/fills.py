"""What the venue answers: accepted, rejected, filled, cancelled, unknown. Each moves an order; a fill also the book."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import msgspec

from sidecar.book.fees import charges
from sidecar.book.position import position_id
from sidecar.desk.asking import Heard, may_end
from sidecar.desk.halting import ask_cancel, trip
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
from sidecar.domain.report import CancelAtVenue

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
        case OrderAccepted() if order.state is OrderState.CANCELLED and not order.venue_order_id:
            # It was on its way all the time: it lives there and is over here, so it must go there too.
            _move(state, order, order.state, venue_order_id=event.venue_order_id)
            state.pending.actions.append(CancelAtVenue(state.orders[order.id]))
            state.asking.soon()
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
    if order.state not in WORKING:
        state.asking.soon()  # what else of it does the venue know?
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

    What a lost reply had told comes first: fills, by their ids. Then orders that the venue neither works nor filled are
    over; one that it works and the desk does not is cancelled, and a difference. Where the desk has heard something
    since it asked, the answer is older than what it knows and says nothing. An answer that is none changes nothing.
    """
    if event.problem:
        state.asking.failed(state, event.problem)
        return
    heard = state.asking.hear(state, event)
    learned = [fill for fill in event.fills if fill.fill_id not in state.book.seen]
    for fill in learned:
        take(state, fill)
    if heard.too_old:
        return
    settled = [order_id for order_id in heard.speaks_of if _settle(state, order_id, event, heard)]
    differences = (*_positions(state, event, heard), *_orders(state, event, heard))
    known, state.asking.differences = state.asking.differences, differences
    if differences and differences != known:
        _break(state, "the venue differs: " + "; ".join(differences[:10]))
    elif not differences and (learned or settled or known or not heard.asked_for):
        agreed = f"{len(event.positions)} positions agree with the venue"
        agreed += f"; {len(learned)} fills and {len(settled)} orders learned from it" if learned or settled else ""
        state.pending.records.append(Audited(state.now, "desk", "reconcile", "done", agreed))


def _settle(state: DeskState, order_id: str, event: VenueBook, heard: Heard) -> bool:
    """What became of an order that works here, by the venue's answer; whether that was news."""
    order = state.working.get(order_id)
    if order is None:
        return False
    if order_id in event.open_orders:
        if order.state not in (OrderState.PENDING, OrderState.UNKNOWN):
            return False
        _move(state, order, OrderState.PARTIALLY_FILLED if order.filled else OrderState.OPEN, note="")
        if not heard.asked_for and not state.breaker.active:
            ask_cancel(state, state.orders[order_id])  # the stop of before the restart had asked for it
        return True
    if not may_end(state, order, asked_for=heard.asked_for):
        return False
    arrived = order.venue_order_id or order.filled or order.state is not OrderState.UNKNOWN
    state.counters["orders_cancelled"] += 1
    note = "the venue no longer works it" if arrived else "it never arrived at the venue"
    _move(state, order, OrderState.CANCELLED, note=note)
    return True


def _positions(state: DeskState, event: VenueBook, heard: Heard) -> list[str]:
    symbols = sorted({*event.positions, *(p.symbol for p in state.book.open_positions())})
    return [
        f"{symbol}: venue {event.positions.get(symbol, 0)}, desk {state.book.net(symbol)}"
        for symbol in symbols
        if event.positions.get(symbol, 0) != state.book.net(symbol)
        and symbol not in heard.moved
        and not _over(state, symbol)
    ]


def _orders(state: DeskState, event: VenueBook, heard: Heard) -> list[str]:
    """Orders that the venue works and the desk does not; one of the desk's own is cancelled there."""
    lines = []
    for order_id in event.open_orders:
        order = state.orders.get(order_id)
        symbol = order.request.symbol if order else ""
        if order_id in state.working or symbol in heard.moved or _over(state, symbol):
            continue
        if order is not None:
            state.pending.actions.append(CancelAtVenue(order))
        lines.append(f"order {order_id[:40]!r}: works at the venue, not here")
    return lines


def _over(state: DeskState, symbol: str) -> bool:
    """Whether a contract has ceased to trade, here or at the venue: each settles it in its own time."""
    contract = state.contracts.get(symbol)
    if contract is None or contract.expiry is None:
        return False
    expired = contract.expires_at is not None and contract.expires_at <= state.now
    return expired or (contract.underlying, f"{contract.expiry:%Y%m%d}") in state.settlements


def _break(state: DeskState, detail: str) -> None:
    trip(state, Cause(Trigger.RECONCILIATION_BREAK, state.now, "desk", detail))
