"""Signals as a picture: when, how sure, which way, and what came of each."""

from __future__ import annotations

from typing import Any

from pages.parts.signal_figures import came, confidences

Row = dict[str, Any]


def signal(status: str = "scored", **more: Any) -> Row:
    at = "2026-09-07T04:00:00+00:00"
    return {"timestamp": at, "status": status, "signal_type": "buy", "confidence": 0.62, "symbol": "NIFTY", **more}


def test_what_came_of_a_signal_is_one_of_five_words() -> None:
    rows = [signal("open"), signal("unscored"), signal(correct=True), signal(correct=False), signal(correct=None)]
    assert [came(row) for row in rows] == ["waits", "no score", "right", "wrong", "named no direction"]
    assert [trace.name for trace in confidences(rows).data] == [
        "right", "wrong", "named no direction", "waits", "no score"]  # fmt: skip


def test_right_and_wrong_differ_by_more_than_colour_and_the_mark_is_the_direction() -> None:
    rows = [signal(correct=True), signal(correct=False, signal_type="sell"), signal("open", signal_type="<odd>")]
    right, wrong, waits = confidences(rows).data
    symbols = [trace.marker.symbol[0] for trace in (right, wrong, waits)]
    assert symbols == ["triangle-up", "triangle-down-open", "circle-open"]
    assert waits.customdata[0][1] == "&lt;odd&gt;"


def test_confidence_is_in_per_cent_in_the_exchanges_time_and_an_unknown_one_is_no_zero() -> None:
    figure = confidences([signal(correct=True), signal(correct=True, confidence=None)])
    (trace,) = figure.data
    assert list(trace.y) == [62.0, None]
    assert f"{trace.x[0]:%H:%M}" == "09:30"
    assert figure.layout.yaxis.title.text == "confidence (%)"
    assert figure.layout.xaxis.title.text == "given at (exchange time)"


def test_a_signal_without_a_time_is_left_out_and_none_draw_nothing() -> None:
    assert not confidences([signal(timestamp=None, correct=True)]).data
    assert not confidences([]).data
