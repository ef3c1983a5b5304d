"""The breaker's transitions: a state and an occurrence in, the next state and one line of its history out.

Every way out of a stop is here: a reset by a named person, and the daily roll for daily trips. Nothing else returns to
``active``, and nothing else ends a cause that shuts less than the desk.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec
from msgspec.structs import replace

from sidecar.domain.breaker import (
    DAILY,
    GRAVITY,
    BreakerEvent,
    BreakerState,
    BreakerStatus,
    Cause,
    Override,
    Trigger,
)
from sidecar.domain.clock import SECOND
from sidecar.domain.errors import InputError
from sidecar.domain.scopes import ANY, DESK, Scope
from sidecar.risk.limits import BY_NAME

#: An override lasts at most this long (microseconds).
LONGEST_OVERRIDE = 900 * SECOND

_STATUS: dict[Trigger, BreakerStatus] = {
    Trigger.EMERGENCY_STOP: BreakerStatus.EMERGENCY_STOP,
    Trigger.MARKET_HALT: BreakerStatus.MARKET_HALT,
    Trigger.MANUAL_TRIGGER: BreakerStatus.MANUAL_DISABLE,
}


class Decision(msgspec.Struct, frozen=True):
    """The answer to a person's request: the state after it, and ``event`` if it was granted, else ``problem``.

    ``standing`` are the limits that a refused reset was refused for, and those that one which was granted left shut.
    """

    state: BreakerState
    event: BreakerEvent | None = None
    problem: str = ""
    standing: tuple[str, ...] = ()

    @property
    def granted(self) -> bool:
        return self.event is not None


def trip(state: BreakerState, cause: Cause) -> tuple[BreakerState, BreakerEvent]:
    """Leave ``active`` for the state that the cause's trigger means, ``tripped`` for every limit.

    While stopped it is recorded as ``repeated``; a graver state wins, a cause already known is not listed twice, and
    ``halt_seq`` stays. An emergency stop ends any override, so that none wakes when it is reset.
    """
    status = _STATUS.get(cause.trigger, BreakerStatus.TRIPPED)
    override = None if status is BreakerStatus.EMERGENCY_STOP else state.override
    if state.active:
        after = replace(
            state, status=status, causes=(cause,), since=cause.at, halt_seq=state.halt_seq + 1, override=override
        )
        return after, _caused("triggered", after, cause)
    known = any(map(_same(cause), state.causes))
    graver = GRAVITY[status] > GRAVITY[state.status]
    after = replace(
        state,
        status=status if graver else state.status,
        since=cause.at if graver else state.since,
        causes=state.causes if known else (*state.causes, cause),
        override=override,
    )
    return after, _caused("repeated", after, cause)


def shut(state: BreakerState, cause: Cause) -> tuple[BreakerState, BreakerEvent]:
    """Shut the cause's own scope, which is less than the desk; ``status`` stays as it is.

    The first cause of a scope is ``triggered`` and raises ``halt_seq``; another is recorded as ``repeated``, one that
    is known already changes nothing. A cause of the whole desk trips it.
    """
    if cause.scope == ANY:
        return trip(state, cause)
    first = all(old.scope != cause.scope for old in state.partial)
    partial = state.partial if any(map(_same(cause), state.partial)) else (*state.partial, cause)
    after = replace(state, partial=partial, halt_seq=state.halt_seq + first)
    return after, _caused("triggered" if first else "repeated", after, cause)


def stop(state: BreakerState, at: int, actor: str, reason: str) -> tuple[BreakerState, BreakerEvent]:
    """Emergency stop. It always succeeds and needs no reason; given again it changes nothing and is recorded."""
    return trip(state, Cause(Trigger.EMERGENCY_STOP, at, actor, reason or "no reason given"))


def disable(state: BreakerState, at: int, actor: str, reason: str) -> tuple[BreakerState, BreakerEvent]:
    """Manual disable: trading is off until a reset."""
    return trip(state, Cause(Trigger.MANUAL_TRIGGER, at, actor, reason or "no reason given"))


def market_halt(state: BreakerState, at: int, actor: str, reason: str) -> tuple[BreakerState, BreakerEvent]:
    """The exchange has halted trading: no order passes, not even one that reduces."""
    return trip(state, Cause(Trigger.MARKET_HALT, at, actor, reason or "no reason given"))


def reset(
    state: BreakerState, at: int, actor: str, reason: str, standing: Collection[tuple[str, str]], scope: Scope = DESK
) -> Decision:
    """End what shuts ``scope`` and all in it, asked by a named person with a reason; may they, the door has checked.

    ``standing`` are (what, scope) of all that is still wrong. The desk returns to ``active`` only if nothing of its own
    is among them, else the whole reset is refused; of its parts those open that are not among them. A narrower reset
    leaves the desk as it is. Refused too when there is nothing to reset.

    :raises InputError: no actor or no reason.
    """
    _named(actor, reason)
    whole = scope == DESK
    own = tuple(name for name, where in standing if whole and where == ANY)
    if own and not state.active:
        return _still(state, own)
    inside = [cause for cause in state.partial if Scope.parse(cause.scope).within(scope)]
    left = [cause for cause in inside if (cause.limit_name, cause.scope) in standing]
    words = tuple(dict.fromkeys(f"{cause.limit_name} in {cause.scope}" for cause in left))
    if len(left) == len(inside) and (state.active or not whole):
        return _still(state, words) if left else _nothing(state, scope)
    gone = [cause for cause in inside if cause not in left]
    after = replace(state, partial=tuple(cause for cause in state.partial if cause not in gone))
    if whole and not state.active:
        after = replace(after, status=BreakerStatus.ACTIVE, causes=(), since=at)
    return Decision(after, _event("reset", after, at, actor, reason, scope=str(scope)), standing=words)


def _still(state: BreakerState, standing: tuple[str, ...]) -> Decision:
    problem = f"still standing: {', '.join(standing)}; bring them inside their limits, then reset"
    return Decision(state, problem=problem, standing=standing)


def _nothing(state: BreakerState, scope: Scope) -> Decision:
    what = "the breaker is already active" if scope == DESK else f"nothing is shut in {scope}"
    return Decision(state, problem=f"{what}; nothing was changed")


def roll(state: BreakerState, at: int) -> tuple[BreakerState, BreakerEvent | None]:
    """The daily roll at the session's open: clears a trip all of whose causes are daily, and nothing else.

    Of what shuts less than the desk it clears every daily cause.
    """
    daily = bool(state.causes) and all(cause.trigger in DAILY for cause in state.causes)
    opens = state.status is BreakerStatus.TRIPPED and daily
    partial = tuple(cause for cause in state.partial if cause.trigger not in DAILY)
    if not opens and partial == state.partial:
        return state, None
    after = replace(state, partial=partial)
    if opens:
        after = replace(after, status=BreakerStatus.ACTIVE, causes=(), since=at)
    return after, _event("rolled", after, at, "desk", "a new trading day clears daily trips")


def enable_override(
    state: BreakerState, at: int, actor: str, reason: str, limits: tuple[str, ...], expires_at: int
) -> Decision:
    """Let the named ``limits`` pass until ``expires_at``, at most 15 minutes from ``at``; replaces an earlier override.

    Refused during an emergency stop, which no override covers.

    :raises InputError: no actor, reason or limit, an unknown limit, or an expiry that is past or too far.
    """
    _named(actor, reason)
    unknown = [name for name in limits if name not in BY_NAME]
    if unknown or not limits:
        problem = f"{unknown[0][:40]!r} is not a limit" if unknown else "names none"
        raise InputError("limits", problem, "name one or more of " + ", ".join(BY_NAME))
    if not at < expires_at <= at + LONGEST_OVERRIDE:
        raise InputError("expires_in_s", f"{(expires_at - at) / SECOND:g} is out of range", "give 1 to 900 seconds")
    if state.status is BreakerStatus.EMERGENCY_STOP:
        return Decision(state, problem="no override covers an emergency stop; reset it first")
    after = replace(state, override=Override(tuple(dict.fromkeys(limits)), expires_at, actor, reason))
    return Decision(after, _event("override_on", after, at, actor, reason, ",".join(limits)))


def disable_override(state: BreakerState, at: int, actor: str, reason: str) -> Decision:
    """End the override at once; refused when there is none."""
    if state.override is None:
        return Decision(state, problem="no override is on; nothing was changed")
    after = replace(state, override=None)
    return Decision(after, _event("override_off", after, at, actor, reason, ",".join(state.override.limits)))


def expire_override(state: BreakerState, at: int) -> tuple[BreakerState, BreakerEvent | None]:
    """End an override whose time is over; nothing happens before."""
    if state.override is None or at < state.override.expires_at:
        return state, None
    after = replace(state, override=None)
    return after, _event("override_off", after, at, "desk", "expired", ",".join(state.override.limits))


def covers(state: BreakerState, limit_name: str, at: int) -> bool:
    """Whether an override lets ``limit_name`` pass at ``at``; never during an emergency stop."""
    override = state.override
    if override is None or state.status is BreakerStatus.EMERGENCY_STOP:
        return False
    return at < override.expires_at and limit_name in override.limits


def safer(a: BreakerState, b: BreakerState) -> BreakerState:
    """The graver of two states that disagree, with the causes and the highest ``halt_seq`` of both.

    What is shut in part in either stays shut. An override survives only where both have the same.
    """
    worse, other = (a, b) if _rank(a) >= _rank(b) else (b, a)
    causes = () if worse.active else (*worse.causes, *(cause for cause in other.causes if cause not in worse.causes))
    override = a.override if a.override == b.override else None
    partial = (*worse.partial, *(cause for cause in other.partial if cause not in worse.partial))
    return replace(worse, causes=causes, partial=partial, halt_seq=max(a.halt_seq, b.halt_seq), override=override)


def _rank(state: BreakerState) -> tuple[int, int, int]:
    return GRAVITY[state.status], state.halt_seq, state.since


def _named(actor: str, reason: str) -> None:
    for field, text in (("actor", actor), ("reason", reason)):
        if not text.strip():
            raise InputError(field, "is empty", "say who asks and why")


def _caused(event: str, state: BreakerState, cause: Cause) -> BreakerEvent:
    reason = f"{cause.trigger}: {cause.detail}"
    limits = (cause.limit_name, cause.limit, cause.value)
    halted = (state.halt_seq, *limits, cause.trigger, cause.scope)
    return BreakerEvent(event, state.status, reason, cause.actor, cause.at, *halted)


def _event(
    event: str, state: BreakerState, at: int, actor: str, reason: str, limit_name: str = "", scope: str = ANY
) -> BreakerEvent:
    return BreakerEvent(event, state.status, reason, actor, at, state.halt_seq, limit_name, scope=scope)


def _same(cause: Cause) -> Callable[[Cause], bool]:
    asked = (cause.trigger, cause.limit_name, cause.scope)
    return lambda old: (old.trigger, old.limit_name, old.scope) == asked
