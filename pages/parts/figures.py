"""Plotly figures as pure functions: rows in, a figure out. Every axis carries its unit; a refresh keeps the zoom."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from pages.parts.words import ZONE, arrow, inert, known, measured, moment, money, percent, phrase

GAIN = "#2a9d8f"
LOSS = "#d9692e"
LINE = "#3b82c4"
QUIET = "rgba(128,136,144,0.55)"
#: Colour, pattern and word of each limit status: three ways to tell them apart.
STATUS: dict[str, tuple[str, str, str]] = {
    "ok": (LINE, "", "ok"),
    "warn": ("#e0a100", "/", "warning"),
    "breach": ("#c2334d", "x", "BREACH"),
    "unknown": (QUIET, ".", "unknown"),
    "off": (QUIET, "", "off"),
}
Row = dict[str, Any]


def equity_points(rows: Sequence[Row], field: str = "daily_pnl") -> tuple[list[datetime], list[float | None]]:
    """The times and values of performance rows, oldest first; an unknown value is a gap in the line."""
    found = [(at, known(row.get(field))) for row in rows if (at := moment(row.get("timestamp"))) is not None]
    found.sort(key=lambda point: point[0])
    return [at for at, _ in found], [value for _, value in found]


def equity_line(
    rows: Sequence[Row],
    currency: str,
    zone: ZoneInfo = ZONE,
    *,
    events: Sequence[Row] = (),
    fills: Sequence[Row] = (),
    simulated: bool = False,
) -> go.Figure:
    """Today's P&L, in account currency and the exchange's time; the zero line is where the day began.

    Shaded is the drawdown: from the day's best so far down to the line. ``events`` (of the breaker) are lines across,
    ``fills`` marks on the line; those before its first point or after its last are left out.
    """
    times, values = equity_points(rows)
    local = [_local(at, zone) for at in times]
    figure = go.Figure()
    _drawdown(figure, local, values)
    figure.add_trace(
        go.Scatter(
            x=local,
            y=values,
            mode="lines",
            line={"color": LINE, "width": 2},
            connectgaps=False,
            hovertemplate=f"%{{x|%H:%M:%S}}<br>P&L %{{y:+,.0f}} {inert(currency, 3)}<extra></extra>",
        )
    )
    if times:
        _fills(figure, [row for row in fills if _within(row.get("at"), times)], times, values, zone)
        _halts(figure, [row for row in events if _within(row.get("at"), times)], zone)
    figure.add_hline(y=0, line={"color": QUIET, "width": 1})
    name = local[-1].date().isoformat() if local else "empty"
    zone_name = times[-1].astimezone(zone).tzname() if times else zone.key
    note = ", simulated" if simulated else ""
    figure.update_xaxes(title_text=f"time ({zone_name}{note})", showgrid=False)
    figure.update_yaxes(title_text=f"P&L today ({inert(currency, 3)})", tickformat=",.0f", zeroline=False)
    return quiet(figure, f"equity-{name}", 320)


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _within(value: Any, times: Sequence[datetime]) -> bool:
    at = moment(value)
    return at is not None and times[0] <= at <= times[-1]


def _drawdown(figure: go.Figure, local: list[datetime], values: list[float | None]) -> None:
    """From the best so far (it began at 0) down to the line; nothing where the value is unknown."""
    known_so_far = list(accumulate((0.0 if value is None else value for value in values), max, initial=0.0))[1:]
    best = [None if value is None else peak for value, peak in zip(values, known_so_far, strict=True)]
    shade = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "connectgaps": False}
    figure.add_trace(go.Scatter(x=local, y=best, **shade))
    figure.add_trace(go.Scatter(x=local, y=values, fill="tonexty", fillcolor="rgba(217,105,46,0.22)", **shade))


def _fills(
    figure: go.Figure, fills: Sequence[Row], times: list[datetime], values: list[float | None], zone: ZoneInfo
) -> None:
    """A triangle a fill on the line where it was: up for bought, down for sold."""
    found = [(at, row) for row in fills if (at := moment(row.get("at"))) is not None]
    sides = [(known(row.get("quantity")) or 0.0) > 0 for _, row in found]
    words = [f"{'bought' if bought else 'sold'} {abs(known(row.get('quantity')) or 0):,.0f} {inert(row.get('symbol'))}"
             f" at {known(row.get('price')) or float('nan'):,.2f}"
             for (_, row), bought in zip(found, sides, strict=True)]  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=[_local(at, zone) for at, _ in found],
            y=[values[bisect_right(times, at) - 1] for at, _ in found],
            mode="markers",
            marker={
                "symbol": ["triangle-up" if bought else "triangle-down" for bought in sides],
                "size": 9,
                "color": [GAIN if bought else LOSS for bought in sides],
                "line": {"width": 1, "color": "rgba(128,136,144,0.9)"},
            },
            customdata=words,
            hovertemplate="%{x|%H:%M:%S}<br>%{customdata}<extra></extra>",
        )
    )


def _halts(figure: go.Figure, events: Sequence[Row], zone: ZoneInfo) -> None:
    """A line across for every time that the breaker shut something or was reset, with its word at the top."""
    for row in events:
        at = moment(row.get("at"))
        shut = row.get("event") in ("triggered", "repeated")
        if at is None or not (shut or row.get("event") == "reset"):
            continue
        word = phrase(row.get("state")) if shut else "reset"
        colour = STATUS["breach"][0] if shut else GAIN
        figure.add_vline(x=_local(at, zone), line={"color": colour, "width": 1, "dash": "dash" if shut else "dot"})
        figure.add_annotation(x=_local(at, zone), y=1, yref="paper", text=inert(word, 24), showarrow=False,
                              textangle=-90, xanchor="right", yanchor="top", font={"size": 10})  # fmt: skip


def pnl_bars(rows: Sequence[tuple[str, float | None]], currency: str, revision: str) -> go.Figure:
    """The day's P&L of each of several names, the best first: its sign, an arrow and a colour; unknown has no bar."""
    shown = sorted(rows, key=lambda row: row[1] if row[1] is not None else float("-inf"))
    words = [arrow(value) + money(value, currency, signed=True) for _, value in shown]
    names = [inert(name, 40) for name, _ in shown]
    figure = go.Figure(
        go.Bar(
            x=[value for _, value in shown],
            y=names,
            orientation="h",
            marker={"color": [GAIN if (value or 0) >= 0 else LOSS for _, value in shown],
                    "pattern": {"shape": ["" if (value or 0) >= 0 else "/" for _, value in shown]}},
            text=words,
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )  # fmt: skip
    most = max((abs(value) for _, value in shown if value is not None), default=0.0) or 1.0
    lowest = min((value for _, value in shown if value is not None), default=0.0)
    figure.update_xaxes(title_text=f"P&L today ({inert(currency, 3)})", tickformat=",.0f", zeroline=True,
                        range=[min(lowest, 0.0) * 1.35 - 0.3 * most * (lowest < 0), most * 1.45])  # fmt: skip
    figure.update_yaxes(showgrid=False, ticksuffix="  ")
    figure.update_layout(bargap=0.45)
    return quiet(figure, revision, 80 + 30 * max(1, len(shown)))


def limit_bars(lines: Sequence[Row]) -> go.Figure:
    """How much of each limit is used: a warning at 80 %, a breach at 100 %. Unknown has a word and no bar."""
    shown = [line for line in lines if line.get("status") != "off"][::-1]
    names = [inert(phrase(line.get("name"))) for line in shown]
    used = [known(line.get("utilization")) for line in shown]
    looks = [STATUS.get(str(line.get("status")), STATUS["unknown"]) for line in shown]
    words = [_used(value, look[2]) for value, look in zip(used, looks, strict=True)]
    figure = go.Figure(
        go.Bar(
            x=[None if value is None else 100 * min(abs(value), 1.25) for value in used],
            y=names,
            orientation="h",
            marker={"color": [look[0] for look in looks], "pattern": {"shape": [look[1] for look in looks]}},
            customdata=[[_stated(line, "value"), _stated(line, "limit"), word]
                        for line, word in zip(shown, words, strict=True)],
            hovertemplate="%{y}: %{customdata[0]} of %{customdata[1]} (%{customdata[2]})<extra></extra>",
        )
    )  # fmt: skip
    for place, name, word in zip(used, names, words, strict=True):
        at = 100 * min(abs(place), 1.25) if place is not None else 0
        figure.add_annotation(x=at, y=name, text=word, showarrow=False, xanchor="left", xshift=6, font={"size": 12})
    for at, colour in ((80, "#e0a100"), (100, "#c2334d")):
        figure.add_vline(x=at, line={"color": colour, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text="used (% of the limit)", range=[0, 170], tickvals=[0, 20, 40, 60, 80, 100])
    figure.update_yaxes(showgrid=False, ticksuffix="  ")
    figure.update_layout(bargap=0.45)
    return quiet(figure, "limits", 90 + 26 * len(shown))


def _stated(line: Row, name: str) -> str:
    return measured(line.get("name"), line.get(name))


def _used(value: float | None, word: str) -> str:
    if value is None:
        return word
    share = percent(value, 0)
    return share if word == "ok" else f"{share} {word}"


def quiet(figure: go.Figure, revision: str, height: int) -> go.Figure:
    """The look that all figures share. ``uirevision`` stays the same, so that a zoom survives a refresh."""
    figure.update_layout(
        uirevision=revision,
        height=height,
        margin={"l": 8, "r": 12, "t": 12, "b": 8},
        dragmode="zoom",
        hovermode="closest",
        transition={"duration": 0},
        showlegend=False,
    )
    return figure
