"""Figures of the exposure: pure functions, rows in, a figure out. What is unknown is left out and named."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from pages.parts.figures import GAIN, LINE, LOSS, QUIET, quiet
from pages.parts.words import inert, known, number

Row = dict[str, Any]
#: Of a bar, as a share of its place: one bar alone would else be a wall.
_WIDTH = 0.4


def by_expiry(rows: Sequence[Row], currency: str) -> go.Figure:
    """Vega and theta of each expiry, beside each other: each has a unit, and so an axis, of its own."""
    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.16)
    unit = inert(currency, 3)
    names = [inert(row.get("expiry")) for row in rows]
    for at, (field, title) in enumerate(
        (("vega", f"vega ({unit} a vol point)"), ("theta", f"theta ({unit} a day)")), 1
    ):
        figure.add_trace(_bars([row.get(field) for row in rows], names, unit, horizontal=False), row=1, col=at)
        figure.update_yaxes(title_text=title, tickformat=",~f", row=1, col=at)
        figure.update_xaxes(title_text="expiry", type="category", row=1, col=at)
    return quiet(figure, "vega-theta-by-expiry", 300)


def gamma_by_strike(rows: Sequence[Row], underlying: str, spot: Any, forward: Any) -> go.Figure:
    """The book's gamma at each strike of one underlying, with where the spot and the forward are."""
    known_rows = [row for row in rows if known(row.get("gamma")) is not None and known(row.get("strike")) is not None]
    values = [row["gamma"] for row in known_rows]
    strikes = [row["strike"] for row in known_rows]
    figure = go.Figure(
        go.Bar(
            x=strikes, y=values, width=_spacing(strikes),
            marker={"color": _colours(values), "pattern": {"shape": _patterns(values)}},
            hovertemplate="strike %{x:,.0f}<br>gamma %{y:+,.4f} delta a point<extra></extra>",
        )
    )  # fmt: skip
    # The two are often a few points apart: each is named on its own side, and in a line of its own.
    lower = known(spot) is None or known(forward) is None or spot <= forward
    marks = (("spot", spot, "dash", 1.01, lower), ("forward", forward, "dot", 1.08, not lower))
    for word, at, dash, height, left in marks:
        if known(at) is not None:
            figure.add_vline(x=at, line={"color": QUIET, "width": 2, "dash": dash})
            figure.add_annotation(x=at, y=height, yref="paper", text=f"{word} {number(at, 0)}", showarrow=False,
                                  xanchor="right" if left else "left", yanchor="bottom")  # fmt: skip
    figure.add_hline(y=0, line={"color": QUIET, "width": 1})
    figure.update_xaxes(title_text=f"strike of {inert(underlying)} (points)", tickformat=",.0f")
    figure.update_yaxes(title_text="gamma (delta a point)", zeroline=False)
    figure = quiet(figure, f"gamma-{inert(underlying)}", 300)
    figure.update_layout(margin={"t": 48})
    return figure


def _spacing(strikes: Sequence[float]) -> float | None:
    """The width of a bar in points: two strikes far apart are two thin bars, and one alone is no wall."""
    apart = min((high - low for low, high in pairwise(sorted(strikes))), default=0.0)
    return min(0.6 * apart, 0.002 * max(strikes)) if apart else 0.002 * max(strikes) if strikes else None


def delta_cash(lines: Sequence[Row], currency: str) -> go.Figure:
    """Delta cash of each line, the largest on top."""
    told = [row for row in lines if known(row.get("delta_cash")) is not None]
    told.sort(key=lambda row: abs(row["delta_cash"]))
    unit = inert(currency, 3)
    names = [_name(row) for row in told]
    figure = go.Figure(_bars([row["delta_cash"] for row in told], names, unit, horizontal=True))
    figure.add_vline(x=0, line={"color": QUIET, "width": 1})
    figure.update_xaxes(title_text=f"delta cash ({unit}); long to the right", tickformat=",~f", nticks=7,
                        zeroline=False, range=_room([row["delta_cash"] for row in told]))  # fmt: skip
    figure.update_yaxes(type="category", ticksuffix="  ")
    return quiet(figure, "delta-cash", 110 + 28 * len(told))


def _room(values: Sequence[float]) -> list[float]:
    """From the least to the most, with 0, and a third more where a bar's words stand."""
    low, high = min([*values, 0.0]), max([*values, 0.0])
    wide = (high - low) or 1.0
    return [low - 0.34 * wide * (low < 0), high + 0.34 * wide * (high > 0)]


def unknown(rows: Sequence[Row], field: str) -> int:
    """How many rows a figure must leave out because their ``field`` is unknown."""
    return sum(known(row.get(field)) is None for row in rows)


def _name(row: Row) -> str:
    key, underlying = str(row.get("key")), str(row.get("underlying"))
    return inert(key if underlying in (key, "*") else f"{key} · {underlying}")


def _bars(values: Sequence[Any], names: Sequence[str], unit: str, *, horizontal: bool) -> go.Bar:
    numbers = [known(value) for value in values]
    axes = {"x": numbers, "y": names, "orientation": "h"} if horizontal else {"x": names, "y": numbers}
    hover = f"%{{y}}: %{{x:+,.0f}} {unit}" if horizontal else f"%{{x}}: %{{y:+,.0f}} {unit}"
    return go.Bar(
        **axes,
        marker={"color": _colours(numbers), "pattern": {"shape": _patterns(numbers)}},
        text=[number(value, 0, signed=True) for value in numbers],
        textposition="outside",
        cliponaxis=False,
        width=_WIDTH,
        hovertemplate=hover + "<extra></extra>",
    )


def _colours(values: Sequence[float | None]) -> list[str]:
    return [LINE if not value else GAIN if value > 0 else LOSS for value in values]


def _patterns(values: Sequence[float | None]) -> list[str]:
    """Below zero a bar is hatched: its side of the axis and its pattern tell it, not its colour alone."""
    return ["/" if value is not None and value < 0 else "" for value in values]
