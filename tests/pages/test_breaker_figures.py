"""The breaker's history as a picture: what was shut, from when until when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pages.parts.breaker_figures import LOOKS, timeline
from sidecar.domain.breaker import BreakerStatus

Row = dict[str, Any]
NOW = datetime(2026, 9, 7, 5, 0, tzinfo=UTC)  # 10:30 in Kolkata


def event(minute: int, what: str, scope: str = "*", state: str = "active", **more: Any) -> Row:
    at = f"2026-09-07T04:{minute:02}:00+00:00"
    return {"at": at, "event": what, "scope": scope, "state": state, "reason": "r", "actor": "a", **more}


def lasts(figure: Any) -> list[tuple[str, str, str]]:
    """Each bar's first word, and when it began and ended."""
    return [(bar.text.split("<br>")[0], f"{bar.x[0]:%H:%M}", f"{bar.x[1]:%H:%M}") for bar in figure.data]


def test_a_state_lasts_until_the_next_event_of_its_scope_and_the_last_one_until_now() -> None:
    events = [event(30, "reset"), event(10, "triggered", state="emergency_stop"), event(20, "triggered", "main")]
    figure = timeline(events, NOW)
    assert lasts(figure) == [
        ("main: shut", "09:50", "10:30"),
        ("whole desk: emergency stop", "09:40", "10:00"),
        ("whole desk: active", "10:00", "10:30"),
    ]
    assert list(figure.layout.yaxis.ticktext) == ["main", "whole desk"]
    assert figure.layout.xaxis.title.text == "time (IST)"


def test_every_state_of_the_breaker_has_a_colour_and_a_pattern_of_its_own() -> None:
    assert {str(state.value) for state in BreakerStatus} | {"shut"} == set(LOOKS)
    assert (
        len({pattern for _, pattern in LOOKS.values()}) == len(LOOKS) == len({colour for colour, _ in LOOKS.values()})
    )
    bar = timeline([event(10, "triggered", state="tripped")], NOW).data[0]
    assert (bar.fillcolor, bar.fillpattern.shape) == LOOKS["tripped"]


def test_an_override_is_no_state_and_an_event_without_a_time_is_left_out() -> None:
    events = [event(10, "triggered", state="tripped"), event(20, "override_on"), {**event(30, "reset"), "at": "broken"}]
    assert lasts(timeline(events, NOW)) == [("whole desk: tripped", "09:40", "10:30")]


def test_a_part_is_open_after_a_reset_of_the_desk_unless_it_is_still_shut() -> None:
    events = [event(10, "triggered", "main/demo"), event(15, "triggered", "other"), event(20, "reset")]
    opened = lasts(timeline(events, NOW, shut=["other"]))
    assert opened[:3] == [
        ("main/demo: shut", "09:40", "09:50"),
        ("main/demo: active", "09:50", "10:30"),
        ("other: shut", "09:45", "10:30"),
    ]
    unknown = lasts(timeline(events, NOW))
    assert ("main/demo: shut", "09:40", "10:30") in unknown


def test_a_part_that_is_shut_anew_was_opened_by_what_holds_it_and_one_that_is_shut_again_was_not() -> None:
    wide = [event(20, "reset", "main"), event(25, "rolled")]
    anew = [event(10, "triggered", "main/demo"), *wide, event(30, "triggered", "main/demo")]
    assert lasts(timeline(anew, NOW, shut=["main/demo"]))[:3] == [
        ("main/demo: shut", "09:40", "09:50"),
        ("main/demo: active", "09:50", "10:00"),
        ("main/demo: shut", "10:00", "10:30"),
    ]
    again = [event(10, "triggered", "main/demo"), *wide, event(30, "repeated", "main/demo")]
    assert "main/demo: active" not in [word for word, _, _ in lasts(timeline(again, NOW, shut=["main/demo"]))]
    aside = [event(10, "triggered", "main/demo"), event(20, "reset", "other")]
    assert "main/demo: active" not in [word for word, _, _ in lasts(timeline(aside, NOW, shut=[]))]


def test_a_hostile_reason_is_inert_and_no_history_is_an_empty_figure() -> None:
    bar = timeline([event(10, "triggered", state="tripped", reason="<i>x</i>", actor="<a>")], NOW).data[0]
    assert "&lt;i&gt;x&lt;/i&gt; (&lt;a&gt;)" in bar.text
    assert len(timeline([], None).data) == 0
