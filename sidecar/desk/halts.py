"""Stops on record beside the loop: what a restart makes of those that the desk had not taken up."""

from __future__ import annotations

from sidecar.desk.state import DeskState
from sidecar.domain.breaker import BreakerEvent, BreakerState, BreakerStatus, Trigger
from sidecar.domain.records import Halted
from sidecar.risk import breaker


def fold_halt(state: DeskState, record: Halted) -> None:
    """The desk was stopped, whatever it was at meanwhile."""
    state.halted.append(record)
    state.breaker, _ = breaker.stop(state.breaker, record.at, record.actor, record.reason)


def fold_breaker(state: DeskState, event: BreakerEvent, after: BreakerState) -> None:
    """The breaker as the desk recorded it; what it recorded before it had taken up a stop undoes none.

    A desk that comes back takes stops before all else, but it first ends what it was at: a trip, or even a reset.
    """
    if state.halted and event.trigger == Trigger.EMERGENCY_STOP:
        state.halted.pop(0)
    elif state.halted and after.status is not BreakerStatus.EMERGENCY_STOP:
        after = breaker.safer(state.breaker, after)
    state.breaker = after
