"""Plotly figures of backtests as pure functions: the account, its parts, what it cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from pages.parts.figures import GAIN, LINE, LOSS, QUIET, quiet
from pages.parts.words import ZONE, inert, known, moment

Row = dict[str, Any]
#: Colour-blind-safe hues (Okabe and Ito) and dashes: runs are told apart without colour too.
RUNS = (("#0072b2", "solid"), ("#d55e00", "dash"), ("#009e73", "dot"), ("#cc79a7", "dashdot"), ("#8a8f98", "longdash"))


def curve(points: Sequence[Row], field: str, zone: ZoneInfo = ZONE) -> tuple[list[datetime], list[float | None]]:
    """Times in the exchange's zone and values of a curve, as it comes; an unknown value is a gap."""
    told = [(at, known(row.get(field))) for row in points if (at := moment(row.get("timestamp"))) is not None]
    return [at.astimezone(zone).replace(tzinfo=None) for at, _ in told], [value for _, value in told]


def equity(result: Row, currency: str, name: str) -> go.Figure:
    """What the account was worth beside the benchmark; below it how far it stood under its peak."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.72, 0.28], vertical_spacing=0.05)
    unit = inert(currency, 3)
    lines = (
        ("strategy", result.get("equity_curve") or (), LINE, "solid", 2.0),
        ("held from the start", result.get("benchmark_curve") or (), QUIET, "dot", 1.5),
    )
    for word, points, colour, dash, width in lines:
        times, values = curve(points, "equity")
        if times:
            figure.add_trace(
                go.Scatter(x=times, y=values, name=word, mode="lines", connectgaps=False,
                           line={"color": colour, "width": width, "dash": dash},
                           hovertemplate=f"{word} %{{x|%d %b %Y %H:%M}}<br>%{{y:,.0f}} {unit}<extra></extra>"),
                row=1, col=1,
            )  # fmt: skip
    times, depth = curve(result.get("equity_curve") or (), "drawdown")
    figure.add_trace(
        go.Scatter(x=times, y=[None if one is None else -100 * one for one in depth], name="drawdown", mode="lines",
                   fill="tozeroy", line={"color": LOSS, "width": 1}, fillcolor="rgba(217,105,46,0.25)",
                   showlegend=False, hovertemplate="%{x|%d %b %Y %H:%M}<br>%{y:.2f} %<extra></extra>"),
        row=2, col=1,
    )  # fmt: skip
    simulated = "SIMULATED data, " if result.get("simulated") else ""
    figure.update_yaxes(title_text=f"account ({unit})", tickformat=",.0f", row=1, col=1)
    figure.update_yaxes(title_text="under its peak (%)", row=2, col=1)
    figure.update_xaxes(title_text=f"{simulated}exchange time", showgrid=False, row=2, col=1)
    quiet(figure, f"backtest-{name}", 440)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.08}, hovermode="x unified")
    return figure


def overlay(runs: Mapping[str, Row]) -> go.Figure:
    """The account of each run by its name, with 100 where it began; at most five, each of its own dash."""
    figure = go.Figure()
    for (name, result), (colour, dash) in zip(runs.items(), RUNS, strict=False):
        times, values = curve(result.get("equity_curve") or (), "equity")
        begins = next((value for value in values if value), None)
        if begins is None:
            continue
        word = inert(name, 60) + (" (simulated)" if result.get("simulated") else "")
        figure.add_trace(
            go.Scatter(x=times, y=[None if one is None else 100 * one / begins for one in values], name=word,
                       mode="lines", line={"color": colour, "dash": dash, "width": 2},
                       hovertemplate=f"{word}<br>%{{x|%d %b %Y %H:%M}}: %{{y:.2f}}<extra></extra>")
        )  # fmt: skip
    figure.add_hline(y=100, line={"color": QUIET, "width": 1})
    figure.update_xaxes(title_text="exchange time", showgrid=False)
    figure.update_yaxes(title_text="account (100 where it began)")
    quiet(figure, "backtest-overlay", 420)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.12})
    return figure


def parts(rows: Sequence[Row], currency: str, name: str) -> go.Figure:
    """The net profit of each part of a run (years, regimes, windows), signed."""
    nets = [known(row.get("net_profit")) for row in rows]
    figure = go.Figure(
        go.Bar(
            x=[inert(row.get("name"), 40) for row in rows],
            y=nets,
            marker={"color": [GAIN if (net or 0) >= 0 else LOSS for net in nets],
                    "pattern": {"shape": ["" if (net or 0) >= 0 else "/" for net in nets]}},
            customdata=[[int(known(row.get("trades")) or 0)] for row in rows],
            texttemplate="%{y:+,.0f}",
            hovertemplate="%{x}: %{y:+,.0f}<br>%{customdata[0]} trades<extra></extra>",
        )
    )  # fmt: skip
    figure.add_hline(y=0, line={"color": QUIET, "width": 1})
    figure.update_xaxes(type="category")
    figure.update_yaxes(title_text=f"net profit ({inert(currency, 3)})", tickformat=",.0f")
    return quiet(figure, f"backtest-parts-{name}", 280)


def costs(metrics: Row, currency: str) -> go.Figure:
    """From what the trades made before any cost to what is left, step by step; none where one of them is unknown."""
    net, fees, slipped = (known(metrics.get(name)) for name in ("net_profit", "total_commission", "total_slippage"))
    figure = go.Figure()
    if net is not None and fees is not None and slipped is not None:
        figure.add_trace(
            go.Waterfall(
                x=["before costs", "slippage", "charges and taxes", "net"],
                y=[net + fees + slipped, -slipped, -fees, net],
                measure=["absolute", "relative", "relative", "total"],
                texttemplate="%{delta:+,.0f}",
                increasing={"marker": {"color": GAIN}},
                decreasing={"marker": {"color": LOSS}},
                totals={"marker": {"color": LINE}},
                connector={"line": {"color": QUIET}},
                hovertemplate="%{x}: %{delta:+,.0f}<extra></extra>",
            )
        )
    figure.add_hline(y=0, line={"color": QUIET, "width": 1})
    figure.update_yaxes(title_text=f"amount ({inert(currency, 3)})", tickformat=",.0f")
    return quiet(figure, "backtest-costs", 280)
