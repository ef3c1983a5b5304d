"""How a fund did, as figures. Pure: lines and sessions in, a figure out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from pages.parts.figures import GAIN, LINE, LOSS, QUIET, equity_points, quiet
from pages.parts.fortunes import Day
from pages.parts.waterfall import SCALE
from pages.parts.words import ZONE, inert, percent

Row = dict[str, Any]
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: A line is broken where points are further apart, in seconds: a night is no trading.
NIGHT_S = 3_600.0
#: More weeks than this, and a cell is too small for its number.
_LEGIBLE = 20


def underwater(rows: Sequence[Row], currency: str, *, broken: bool = True, zone: ZoneInfo = ZONE) -> go.Figure:
    """The value above, and below it how far it is under its peak; unknown values and nights are gaps."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.65, 0.35], vertical_spacing=0.06)
    mark = "lines" if len(rows) > 1 else "markers"
    xs, ys = _spaced(rows, "portfolio_value", 1.0, broken, zone)
    code = inert(currency, 3)
    figure.add_trace(
        go.Scatter(x=xs, y=ys, mode=mark, line={"color": LINE, "width": 2}, connectgaps=False,
                   hovertemplate=f"%{{x|%d %b %H:%M}}<br>%{{y:,.0f}} {code}<extra></extra>"),
        row=1, col=1,
    )  # fmt: skip
    xs, ys = _spaced(rows, "drawdown", -100.0, broken, zone)
    figure.add_trace(
        go.Scatter(x=xs, y=ys, mode=mark, line={"color": LOSS, "width": 1.5}, connectgaps=False, fill="tozeroy",
                   fillcolor="rgba(217,105,46,0.20)", hovertemplate="%{x|%d %b %H:%M}<br>%{y:.3f} %<extra></extra>"),
        row=2, col=1,
    )  # fmt: skip
    times = equity_points(rows)[0]
    name = times[-1].astimezone(zone).tzname() if times else zone.key
    figure.update_yaxes(title_text=f"value ({code})", tickformat=",.0f", row=1, col=1)
    figure.update_yaxes(title_text="under peak (%)", rangemode="tozero", row=2, col=1)
    figure.update_xaxes(showgrid=False)
    figure.update_xaxes(title_text=f"time ({name})", row=2, col=1)
    return quiet(figure, "underwater", 420)


def _spaced(
    rows: Sequence[Row], field: str, times: float, broken: bool, zone: ZoneInfo
) -> tuple[list[Any], list[float | None]]:
    at, values = equity_points(rows, field)
    xs: list[Any] = []
    ys: list[float | None] = []
    for index, (when, value) in enumerate(zip(at, values, strict=True)):
        if broken and index and (when - at[index - 1]).total_seconds() > NIGHT_S:
            xs.append(at[index - 1].astimezone(zone).replace(tzinfo=None))
            ys.append(None)
        xs.append(when.astimezone(zone).replace(tzinfo=None))
        ys.append(None if value is None else value * times)
    return xs, ys


def monday(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def cells(days: Sequence[Day]) -> tuple[list[date], list[str], list[list[Day | None]]]:
    """Weeks (their Mondays), weekdays, and each session in its cell: a row a weekday, a column a week."""
    if not days:
        return [], list(WEEKDAYS[:5]), [[] for _ in range(5)]
    first, last = monday(min(day.date for day in days)), monday(max(day.date for day in days))
    weeks = [first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1)]
    rows = max(5, 1 + max(day.date.weekday() for day in days))
    by_date = {day.date: day for day in days}
    grid = [[by_date.get(week + timedelta(days=n)) for week in weeks] for n in range(rows)]
    return weeks, list(WEEKDAYS[:rows]), grid


def calendar(days: Sequence[Day], zone: ZoneInfo = ZONE) -> go.Figure:
    """Each session's return by week and weekday, dated where the exchange is. The scale is symmetric about zero."""
    weeks, names, grid = cells(days)
    values = [[None if cell is None or cell.daily is None else 100 * cell.daily for cell in row] for row in grid]
    largest = max((abs(value) for row in values for value in row if value is not None), default=0.0) or 1.0
    texts = [["" if cell is None else "?" if cell.daily is None else percent(cell.daily, 2, signed=True)[:-2]
              for cell in row] for row in grid]  # fmt: skip
    hover = [[_said(cell, week, n) for cell, week in zip(row, weeks, strict=True)] for n, row in enumerate(grid)]
    figure = go.Figure(
        go.Heatmap(
            x=[f"{week:%d %b %y}" for week in weeks],
            y=names,
            z=values,
            text=texts,
            texttemplate="%{text}" if len(weeks) <= _LEGIBLE else None,
            customdata=hover,
            hovertemplate="%{customdata}<extra></extra>",
            hoverongaps=False,
            zmin=-largest,
            zmax=largest,
            colorscale=SCALE,
            xgap=2,
            ygap=2,
            colorbar={"title": {"text": "%"}, "thickness": 10},
        )
    )
    figure.update_xaxes(title_text=f"week of (dates in {zone.key})", type="category", showgrid=False)
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category", ticksuffix="  ")
    return quiet(figure, "calendar", 120 + 32 * len(names))


def _said(cell: Day | None, week: date, weekday: int) -> str:
    day = f"{week + timedelta(days=weekday):%a %d %b %Y}"
    if cell is None:
        return f"{day}: nothing on record"
    return f"{day}: {'unknown' if cell.daily is None else percent(cell.daily, 3, signed=True)}"


def distribution(days: Sequence[Day]) -> go.Figure:
    """How many sessions ended with which return; losses hatched."""
    values = [100 * day.daily for day in days if day.daily is not None]
    largest = max(map(abs, values), default=0.0) or 1.0
    # An edge lies on zero, so that no bar holds both a loss and a gain.
    bins = {"start": -largest, "end": largest * 1.0001, "size": largest / 10}
    figure = go.Figure()
    for name, kept, colour, pattern in (
        ("lost", [value for value in values if value < 0], LOSS, "/"),
        ("won or even", [value for value in values if value >= 0], GAIN, ""),
    ):
        figure.add_trace(
            go.Histogram(x=kept, xbins=bins, name=name, marker={"color": colour, "pattern": {"shape": pattern}},
                         hovertemplate="%{x} %: %{y} sessions<extra></extra>")
        )  # fmt: skip
    figure.add_vline(x=0, line={"color": QUIET, "width": 1})
    figure.update_xaxes(title_text="return of a session (% of capital)")
    figure.update_yaxes(title_text="sessions")
    quiet(figure, "distribution", 280)
    figure.update_layout(barmode="overlay", bargap=0.05, showlegend=True, legend={"orientation": "h", "y": 1.2})
    return figure
