"""Alerts as figures: how many began and ended each minute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from pages.parts.figures import GAIN, LOSS, QUIET, quiet
from pages.parts.words import ZONE, moment

Row = dict[str, Any]


def per_minute(rows: Sequence[Row], zone: ZoneInfo = ZONE) -> go.Figure:
    """Alerts raised (up) and resolved (down) in each minute, in the exchange's time."""
    raised, resolved = _minutes(rows, "timestamp", zone), _minutes(rows, "resolved_at", zone)
    figure = go.Figure()
    for word, counts, sign, colour, pattern in (
        ("raised", raised, 1, LOSS, "/"),
        ("resolved", resolved, -1, GAIN, ""),
    ):
        minutes = sorted(counts)
        figure.add_trace(
            go.Bar(
                x=minutes,
                y=[sign * counts[minute] for minute in minutes],
                width=55_000,
                name=word,
                marker={"color": colour, "pattern": {"shape": pattern}},
                customdata=[counts[minute] for minute in minutes],
                hovertemplate=f"%{{x|%H:%M}}<br>%{{customdata}} {word}<extra></extra>",
            )
        )
    figure.add_hline(y=0, line={"color": QUIET, "width": 1})
    moments = sorted([*raised, *resolved])
    name = moments[-1].replace(tzinfo=zone).tzname() if moments else zone.key
    figure.update_xaxes(title_text=f"minute ({name})", showgrid=False)
    figure.update_yaxes(title_text="alerts a minute", tickformat="d", zeroline=False)
    quiet(figure, "alerts", 200)
    figure.update_layout(barmode="relative", showlegend=True, legend={"orientation": "h", "y": 1.2})
    return figure


def _minutes(rows: Sequence[Row], field: str, zone: ZoneInfo) -> Counter[datetime]:
    found = (at for row in rows if (at := moment(row.get(field))) is not None)
    return Counter(at.astimezone(zone).replace(second=0, microsecond=0, tzinfo=None) for at in found)
