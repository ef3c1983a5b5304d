"""The P&L explain as figures: a waterfall that sums, and who made which part. Pure: lines in, a figure out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from pages.parts.explained import PARTS, Ledger
from pages.parts.figures import GAIN, LINE, LOSS, QUIET, quiet
from pages.parts.words import inert, known, number

Row = dict[str, Any]
#: Losses to the left, gains to the right, the middle grey enough for a dark and for a light page.
SCALE = [[0.0, LOSS], [0.5, "#c3c8cc"], [1.0, GAIN]]
UNKNOWN = "unknown"


def waterfall(found: Ledger, currency: str, name: str = "", simulated: bool = False) -> go.Figure:
    """Each part upon the one before, then the total from zero. What is unknown has a word, and one bar for all."""
    figure = go.Figure()
    bars = [(step.name, step.start, step.value) for step in found.steps]
    if found.unknown and found.gap is not None:
        bars.append(("all unknown", (found.total or 0.0) - found.gap, found.gap))
    for label, start, value in bars:
        figure.add_trace(_bar(label, start, value, currency))
    figure.add_trace(_bar("total", 0.0, found.total, currency, whole=True))
    for label, start, value in [*bars, ("total", 0.0, found.total)]:
        at = start + max(value or 0.0, 0.0)
        figure.add_annotation(x=inert(label), y=at, text=UNKNOWN if value is None else number(value, 0, signed=True),
                              showarrow=False, yanchor="bottom", font={"size": 12})  # fmt: skip
    figure.add_hline(y=0, line={"color": QUIET, "width": 1})
    money = f"P&L today ({inert(currency, 3)}{', simulated' if simulated else ''})"
    figure.update_yaxes(title_text=money, tickformat=",.0f", zeroline=False)
    figure.update_xaxes(showgrid=False, type="category", title_text="part of the P&L")
    figure.update_layout(barmode="overlay", bargap=0.25)
    quiet(figure, f"waterfall-{name}", 380)
    figure.update_layout(margin={"t": 26})
    return figure


def _bar(label: str, start: float, value: float | None, currency: str, *, whole: bool = False) -> go.Bar:
    colour = LINE if whole else GAIN if (value or 0.0) >= 0 else LOSS
    pattern = "." if label == "all unknown" else "x" if label == "unexplained" else "/" if (value or 0.0) < 0 else ""
    return go.Bar(
        x=[inert(label)],
        y=[value],
        base=[start],
        marker={"color": QUIET if label == "all unknown" else colour, "pattern": {"shape": pattern}},
        customdata=[[number(value, 2, signed=True), number(start + (value or 0.0), 2, signed=True)]],
        hovertemplate=f"%{{x}}: %{{customdata[0]}} {inert(currency, 3)}<br>after it %{{customdata[1]}}<extra></extra>",
    )


def by_part(lines: Sequence[Row], label: str, currency: str, most: int = 14) -> go.Figure:
    """Lines × parts: where each came from. The scale is symmetric about zero; an unknown cell is empty and says so."""
    shown = list(lines)[:most][::-1]
    names = [inert(line.get(label), 40) for line in shown]
    if len(set(names)) < len(names):
        names = [inert(line.get("id"), 60) for line in shown]
    values = [[known(line.get(name)) for name, _, _ in PARTS] for line in shown]
    largest = max((abs(value) for row in values for value in row if value is not None), default=0.0) or 1.0
    figure = go.Figure(
        go.Heatmap(
            x=[word for _, word, _ in PARTS],
            y=names,
            z=values,
            text=[["?" if value is None else number(value, 0, signed=True) for value in row] for row in values],
            texttemplate="%{text}",
            zmin=-largest,
            zmax=largest,
            colorscale=SCALE,
            xgap=2,
            ygap=2,
            colorbar={"title": {"text": inert(currency, 3)}, "thickness": 10},
            hovertemplate="%{y}<br>%{x}: %{text}<extra></extra>",
        )
    )
    figure.update_xaxes(showgrid=False, side="top")
    figure.update_yaxes(showgrid=False, ticksuffix="  ", type="category")
    return quiet(figure, f"by-part-{label}", 80 + 30 * len(shown))
