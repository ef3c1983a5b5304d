"""What leaves ``active`` and what follows at once: the cancels of what works, and strategies switched off."""

from __future__ import annotations

from msgspec.structs import replace

from sidecar.desk.state import DeskState
from sidecar.domain.breaker import Cause
from sidecar.domain.orders import Order, OrderState
from sidecar.domain.records import Audited
from sidecar.domain.report import CancelAtVenue, SendOrder
from sidecar.risk import breaker

DISABLED = "disable_strategy"
ENABLED = "enable_strategy"


def trip(state: DeskState, why: Cause, *, spare_reducing: bool = False) -> None:
    """Trip the breaker; the first cause also cancels what works, a further one is only put on record.

    With ``spare_reducing`` orders that only reduce risk work on.
    """
    was_active = state.breaker.active
    state.note_breaker(*breaker.trip(state.breaker, why))
    for order in tuple(state.working.values()) if was_active else ():
        if not (spare_reducing and order.reduces_only):
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
    else:
        actions.append(CancelAtVenue(order))


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


def enable_strategies(state: DeskState, actor: str, reason: str) -> tuple[str, ...]:
    """Switch every disabled strategy on again, in the name of ``actor``: its count of losses begins anew."""
    names = tuple(sorted(state.disabled))
    for name in names:
        state.disabled.discard(name)
        state.book.forgive(name)
        state.pending.records.append(Audited(state.now, actor, ENABLED, "done", reason, subject=name))
    return names
