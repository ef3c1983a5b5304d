"""Orders on their way out: judged by the gate, numbered, put on record, and handed over as an action."""

from __future__ import annotations

from math import nan

import msgspec

from sidecar.desk import foreseeing, money
from sidecar.desk.halting import ask_cancel, cancel_working
from sidecar.desk.session import is_open
from sidecar.desk.state import DeskState
from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.errors import DeskError, InputError
from sidecar.domain.events import CancelAll, CancelOrder, PlaceOrder
from sidecar.domain.orders import Order, OrderRequest, OrderState
from sidecar.domain.report import OutcomeStatus, Refusal, SendOrder
from sidecar.risk import gate
from sidecar.risk.exposure import Greeks, book_greeks
from sidecar.risk.limits import effective

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
        f"O{state.order_count + 1:08d}",
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
        return order, verdict.refusal
    state.counters["orders_submitted"] += 1
    state.pending.actions.append(SendOrder(order))
    return order, None


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
    for position in state.book.open_positions():
        if command.fund_id in (None, position.fund_id):
            state.closing.pop(position.id, None)
    state.answer(command, OutcomeStatus.DONE, f"{len(asked)} cancels asked", orders=asked)


def view(
    state: DeskState,
    request: OrderRequest,
    contract: Contract,
    *,
    planned_close: bool = False,
    sent: tuple[Order, ...] = (),
) -> gate.GateView:
    """All that the gate may know about one request, from the newest quote and the last valuation.

    ``sent``: orders of the fund that are taken to work beside its own.
    """
    quote = state.board.last(contract.id)
    fund = request.fund_id
    account = money.account(state, fund)
    resting = (*(order for order in state.working.values() if order.request.fund_id == fund), *sent)
    blocked = money.blocked(state, request, contract, resting)
    position = state.book.net(contract.id, fund)
    used = blocked.fund(position)
    return gate.GateView(
        at=state.now,
        breaker=state.breaker,
        limits=effective(state.limits[None], state.limits.get(fund)),
        contract=contract,
        session_open=is_open(state),
        bid=quote.bid if quote else nan,
        ask=quote.ask if quote else nan,
        last=quote.last if quote else nan,
        mark=money.mark_of(state, contract.id),
        quote_age_s=max(0.0, (state.now - quote.at) / SECOND) if quote else nan,
        position=position,
        resting=resting,
        recent=(*(order for order in state.recent_orders() if order.request.fund_id == fund), *sent),
        capital=float(state.capital(fund)),
        used_margin=used,
        available_margin=account.available - (used - account.used),
        open_symbols=tuple(sorted({p.symbol for p in state.book.open_positions() if p.fund_id == fund})),
        disabled_strategies=tuple(sorted(state.disabled)),
        margin_of=blocked.fund,
        margin_of_strategy=blocked.strategy,
        position_of_strategy=blocked.held,
        margin_of_position=blocked.position,
        margin_rises=blocked.rises,
        greeks_of=lambda symbol: unit_greeks(state, symbol),
        book=book_greeks(state.greek_lines, fund, contract.underlying),
        losses=foreseeing.losses(state, fund, contract, resting),
        blind=state.blind,
        reference=state.source,
        planned_close=planned_close,
    )


def unit_greeks(state: DeskState, symbol: str) -> Greeks:
    """Greeks of one unit of a contract, from the last valuation; unknown where it was never valued."""
    row = state.board.universe.rows.get(symbol)
    values = state.valuation.values
    if row is None or row >= values["delta"].size:
        return Greeks()
    return Greeks(*(float(values[name][row]) for name in ("delta", "gamma", "vega", "theta")))
