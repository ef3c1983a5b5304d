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
    trace = line_of(figures.equity_line(ROWS, "INR"))
    assert [at.strftime("%H:%M") for at in trace.x] == ["09:15", "09:16", "09:17", "09:18"]
    assert list(trace.y) == [10.0, -50.0, None, 5.0]
    assert trace.connectgaps is False


def line_of(figure: Any) -> Any:
    """The line itself among the traces."""
    return next(trace for trace in figure.data if trace.line.width == 2)


def test_what_lies_below_the_days_best_is_shaded_and_an_unknown_value_is_a_gap() -> None:
    best, under = figures.equity_line(ROWS, "INR").data[:2]
    assert list(best.y) == [10.0, 10.0, None, 10.0]
    assert list(under.y) == [10.0, -50.0, None, 5.0]
    assert under.fill == "tonexty"


def test_fills_stand_on_the_line_and_halts_across_it_and_those_outside_it_are_left_out() -> None:
    fills = [
        {"at": "2026-09-07T03:46:30+00:00", "quantity": -75, "symbol": "<b>X</b>", "price": 80.5},
        {"at": "2026-09-07T03:45:00+00:00", "quantity": 75, "symbol": "Y", "price": 81.0},
        {"at": "2026-09-06T03:45:00+00:00", "quantity": 75, "symbol": "old", "price": 81.0},
    ]
    events = [
        {"at": "2026-09-07T03:46:00+00:00", "event": "triggered", "state": "emergency_stop"},
        {"at": "2026-09-07T03:47:00+00:00", "event": "reset", "state": "active"},
        {"at": "2026-09-07T03:47:30+00:00", "event": "override_on", "state": "active"},
        {"at": "2026-09-01T03:47:30+00:00", "event": "triggered", "state": "tripped"},
    ]
    figure = figures.equity_line(ROWS, "INR", events=events, fills=fills, simulated=True)
    marks = figure.data[-1]
    assert list(marks.marker.symbol) == ["triangle-down", "triangle-up"]
    assert list(marks.y) == [-50.0, 10.0]
    assert marks.customdata[0] == "sold 75 &lt;b&gt;X&lt;/b&gt; at 80.50"
    assert [note.text for note in figure.layout.annotations] == ["emergency stop", "reset"]
    assert "simulated" in figure.layout.xaxis.title.text


def test_who_made_the_pnl_is_told_by_sign_arrow_and_pattern_and_unknown_has_no_bar() -> None:
    figure = figures.pnl_bars([("b", -20.0), ("a", 50.0), ("c", None)], "INR", "made")
    [bars] = figure.data
    assert list(bars.y) == ["c", "b", "a"]  # drawn from the bottom up: the best is on top
    assert list(bars.x) == [None, -20.0, 50.0]
    assert list(bars.text) == ["–", "▼ −₹20", "▲ +₹50"]
    assert bars.marker.pattern.shape[1] != bars.marker.pattern.shape[2]
    assert "INR" in figure.layout.xaxis.title.text


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
    assert list(line_of(figures.equity_line([], "INR")).y) == []
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
    values = line_of(figures.equity_line(rows, "INR")).y
    assert not any(value is not None and isnan(value) for value in values)
