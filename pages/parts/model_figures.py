"""Plotly figures of models as pure functions: rows in, a figure out. What is uncertain carries its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from pages.parts.figures import GAIN, LINE, LOSS, QUIET, quiet
from pages.parts.words import ZONE, inert, known, moment, percent

Row = dict[str, Any]
#: Wire name, word, colour and pattern of each class: told apart without colour too.
CLASSES = (("p_sell", "sell", LOSS, "/"), ("p_hold", "hold", QUIET, ""), ("p_buy", "buy", GAIN, "\\"))


class Measured(NamedTuple):
    """A share with its interval: ``name`` is what was measured, ``note`` of how many; an unknown bound is None."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    note: str


def accuracies(rows: Sequence[Measured]) -> go.Figure:
    """Accuracy of the model, live and promised, beside its baselines: a dot and its 95 % interval each."""
    shown = [row for row in rows if row.value is not None][::-1]
    figure = go.Figure()
    for row in shown:
        own = row.low is not None and row.high is not None
        figure.add_trace(
            go.Scatter(
                x=[100 * (row.value or 0.0)],
                y=[inert(row.name)],
                mode="markers+text",
                text=[f"{percent(row.value, 1)}  {inert(row.note)}"],
                textposition="top center",
                cliponaxis=False,
                marker={"size": 12, "color": LINE if own else QUIET, "symbol": "circle" if own else "diamond"},
                error_x=_error(row) if own else None,
                hovertemplate=f"{inert(row.name)}: %{{x:.1f}} %<br>{inert(row.note)}<extra></extra>",
            )
        )
    figure.update_xaxes(title_text="share that came true (%), with its 95 % interval")
    figure.update_yaxes(showgrid=False, ticksuffix="  ")
    quiet(figure, "accuracies", 132 + 48 * len(shown))
    figure.update_layout(margin={"t": 34, "r": 52})  # the words of the first and of a dot at 100 % stand outside
    return figure


def _error(row: Measured) -> dict[str, Any]:
    value = row.value or 0.0
    return {
        "type": "data",
        "symmetric": False,
        "array": [100 * ((row.high or value) - value)],
        "arrayminus": [100 * (value - (row.low or value))],
        "thickness": 2,
        "width": 7,
    }


def reliability(bins: Sequence[Row], name: str) -> go.Figure:
    """How often the likeliest class came true by how sure the model was; on the dotted line the two agree."""
    found = [
        (100 * x, 100 * y, row)
        for row in bins
        if (x := known(row.get("confidence"))) is not None and (y := known(row.get("hits"))) is not None
    ]
    low = [max(0.0, y - 100 * (known(row.get("hits_low")) or 0.0)) for _, y, row in found]
    high = [max(0.0, 100 * (known(row.get("hits_high")) or 0.0) - y) for _, y, row in found]
    figure = go.Figure(
        go.Scatter(
            x=[x for x, _, _ in found],
            y=[y for _, y, _ in found],
            mode="markers+lines",
            line={"color": LINE, "width": 1},
            marker={"size": 9, "color": LINE},
            error_y={"type": "data", "symmetric": False, "array": high, "arrayminus": low, "width": 4, "thickness": 1},
            customdata=[int(known(row.get("n")) or 0) for _, _, row in found],
            hovertemplate="said %{x:.1f} %, was %{y:.1f} %<br>%{customdata} predictions<extra></extra>",
        )
    )
    figure.add_shape(type="line", x0=0, y0=0, x1=100, y1=100, line={"color": QUIET, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text="confidence (%)", range=[0, 100])
    figure.update_yaxes(title_text="came true (%)", range=[0, 100])
    return quiet(figure, f"reliability-{name}", 320)


def probabilities(rows: Sequence[Row], zone: ZoneInfo = ZONE) -> go.Figure:
    """What each prediction gave to sell, hold and buy, oldest first, and whether the likeliest came true."""
    told = sorted(
        ((at, row) for row in rows if (at := moment(row.get("bar_at") or row.get("timestamp"))) is not None),
        key=lambda pair: pair[0],
    )
    local = [at.astimezone(zone).replace(tzinfo=None) for at, _ in told]
    figure = go.Figure()
    for field, word, colour, pattern in CLASSES:
        figure.add_trace(
            go.Bar(
                x=local,
                y=[None if (p := known(row.get(field))) is None else 100 * p for _, row in told],
                name=word,
                marker={"color": colour, "pattern": {"shape": pattern}},
                hovertemplate=f"%{{x|%H:%M}} {word} %{{y:.1f}} %<extra></extra>",
            )
        )
    for right, word, symbol, colour in ((True, "came true", "circle", GAIN), (False, "did not", "x", LOSS)):
        times = [when for when, (_, row) in zip(local, told, strict=True) if _correct(row) is right]
        figure.add_trace(
            go.Scatter(x=times, y=[104] * len(times), mode="markers", name=word, hoverinfo="name",
                       marker={"symbol": symbol, "color": colour, "size": 7})
        )  # fmt: skip
    figure.update_xaxes(title_text="bar", showgrid=False)
    figure.update_yaxes(title_text="probability (%)", range=[0, 109])
    quiet(figure, "probabilities", 320)
    figure.update_layout(barmode="stack", bargap=0.05, showlegend=True, legend={"orientation": "h", "y": 1.15})
    return figure


def _correct(row: Row) -> bool | None:
    outcome = row.get("outcome") or {}
    return outcome.get("correct") if isinstance(outcome, dict) else None


def drifts(rows: Sequence[Row], most: int = 15) -> go.Figure:
    """The features that have drifted furthest, as multiples of what each did inside the training (1 is its bound)."""
    found = []
    for row in rows:
        psi, threshold = known(row.get("psi")), known(row.get("threshold"))
        if psi is not None and threshold:
            found.append((psi / threshold, str(row.get("name")), psi, threshold))
    found = sorted(found)[-most:]
    figure = go.Figure(
        go.Bar(
            x=[ratio for ratio, *_ in found],
            y=[inert(name) for _, name, *_ in found],
            orientation="h",
            marker={"color": [LOSS if ratio > 1 else LINE for ratio, *_ in found],
                    "pattern": {"shape": ["x" if ratio > 1 else "" for ratio, *_ in found]}},
            customdata=[[psi, threshold] for _, _, psi, threshold in found],
            hovertemplate="%{y}: PSI %{customdata[0]:.3f}, bound %{customdata[1]:.3f}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_vline(x=1, line={"color": LOSS, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text="drift, as a multiple of the feature's own bound")
    return quiet(figure, "drifts", 90 + 22 * len(found))


def contributions(pairs: Sequence[tuple[str, float]], values: Row, meanings: Mapping[str, Row]) -> go.Figure:
    """What moved a prediction most, greatest on top: to the right for buy, to the left for sell, with what each is."""
    shown = list(pairs)[::-1]
    figure = go.Figure(
        go.Bar(
            x=[value for _, value in shown],
            y=[f"{inert(name)} = {_valued(values.get(name), meanings.get(name))}" for name, _ in shown],
            orientation="h",
            marker={"color": [GAIN if value > 0 else LOSS for _, value in shown],
                    "pattern": {"shape": ["" if value > 0 else "/" for _, value in shown]}},
            text=[f"{value:+.3f} {'buy' if value > 0 else 'sell'}" for _, value in shown],
            textposition="outside",
            cliponaxis=False,
            customdata=[inert((meanings.get(name) or {}).get("formula") or "meaning unknown", 120)
                        for name, _ in shown],
            hovertemplate="%{y}<br>%{customdata}<br>moved it by %{x:+.4f}<extra></extra>",
        )
    )  # fmt: skip
    most = max((abs(value) for _, value in shown), default=1.0)
    figure.add_vline(x=0, line={"color": QUIET, "width": 1})
    figure.update_xaxes(title_text="contribution to ln(p buy / p sell)", range=[-1.35 * most, 1.35 * most])
    figure.update_yaxes(showgrid=False, ticksuffix="  ")
    return quiet(figure, "contributions", 90 + 40 * len(shown))


def _valued(value: Any, meaning: Row | None) -> str:
    found = known(value)
    unit = str((meaning or {}).get("unit") or "")
    return "unknown" if found is None else f"{found:.4g}" + (f" {inert(unit, 30)}" if unit not in ("", "1") else "")
