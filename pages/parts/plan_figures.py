"""The plan of a close as a figure: margin and worst loss after each step."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from pages.parts.figures import LINE, LOSS, quiet
from pages.parts.words import inert, known

Row = dict[str, Any]


def margin_steps(plan: Row, currency: str) -> go.Figure:
    """What margin and worst loss are before the plan (step 0) and after each step, in account currency."""
    steps = list(plan.get("steps") or ())
    names = ["now", *(f"{step.get('side')} {step.get('quantity')} {step.get('symbol')}" for step in steps)]
    figure = go.Figure()
    for field, word, colour, dash in (("margin", "margin", LINE, "solid"), ("worst_loss", "worst loss", LOSS, "dot")):
        figure.add_trace(
            go.Scatter(
                x=list(range(len(steps) + 1)),
                y=[known(plan.get(field)), *(known(step.get(field)) for step in steps)],
                mode="lines+markers",
                cliponaxis=False,
                line={"shape": "hv", "color": colour, "dash": dash, "width": 2},
                name=word,
                customdata=[inert(name) for name in names],
                hovertemplate=f"%{{customdata}}<br>{word} %{{y:,.0f}} {inert(currency, 3)}<extra></extra>",
            )
        )
    figure.update_xaxes(title_text="step of the plan (0 is now)", dtick=max(1, len(steps) // 10), showgrid=False)
    figure.update_yaxes(title_text=f"after the step ({inert(currency, 3)})", tickformat=",.0f", rangemode="tozero")
    quiet(figure, "plan", 220)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.15})
    return figure
