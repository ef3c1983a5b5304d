"""What people ask: stop, disable, reset, override, limits, close. Each is answered and each leaves an audit line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sidecar.desk import alerting, closing, heartbeats, limiting, modelling, orders, resetting, signalling, wishes
from sidecar.desk.halting import DRILL, cancel_working
from sidecar.desk.state import DeskState
from sidecar.domain.breaker import BreakerStatus
from sidecar.domain.commands import (
    AcknowledgeAlert,
    CancelAll,
    CancelOrder,
    ChangeLimits,
    ChangeModel,
    ClosePositions,
    CommandEvent,
    Disable,
    DisableOverride,
    EnableOverride,
    Heartbeat,
    PlaceOrder,
    RaiseAlert,
    Reset,
    ResolveAlert,
    SendSignal,
    Stop,
)
from sidecar.domain.errors import InputError
from sidecar.domain.orders import OrderState
from sidecar.domain.records import Audited
from sidecar.domain.report import OutcomeStatus
from sidecar.risk import breaker


def obey(state: DeskState, command: CommandEvent) -> None:
    """Do what a command says, or answer why not; an :class:`InputError` of a room below becomes the answer."""
    try:
        _OBEYED[type(command)](state, command)
    except InputError as error:
        state.answer(command, OutcomeStatus.INVALID, str(error))


def stop(state: DeskState, command: Stop) -> None:
    """Shut the gate, cancel what works, and if asked begin to close what is open. It always succeeds.

    The stop that changes the state withdraws what was being closed; one that is repeated leaves a flatten alone.
    """
    if state.breaker.status is not BreakerStatus.EMERGENCY_STOP:
        wishes.end_all(state, f"withdrawn by a stop: {command.reason}")
    state.note_breaker(*breaker.stop(state.breaker, state.now, command.actor, command.reason))
    asked = cancel_working(state)
    closed = closing.begin(state, command.actor, command.reason, state.book.open_positions()) if command.flatten else ()
    message = f"stopped; {len(asked)} cancels asked" + (f"; closing {len(closed)} positions" if command.flatten else "")
    if owed := sum(order.state is OrderState.UNKNOWN for order in state.working.values()):
        message += f"; stopped here, venue unconfirmed: {owed}"
    if command.drill:
        state.last_drill_at = state.now
        record = Audited(state.now, command.actor, DRILL, "done", message, command.request_id)
        state.pending.records.append(record)
    state.answer(command, OutcomeStatus.DONE, message, orders=asked, closed=closed)


def disable(state: DeskState, command: Disable) -> None:
    """Turn trading off without the alarm of an emergency stop."""
    state.note_breaker(*breaker.disable(state.breaker, state.now, command.actor, command.reason))
    state.answer(command, OutcomeStatus.DONE, "trading is disabled until a reset", orders=cancel_working(state))


def _decide(state: DeskState, command: CommandEvent, decision: breaker.Decision) -> None:
    if decision.event is None:
        state.answer(command, OutcomeStatus.CONFLICT, decision.problem)
        return
    state.note_breaker(decision.state, decision.event)
    state.answer(command, OutcomeStatus.DONE, f"breaker is {decision.state.status}")


def _enable_override(state: DeskState, command: EnableOverride) -> None:
    asked = (command.actor, command.reason, command.limits, command.expires_at)
    _decide(state, command, breaker.enable_override(state.breaker, state.now, *asked))


def _disable_override(state: DeskState, command: DisableOverride) -> None:
    reason = command.reason or "no reason given"
    _decide(state, command, breaker.disable_override(state.breaker, state.now, command.actor, reason))


#: Every command that changes the desk, and who obeys it.
_OBEYED: Mapping[type, Callable[[DeskState, Any], None]] = {
    PlaceOrder: orders.place,
    CancelOrder: orders.cancel,
    CancelAll: orders.cancel_all,
    Stop: stop,
    Disable: disable,
    Reset: resetting.reset,
    EnableOverride: _enable_override,
    DisableOverride: _disable_override,
    ChangeLimits: limiting.change,
    Heartbeat: heartbeats.obey,
    ClosePositions: closing.close,
    RaiseAlert: alerting.take,
    AcknowledgeAlert: alerting.acknowledge,
    ResolveAlert: alerting.resolve,
    SendSignal: signalling.take,
    ChangeModel: modelling.change,
}
