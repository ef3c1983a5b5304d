"""The map of spot x volatility as a figure: a pure function. Below zero is orange, above violet, and 0 the middle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from pages.parts.figures import quiet
from pages.parts.words import MINUS, inert, known

Row = dict[str, Any]
Cells = list[list[float | None]]
#: Columns up to which a number fits into its cell.
_FITS = 21
_MARK = "#c2334d"
#: Orange below, violet above, of the same lightness at both ends: dark digits can be read on every one of them.
_SCALE = ((0.0, "#e08a2c"), (0.25, "#f3c58e"), (0.5, "#f7f7f7"), (0.75, "#c9c3df"), (1.0, "#988cc0"))
_DIGITS = "#161616"


def cells(answer: Row, at: int = 0) -> Cells:
    """P&L of the answer's day number ``at``, a row a volatility and a column a spot; what is unknown is None."""
    total = answer["total"][at]
    return [[known(column[row]) for column in total] for row in range(len(answer["vols"]))]


def worst(table: Cells) -> tuple[int, int] | None:
    """Row and column of the cell that loses most; None where a cell is unknown: it might be that one."""
    found = [(value, row, column) for row, line in enumerate(table) for column, value in enumerate(line)
             if value is not None]  # fmt: skip
    if not found or len(found) < sum(map(len, table)):
        return None
    _, row, column = min(found)
    return row, column


def heat(answer: Row, currency: str, spot: Any = None, at: int = 0) -> go.Figure:
    """P&L over moves of the spot (across) and of the volatility (up); ``spot`` is the level now, for the hover."""
    table, unit = cells(answer, at), inert(currency, 3)
    spots, vols = [100 * move for move in answer["spots"]], [100 * shift for shift in answer["vols"]]
    most = max((abs(value) for line in table for value in line if value is not None), default=0.0) or 1.0
    level = known(spot)
    levels = ["" if level is None else f" (to {level * (1 + move):,.0f})" for move in answer["spots"]]
    figure = go.Figure(
        go.Heatmap(
            x=spots, y=vols, z=table, zmin=-most, zmax=most, colorscale=_SCALE, hoverongaps=False, xgap=1, ygap=1,
            customdata=[levels for _ in vols],
            text=[[short(value) for value in line] for line in table],
            texttemplate="%{text}" if len(spots) <= _FITS else None,
            textfont={"color": _DIGITS},  # no size: each is as large as its cell lets it
            hovertemplate=f"spot %{{x:+.4g}} %%{{customdata}}<br>volatility %{{y:+.4g}} points"
            f"<br>P&L %{{z:+,.0f}} {unit}<extra></extra>",
            colorbar={"title": {"text": f"P&L ({unit})", "side": "right"}, "tickformat": ",~f", "thickness": 12},
        )
    )  # fmt: skip
    _outline(figure, spots, vols, worst(table))
    figure.update_xaxes(title_text="move of the spot (%)", showgrid=False, zeroline=False, ticksuffix=" ")
    figure.update_yaxes(title_text="change of volatility (points)", showgrid=False, zeroline=False)
    return quiet(figure, f"map-{spots[0]:g}-{vols[0]:g}", 120 + 30 * len(vols))


def short(value: float | None) -> str:
    """An amount that fits into a cell.

    >>> short(-12345.6), short(950.0), short(2.5e6), short(None)
    ('−12.3k', '950', '2.50M', '')
    """
    if value is None:
        return ""
    size = abs(value)
    for least, unit in ((1e6, "M"), (1e3, "k")):
        if size >= least * 0.9995:
            scaled = size / least
            text = (
                f"{scaled:.2f}" if scaled < 10 and unit == "M" else f"{scaled:.1f}" if scaled < 100 else f"{scaled:.0f}"
            )
            return (MINUS if value < 0 else "") + text + unit
    return (MINUS if value < -0.5 else "") + f"{size:.0f}"


def _outline(figure: go.Figure, spots: Sequence[float], vols: Sequence[float], at: tuple[int, int] | None) -> None:
    """A frame round the worst cell."""
    if at is None:
        return
    row, column = at
    across, up = _half(spots), _half(vols)
    x, y = spots[column], vols[row]
    figure.add_shape(type="rect", x0=x - across, x1=x + across, y0=y - up, y1=y + up,
                     line={"color": _MARK, "width": 3})  # fmt: skip


def _half(axis: Sequence[float]) -> float:
    return (axis[1] - axis[0]) / 2 if len(axis) > 1 else 0.5
