"""Alerts a minute as a picture: raised above the line, resolved below it."""

from __future__ import annotations

from typing import Any

from pages.parts.alert_figures import per_minute

ROWS: list[dict[str, Any]] = [
    {"timestamp": "2026-09-07T18:29:05+00:00", "resolved_at": "2026-09-07T18:31:59.9+00:00"},
    {"timestamp": "2026-09-07T18:29:58+00:00", "resolved_at": None},
    {"timestamp": "2026-09-07T18:31:00+00:00", "resolved_at": None},
    {"timestamp": "broken", "resolved_at": "2026-09-07T18:31:00"},
]


def test_raised_stands_above_and_resolved_below_in_the_minute_of_the_exchange() -> None:
    raised, resolved = per_minute(ROWS).data
    assert [f"{at:%d %H:%M:%S}" for at in raised.x] == ["07 23:59:00", "08 00:01:00"]
    assert list(raised.y) == [2, 1]
    assert [f"{at:%d %H:%M:%S}" for at in resolved.x] == ["08 00:01:00"]
    assert list(resolved.y) == [-1]
    assert list(resolved.customdata) == [1]  # below the line, yet not minus one alert


def test_the_two_are_told_apart_by_word_and_pattern_and_the_axes_by_their_unit() -> None:
    figure = per_minute(ROWS)
    assert [(bar.name, bar.marker.pattern.shape) for bar in figure.data] == [("raised", "/"), ("resolved", "")]
    assert figure.layout.showlegend
    assert figure.layout.xaxis.title.text == "minute (IST)"
    assert figure.layout.yaxis.title.text == "alerts a minute"


def test_no_alerts_draw_no_bars() -> None:
    raised, resolved = per_minute([]).data
    assert not raised.x
    assert not resolved.x
