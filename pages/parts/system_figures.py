"""The machine over time as figures. Pure: measurements in, a figure out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from pages.parts.figures import GAIN, LINE, LOSS, QUIET, equity_points, quiet
from pages.parts.words import ZONE, inert, known

Row = dict[str, Any]
LOOKS = ((LINE, "solid"), ("#d98032", "dash"), (GAIN, "dot"), ("#8f6bc4", "dashdot"))
#: A line is broken where measurements are further apart: the sidecar was not there.
GAP_S = 20.0


def over_time(
    rows: Sequence[Row], lines: Sequence[tuple[str, str, float]], unit: str, zone: ZoneInfo = ZONE
) -> go.Figure:
    """Measurements of one unit; unknown values and times without a measurement are gaps."""
    figure, zone_name = go.Figure(), zone.key
    for (field, word, times), (colour, dash) in zip(lines, LOOKS, strict=False):
        at, values = equity_points(rows, field)
        zone_name = at[-1].astimezone(zone).tzname() or zone.key if at else zone_name
        xs: list[Any] = []
        ys: list[float | None] = []
        for index, (moment, value) in enumerate(zip(at, values, strict=True)):
            if index and (moment - at[index - 1]).total_seconds() > GAP_S:
                xs.append(at[index - 1].astimezone(zone).replace(tzinfo=None))
                ys.append(None)
            xs.append(moment.astimezone(zone).replace(tzinfo=None))
            ys.append(None if value is None else value * times)
        figure.add_trace(
            go.Scatter(x=xs, y=ys, mode="lines", name=inert(word), connectgaps=False,
                       line={"color": colour, "width": 1.6, "dash": dash},
                       hovertemplate=f"%{{x|%H:%M:%S}} {inert(word)} %{{y:,.1f}} {unit}<extra></extra>")
        )  # fmt: skip
    figure.update_xaxes(title_text=f"wall clock ({zone_name})", showgrid=False)
    # One line alone has no legend: its axis names it.
    title = f"{inert(lines[0][1])} ({unit})" if len(lines) == 1 else unit
    figure.update_yaxes(title_text=title, rangemode="tozero", tickformat=",~f")
    quiet(figure, f"machine-{unit}", 260)
    figure.update_layout(showlegend=len(lines) > 1, legend={"orientation": "h", "y": 1.2})
    return figure


def queues(depths: dict[str, Any]) -> go.Figure:
    """How much waits in each queue; an unknown depth has a word and no bar."""
    names = sorted(depths, reverse=True)
    values = [known(depths[name]) for name in names]
    figure = go.Figure(
        go.Bar(
            x=values,
            y=[inert(name) for name in names],
            orientation="h",
            text=["unknown" if value is None else f"{value:,.0f}" for value in values],
            textposition="outside",
            cliponaxis=False,
            marker={"color": [LOSS if (value or 0) > 1_000 else LINE if value else QUIET for value in values]},
            hovertemplate="%{y}: %{x:,.0f} waiting<extra></extra>",
        )
    )
    # One that waits is not a full queue: the axis begins with ten.
    most = max((value for value in values if value is not None), default=0.0)
    figure.update_xaxes(title_text="waiting (items)", range=[0, 1.1 * max(most, 10.0)])
    figure.update_yaxes(showgrid=False, ticksuffix="  ")
    return quiet(figure, "queues", 90 + 28 * len(names))
