"""The breaker's history as a figure: what was shut, when, and for how long."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from pages.parts.figures import LINE, QUIET, quiet
from pages.parts.words import ZONE, inert, moment, phrase
from sidecar.domain.scopes import Scope

Row = dict[str, Any]
Told = tuple[datetime, Row]
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


def timeline(
    events: Sequence[Row], now: datetime | None, zone: ZoneInfo = ZONE, *, shut: Collection[str] | None = None
) -> go.Figure:
    """A bar a state, a row a scope (the whole desk on top), in the exchange's time; the last state lasts until now.

    ``shut`` are the scopes that are shut now, None where that is unknown: a reset of the desk or a new day may open
    some and leave others, which the history does not say.
    """
    figure = go.Figure()
    spans = sorted(_spans(events, now, shut), key=lambda span: span[0] == _DESK)
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


def _spans(
    events: Sequence[Row], now: datetime | None, shut: Collection[str] | None
) -> Iterator[tuple[str, str, datetime, datetime, Row]]:
    """Each scope's states, each until the next event of that scope, the last until ``now``."""
    scopes: dict[str, list[Told]] = {}
    for row in events:
        at = moment(row.get("at"))
        if at is not None and row.get("event") not in ("override_on", "override_off"):
            scopes.setdefault(str(row.get("scope") or "*"), []).append((at, row))
    for own in scopes.values():
        own.sort(key=lambda one: one[0])
    for scope, own in scopes.items():
        found = own if scope == "*" or shut is None else list(_opened(scope, scopes, scope in shut))
        ends = [at for at, _ in found[1:]] + [max(now or found[-1][0], found[-1][0])]
        for (began, row), ended in zip(found, ends, strict=True):
            state = "shut" if _shuts(row) else "active"
            yield (
                (_DESK, str(row.get("state")), began, ended, row) if scope == "*" else (scope, state, began, ended, row)
            )


def _opened(scope: str, scopes: Mapping[str, Sequence[Told]], still: bool) -> Iterator[Told]:
    """A scope's events, and the resets of a wider one that opened it: it was open where it is shut anew, or is now."""
    mine = Scope.parse(scope)
    wider = [one for name, found in scopes.items() if name != scope and mine.within(Scope.parse(name)) for one in found]
    resets = sorted((one for one in wider if one[1].get("event") in ("reset", "rolled")), key=lambda one: one[0])
    own = scopes[scope]
    for (at, row), after in zip(own, [*own[1:], None], strict=True):
        yield at, row
        opened = not still if after is None else after[1].get("event") == "triggered"
        if opened and _shuts(row):
            yield from [one for one in resets if one[0] > at and (after is None or one[0] < after[0])][:1]


def _shuts(row: Row) -> bool:
    return row.get("event") in ("triggered", "repeated")
