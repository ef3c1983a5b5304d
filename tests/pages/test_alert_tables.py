"""Alerts in words: how grave, how long, in whose hands; what time does not say is unknown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pages.parts.alert_tables import facts, groups, worded

Row = dict[str, Any]
NOW = datetime(2026, 9, 7, 4, 10, tzinfo=UTC)
BEGAN = "2026-09-07T04:00:00+00:00"


def alert(**more: Any) -> Row:
    return {
        "timestamp": BEGAN,
        "level": "warning",
        "severity": 3,
        "source": "risk",
        "kind": "limit",
        "count": 1,
        **more,
    }


def test_an_alert_stands_until_now_and_one_that_is_over_until_its_end() -> None:
    assert worded(alert(), NOW)["stood"] == "10 min 0 s"
    assert worded(alert(resolved_at="2026-09-07T04:01:15+00:00", resolved=True), NOW)["stood"] == "1 min 15 s"
    assert worded(alert(), None)["stood"] is None
    assert worded(alert(timestamp=None), NOW)["stood"] is None


def test_what_is_grave_is_written_large_and_an_unknown_level_is_no_level() -> None:
    told = [worded(row, NOW)["grave"] for row in (alert(level="critical", severity=5), alert(), alert(level=None))]
    assert told == ["CRITICAL 5", "warning 3", "unknown 3"]


def test_an_open_alert_is_in_nobodys_hands_and_one_that_is_over_needs_none() -> None:
    rows = (alert(), alert(acknowledged_by="trader/1"), alert(resolved=True))
    assert [worded(row, NOW)["hands"] for row in rows] == ["nobody", "trader/1", ""]


def test_the_course_says_what_nobody_did_and_what_it_is_held_back_behind() -> None:
    assert worded(alert(), NOW)["course"] is None
    assert worded(alert(escalations=2, resolved=True), NOW)["course"] == "grew graver 2 ×; over"
    assert worded(alert(shown=False, inhibited_by="a1"), NOW)["course"] == "held back behind a1"
    assert worded(alert(shown=False), NOW)["course"] == "held back: too many at once"


def test_the_group_with_the_gravest_stands_first_and_counts_what_nobody_has() -> None:
    rows = [
        alert(kind="feed", title="slow", count=4),
        alert(kind="feed", title="late", timestamp="2026-09-07T03:10:00+00:00", acknowledged_by="a"),
        alert(kind="feed", title="cut", severity=2),
        alert(level="critical", severity=5, title="gone", count=None),
    ]
    first, second = groups(rows, NOW)
    assert (first["kind"], first["grave"], first["title"], first["found"]) == ("limit", "CRITICAL 5", "gone", 1)
    assert (second["alerts"], second["found"], second["open"]) == (3, 6, 2)
    assert (second["grave"], second["title"], second["stood"]) == ("warning 3", "slow", "1 h 0 min")


def test_facts_are_what_is_known_of_one_and_its_details() -> None:
    row = alert(fingerprint="f", resolved_by="", inhibited_by=None, revision=0, details={"<b>": 1.5})
    told = [(fact["name"], fact["value"]) for fact in facts(row)]
    assert told == [("fingerprint", "f"), ("kind", "limit"), ("revision", "0"), ("<b>", "1.5")]
