"""What leaves ``active`` and what follows at once: the cancels of what works, and strategies switched off."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from sidecar.desk.state import DeskState
from sidecar.domain.breaker import Cause
from sidecar.domain.orders import Order, OrderState
from sidecar.domain.records import Audited
from sidecar.domain.report import CancelAtVenue, SendOrder
from sidecar.domain.scopes import ANY, Scope
from sidecar.risk import breaker

DISABLED = "disable_strategy"
ENABLED = "enable_strategy"
DRILL = "drill"


def trip(state: DeskState, why: Cause, *, spare_reducing: bool = False) -> None:
    """Trip the breaker; the first cause also cancels what works, a further one is only put on record.

    With ``spare_reducing`` orders that only reduce risk work on.
    """
    was_active = state.breaker.active
    state.note_breaker(*breaker.trip(state.breaker, why))
    for order in tuple(state.working.values()) if was_active else ():
        if not (spare_reducing and order.reduces_only):
            ask_cancel(state, order)


def shut(state: DeskState, why: Cause) -> None:
    """Shut the cause's scope: the desk, or less; its first cause also cancels what works there."""
    if why.scope == ANY:
        trip(state, why)
        return
    after, event = breaker.shut(state.breaker, why)
    state.note_breaker(after, event)
    scope = Scope.parse(why.scope)
    for order in tuple(state.working.values()) if event.event == "triggered" and state.breaker.active else ():
        request = order.request
        if scope.covers(request.fund_id, request.strategy, state.contracts[request.symbol].underlying):
            ask_cancel(state, order)


def cancel_working(state: DeskState, fund_id: str | None = None) -> tuple[Order, ...]:
    """Ask for the cancel of every working order (of a fund); an intent that has not left yet is withdrawn instead."""
    asked = tuple(order for order in state.working.values() if fund_id is None or order.request.fund_id == fund_id)
    for order in asked:
        ask_cancel(state, order)
    return asked


def ask_cancel(state: DeskState, order: Order) -> None:
    """A cancel leaves at once, whatever the breaker says; an order of this very instant does not leave at all."""
    actions = state.pending.actions
    if SendOrder(order) in actions:
        actions.remove(SendOrder(order))
        state.counters["orders_cancelled"] += 1
        note = "withdrawn before it left"
        state.keep(replace(order, state=OrderState.CANCELLED, updated_at=state.now, note=note))
    elif CancelAtVenue(order) not in actions:
        actions.append(CancelAtVenue(order))
        state.asking.cancel_asked(state, order)


def disable_strategy(state: DeskState, name: str, why: str) -> None:
    """Switch a strategy off until a named person resets: its orders are cancelled, its positions stay in view."""
    if name in state.disabled:
        return
    state.disabled.add(name)
    state.say(f"strategy {name} is disabled: {why}")
    state.pending.records.append(Audited(state.now, "desk", DISABLED, "done", why, subject=name))
    for order in tuple(state.working.values()):
        if order.request.strategy == name:
            ask_cancel(state, order)


def enable_strategies(
    state: DeskState, actor: str, reason: str, only: Collection[str] | None = None
) -> tuple[str, ...]:
    """Switch every disabled strategy on again, or ``only`` these, in the name of ``actor``: losses count anew."""
    names = tuple(sorted(name for name in state.disabled if only is None or name in only))
    for name in names:
        state.disabled.discard(name)
        state.book.forgive(name)
        state.pending.records.append(Audited(state.now, actor, ENABLED, "done", reason, subject=name))
    return names
