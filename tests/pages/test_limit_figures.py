"""Figures of limits, breaches and margin: unknown has a word and no bar."""

from __future__ import annotations

from typing import Any

from pages.parts import limit_figures, limits_read


def line(name: str = "drawdown", used: float | None = 0.5, status: str = "ok", **more: Any) -> dict[str, Any]:
    return {"name": name, "scope": "*", "value": 0.04, "limit": 0.08, "utilization": used, "status": status, **more}


def test_the_first_limit_stands_on_top_and_says_value_limit_and_unit() -> None:
    figure = limit_figures.bars([line("drawdown", 1.7, "breach", value=0.136), line("positions", 0.2, value=4)], "a")
    assert list(figure.data[0].y) == ["positions · whole desk", "drawdown · whole desk"]
    assert list(figure.data[0].x) == [20.0, 125.0]
    assert "170 %" in figure.data[0].customdata[1]
    assert "BREACH" in figure.data[0].customdata[1]
    assert "13.60 % of 8.00 % of the peak" in figure.data[0].customdata[1]
    assert [shape.x0 for shape in figure.layout.shapes] == [80, 100]


def test_an_unknown_limit_has_a_word_and_no_bar() -> None:
    figure = limit_figures.bars([line(used=None, value=None, status="unknown", scope="main/<b>x")], "a")
    assert list(figure.data[0].x) == [None]
    assert figure.layout.annotations[0].text == "unknown: limit 8.00 % of the peak"
    assert "<b>" not in figure.data[0].y[0]


def test_equal_limits_of_two_scopes_are_two_bars() -> None:
    figure = limit_figures.bars([line(), line(scope="main/*/NIFTY")], "a")
    assert list(figure.data[0].y) == ["drawdown · main · NIFTY", "drawdown · whole desk"]


def test_the_timeline_has_a_row_a_limit_and_a_symbol_an_event() -> None:
    events: list[dict[str, Any]] = [
        {"event": "reset", "at": "2026-09-07T05:00:00+00:00", "reason": "<i>all</i> clear", "actor": "ann"},
        {"event": "triggered", "at": "2026-09-07T04:00:00+00:00", "limit_name": "daily_loss", "scope": "main"},
        {"event": "triggered", "at": None, "limit_name": "drawdown"},
    ]
    reset, triggered = limit_figures.timeline(events).data
    assert list(triggered.y) == ["daily loss"]
    assert triggered.x[0].strftime("%H:%M") == "09:30"
    assert list(reset.y) == ["by hand"]
    assert "<i>" not in reset.customdata[0][1]
    assert reset.marker.symbol != triggered.marker.symbol
    assert not limit_figures.timeline([]).data


def test_margin_is_added_up_and_a_sum_with_an_unknown_part_is_unknown() -> None:
    book: list[dict[str, Any]] = [
        {"symbol": "A", "fund_id": "main", "strategy": "one", "margin": 10.0, "underlying": "NIFTY"},
        {"symbol": "B", "fund_id": "main", "strategy": "one", "margin": 5.0, "underlying": "NIFTY"},
        {"symbol": "C", "fund_id": "main", "strategy": "two", "margin": None, "underlying": "NIFTY"},
    ]
    assert limits_read.cut(book, "strategy") == [
        {"name": "main · two", "margin": None}, {"name": "main · one", "margin": 15.0}]  # fmt: skip
    assert limits_read.cut(book, "underlying") == [{"name": "NIFTY", "margin": None}]
    figure = limit_figures.margins(limits_read.cut(book, "strategy"), "INR", "a")
    assert list(figure.data[0].x) == [15.0, None]
    assert [note.text for note in figure.layout.annotations] == ["₹15", "unknown"]


def test_used_and_available_margin_are_stacked_by_fund() -> None:
    used, available = limit_figures.funds([{"fund_id": "*", "used_margin": 1.0, "available_margin": None}], "INR").data
    assert list(used.x) == [1.0]
    assert list(available.x) == [None]
    assert list(used.y) == ["whole desk"]
