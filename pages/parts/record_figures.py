"""The record as a figure: how many records of each action over time. Pure: records in, a figure out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from pages.parts.figures import GAIN, LINE, LOSS, QUIET, quiet
from pages.parts.words import ZONE, inert, moment, phrase

Row = dict[str, Any]
#: Widths of a bar, seconds: the first that makes at most ``_BARS`` of the span.
_WIDTHS = (1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 604_800)
_BARS = 90
_NAMED = 6
#: Bars begin at whole multiples of their width from here, a local midnight.
_MONDAY = datetime(2024, 1, 1)  # noqa: DTZ001  Plotly shows the exchange's time as local time without a zone
#: Colour and pattern of each action, the most frequent first; what is left over is quiet.
LOOKS = ((LINE, ""), (GAIN, "\\"), ("#8f6bc4", "."), ("#d98032", "/"), (LOSS, "x"), ("#b0a030", "-"))


def width_of(span: timedelta) -> int:
    """Seconds that one bar covers."""
    seconds = span.total_seconds()
    return next((width for width in _WIDTHS if seconds / width <= _BARS), _WIDTHS[-1])


def counted(records: Sequence[Row], zone: ZoneInfo = ZONE) -> tuple[int, dict[str, dict[datetime, int]]]:
    """The width of a bar, and of each action the records that began in each; in the zone's local time."""
    times = [(at.astimezone(zone).replace(tzinfo=None), str(row.get("action")))
             for row in records if (at := moment(row.get("timestamp"))) is not None]  # fmt: skip
    if not times:
        return _WIDTHS[0], {}
    first, last = min(times)[0], max(times)[0]
    width = width_of(last - first)
    frequent = [name for name, _ in Counter(name for _, name in times).most_common(_NAMED)]
    made: dict[str, dict[datetime, int]] = {}
    for at, name in times:
        bar = at - (at - _MONDAY) % timedelta(seconds=width)
        row = made.setdefault(name if name in frequent else "other", {})
        row[bar] = row.get(bar, 0) + 1
    order = [*frequent, "other"]
    return width, dict(sorted(made.items(), key=lambda item: order.index(item[0])))


def timeline(records: Sequence[Row], zone: ZoneInfo = ZONE) -> go.Figure:
    """Stacked counts by action over the records' own time."""
    width, actions = counted(records, zone)
    figure = go.Figure()
    looks = [*LOOKS[: len(actions)], (QUIET, "")]
    for (name, bars), look in zip(actions.items(), looks, strict=False):
        colour, pattern = (QUIET, "") if name == "other" else look
        times = sorted(bars)
        figure.add_trace(
            go.Bar(
                x=[at + timedelta(seconds=width / 2) for at in times],
                y=[bars[at] for at in times],
                width=[900.0 * width] * len(times),
                name=inert(phrase(name), 40),
                marker={"color": colour, "pattern": {"shape": pattern}},
                hovertemplate="%{y} %{fullData.name}<br>%{x|%d %b %H:%M:%S}<extra></extra>",
            )
        )
    zone_name = next(
        (at.astimezone(zone).tzname() for row in records if (at := moment(row.get("timestamp")))), zone.key
    )
    figure.update_xaxes(title_text=f"the record's own time ({zone_name})", showgrid=False, type="date")
    figure.update_yaxes(title_text=f"records in {_said(width)}")
    quiet(figure, "timeline", 240)
    figure.update_layout(barmode="stack", showlegend=True, legend={"orientation": "h", "y": 1.18})
    return figure


def _said(width: int) -> str:
    for size, word in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if width >= size:
            return f"{width // size} {word}"
    return f"{width} s"
