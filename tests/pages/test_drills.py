"""A stop rehearsed on real doors: the steps as far as they hold, and when no drill may begin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pages.parts import drills, reads
from pages.parts.picture import Picture
from sidecar.domain.breaker import BreakerStatus, Trigger
from sidecar.domain.commands import Stop
from sidecar.domain.report import OutcomeStatus
from sidecar.servers.keys import Role
from tests.pages.test_positions import working
from tests.servers.desk import Answer, Desk, Stand

Serve = Callable[..., Stand]
NOW = "2026-09-07T04:30:00+00:00"
READY = Picture(
    status={"timestamp": NOW, "simulated": True, "circuit_breaker": {"status": "active"}}, seen_at=1.0, looked_at=1.0
)


class Halted(Desk):
    """A desk whose exchange halts it meanwhile: a stop does not become its state."""

    def _stop(self, command: Stop) -> Answer:
        self._shut(BreakerStatus.MARKET_HALT, Trigger.MARKET_HALT, command)
        return OutcomeStatus.DONE, "halted", {"orders": ()}


def test_the_last_drill_is_told_by_the_desks_clock_and_unknown_is_not_never() -> None:
    def told(**status: Any) -> str:
        return drills.last(Picture(status=status or None))

    past = told(timestamp=NOW, last_drill_at="2026-09-07T04:28:45+00:00")
    assert past.startswith("Last stop drill: **1 min 15 s ago** (07 Sep 2026 09:58:45 IST")
    assert "**never**" in told(timestamp=NOW, last_drill_at=None)
    assert told() == told(last_drill_at=NOW) == "Last stop drill: unknown"


def test_the_steps_end_with_the_one_that_does_not_hold_and_each_took_at_least_as_long_as_the_last(
    serve: Serve,
) -> None:
    desk = working(Desk(deaf=True))
    serve(desk)
    steps = list(drills.run(reads.shared().desk, 0.1))
    assert [(step.what, step.held) for step in steps] == [
        ("stop answered", True), ("gate shut", True), ("cancels confirmed", False)]  # fmt: skip
    assert steps[-1].seen == "not seen within 0.1 s"
    assert steps[-1].row["held"] == "FAILED"
    assert 0 < steps[0].after_ms <= steps[1].after_ms <= steps[2].after_ms
    assert steps[2].after_ms >= 100


def test_a_stop_that_is_not_the_desks_state_is_a_failure_and_is_not_asked_for_again(serve: Serve) -> None:
    desk = Halted()
    serve(desk)
    (step,) = drills.run(reads.shared().desk, 0.2)
    assert (step.what, step.held, step.seen) == ("stop answered", False, "the desk answered, and is market halt")
    assert [type(one) for one in desk.commands] == [Stop]


def test_only_a_desk_that_is_seen_simulated_and_open_is_drilled(serve: Serve) -> None:
    serve()
    status = READY.status or {}
    assert drills.barred(READY) is None
    assert "not seen" in (drills.barred(replace(READY, problem="gone")) or "")
    assert "not simulated" in (drills.barred(replace(READY, status={**status, "simulated": None})) or "")
    stopped = {**status, "circuit_breaker": {"status": "emergency_stop"}}
    assert "reset it first" in (drills.barred(replace(READY, status=stopped)) or "")
    assert "reset it first" in (drills.barred(replace(READY, status={**status, "circuit_breaker": None})) or "")


def test_who_may_only_look_does_not_drill(serve: Serve) -> None:
    serve(role=Role.VIEWER)
    assert drills.barred(READY) == "Needs the key of a trader; you are signed in as viewer."
