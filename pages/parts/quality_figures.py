"""Data quality as figures. Pure: rows in, a figure out. An unknown age or score has a word and no bar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from pages.parts.figures import LINE, LOSS, QUIET, STATUS, quiet
from pages.parts.words import ZONE, inert, known, moment, number, phrase

Row = dict[str, Any]
#: Colour and pattern of what a score is made of.
SHARES = (("fresh", LINE, ""), ("clean", "#8f6bc4", "/"), ("steady", "#d98032", "."))


def ages(rows: Sequence[Row], warn: float | None, trip: float | None) -> go.Figure:
    """How old each underlying's newest price is, against where the limits warn and trip."""
    shown = list(rows)[::-1]
    values = [known(row.get("age_s")) for row in shown]
    looks = [_look(value, warn, trip) for value in values]
    names = [inert(row.get("symbol"), 40) for row in shown]
    figure = go.Figure(
        go.Bar(
            x=values,
            y=names,
            orientation="h",
            marker={"color": [look[0] for look in looks], "pattern": {"shape": [look[1] for look in looks]}},
            hovertemplate="%{y}: %{x:.2f} s<extra></extra>",
        )
    )
    for name, value, look in zip(names, values, looks, strict=True):
        text = "unknown" if value is None else f"{number(value, 1)} s" + ("" if look[2] == "ok" else f" {look[2]}")
        figure.add_annotation(x=value or 0, y=name, text=text, showarrow=False, xanchor="left", xshift=6)
    for at, (colour, _, _), word in ((warn, STATUS["warn"], "warns"), (trip, STATUS["breach"], "halts")):
        if at is not None:
            figure.add_vline(x=at, line={"color": colour, "width": 1, "dash": "dot"}, annotation_text=word)
    top = max([value for value in (*values, warn, trip) if value is not None], default=1.0)
    figure.update_xaxes(title_text="age of the newest price (s)", range=[0, 1.3 * top])
    figure.update_yaxes(showgrid=False, ticksuffix="  ", type="category")
    quiet(figure, "ages", 120 + 30 * len(shown))
    figure.update_layout(margin={"t": 24}, bargap=0.4)
    return figure


def _look(age: float | None, warn: float | None, trip: float | None) -> tuple[str, str, str]:
    if age is None:
        return STATUS["unknown"]
    if trip is not None and age >= trip:
        return STATUS["breach"]
    return STATUS["warn"] if warn is not None and age >= warn else STATUS["ok"]


def scores(rows: Sequence[Row]) -> go.Figure:
    """What each underlying's score is made of, in per cent."""
    shown = list(rows)[::-1]
    figure = go.Figure()
    for place, (field, colour, pattern) in enumerate(SHARES):
        figure.add_trace(
            go.Bar(
                x=[known(row.get(field)) for row in shown],
                y=[inert(row.get("symbol"), 40) for row in shown],
                orientation="h",
                name=field,
                marker={"color": colour, "pattern": {"shape": pattern}},
                hovertemplate=f"%{{y}}: {field} %{{x:.2f}} %<extra></extra>",
            )
        )
        for row in shown:
            if known(row.get(field)) is None:
                # A bar that is none has no text either: the word stands where the bar would.
                figure.add_annotation(x=0, y=inert(row.get("symbol"), 40), text=f"{field} unknown", showarrow=False,
                                      xanchor="left", xshift=6, yshift=14 * (place - 1), font={"size": 10})  # fmt: skip
    figure.update_xaxes(title_text="share (%): the score is the least", range=[0, 104])
    figure.update_yaxes(showgrid=False, ticksuffix="  ", type="category")
    quiet(figure, "scores", 120 + 54 * len(shown))
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.2, "traceorder": "normal"})
    return figure


def refusals(found: Sequence[tuple[str, str, int]], most: int = 15) -> go.Figure:
    """How many updates were put aside, by underlying and reason."""
    shown = list(found)[:most][::-1]
    figure = go.Figure(
        go.Bar(
            x=[count for _, _, count in shown],
            y=[inert(f"{symbol}: {phrase(reason)}", 60) for symbol, reason, _ in shown],
            orientation="h",
            text=[number(count, 0) for _, _, count in shown],
            textposition="outside",
            cliponaxis=False,
            marker={"color": LOSS, "pattern": {"shape": "/"}},
            hovertemplate="%{y}: %{x:,d} updates<extra></extra>",
        )
    )
    figure.update_xaxes(title_text="updates put aside since the start", rangemode="tozero")
    figure.update_yaxes(showgrid=False, ticksuffix="  ", type="category")
    return quiet(figure, "refusals", 80 + 28 * len(shown))


def feed_states(rows: Sequence[Row], zone: ZoneInfo = ZONE) -> go.Figure:
    """Each feed, up or down, by the measurements on record; what was not measured is a gap."""
    told: dict[str, list[tuple[datetime, str]]] = {}
    for row in reversed(rows):
        at = moment(row.get("timestamp"))
        for name, state in (row.get("feeds") or {}).items():
            if at is not None:
                told.setdefault(str(name), []).append((at.astimezone(zone).replace(tzinfo=None), str(state)))
    figure = go.Figure()
    for name, points in told.items():
        up = [state == "up" for _, state in points]
        figure.add_trace(
            go.Scatter(
                x=[at for at, _ in points],
                y=[inert(name, 40)] * len(points),
                mode="markers",
                marker={"symbol": ["square" if good else "x" for good in up], "size": 8,
                        "color": [LINE if good else LOSS for good in up]},
                customdata=[inert(state, 20) for _, state in points],
                hovertemplate="%{x|%H:%M:%S} %{y}: %{customdata}<extra></extra>",
            )
        )  # fmt: skip
    figure.update_xaxes(title_text=f"wall clock ({zone.key}); a cross is down", showgrid=False, color=None)
    figure.update_yaxes(showgrid=False, type="category", ticksuffix="  ", gridcolor=QUIET)
    return quiet(figure, "feeds", 110 + 30 * len(told))
