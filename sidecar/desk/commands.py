"""What people ask: stop, disable, reset, override, limits, close. Each is answered and each leaves an audit line."""

from __future__ import annotations

from sidecar.desk import closing, orders
from sidecar.desk.halting import cancel_working, enable_strategies
from sidecar.desk.state import DeskState
from sidecar.domain.breaker import BreakerStatus
from sidecar.domain.errors import InputError
from sidecar.domain.events import (
    CancelAll,
    CancelOrder,
    ChangeLimits,
    ClosePositions,
    CommandEvent,
    Disable,
    DisableOverride,
    EnableOverride,
    PlaceOrder,
    Reset,
    Stop,
)
from sidecar.domain.records import LimitsRecorded
from sidecar.domain.report import OutcomeStatus
from sidecar.risk import breaker, limits


def obey(state: DeskState, command: CommandEvent) -> None:
    """Do what a command says, or answer why not; an :class:`InputError` of a room below becomes the answer."""
    try:
        match command:
            case PlaceOrder():
                orders.place(state, command)
            case CancelOrder():
                orders.cancel(state, command)
            case CancelAll():
                orders.cancel_all(state, command)
            case Stop():
                stop(state, command)
            case Disable():
                disable(state, command)
            case Reset():
                reset(state, command)
            case EnableOverride():
                _decide(state, command, breaker.enable_override(
                    state.breaker, state.now, command.actor, command.reason, command.limits, command.expires_at
                ))  # fmt: skip
            case DisableOverride():
                _decide(state, command, breaker.disable_override(
                    state.breaker, state.now, command.actor, command.reason or "no reason given"
                ))  # fmt: skip
            case ChangeLimits():
                change_limits(state, command)
            case ClosePositions():
                closing.close(state, command)
    except InputError as error:
        state.answer(command, OutcomeStatus.INVALID, str(error))


def stop(state: DeskState, command: Stop) -> None:
    """Shut the gate, cancel what works, and if asked begin to close what is open. It always succeeds.

    The stop that changes the state withdraws what was being closed; one that is repeated leaves a flatten alone.
    """
    if state.breaker.status is not BreakerStatus.EMERGENCY_STOP:
        state.closing.clear()
    state.note_breaker(*breaker.stop(state.breaker, state.now, command.actor, command.reason))
    asked = cancel_working(state)
    closed = closing.begin(state, command.actor, command.reason, state.book.open_positions()) if command.flatten else ()
    message = f"stopped; {len(asked)} cancels asked" + (f"; closing {len(closed)} positions" if command.flatten else "")
    state.answer(command, OutcomeStatus.DONE, message, orders=asked, closed=closed)


def disable(state: DeskState, command: Disable) -> None:
    """Turn trading off without the alarm of an emergency stop."""
    state.note_breaker(*breaker.disable(state.breaker, state.now, command.actor, command.reason))
    state.answer(command, OutcomeStatus.DONE, "trading is disabled until a reset", orders=cancel_working(state))


def reset(state: DeskState, command: Reset) -> None:
    """Return to active, unless a cause still stands: a confirmed breach, no trusted data, a journal that failed.

    The reset of a named person also enables every disabled strategy again (a losing run, an exception), each named in
    the answer and on record with their reason; so a losing run never stands in its way. While the breaker is active it
    does that alone. An override that covers a limit lets a reset pass it too. A difference with the venue is theirs to
    judge. A drawdown stands until equity recovers or a person with the right raises the limit.
    """
    if state.breaker.active and state.disabled and command.actor.strip() and command.reason.strip():
        enabled = enable_strategies(state, command.actor, command.reason)
        state.answer(command, OutcomeStatus.DONE, f"enabled again: {', '.join(enabled)}")
        return
    lines = (line for line in state.limit_lines if not breaker.covers(state.breaker, line.name, state.now))
    standing = [
        name
        for name in dict.fromkeys(limits.standing(tuple(lines), state.config.confirmations))
        if name != "loss_streak"
    ]
    if state.blind:
        standing.append("data_failure (no trusted market data)")
    if state.journal_failed:
        standing.append("journal (restart the sidecar on a good disk)")
    decision = breaker.reset(state.breaker, state.now, command.actor, command.reason, tuple(standing))
    names: tuple[str, ...] = ()
    if decision.granted:
        # Confirmations begin anew, so that what was reset must be seen again before it trips again.
        state.confirmations.clear()
        names = enable_strategies(state, command.actor, command.reason)
    _decide(state, command, decision, f"; enabled again: {', '.join(names)}" if names else "")


def change_limits(state: DeskState, command: ChangeLimits) -> None:
    """Set some limits, desk-wide or for one fund, with a reason; what changed goes on record."""
    if not command.reason.strip():
        raise InputError("reason", "is empty", "say why the limits change")
    if command.fund_id is not None and command.fund_id not in state.config.capital:
        raise InputError("fund_id", f"{command.fund_id[:40]!r} is not a fund of this desk")
    before = state.limits.get(command.fund_id, {})
    after = limits.validate({**before, **command.limits}, whole=command.fund_id is None)
    state.limits[command.fund_id] = after
    changed = {name: after[name] for name in command.limits}
    configured = {name: state.config.limits[name] for name in changed}
    record = LimitsRecorded(state.now, changed, command.actor, command.reason, command.fund_id, configured)
    state.pending.records.append(record)
    changes = ", ".join(f"{name} {before.get(name, 'unset')} to {value:g}" for name, value in command.limits.items())
    state.answer(command, OutcomeStatus.DONE, f"limits changed: {changes}")


def _decide(state: DeskState, command: CommandEvent, decision: breaker.Decision, also: str = "") -> None:
    if decision.event is None:
        state.answer(command, OutcomeStatus.CONFLICT, decision.problem)
        return
    state.note_breaker(decision.state, decision.event)
    state.answer(command, OutcomeStatus.DONE, f"breaker is {decision.state.status}{also}")
