"""What the book makes over the spot: now, at a later day and at expiry. The desk works it out; here it is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

import plotly.graph_objects as go

from pages.parts.figures import GAIN, LINE, LOSS, QUIET, quiet
from pages.parts.words import inert, known, money, number, percent
from sidecar.domain.contracts import Right, parse_id

Row = dict[str, Any]
DAYS_A_YEAR = 365
#: What one unit gains per point of the spot far above every strike, and far below: a call, a put, a future.
_SLOPES: dict[Right | None, tuple[int, int]] = {Right.CALL: (1, 0), Right.PUT: (0, -1), None: (1, 1)}


def lines(answer: Row, currency: str, spot: Any, sigma: float | None) -> go.Figure:
    """P&L now, at the answer's day, and at the first expiry, over the spot in points (per cent if it is not known).

    Dash and name tell the lines apart; break-evens are marked, and one standard deviation of the spot is shaded.
    """
    level, unit, drawn = known(spot), inert(currency, 3), answer["payoff"]
    axis = "spot %{x:,.0f}" if level is not None else "spot %{x:+.2f} %"
    days = known(answer["days"][0]) or 0.0
    later = [known(row[0]) for row in answer["total"][0]]
    shown = [
        ("now", drawn["spots"], drawn["now"], {"color": LINE, "width": 2}),
        (
            f"at expiry, {number(drawn['days'], 1)} days on",
            drawn["spots"],
            drawn["expiry"],
            {"color": LOSS, "width": 2},
        ),
    ]
    if days:
        shown.insert(1, (f"{days:.0f} days on", answer["spots"], later, {"color": GAIN, "width": 2, "dash": "dash"}))
    shown[-1][3]["dash"] = "dot"
    figure = go.Figure()
    for name, moves, values, stroke in shown:
        figure.add_trace(
            go.Scatter(
                x=[_place(move, level) for move in moves], y=[known(value) for value in values], name=name,
                mode="lines", line=stroke, connectgaps=False,
                hovertemplate=f"{axis}<br>{name}: %{{y:+,.0f}} {unit}<extra></extra>",
            )
        )  # fmt: skip
    _marks(figure, drawn["breakevens"], level, sigma)
    title, written = ("move of the spot (%)", "") if level is None else ("spot (points)", ",.0f")
    figure.update_xaxes(title_text=title, tickformat=written, zeroline=False)
    figure.update_yaxes(title_text=f"P&L from now ({unit})", tickformat=",~f", zeroline=False)
    figure = quiet(figure, f"payoff-{max(answer['spots']):g}", 420)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.2}, margin={"t": 40})
    return figure


def deviation(market: Row | None, days: Any) -> float | None:
    """One standard deviation of the spot's move over ``days``, as a fraction: at-the-money volatility x root of time.

    >>> round(deviation({"atm_iv": 0.2}, 365 / 4), 6)
    0.1
    """
    volatility, left = known((market or {}).get("atm_iv")), known(days)
    return None if volatility is None or left is None or left <= 0 else volatility * sqrt(left / DAYS_A_YEAR)


def words(answer: Row, currency: str, spots: Mapping[str, Any]) -> list[str]:
    """Break-evens, the most it makes and loses at expiry within the range, and whether that has an end beyond it."""
    drawn = answer["payoff"]
    values = [known(value) for value in drawn["expiry"]]
    told = [value for value in values if value is not None]
    if not told or len(told) < len(values):
        return ["The line at expiry is unknown: a leg has no price to start from."]
    low, high = min(drawn["spots"]), max(drawn["spots"])
    span = f"between {percent(low, 0, signed=True)} and {percent(high, 0, signed=True)}"
    points = ", ".join(percent(move, 2, signed=True) for move in drawn["breakevens"])
    even = f"At expiry it breaks even at {points}." if points else f"At expiry it does not break even {span}."
    best, least = (money(end(told), currency, signed=True) for end in (max, min))
    return [f"{even} Best {span}: **{best}**; worst: **{least}**.", *beyond(answer["legs"], spots)]


def beyond(legs: Sequence[Row], spots: Mapping[str, Any]) -> list[str]:
    """What lies outside the range, from what is held: calls and futures above it, puts and futures below it."""
    up = down = 0.0
    for leg in legs:
        parts, quantity = parse_id(str(leg["symbol"])), known(leg.get("quantity"))
        weight = known(spots.get(parts.underlying))
        if quantity is None or weight is None:
            return ["What lies beyond this range is unknown."]
        above, below = _SLOPES[parts.right]
        up, down = up + above * quantity * weight, down + below * quantity * weight
    said = []
    if up:
        word = "loss" if up < 0 else "gain"
        said.append(f"Above this range the **{word} has no bound**: more calls and futures are "
                    f"{'short' if up < 0 else 'long'}.")  # fmt: skip
    if down:
        said.append(f"Below this range the {'loss' if down > 0 else 'gain'} goes on, to a spot of zero at most.")
    return said


def _marks(figure: go.Figure, breakevens: Sequence[Any], level: float | None, sigma: float | None) -> None:
    figure.add_hline(y=0, line={"color": QUIET, "width": 1})
    now = _place(0.0, level)
    figure.add_vline(x=now, line={"color": QUIET, "width": 2})
    figure.add_annotation(x=now, y=1.08, yref="paper", showarrow=False,
                          text="now" if level is None else f"spot {number(level, 0)}")  # fmt: skip
    if sigma is not None:
        low, high = _place(-sigma, level), _place(sigma, level)
        figure.add_vrect(x0=low, x1=high, fillcolor=QUIET, opacity=0.18, line_width=0)
        for at, word in ((low, "−1σ"), (high, "+1σ")):
            figure.add_annotation(x=at, y=1.08, yref="paper", text=word, showarrow=False)
    moves = [move for move in map(known, breakevens) if move is not None]
    if moves:
        places = [_place(move, level) for move in moves]
        figure.add_trace(
            go.Scatter(
                x=places, y=[0.0] * len(places), mode="markers+text", name="break-even", textposition="top center",
                marker={"symbol": "diamond", "size": 9, "color": QUIET},
                text=[number(at, 0) if level is not None else f"{number(at, 2, signed=True)} %" for at in places],
                hovertemplate="breaks even at %{text}<extra></extra>",
            )
        )  # fmt: skip


def _place(move: Any, level: float | None) -> float:
    return 100 * float(move) if level is None else level * (1 + float(move))
