"""Plotly figures as pure functions: rows in, a figure out. Every axis carries its unit; a refresh keeps the zoom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from pages.parts.words import ZONE, inert, known, measured, moment, percent, phrase

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


def equity_line(rows: Sequence[Row], currency: str, zone: ZoneInfo = ZONE) -> go.Figure:
    """Today's P&L, in account currency and the exchange's time; the zero line is where the day began."""
    times, values = equity_points(rows)
    local = [at.astimezone(zone).replace(tzinfo=None) for at in times]
    above = [max(value, 0.0) if value is not None else None for value in values]
    below = [min(value, 0.0) if value is not None else None for value in values]
    figure = go.Figure()
    shade = {"mode": "lines", "line": {"width": 0}, "fill": "tozeroy", "hoverinfo": "skip", "showlegend": False}
    figure.add_trace(go.Scatter(x=local, y=above, fillcolor="rgba(42,157,143,0.18)", **shade))
    figure.add_trace(go.Scatter(x=local, y=below, fillcolor="rgba(217,105,46,0.20)", **shade))
    figure.add_trace(
        go.Scatter(
            x=local,
            y=values,
            mode="lines",
            line={"color": LINE, "width": 2},
            connectgaps=False,
            showlegend=False,
            hovertemplate=f"%{{x|%H:%M:%S}}<br>P&L %{{y:+,.0f}} {inert(currency, 3)}<extra></extra>",
        )
    )
    figure.add_hline(y=0, line={"color": QUIET, "width": 1})
    name = local[-1].date().isoformat() if local else "empty"
    zone_name = times[-1].astimezone(zone).tzname() if times else zone.key
    figure.update_xaxes(title_text=f"time ({zone_name})", showgrid=False)
    figure.update_yaxes(title_text=f"P&L today ({inert(currency, 3)})", tickformat=",.0f", zeroline=False)
    return _quiet(figure, f"equity-{name}", 300)


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
    figure.update_xaxes(title_text="used (% of the limit)", range=[0, 145], tickvals=[0, 20, 40, 60, 80, 100])
    figure.update_yaxes(showgrid=False, ticksuffix="  ")
    figure.update_layout(bargap=0.45)
    return _quiet(figure, "limits", 90 + 26 * len(shown))


def _stated(line: Row, name: str) -> str:
    return measured(line.get("name"), line.get(name))


def _used(value: float | None, word: str) -> str:
    if value is None:
        return word
    share = percent(value, 0)
    return share if word == "ok" else f"{share} {word}"


def _quiet(figure: go.Figure, revision: str, height: int) -> go.Figure:
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
