"""The report's pictures as Plotly figures: every axis with its unit, gain and loss told by shape as well as by colour.

Backgrounds are clear and text takes the colour of the page, so that one picture serves light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sidecar.backtest.curve import Floats
from sidecar.backtest.wording import abbreviation, moment, number
from sidecar.domain.backtest_result import BacktestResult, BacktestTrade, EquityPoint
from sidecar.domain.clock import to_datetime

GAIN, LOSS, LINE, BESIDE = "#2a9d8f", "#d9692e", "#3b82c4", "#8a8f98"
QUIET = "rgba(128,136,144,0.45)"
GRID = "rgba(128,136,144,0.22)"
#: Trades that are drawn, the largest by what they earned or lost.
MARKED = 500
#: The word, the sign, the shape and the colour of a trade that won, and of one that lost.
_OUTCOMES = (("trade won", 1, "triangle-up", GAIN), ("trade lost", -1, "triangle-down", LOSS))
#: Days that are written under the axis, at the most, and how much of a session's room its marks take.
_LABELS, _DAY = 8, 0.94


def equity(result: BacktestResult, zone: ZoneInfo) -> go.Figure:
    """Equity with its benchmark and its trades above, the drawdown below, session beside session: nights take no room.

    The axis counts the sessions of the curve and is labelled with their days.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.05)
    points, beside = result.equity_curve, result.benchmark_curve
    at = [point.at for point in points]
    x, days = _places(at, zone)
    if beside:
        line = {"color": BESIDE, "width": 1.5, "dash": "dot"}
        figure.add_scatter(
            x=_between([point.at for point in beside], at, x), y=[point.equity for point in beside], mode="lines",
            line=line, name="bought and held", hoverinfo="skip", row=1, col=1,
        )  # fmt: skip
    told = [moment(one, zone) for one in at]
    figure.add_scatter(
        x=x, y=[point.equity for point in points], mode="lines", line={"color": LINE, "width": 2}, text=told,
        name="this strategy", legendrank=1, hovertemplate="%{text}<br>%{y:,.0f}<extra></extra>", row=1, col=1,
    )  # fmt: skip
    _mark(figure, result.trades, points, x, zone)
    figure.add_scatter(
        x=x, y=[-100 * point.drawdown for point in points], mode="lines", line={"color": LOSS, "width": 1}, text=told,
        fill="tozeroy", fillcolor="rgba(217,105,46,0.25)", name="drawdown", showlegend=False,
        hovertemplate="%{text}<br>%{y:.2f} %<extra></extra>", row=2, col=1,
    )  # fmt: skip
    figure.update_yaxes(title_text="equity (account currency)", tickformat=",", row=1, col=1)
    figure.update_yaxes(title_text="drawdown (%)", ticksuffix=" %", rangemode="tozero", row=2, col=1)
    zone_name = abbreviation(at[-1], zone) if at else zone.key
    every = max(1, -(-len(days) // _LABELS))
    ticks = list(range(0, len(days), every))
    figure.update_xaxes(tickvals=ticks, ticktext=[days[one] for one in ticks], tickangle=0)
    figure.update_xaxes(title_text=f"session (days and times are {zone_name})", row=2, col=1)
    return _dressed(figure, 560, hovermode="closest")


def _mark(
    figure: go.Figure, trades: Sequence[BacktestTrade], points: Sequence[EquityPoint], x: list[float], zone: ZoneInfo
) -> None:
    """The end of each trade on the line: up where it earned money, down where it lost some."""
    drawn = sorted(trades, key=lambda trade: -abs(trade.net_pnl))[:MARKED] if points else []
    at, worth = [point.at for point in points], [point.equity for point in points]
    for name, sign, symbol, colour in _OUTCOMES:
        chosen = [trade for trade in drawn if sign * trade.net_pnl > 0]
        ends = [trade.closed_at for trade in chosen]
        figure.add_scatter(
            x=_between(ends, at, x), y=_between(ends, at, worth), mode="markers", name=name,
            marker={"symbol": symbol, "color": colour, "size": 8, "line": {"width": 0.5, "color": "white"}},
            text=[moment(one, zone) for one in ends], customdata=[float(trade.net_pnl) for trade in chosen],
            hovertemplate="%{text}<br>%{customdata:+,.2f} net<extra></extra>", row=1, col=1,
        )  # fmt: skip


def returns(found: Floats, var: float) -> go.Figure:
    """How often a session returned how much, in per cent; the line is the loss that one in twenty exceeds."""
    low, high = float(found.min()) * 100, float(found.max()) * 100
    wide = (max(high, 0.0) - min(low, 0.0)) / max(8, min(60, 2 * round(found.size**0.5))) or 0.25
    bins = wide * np.arange(np.floor(low / wide) - 1, np.ceil(high / wide) + 2)
    counts, edges = np.histogram(found * 100, bins)
    middle = (edges[1:] + edges[:-1]) / 2
    figure = go.Figure()
    for name, colour, shape, chosen in (("below 0", LOSS, "/", middle < 0.0), ("0 or above", GAIN, "", middle >= 0.0)):
        figure.add_bar(
            x=middle[chosen].tolist(), y=counts[chosen].tolist(), width=float(edges[1] - edges[0]), name=name,
            marker={"color": colour, "pattern": {"shape": shape}},
            hovertemplate="%{y} sessions at about %{x:.2f} %<extra></extra>",
        )  # fmt: skip
    if np.isfinite(var):
        figure.add_vline(x=-100 * var, line={"color": QUIET, "dash": "dash"}, annotation_text="5 % are worse",
                         annotation_position="top left")  # fmt: skip
    figure.update_xaxes(title_text="return of a session (%)", ticksuffix=" %")
    figure.update_yaxes(title_text="sessions", dtick=1 if counts.max() < 8 else None)
    return _dressed(figure, 340, bargap=0.04, barmode="overlay")


def costs(gross: float, fees: float, slippage: float) -> go.Figure:
    """From what the trades made before any cost to what was left: a waterfall."""
    steps = (gross + slippage, -slippage, -fees, gross - fees)
    figure = go.Figure(
        go.Waterfall(
            x=["before costs", "slippage", "fees and taxes", "net"], y=steps,
            measure=["absolute", "relative", "relative", "total"],
            text=[number(value, 0, signed=True) for value in steps], textposition="outside",
            increasing={"marker": {"color": GAIN}}, decreasing={"marker": {"color": LOSS}},
            totals={"marker": {"color": LINE}}, connector={"line": {"color": QUIET}}, cliponaxis=False,
            hovertemplate="%{x}: %{text}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(title_text="account currency", tickformat=",.0f", zeroline=True, zerolinecolor=QUIET)
    return _dressed(figure, 340)


def _places(at: Sequence[int], zone: ZoneInfo) -> tuple[list[float], list[str]]:
    """Where each instant stands on an axis that counts sessions, and the day of each session."""
    local = [to_datetime(one).astimezone(zone) for one in at]
    days = sorted({time.date() for time in local})
    order = {day: place for place, day in enumerate(days)}
    clock = np.array([time.hour * 60 + time.minute + time.second / 60 for time in local])
    span = float(np.ptp(clock)) if len(clock) else 0.0
    inside = (clock - clock.min()) / span * _DAY if span > 0 else np.zeros(len(clock))
    x = [order[time.date()] + float(part) for time, part in zip(local, inside, strict=True)]
    return x, [f"{day:%d %b}<br>{day:%Y}" for day in days]


def _between(at: Sequence[int], known: Sequence[int], values: Sequence[float]) -> list[float]:
    """The values at other instants, on the straight line between those that are known."""
    return [float(value) for value in np.interp(at, known, values)] if len(at) and len(known) else []


def _dressed(figure: go.Figure, height: int, **layout: Any) -> go.Figure:
    figure.update_layout(
        height=height, margin={"l": 76, "r": 16, "t": 30, "b": 56}, paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)", font={"family": "system-ui, sans-serif", "size": 13},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}, **layout,
    )  # fmt: skip
    figure.update_xaxes(gridcolor=GRID, zerolinecolor=QUIET, automargin=True)
    figure.update_yaxes(gridcolor=GRID, zerolinecolor=QUIET, automargin=True)
    return figure
