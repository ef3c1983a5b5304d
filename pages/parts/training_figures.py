"""Plotly figures of a model's validation as pure functions: its folds, and how it stands beside what is trivial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from pages.parts.figures import GAIN, LINE, LOSS, QUIET, quiet
from pages.parts.words import inert, known, number

Row = dict[str, Any]


def folds(rows: Sequence[Row], majority: float | None) -> go.Figure:
    """Accuracy out of sample of each step of the walk forward; the dotted line is always naming the commonest class."""
    found = [
        (f"fold {row.get('fold')}", 100 * accuracy, row)
        for row in rows
        if (accuracy := known((row.get("scores") or {}).get("accuracy"))) is not None
    ]
    figure = go.Figure(
        go.Scatter(
            x=[name for name, _, _ in found],
            y=[value for _, value, _ in found],
            mode="lines+markers",
            line={"color": LINE, "width": 1},
            marker={"size": 10, "color": LINE},
            customdata=[[number(row.get("trained_rows"), 0), number(row.get("rounds"), 0)]
                        for _, _, row in found],
            hovertemplate="%{x}: %{y:.1f} %<br>learnt from %{customdata[0]} bars, %{customdata[1]} trees"
                          "<extra></extra>",
        )
    )  # fmt: skip
    if majority is not None:
        figure.add_hline(y=100 * majority, line={"color": QUIET, "dash": "dot"}, annotation_text="commonest class",
                         annotation_position="bottom right")  # fmt: skip
    figure.update_yaxes(title_text="accuracy out of sample (%)")
    figure.update_xaxes(showgrid=False, type="category")
    return quiet(figure, "folds", 280)


def beside(rows: Sequence[Row]) -> go.Figure:
    """Log-loss of the model and its baselines, least on top: less is better."""
    found = [
        (inert(row.get("name"), 40), value)
        for row in rows
        if (value := known((row.get("scores") or {}).get("log_loss"))) is not None
    ]
    found.sort(key=lambda one: -one[1])
    figure = go.Figure(
        go.Scatter(
            x=[value for _, value in found],
            y=[name for name, _ in found],
            mode="markers+text",
            text=[f"{value:.4f}" for _, value in found],
            textposition="middle right",
            cliponaxis=False,
            marker={"size": 11, "color": [LINE if name == "the model" else QUIET for name, _ in found],
                    "symbol": ["circle" if name == "the model" else "diamond" for name, _ in found]},
            hovertemplate="%{y}: log-loss %{x:.4f}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(title_text="log-loss out of sample (less is better)")
    figure.update_yaxes(showgrid=False, ticksuffix="  ")
    quiet(figure, "beside", 110 + 34 * len(found))
    figure.update_layout(margin={"r": 48})  # for the words of the one furthest right
    return figure


def canaries(rows: Sequence[Row]) -> go.Figure:
    """Each proof's value against its bound, a colour and a mark for whether it held."""
    found = [row for row in rows if known(row.get("value")) is not None][::-1]
    figure = go.Figure()
    for held, word, colour, symbol in ((True, "held", GAIN, "circle"), (False, "FAILED", LOSS, "x")):
        mine = [row for row in found if bool(row.get("passed")) is held]
        figure.add_trace(
            go.Scatter(x=[known(row.get("value")) for row in mine], y=[inert(row.get("name"), 40) for row in mine],
                       mode="markers", name=word, marker={"size": 12, "color": colour, "symbol": symbol},
                       customdata=[inert(row.get("says"), 120) for row in mine],
                       hovertemplate=f"%{{y}}: %{{x:.3f}} {word}<br>%{{customdata}}<extra></extra>")
        )  # fmt: skip
    figure.add_trace(
        go.Scatter(x=[known(row.get("limit")) for row in found], y=[inert(row.get("name"), 40) for row in found],
                   mode="markers", name="bound", marker={"symbol": "line-ns-open", "size": 16, "color": QUIET},
                   hovertemplate="bound %{x:.3f}<extra></extra>")
    )  # fmt: skip
    figure.update_xaxes(title_text="value (AUC, or a count of features)")
    figure.update_yaxes(showgrid=False, ticksuffix="  ")
    quiet(figure, "canaries", 130 + 30 * len(found))
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.15})
    return figure
