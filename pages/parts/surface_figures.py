"""Figures of the whole surface: a map and a body, of the grid that the desk draws."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

import plotly.graph_objects as go

from pages.parts.figures import quiet
from pages.parts.words import inert, known

Row = dict[str, Any]
_SCALE = "Cividis"
_BAR = {"title": {"text": "% a year"}, "thickness": 12}


def heat(expiries: Sequence[Row], grid: Row, revision: str) -> go.Figure:
    """Volatility by expiry and moneyness, in standard deviations to each expiry: as many for all of them."""
    names = [inert(row.get("expiry"), 12) for row in expiries]
    figure = go.Figure(
        go.Heatmap(
            x=deviations(expiries, grid), y=names, z=_cells(grid, "volatility"), colorscale=_SCALE, colorbar=_BAR,
            hoverongaps=False, hovertemplate="%{y}, %{x:+.1f} sd: %{z:.2f} %<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(title_text="moneyness (standard deviations to the expiry, by the ATM volatility)")
    figure.update_yaxes(title_text="expiry", type="category", autorange="reversed")
    return quiet(figure, f"heat-{revision}", 160 + 60 * len(names))


def body(expiries: Sequence[Row], grid: Row, revision: str) -> go.Figure:
    """The same in three dimensions: log-moneyness, days, volatility."""
    days = [_days(row) for row in expiries]
    k = _cells(grid, "log_moneyness")
    figure = go.Figure(
        go.Surface(
            x=k, y=[[at] * len(row) for at, row in zip(days, k, strict=False)], z=_cells(grid, "volatility"),
            colorscale=_SCALE, colorbar=_BAR,
            hovertemplate="ln(K/F) %{x:.2f} %, %{y:.1f} days: %{z:.2f} %<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(
        scene={
            "xaxis": {"title": {"text": "ln(strike / forward) (%)"}},
            "yaxis": {"title": {"text": "days to expiry"}},
            "zaxis": {"title": {"text": "volatility (% a year)"}},
            "aspectmode": "cube",
            "camera": {"eye": {"x": -1.5, "y": -1.6, "z": 0.7}},
        },
    )
    return quiet(figure, f"body-{revision}", 520)


def deviations(expiries: Sequence[Row], grid: Row) -> list[float | None]:
    """How many standard deviations out each column of the grid is; of the first expiry that says so."""
    for row, k in zip(expiries, grid.get("log_moneyness") or (), strict=False):
        volatility, years = known(row.get("atm_iv")), known(row.get("years"))
        if volatility and years and all(known(value) is not None for value in k):
            return [round(float(value) / (volatility * sqrt(years)), 3) for value in k]
    return []


def known_cells(grid: Row) -> bool:
    """Whether there is anything to draw."""
    return any(value is not None for row in _cells(grid, "volatility") for value in row)


def _cells(grid: Row, name: str) -> list[list[float | None]]:
    made = []
    for row in grid.get(name) or ():
        found = [known(value) for value in row]
        made.append([None if value is None else 100 * value for value in found])
    return made


def _days(row: Row) -> float | None:
    years = known(row.get("years"))
    return None if years is None else years * 365
