"""What a restart makes of stops on record beside the loop, wherever the desk's own records stand among them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sidecar.desk.recovery import restore
from sidecar.desk.state import DeskState
from sidecar.domain.breaker import BreakerState, BreakerStatus, Cause, Trigger
from sidecar.domain.records import AnyRecord, BreakerRecorded, Halted
from sidecar.risk import breaker
from tests.desk.world import OPEN, fresh

HALT = Halted(OPEN, "ann", "fat finger", "watchman")


def told(change: tuple[BreakerState, object]) -> BreakerRecorded:
    after, event = change
    return BreakerRecorded(OPEN, event, after)  # type: ignore[arg-type]


def folded(records: Sequence[AnyRecord]) -> DeskState:
    state = fresh()
    restore(state, records)
    return state


STOPPED = told(breaker.stop(BreakerState(), OPEN, "ann", "fat finger"))
TRIPPED = told(breaker.trip(BreakerState(), Cause(Trigger.GREEK_LIMIT, OPEN, "desk", "delta")))
_RESET = breaker.reset(STOPPED.state, OPEN, "root", "all clear", ())
RESET = BreakerRecorded(OPEN, _RESET.event, _RESET.state)  # type: ignore[arg-type]


def test_a_stop_beside_the_loop_is_a_stop_at_the_next_start() -> None:
    state = folded([HALT])
    assert state.breaker.status is BreakerStatus.EMERGENCY_STOP
    assert state.breaker.causes[0].actor == "ann"
    assert state.breaker.halt_seq == 1
    assert state.halted == [HALT]


@pytest.mark.parametrize("after", [TRIPPED, RESET])
def test_what_the_desk_recorded_before_it_took_the_stop_undoes_it_not(after: BreakerRecorded) -> None:
    state = folded([STOPPED, HALT, after])
    assert state.breaker.status is BreakerStatus.EMERGENCY_STOP
    assert state.halted == [HALT]


def test_a_stop_that_the_desk_took_up_is_its_own_and_can_be_reset() -> None:
    state = folded([HALT, STOPPED])
    assert (state.breaker, state.halted) == (STOPPED.state, [])
    assert folded([HALT, STOPPED, RESET]).breaker.active


def test_each_stop_has_to_be_taken_up() -> None:
    twice = told(breaker.stop(STOPPED.state, OPEN, "ben", "again"))
    assert folded([HALT, HALT, STOPPED, RESET]).breaker.status is BreakerStatus.EMERGENCY_STOP
    assert folded([HALT, HALT, STOPPED, twice, RESET]).breaker.active
