"""The breaker's history as a figure: what was shut, when, and for how long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from pages.parts.figures import LINE, QUIET, quiet
from pages.parts.words import ZONE, inert, moment, phrase

Row = dict[str, Any]
#: State → colour and pattern: two ways to tell them apart, beside the word on the bar.
LOOKS: dict[str, tuple[str, str]] = {
    "active": (LINE, ""),
    "tripped": ("#e0a100", "/"),
    "emergency_stop": ("#c2334d", "x"),
    "market_halt": ("#7b4fa3", "\\"),
    "manual_disable": ("#6b7280", "-"),
    "shut": ("#d9692e", "."),
}
_DESK = "whole desk"


def timeline(events: Sequence[Row], now: datetime | None, zone: ZoneInfo = ZONE) -> go.Figure:
    """A bar a state, a row a scope (the whole desk on top), in the exchange's time; the last state lasts until now."""
    figure = go.Figure()
    spans = sorted(_spans(events, now), key=lambda span: span[0] == _DESK)
    for scope, state, began, ended, row in spans:
        colour, pattern = LOOKS.get(state, (QUIET, ""))
        local = began.astimezone(zone).replace(tzinfo=None)
        until = ended.astimezone(zone).replace(tzinfo=None)
        figure.add_trace(
            go.Scatter(
                x=[local, until, until, local, local],
                y=_box(scope, spans),
                fill="toself",
                mode="lines",
                line={"width": 1, "color": colour},
                fillcolor=colour,
                fillpattern={"shape": pattern},
                opacity=0.35 if state == "active" else 0.9,
                hoveron="fills",
                text=f"{inert(scope)}: {inert(phrase(state))}<br>{local:%d %b %H:%M:%S} to {until:%H:%M:%S}"
                f"<br>{inert(row.get('reason'), 100)} ({inert(row.get('actor'), 40)})",
                hoverinfo="text",
            )
        )
    rows = list(dict.fromkeys(span[0] for span in spans))
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=[inert(row, 32) for row in rows], showgrid=False)
    name = spans[-1][3].astimezone(zone).tzname() if spans else zone.key
    figure.update_xaxes(title_text=f"time ({name})", showgrid=False)
    return quiet(figure, "breaker", 110 + 34 * max(1, len(rows)))


def _box(scope: str, spans: Sequence[tuple[str, str, datetime, datetime, Row]]) -> list[float]:
    middle = list(dict.fromkeys(span[0] for span in spans)).index(scope)
    return [middle - 0.35, middle - 0.35, middle + 0.35, middle + 0.35, middle - 0.35]


def _spans(events: Sequence[Row], now: datetime | None) -> Iterator[tuple[str, str, datetime, datetime, Row]]:
    """Each scope's states, each until the next event of that scope, the last until ``now``."""
    scopes: dict[str, list[tuple[datetime, Row]]] = {}
    for row in events:
        at = moment(row.get("at"))
        if at is not None and row.get("event") not in ("override_on", "override_off"):
            scopes.setdefault(str(row.get("scope") or "*"), []).append((at, row))
    for scope, found in scopes.items():
        found.sort(key=lambda one: one[0])
        ends = [at for at, _ in found[1:]] + [max(now or found[-1][0], found[-1][0])]
        for (began, row), ended in zip(found, ends, strict=True):
            shut = "shut" if row.get("event") in ("triggered", "repeated") else "active"
            yield (
                (_DESK, str(row.get("state")), began, ended, row) if scope == "*" else (scope, shut, began, ended, row)
            )
