"""Figures of limits: how much of each is used, what broke when, and where margin is bound."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from pages.parts.figures import LINE, QUIET, STATUS, quiet
from pages.parts.limit_words import stated, where
from pages.parts.words import ZONE, inert, known, measured, moment, money, percent, phrase

Row = dict[str, Any]
#: Colour and symbol of each kind of event.
_EVENTS = {
    "triggered": ("#c2334d", "x"),
    "repeated": ("#e0a100", "diamond"),
    "reset": ("#2a9d8f", "circle"),
}
_OTHER = ("#8f6bc4", "square-open")
_WIDEST = 1.25
_SHORTEST = timedelta(minutes=5)


def bars(lines: Sequence[Row], revision: str) -> go.Figure:
    """How much of each limit is used, in this order from the top; unknown has a word and no bar."""
    shown = list(lines)[::-1]
    names = [f"{inert(phrase(line.get('name')))} · {inert(where(line.get('scope')), 40)}" for line in shown]
    used = [known(line.get("utilization")) for line in shown]
    looks = [STATUS.get(str(line.get("status")), STATUS["unknown"]) for line in shown]
    ends = [None if value is None else 100 * min(max(value, 0.0), _WIDEST) for value in used]
    words = [_word(line, value, look[2]) for line, value, look in zip(shown, used, looks, strict=True)]
    figure = go.Figure(
        go.Bar(
            x=ends,
            y=names,
            orientation="h",
            marker={"color": [look[0] for look in looks], "pattern": {"shape": [look[1] for look in looks]}},
            customdata=words,
            hovertemplate="%{y}: %{customdata}<extra></extra>",
        )
    )
    for end, name, word in zip(ends, names, words, strict=True):
        figure.add_annotation(x=end or 0, y=name, text=word, showarrow=False, xanchor="left", xshift=6,
                              font={"size": 12})  # fmt: skip
    for at, colour in ((80, "#e0a100"), (100, "#c2334d")):
        figure.add_vline(x=at, line={"color": colour, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text="used (% of the limit; warns from 80)", range=[0, 190], side="top",
                        tickvals=[0, 20, 40, 60, 80, 100], showgrid=False)  # fmt: skip
    figure.update_yaxes(showgrid=False, ticksuffix="  ")
    figure.update_layout(bargap=0.4)
    return quiet(figure, f"limits-{revision}", 80 + 24 * len(shown))


def timeline(events: Sequence[Row], zone: ZoneInfo = ZONE) -> go.Figure:
    """What the breaker did and when; the row says which limit or trigger, the symbol what happened."""
    figure = go.Figure()
    kept = [(at, row) for row in events if (at := moment(row.get("at"))) is not None]
    for event in dict.fromkeys(str(row.get("event")) for _, row in kept):
        mine = [(at, row) for at, row in kept if str(row.get("event")) == event]
        colour, symbol = _EVENTS.get(event, _OTHER)
        figure.add_trace(
            go.Scatter(
                x=[at.astimezone(zone).replace(tzinfo=None) for at, _ in mine],
                y=[inert(phrase(row.get("limit_name") or row.get("trigger") or "by hand"), 40) for _, row in mine],
                mode="markers",
                name=inert(phrase(event)),
                marker={"size": 12, "color": colour, "symbol": symbol},
                customdata=[[inert(where(row.get("scope") or "*"), 40), inert(row.get("reason") or "")]
                            for _, row in mine],
                hovertemplate="%{x|%d %b %H:%M:%S} %{y}, %{customdata[0]}<br>%{customdata[1]}<extra></extra>",
            )
        )  # fmt: skip
    zone_name = kept[0][0].astimezone(zone).tzname() if kept else zone.key
    figure.update_xaxes(title_text=f"time ({zone_name})", range=_around([at for at, _ in kept], zone))
    figure.update_yaxes(type="category", ticksuffix="  ")
    figure = quiet(figure, "breaker-timeline", 150 + 26 * len({name for trace in figure.data for name in trace.y}))
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})
    return figure


def _around(times: Sequence[datetime], zone: ZoneInfo) -> list[datetime] | None:
    """A span for few events close together: without it an axis of one event is cut into microseconds."""
    if not times or max(times) - min(times) >= _SHORTEST:
        return None
    return [at.astimezone(zone).replace(tzinfo=None) for at in (min(times) - _SHORTEST, max(times) + _SHORTEST)]


def margins(rows: Sequence[Row], currency: str, revision: str) -> go.Figure:
    """Margin by name, largest first; ``rows`` have ``name`` and ``margin``. Unknown has a word and no bar."""
    shown = list(rows)[::-1]
    found = [known(row.get("margin")) for row in shown]
    names = [inert(row.get("name"), 60) for row in shown]
    figure = go.Figure(go.Bar(x=found, y=names, orientation="h", marker={"color": LINE}, hoverinfo="skip"))
    for value, name in zip(found, names, strict=True):
        word = "unknown" if value is None else money(value, currency)
        figure.add_annotation(x=value or 0, y=name, text=inert(word), showarrow=False, xanchor="left", xshift=6,
                              font={"size": 12})  # fmt: skip
    most = max((value for value in found if value is not None), default=1.0) or 1.0
    figure.update_xaxes(title_text=f"margin ({inert(currency, 3)})", tickformat=",.0f", range=[0, 1.3 * most])
    figure.update_yaxes(showgrid=False, ticksuffix="  ", type="category")
    return quiet(figure, f"margins-{revision}", 90 + 28 * len(shown))


def funds(rows: Sequence[Row], currency: str) -> go.Figure:
    """Margin used and still available, a bar a fund."""
    names = [inert(where(row.get("fund_id")), 40) for row in rows][::-1]
    figure = go.Figure()
    for field, word, colour, pattern in (
        ("used_margin", "used", LINE, ""),
        ("available_margin", "available", QUIET, "."),
    ):
        values = [known(row.get(field)) for row in rows][::-1]
        figure.add_trace(
            go.Bar(
                x=values, y=names, orientation="h", name=word,
                marker={"color": colour, "pattern": {"shape": pattern}},
                customdata=[inert(money(value, currency)) for value in values],
                hovertemplate=f"%{{y}}: %{{customdata}} {word}<extra></extra>",
            )
        )  # fmt: skip
    figure.update_xaxes(title_text=f"margin ({inert(currency, 3)})", tickformat=",.0f")
    figure.update_yaxes(type="category", ticksuffix="  ")
    figure = quiet(figure, "fund-margins", 110 + 34 * len(names))
    figure.update_layout(barmode="stack", showlegend=True,
                         legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})  # fmt: skip
    return figure


def _word(line: Row, used: float | None, word: str) -> str:
    name, now = line.get("name"), line.get("value")
    if used is None and known(now) is None:
        return f"{word}: limit {inert(stated(name, line.get('limit')))}"
    share = f"{percent(used, 0)} " if used is not None else ""
    said = "" if word == "ok" else f"<b>{word}</b>: "
    return f"{said}{share}({inert(measured(name, now))} of {inert(stated(name, line.get('limit')))})"
