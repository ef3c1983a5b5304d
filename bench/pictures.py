"""One HTML picture a chain: the quotes of each expiry as bars from bid to ask, and the smile that is served."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sidecar.pricing.bands import Band
from sidecar.pricing.surface import Surface
from sidecar.pricing.surface_fit import fit

MOST = 12  # expiries a picture
COLUMNS = 3
SMILE, QUOTE, HALF = "#c2410c", "rgba(37, 99, 235, 0.55)", "rgba(107, 114, 128, 0.45)"


def draw(chains: Sequence[tuple[str, Sequence[Band]]], folder: Path) -> None:
    """Write a page for each chain, given by its name and bands, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for label, banded in chains:
        name = label.replace(" ", "_").replace(":", "")
        picture(label, banded, fit(banded)).write_html(folder / f"{name}.html", include_plotlyjs="directory")


def picture(label: str, banded: Sequence[Band], surface: Surface) -> Any:
    """Small multiples, one an expiry, spread evenly over the chain."""
    known = [index for index in surface.fitted if banded[index].strikes.size]
    chosen = [known[i] for i in np.unique(np.linspace(0, len(known) - 1, min(MOST, len(known))).astype(int))]
    titles = [
        f"{365 * banded[i].years:.1f} days, {surface.quality[i]}, rmse {100 * surface.rmse[i]:.2f}, "
        f"inside {surface.inside[i]:.0%}"
        for i in chosen
    ]
    lines = -(-len(chosen) // COLUMNS)
    figure = make_subplots(rows=lines, cols=COLUMNS, subplot_titles=titles, vertical_spacing=0.25 / max(lines, 2))
    for place, index in enumerate(chosen):
        row, column = place // COLUMNS + 1, place % COLUMNS + 1
        panel(figure, banded[index], surface, {"row": row, "col": column})
    figure.update_layout(
        title=f"{label}: volatility by strike, bid to ask and the smile", showlegend=False, template="plotly_white",
        height=300 * lines + 90, width=1320, margin={"l": 50, "r": 20, "t": 90, "b": 40},
    )  # fmt: skip
    figure.update_yaxes(tickformat=".0%")
    figure.update_annotations(font_size=12)
    return figure


def panel(figure: Any, band: Band, surface: Surface, place: dict[str, int]) -> None:
    """One expiry: two-sided quotes in blue, one-sided in grey, the smile over them."""
    firm = np.isfinite(band.low) & np.isfinite(band.high)
    for rows, colour in ((firm, QUOTE), (~firm, HALF)):
        low, high = band.low[rows], band.high[rows]
        middle = np.where(np.isnan(low), high, np.where(np.isnan(high), low, 0.5 * (low + high)))
        half = np.nan_to_num(0.5 * (high - low))
        if middle.size:
            marks = go.Scatter(
                x=band.strikes[rows], y=middle, mode="markers", marker={"size": 3, "color": colour},
                error_y={"type": "data", "array": half, "thickness": 1.5, "width": 0, "color": colour},
            )  # fmt: skip
            figure.add_trace(marks, **place)
    strikes = np.linspace(0.95 * band.strikes[0], 1.05 * band.strikes[-1], 1001)
    drawn = surface.volatility(band.years, strike=strikes)
    smile = go.Scatter(x=strikes, y=drawn, mode="lines", line={"color": SMILE, "width": 1.5})
    figure.add_trace(smile, **place)
    shown = firm if firm.any() else ~firm
    top = max(float(np.nanquantile(np.fmax(band.high, band.low)[shown], 0.98)), float(np.nanmedian(drawn))) * 1.15
    figure.update_yaxes(range=[0.0, top], **place)
    first, last = band.strikes[shown][[0, -1]]
    margin = 0.1 * (last - first) or 0.05 * first
    figure.update_xaxes(range=[first - margin, last + margin], **place)
