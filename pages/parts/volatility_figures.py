"""Figures of the smile: quotes with their bid and ask, the fitted curve, the term structure, the session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from pages.parts.figures import LINE, QUIET, quiet
from pages.parts.words import ZONE, inert, known, moment

Row = dict[str, Any]
#: By expiry: colour and dash, so that neither stands alone.
_LOOKS = (
    (LINE, "solid"), ("#d98032", "dash"), ("#2a9d8f", "dot"), ("#8f6bc4", "dashdot"), ("#8a8f98", "longdash"),
)  # fmt: skip
AXES = {"strike": "strike (points)", "moneyness": "moneyness (strike less forward, % of the forward)"}
#: A quote and the fitted curve: the symbol says what the colour does not.
_SYMBOLS = {"inside": "circle", "outside": "x", "unknown": "diamond-open"}
_SERIES = (
    ("atm_iv", "at the money, nearest expiry", LINE, "solid", 1),
    ("atm_iv2", "at the money, next expiry", "#d98032", "dash", 1),
    ("vix", "volatility index", "#8f6bc4", "dot", 1),
    ("rr25", "25-delta call less put", "#2a9d8f", "solid", 2),
    ("bf25", "25-delta wings less the money", "#8a8f98", "dash", 2),
    ("skew_25", "25-delta put less call", "#d9692e", "solid", 2),
)


def stance(quote: Row) -> str:
    """Where the fitted volatility lies: ``inside`` bid and ask, ``outside`` them, or ``unknown`` where one is."""
    low, fit, high = (known(quote.get(name)) for name in ("bid_iv", "fitted_iv", "ask_iv"))
    if low is None or fit is None or high is None:
        return "unknown"
    return "inside" if low <= fit <= high else "outside"


def smiles(expiries: Sequence[Row], axis: str, revision: str) -> go.Figure:
    """Each quote with a bar from its bid's to its ask's volatility, and the fitted curve; a line an expiry."""
    figure = go.Figure()
    for place, row in enumerate(expiries):
        colour, dash = _LOOKS[place % len(_LOOKS)]
        quotes, name = list(row.get("quotes") or ()), inert(row.get("expiry"), 12)
        at = [_place(quote, row, axis) for quote in quotes]
        figure.add_trace(
            go.Scatter(
                x=at, y=[_per_cent(quote.get("fitted_iv")) for quote in quotes], mode="lines", name=f"{name} fitted",
                line={"color": colour, "width": 1.5, "dash": dash}, connectgaps=False, hoverinfo="skip",
            )
        )  # fmt: skip
        figure.add_trace(_quotes(quotes, at, colour, name))
    written = ".1f" if axis == "moneyness" else ",.0f"
    figure.update_xaxes(title_text=AXES.get(axis, AXES["strike"]), showgrid=False, tickformat=written)
    figure.update_yaxes(title_text="volatility (% a year)", tickformat=".1f")
    return _named(quiet(figure, f"smiles-{revision}-{axis}", 420))


def _quotes(quotes: Sequence[Row], at: Sequence[float | None], colour: str, name: str) -> go.Scatter:
    mid = [_per_cent(quote.get("iv")) for quote in quotes]
    up = [_gap(_per_cent(quote.get("ask_iv")), value) for quote, value in zip(quotes, mid, strict=True)]
    down = [_gap(value, _per_cent(quote.get("bid_iv"))) for quote, value in zip(quotes, mid, strict=True)]
    words = [stance(quote) for quote in quotes]
    return go.Scatter(
        x=list(at),
        y=mid,
        mode="markers",
        name=f"{name} quoted",
        marker={"color": colour, "size": 7, "symbol": [_SYMBOLS[word] for word in words]},
        error_y={"type": "data", "array": up, "arrayminus": down, "symmetric": False, "thickness": 1.2, "width": 3},
        customdata=[[quote.get("strike"), word] for quote, word in zip(quotes, words, strict=True)],
        hovertemplate="%{customdata[0]:,.0f}: %{y:.2f} %, the fit is %{customdata[1]}<extra></extra>",
    )


def term(expiries: Sequence[Row], revision: str) -> go.Figure:
    """Volatility at the money above, 25-delta skew below, by days to expiry."""
    days = [_days(row) for row in expiries]
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.6, 0.4], vertical_spacing=0.08)
    for place, (field, colour) in enumerate((("atm_iv", LINE), ("skew_25", "#d98032")), 1):
        figure.add_trace(
            go.Scatter(
                x=days, y=[_per_cent(row.get(field)) for row in expiries], mode="lines+markers", connectgaps=False,
                line={"color": colour, "width": 2}, customdata=[inert(row.get("expiry"), 12) for row in expiries],
                hovertemplate="%{customdata} (%{x:.1f} days): %{y:.2f} %<extra></extra>",
            ),
            row=place, col=1,
        )  # fmt: skip
    figure.update_xaxes(title_text="days to expiry", row=2, col=1, rangemode="tozero")
    figure.update_yaxes(title_text="ATM (% a year)", tickformat=".1f", row=1, col=1)
    figure.update_yaxes(title_text="skew (points)", tickformat=".1f", row=2, col=1)
    return quiet(figure, f"term-{revision}", 380)


def session(rows: Sequence[Row], revision: str, zone: ZoneInfo = ZONE) -> go.Figure:
    """Levels above, skew and convexity below, over the session; what was never known has no line."""
    kept = [(at, row) for row in rows if (at := moment(row.get("timestamp"))) is not None]
    local = [at.astimezone(zone).replace(tzinfo=None) for at, _ in kept]
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.62, 0.38], vertical_spacing=0.06)
    for field, word, colour, dash, place in _SERIES:
        # The index is in points already, which are per cent a year.
        values = [known(row.get(field)) if field == "vix" else _per_cent(row.get(field)) for _, row in kept]
        if any(value is not None for value in values):
            figure.add_trace(
                go.Scatter(
                    x=local, y=values, name=word, mode="lines", connectgaps=False,
                    line={"color": colour, "width": 1.8, "dash": dash},
                    hovertemplate=f"%{{x|%H:%M:%S}} {word} %{{y:.2f}}<extra></extra>",
                ),
                row=place, col=1,
            )  # fmt: skip
    zone_name = kept[-1][0].astimezone(zone).tzname() if kept else zone.key
    figure.update_xaxes(showgrid=False)
    figure.update_xaxes(title_text=f"time ({zone_name})", row=2, col=1)
    figure.update_yaxes(title_text="volatility (% a year)", tickformat=".1f", row=1, col=1)
    figure.update_yaxes(title_text="points", tickformat=".1f", zeroline=True, zerolinecolor=QUIET, row=2, col=1)
    return _named(quiet(figure, f"session-{revision}-{local[-1].date() if local else date.min}", 380))


def _place(quote: Row, row: Row, axis: str) -> float | None:
    strike, forward = known(quote.get("strike")), known(row.get("forward"))
    if axis != "moneyness":
        return strike
    return None if strike is None or not forward else 100 * (strike / forward - 1)


def _per_cent(value: Any) -> float | None:
    found = known(value)
    return None if found is None else 100 * found


def _gap(high: float | None, low: float | None) -> float | None:
    return None if high is None or low is None else max(0.0, high - low)


def _days(row: Row) -> float | None:
    years = known(row.get("years"))
    return None if years is None else years * 365


def _named(figure: go.Figure) -> go.Figure:
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})
    return figure
