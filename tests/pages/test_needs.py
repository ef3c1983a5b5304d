"""What needs a person: a rule each; what is unknown is never called well."""

from __future__ import annotations

from typing import Any

import pytest

from pages.parts.needs import ACT, KNOW, LOOK, Seen, needs, unread
from pages.parts.picture import Picture

NOW = "2025-11-24T06:30:00+00:00"
QUIET: dict[str, Any] = {"timestamp": NOW, "circuit_breaker": {"status": "active"}}


def seen(status: dict[str, Any] | None = None, **more: Any) -> Seen:
    parts = {name: more.pop(name) for name in ("positions", "risk", "quality") if name in more}
    picture = Picture(status={**QUIET, **(status or {})}, seen_at=1.0, looked_at=1.0, **parts)
    return Seen(picture, **more)


def one(found: Seen) -> tuple[int, str, str]:
    [need] = needs(found)
    return need.grade, need.says, need.page


def test_a_quiet_desk_needs_nobody() -> None:
    assert needs(seen(alerts=[], drifts=[], trainings=[], backtests=[])) == []
    assert unread(seen()) == {}


CASES: list[tuple[Seen, int, str, str]] = [
    (seen({"circuit_breaker": {"status": "emergency_stop", "since": NOW, "triggers": [{"trigger": "emergency_stop"}]}}),
     ACT, "EMERGENCY STOP** since 12:00:00 IST: emergency stop", "emergency"),
    (seen({"circuit_breaker": {"status": "active", "partial": [{"scope": "main/demo", "trigger": "loss_streak"}]}}),
     LOOK, "main/demo is shut**: loss streak", "emergency"),
    (seen({"circuit_breaker": {"status": "active", "blind": True}}), ACT, "**Blind**", "data_quality"),
    (seen({"circuit_breaker": {"status": "active", "override": {"limits": ["drawdown"], "expires_at": NOW}}}),
     LOOK, "Override on** for drawdown until 12:00:00 IST", "emergency"),
    (seen({"orders": {"unconfirmed": 2}}), LOOK, "2 orders** of which the venue owes", "positions"),
    (seen({"positions": {"closing": 1}}), KNOW, "Still closing: 1** position", "positions"),
    (seen(risk={"limits": [{"name": "drawdown", "scope": "*", "status": "breach", "utilization": 1.1}]}),
     ACT, "BREACH**: drawdown 110 %", "limits"),
    (seen(quality={"streaming_health": "silent"}), ACT, "Feed silent", "data_quality"),
    (seen(quality={"streaming_health": "up", "symbols": {"NIFTY": {"score": 0.5, "contracts": 9}}}),
     LOOK, "score 50 %", "data_quality"),
    (seen(positions=[{"expiry": "2025-11-24"}, {"expiry": "2025-12-24"}, {}]), LOOK, "1 position** expires today",
     "positions"),
    (seen(positions=[{"expiry": "2025-11-25"}] * 3), KNOW, "3 positions** expire tomorrow", "positions"),
    (seen(alerts=[{"id": "A1", "level": "critical", "title": "x"}]), ACT, "Critical alert**, nobody has it: x",
     "alerts"),
    (seen(alerts=[{"level": "error"}, {"level": "info", "acknowledged_by": "me"}, {"level": "error", "shown": False}]),
     LOOK, "1 alert** that nobody has acknowledged (1 error)", "alerts"),
    (seen(drifts=[{"model_id": "m", "suspended": ["its score has drifted"]}]), LOOK, "Model held back** (m): its score",
     "model_accuracy"),
    (seen(drifts=[{"model_id": "m", "suspended": [], "lines": [{"alarm": True}]}]), KNOW, "Model drifts",
     "model_accuracy"),
    (seen(trainings=[{"state": "failed", "reason": "disk full"}, {"state": "done"}]), KNOW, "training failed**: disk",
     "training"),
    (seen(backtests=[{"state": "failed"}]), KNOW, "backtest failed**: no reason given", "backtest"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "grade", "says", "page"), CASES)
def test_each_rule_says_how_urgent_what_and_where(found: Seen, grade: int, says: str, page: str) -> None:
    told = one(found)
    assert (told[0], told[2]) == (grade, page)
    assert says in told[1].replace("\\", "")


def test_what_was_mended_since_is_not_told() -> None:
    assert needs(seen(trainings=[{"state": "done"}, {"state": "failed"}])) == []


def test_the_most_urgent_stands_first_and_many_critical_alerts_are_counted() -> None:
    grave = [{"id": f"A{n}", "level": "critical", "title": str(n)} for n in range(5)]
    found = needs(seen({"positions": {"closing": 1}}, alerts=grave))
    assert [need.grade for need in found] == [ACT, ACT, ACT, LOOK, KNOW]
    assert dict(found[0].query) == {"alert": "A0"}
    assert "2 alerts** that nobody has acknowledged (2 critical)" in found[3].says


def test_what_could_not_be_read_is_named() -> None:
    assert unread(Seen(Picture())) == {"desk": "never seen"}
    assert unread(Seen(Picture(status=QUIET, problem="gone"))) == {"desk": "gone"}
    assert unread(seen(unknown={"alerts": "403"})) == {"alerts": "403"}
