"""The named stresses as bars, the worst on top, and the limit on what the worst may cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from pages.parts.figures import GAIN, LOSS, QUIET, STATUS, quiet
from pages.parts.tables import Columns
from pages.parts.words import inert, known, number, percent

Row = dict[str, Any]
STRESS: Columns = {
    "label": ("Stress", "text", ""),
    "pnl": ("P&L", "%+,.0f", "account currency, by full revaluation"),
    "spot_percent": ("Spot", "%+,.2f %%", "move of every spot"),
    "days": ("Days", "%,.2f", "calendar days that pass"),
    "source": ("Rests on", "text", "where the numbers come from"),
    "note": ("Note", "text", "what is assumed or not verified"),
}


def ordered(rows: Sequence[Row]) -> list[Row]:
    """The worst first; what is unknown before all, since it may be the worst."""

    def place(row: Row) -> tuple[bool, float]:
        pnl = known(row.get("pnl"))
        return pnl is not None, pnl or 0.0

    return sorted(({**row, "spot_percent": _percent(row.get("spot"))} for row in rows), key=place)


def bars(rows: Sequence[Row], currency: str, limit: float | None) -> go.Figure:
    """P&L of each stress; ``limit`` is the most that one may lose, in account currency, where it is known."""
    shown, unit = ordered(rows)[::-1], inert(currency, 3)
    values = [known(row.get("pnl")) for row in shown]
    names = [inert(row.get("label"), 60) for row in shown]
    figure = go.Figure(
        go.Bar(
            x=values, y=names, orientation="h",
            marker={
                "color": [QUIET if value is None else GAIN if value >= 0 else LOSS for value in values],
                "pattern": {"shape": ["/" if value is not None and value < 0 else "" for value in values]},
            },
            text=[number(value, 0, signed=True) for value in values], textposition="outside", cliponaxis=False,
            customdata=[[_assumes(row), inert(row.get("source"), 160), inert(row.get("note"), 160)] for row in shown],
            hovertemplate=f"<b>%{{y}}</b><br>P&L %{{x:+,.0f}} {unit}<br>%{{customdata[0]}}"
            "<br>%{customdata[1]}<br>%{customdata[2]}<extra></extra>",
        )
    )  # fmt: skip
    for name, value in zip(names, values, strict=True):
        if value is None:
            figure.add_annotation(x=0, y=name, text="unknown", showarrow=False, xanchor="left", xshift=6)
    figure.add_vline(x=0, line={"color": QUIET, "width": 1})
    if limit is not None:
        colour = STATUS["breach"][0]
        figure.add_vline(x=-limit, line={"color": colour, "width": 2, "dash": "dot"})
        figure.add_annotation(x=-limit, y=1.06, yref="paper", text=f"limit {number(-limit, 0)}", showarrow=False)
    figure.update_xaxes(title_text=f"P&L ({unit})", tickformat=",~f", zeroline=False)
    figure.update_yaxes(type="category", ticksuffix="  ", automargin=True)
    figure = quiet(figure, "stresses", 110 + 34 * len(shown))
    figure.update_layout(margin={"t": 36})
    return figure


def _assumes(row: Row) -> str:
    return f"spot {percent(row.get('spot'), 2, signed=True)}, {number(row.get('days'), 2)} days pass"


def _percent(move: Any) -> float | None:
    found = known(move)
    return None if found is None else 100 * found
