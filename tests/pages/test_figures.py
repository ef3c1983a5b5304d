"""Figures: rows in, a figure out; what is unknown is not drawn."""

from __future__ import annotations

from math import isnan, nan
from typing import Any

from pages.parts import figures

ROWS: list[dict[str, Any]] = [
    {"timestamp": "2026-09-07T03:46:00+00:00", "daily_pnl": -50.0},
    {"timestamp": "2026-09-07T03:45:00+00:00", "daily_pnl": 10.0},
    {"timestamp": "2026-09-07T03:47:00+00:00", "daily_pnl": None},
    {"timestamp": "2026-09-07T03:48:00+00:00", "daily_pnl": 5.0},
]


def line(name: str = "drawdown", used: float | None = 0.5, status: str = "ok", **more: Any) -> dict[str, Any]:
    return {"name": name, "scope": "*", "value": 0.04, "limit": 0.08, "utilization": used, "status": status, **more}


def test_the_line_runs_forward_in_exchange_time_and_breaks_where_nothing_is_known() -> None:
    trace = figures.equity_line(ROWS, "INR").data[-1]
    assert [at.strftime("%H:%M") for at in trace.x] == ["09:15", "09:16", "09:17", "09:18"]
    assert list(trace.y) == [10.0, -50.0, None, 5.0]
    assert trace.connectgaps is False


def test_gain_and_loss_are_shaded_on_their_own_side_of_zero() -> None:
    above, below, _ = figures.equity_line(ROWS, "INR").data
    assert list(above.y) == [10.0, 0.0, None, 5.0]
    assert list(below.y) == [0.0, -50.0, None, 0.0]


def test_every_axis_of_numbers_names_its_unit() -> None:
    day = figures.equity_line(ROWS, "INR").layout
    assert day.xaxis.title.text == "time (IST)"
    assert day.yaxis.title.text == "P&L today (INR)"
    assert "% of the limit" in figures.limit_bars([line()]).layout.xaxis.title.text


def test_a_zoom_survives_a_refresh_and_ends_with_the_day() -> None:
    first, second = figures.equity_line(ROWS[:2], "INR"), figures.equity_line(ROWS, "INR")
    assert first.layout.uirevision == second.layout.uirevision
    later = [{"timestamp": "2026-09-08T03:46:00+00:00", "daily_pnl": 1.0}]
    assert figures.equity_line(later, "INR").layout.uirevision != first.layout.uirevision


def test_no_row_draws_an_empty_figure() -> None:
    assert list(figures.equity_line([], "INR").data[-1].y) == []
    assert figures.limit_bars([]).data[0].y in (None, ())


def test_rows_without_a_usable_time_are_left_out() -> None:
    times, values = figures.equity_points([{"timestamp": "2026-09-07 03:46", "daily_pnl": 1.0}, {"daily_pnl": 2.0}])
    assert times == []
    assert values == []


def test_a_bar_is_as_long_as_the_limit_is_used_and_stops_short_of_the_edge() -> None:
    lines = [line("a", 0.5), line("b", 3.0, "breach"), line("c", -0.4)]
    bars = dict(zip(*(figures.limit_bars(lines).data[0][axis] for axis in "yx"), strict=True))
    assert bars == {"a": 50.0, "b": 125.0, "c": 40.0}


def test_warning_breach_and_unknown_differ_by_pattern_and_word_not_by_colour_alone() -> None:
    lines = [line("a"), line("b", 0.85, "warn"), line("c", 1.2, "breach"), line("d", None, "unknown")]
    figure = figures.limit_bars(lines)
    patterns = figure.data[0].marker.pattern.shape
    assert len(set(patterns)) == 4
    told = [note.text for note in figure.layout.annotations]
    assert sorted(told) == sorted(["50 %", "85 % warning", "120 % BREACH", "unknown"])


def test_an_unknown_utilisation_has_no_bar() -> None:
    for used in (None, nan):
        assert figures.limit_bars([line(used=used, status="unknown")]).data[0].x == (None,)


def test_a_limit_that_is_off_is_not_drawn() -> None:
    assert figures.limit_bars([line(status="off")]).data[0].y in (None, ())


def test_a_hostile_limit_name_is_no_tag() -> None:
    figure = figures.limit_bars([line("<a href='javascript:1'>x</a>")])
    assert "<a" not in figure.to_json().replace("\\u003c", "<").replace("<extra>", "")


def test_no_figure_holds_a_nan() -> None:
    rows = [{"timestamp": "2026-09-07T03:46:00+00:00", "daily_pnl": nan}]
    values = figures.equity_line(rows, "INR").data[-1].y
    assert not any(value is not None and isnan(value) for value in values)
