"""Plotly figures of signals as pure functions: how sure each was, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from pages.parts.figures import GAIN, LINE, LOSS, QUIET, quiet
from pages.parts.signalled import judged
from pages.parts.words import ZONE, inert, known, moment

Row = dict[str, Any]
#: Direction → the symbol that it is drawn with.
_SYMBOLS = {"buy": "triangle-up", "sell": "triangle-down", "hold": "square"}
#: What came of a signal: word, colour, whether its mark is filled.
_ENDS: tuple[tuple[str, str, bool], ...] = (
    ("right", GAIN, True),
    ("wrong", LOSS, False),
    ("named no direction", QUIET, True),
    ("waits", LINE, False),
    ("no score", QUIET, False),
)


def came(row: Row) -> str:
    """What came of a signal, in the figure's words."""
    if row.get("status") == "open":
        return "waits"
    if row.get("status") != "scored":
        return "no score"
    return judged(row)


def confidences(rows: Sequence[Row], zone: ZoneInfo = ZONE) -> go.Figure:
    """Each signal by when it was given and how sure it was; the mark is its direction, the colour what came of it."""
    figure = go.Figure()
    for word, colour, filled in _ENDS:
        mine = [(at, row) for row in rows if came(row) == word and (at := moment(row.get("timestamp"))) is not None]
        if not mine:
            continue
        symbols = [_SYMBOLS.get(str(row.get("signal_type")), "circle") for _, row in mine]
        figure.add_trace(
            go.Scatter(
                x=[at.astimezone(zone).replace(tzinfo=None) for at, _ in mine],
                y=[None if (sure := known(row.get("confidence"))) is None else 100 * sure for _, row in mine],
                mode="markers",
                name=word,
                marker={"symbol": [one if filled else f"{one}-open" for one in symbols], "size": 10, "color": colour,
                        "line": {"width": 1.5}},
                customdata=[[inert(row.get("symbol")), inert(row.get("signal_type")), inert(row.get("strategy"))]
                            for _, row in mine],
                hovertemplate="%{x|%d %b %H:%M:%S} %{customdata[1]} %{customdata[0]}<br>%{y:.0f} % sure, by "
                              f"%{{customdata[2]}}<br>{word}<extra></extra>",
            )
        )  # fmt: skip
    figure.update_xaxes(title_text="given at (exchange time)", showgrid=False)
    figure.update_yaxes(title_text="confidence (%)", range=[0, 105])
    quiet(figure, "confidences", 340)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.13})
    return figure
