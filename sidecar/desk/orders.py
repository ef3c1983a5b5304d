"""Orders on their way out: judged by the gate, numbered, put on record, and handed over as an action."""

from __future__ import annotations

import msgspec

from sidecar.desk import wishes
from sidecar.desk.halting import ask_cancel, cancel_working
from sidecar.desk.state import DeskState
from sidecar.desk.views import view
from sidecar.domain.clock import to_datetime
from sidecar.domain.commands import CancelAll, CancelOrder, PlaceOrder
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.errors import DeskError, InputError
from sidecar.domain.orders import Order, OrderRequest, OrderState
from sidecar.domain.report import OutcomeStatus, Refusal, SendOrder
from sidecar.domain.scopes import ANY
from sidecar.risk import gate

#: What a journal record can hold; the gate refuses far less.
_MOST = 2**53


def place(state: DeskState, command: PlaceOrder) -> None:
    """Answer a request for an order: sent, refused by the gate, or the same answer as the first time."""
    request = command.request
    first = state.by_client_id.get((command.actor, request.client_order_id)) if request.client_order_id else None
    if first is not None:
        order = state.orders[first]
        state.answer(
            command, OutcomeStatus.REPEATED, f"order {first} already answers this client_order_id", orders=(order,)
        )
        return
    try:
        contract = contract_of(state, request)
    except DeskError as error:
        state.answer(command, OutcomeStatus.INVALID, str(error))
        return
    order, refusal = submit(state, command.actor, msgspec.structs.replace(request, symbol=contract.id), contract)
    if refusal is not None:
        state.answer(command, OutcomeStatus.REFUSED, refusal.detail, orders=(order,), refusal=refusal)
    else:
        state.answer(command, OutcomeStatus.DONE, f"order {order.id} sent", orders=(order,))


def contract_of(state: DeskState, request: OrderRequest) -> Contract:
    """The contract that a request names. :raises DeskError: the request is none that the gate could judge."""
    if request.fund_id not in state.config.capital:
        raise InputError("fund_id", f"{request.fund_id[:40]!r} is not a fund of this desk")
    if not -_MOST <= request.quantity <= _MOST:
        raise InputError("quantity", "is not a number that any order has", "give whole lots")
    if request.price is not None and not request.price.is_finite():
        raise InputError("price", f"{request.price} is not a number", "give a price on the tick grid")
    if "/" in request.strategy or request.strategy in ("", ANY):
        raise InputError("strategy", f"{request.strategy[:40]!r} cannot name one", "leave out / and do not call it *")
    contract = state.board.universe.resolve(request.symbol, state.now)
    if contract.kind is not Kind.INDEX:
        # What a fill would cost must be known before there can be one.
        exchange = state.reference.exchange(contract.underlying)
        state.reference.fees(exchange, contract.kind, state.calendar.local_date(state.now))
    return contract


def submit(
    state: DeskState, actor: str, request: OrderRequest, contract: Contract, *, planned_close: bool = False
) -> tuple[Order, Refusal | None]:
    """Judge a request and, if it passes, send it. An order counts against the limits from here on."""
    verdict = gate.check(request, view(state, request, contract, planned_close=planned_close))
    state.contracts.setdefault(contract.id, contract)
    order = Order(
        _name(state),
        request,
        OrderState.PENDING if verdict.accepted else OrderState.REFUSED,
        actor,
        state.now,
        state.now,
        note=verdict.refusal.detail if verdict.refusal else "",
        reduces_only=verdict.reduces_only,
    )
    state.keep(order)
    if verdict.refusal is not None:
        state.refused[verdict.refusal.limit_name] += 1
        state.pending.refusals.append(verdict.refusal.limit_name)
        return order, verdict.refusal
    state.counters["orders_submitted"] += 1
    state.pending.actions.append(SendOrder(order))
    return order, None


def _name(state: DeskState) -> str:
    """An id that no order had before, also none that the journal lost: when this run began, and a number.

    >>> from sidecar.domain.clock import to_datetime
    >>> f"O{to_datetime(1_788_773_400_000_000):%y%m%d%H%M%S}-00001"
    'O260907093000-00001'
    """
    return f"O{to_datetime(state.live_since):%y%m%d%H%M%S}-{state.order_count + 1:05d}"


def cancel(state: DeskState, command: CancelOrder) -> None:
    """Ask the venue to cancel one order; an order that has ended stays as it is."""
    order = state.orders.get(command.order_id)
    if order is None:
        state.answer(command, OutcomeStatus.NOT_FOUND, f"no order {command.order_id[:40]!r}")
    elif order.id not in state.working:
        state.answer(command, OutcomeStatus.CONFLICT, f"order {order.id} is {order.state} already", orders=(order,))
    else:
        ask_cancel(state, order)
        state.answer(command, OutcomeStatus.DONE, f"cancel of {order.id} asked", orders=(order,))


def cancel_all(state: DeskState, command: CancelAll) -> None:
    """Ask the venue to cancel every working order, or those of one fund, and end what is being closed there."""
    asked = cancel_working(state, command.fund_id)
    wishes.end_all(state, f"withdrawn by a cancel of all: {command.reason}", command.fund_id)
    state.answer(command, OutcomeStatus.DONE, f"{len(asked)} cancels asked", orders=asked)
