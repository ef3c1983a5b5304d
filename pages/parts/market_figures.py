"""Figures of the chain and of the day: open interest by strike, volatility by strike, spot and index over the day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from pages.parts.chain_tables import Line
from pages.parts.figures import LINE, QUIET, quiet
from pages.parts.words import ZONE, known, moment, number

Row = dict[str, Any]
PUTS = "#d98032"
_INDEX = "#8f6bc4"
#: Symbol of each word for what a volatility rests on.
_RESTS = {"quoted": "circle", "traded": "diamond", "fitted": "circle-open", "interpolated": "x-thin-open"}


def interest(lines: Sequence[Line], spot: float | None, max_pain: float | None, revision: str) -> go.Figure:
    """Open interest by strike: calls upward, puts downward. What is unknown has no bar."""
    figure = go.Figure()
    strikes = [line.strike for line in lines]
    for side, sign, colour, pattern in (("call", 1, LINE, ""), ("put", -1, PUTS, "/")):
        units = [known((getattr(line, side) or {}).get("open_interest")) for line in lines]
        figure.add_trace(
            go.Bar(
                x=strikes,
                y=[None if value is None else sign * value for value in units],
                name=f"{side}s",
                marker={"color": colour, "pattern": {"shape": pattern}},
                customdata=[number(value, 0) for value in units],
                hovertemplate=f"%{{x:,.0f}} {side}s: %{{customdata}} units<extra></extra>",
            )
        )
    pain_left = spot is None or max_pain is None or max_pain < spot  # the words stand away from each other
    _across(figure, spot, "spot", "solid", left=not pain_left)
    _across(figure, max_pain, "max pain", "dot", left=pain_left)
    most = max((abs(value) for trace in figure.data for value in trace.y or () if value is not None), default=1.0)
    ticks = [most * share for share in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    figure.update_xaxes(title_text="strike (points)", tickformat=",.0f", showgrid=False)
    figure.update_yaxes(
        title_text="open interest (units)", tickvals=ticks, ticktext=[_short(abs(tick)) for tick in ticks],
        zeroline=True, range=[-1.12 * most, 1.12 * most],
    )  # fmt: skip
    figure.update_layout(barmode="relative", bargap=0.25)
    return _named(quiet(figure, f"interest-{revision}", 300))


def volatilities(lines: Sequence[Line], forward: float | None, revision: str) -> go.Figure:
    """Implied volatility by strike, of the out-of-the-money option; the symbol says what it rests on."""
    rows = [(line.strike, _outside(line, forward)) for line in lines]
    found = [known(row.get("iv")) for _, row in rows]
    rests = [str(row.get("vol_quality") or "unknown") for _, row in rows]
    figure = go.Figure(
        go.Scatter(
            x=[strike for strike, _ in rows],
            y=[None if value is None else 100 * value for value in found],
            mode="lines+markers",
            line={"color": LINE, "width": 1.5},
            marker={"size": 7, "symbol": [_RESTS.get(word, "x-open") for word in rests]},
            connectgaps=False,
            customdata=rests,
            hovertemplate="%{x:,.0f}: %{y:.2f} % (%{customdata})<extra></extra>",
        )
    )
    _across(figure, forward, "forward", "dash")
    figure.update_xaxes(title_text="strike (points)", tickformat=",.0f", showgrid=False)
    figure.update_yaxes(title_text="implied volatility (% a year)", tickformat=".1f")
    return quiet(figure, f"volatilities-{revision}", 260)


def day(rows: Sequence[Row], symbol: str, zone: ZoneInfo = ZONE) -> go.Figure:
    """Spot above, volatility index below, minute by minute; an unknown value is a gap."""
    times = [at for row in rows if (at := moment(row.get("timestamp"))) is not None]
    kept = [row for row in rows if moment(row.get("timestamp")) is not None]
    local = [_local(at, zone) for at in times]
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.65, 0.35], vertical_spacing=0.06)
    for place, (field, colour, word) in enumerate((("close", LINE, "spot"), ("vix", _INDEX, "VIX")), 1):
        figure.add_trace(
            go.Scatter(
                x=local, y=[known(row.get(field)) for row in kept], mode="lines", line={"color": colour, "width": 2},
                connectgaps=False, hovertemplate=f"%{{x|%H:%M}} {word} %{{y:,.2f}}<extra></extra>",
            ),
            row=place, col=1,
        )  # fmt: skip
    figure.update_xaxes(showgrid=False)
    figure.update_xaxes(title_text=f"time ({times[-1].astimezone(zone).tzname() if times else zone.key})", row=2, col=1)
    figure.update_yaxes(title_text="spot (points)", tickformat=",.0f", row=1, col=1)
    figure.update_yaxes(title_text="VIX (points)", tickformat=".1f", row=2, col=1)
    return quiet(figure, f"day-{symbol}-{local[-1].date() if local else 'empty'}", 300)


def _outside(line: Line, forward: float | None) -> Row:
    first, second = (line.call, line.put) if forward is None or line.strike >= forward else (line.put, line.call)
    return first or second or {}


def _across(figure: go.Figure, at: float | None, word: str, dash: str, *, left: bool = False) -> None:
    if at is not None:
        figure.add_vline(
            x=at, line={"color": QUIET, "width": 1.5, "dash": dash}, annotation_text=f"{word} {number(at, 0)}",
            annotation_position="top left" if left else "top right", annotation_font_size=11,
        )  # fmt: skip


def _short(units: float) -> str:
    for size, word in ((1e6, "M"), (1e3, "k")):
        if units >= size:
            return f"{units / size:.1f} {word}"
    return f"{units:.0f}"


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _named(figure: go.Figure) -> go.Figure:
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.14, "x": 0})
    return figure
