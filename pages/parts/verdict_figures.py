"""The limits and the book before and with an order: pure functions, the desk's rows in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from pages.parts.figures import LINE, QUIET, STATUS, quiet
from pages.parts.tables import Columns
from pages.parts.words import inert, known, measured, money, number, phrase, plain

Row = dict[str, Any]
_GREEKS = ("delta", "gamma", "vega", "theta")
_UNITS = {"delta": "units", "gamma": "units a point", "vega": "a vol point", "theta": "a day"}
_MONEY = {
    "used_margin": "Margin used",
    "available_margin": "Margin free",
    "var_95": "VaR 95 %",
    "es_975": "Expected shortfall 97.5 %",
    "worst": "Worst stress",
}
BOOK: Columns = {
    "what": ("Of the fund", "text", "Greeks by underlying; the rest in account currency"),
    "before": ("Before", "text", "as the book is"),
    "after": ("With it", "text", "every order filled in full at its price"),
}
_END = 130


def limits(rows: Sequence[Row]) -> go.Figure:
    """How much of each limit is used before and with the order, in per cent of it; marks at 80 and 100 %."""
    shown = list(rows)[::-1]
    names = [inert(phrase(row.get("name"))) for row in shown]
    figure = go.Figure()
    for when, colour in (("before", QUIET), ("after", LINE)):
        used = [share(row, when) for row in shown]
        over = [row.get("within") is False and when == "after" for row in shown]
        figure.add_trace(
            go.Bar(
                x=[None if value is None else min(value, _END) for value in used], y=names, orientation="h",
                name="before" if when == "before" else "with the order",
                marker={
                    "color": [STATUS["breach"][0] if bad else colour for bad in over],
                    "pattern": {"shape": ["x" if bad else "" for bad in over]},
                },
                customdata=[[_stated(row, when), _stated(row, "limit")] for row in shown],
                hovertemplate=f"%{{y}} {'before' if when == 'before' else 'with it'}: %{{customdata[0]}} of "
                "%{customdata[1]}<extra></extra>",
            )
        )  # fmt: skip
    for name, row in zip(names, shown, strict=True):
        at = min(share(row, "after") or 0.0, _END)
        figure.add_annotation(x=at, y=name, text=_word(row), showarrow=False, xanchor="left", xshift=6)
    for at, colour in ((80, STATUS["warn"][0]), (100, STATUS["breach"][0])):
        figure.add_vline(x=at, line={"color": colour, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text="used (% of the limit)", range=[0, _END + 40], tickvals=[0, 20, 40, 60, 80, 100])
    figure.update_yaxes(type="category", showgrid=False, ticksuffix="  ")
    figure = quiet(figure, "ticket-limits", 130 + 34 * len(shown))
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"}
    figure.update_layout(barmode="group", bargap=0.35, showlegend=True, legend=legend)
    return figure


def share(row: Row, when: str) -> float | None:
    """A limit's value before or after as per cent of the limit; None where either is unknown, or the limit is no room.

    Margin has no room where what is available is 0 or less.
    """
    value, limit = known(row.get(when)), known(row.get("limit"))
    return None if value is None or limit is None or limit <= 0 else 100 * abs(value) / limit


def _word(row: Row) -> str:
    """How much is used with the order; where that is no share, the value and the limit; and whether it is refused."""
    used = share(row, "after")
    if used is not None:
        told = f"{used:,.0f} %"
    elif known(row.get("after")) is None or known(row.get("limit")) is None:
        told = "unknown"
    else:
        told = f"{_stated(row, 'after')} of {_stated(row, 'limit')}"
    return told + (" REFUSED" if row.get("within") is False else "")


def breached(rows: Sequence[Row]) -> str:
    """Which limits the order would go beyond, in words."""
    out = [
        f"- **{plain(phrase(row['name']))}** would go from {_stated(row, 'before')} to {_stated(row, 'after')}; "
        f"the limit is {_stated(row, 'limit')}"
        for row in rows
        if row.get("within") is False
    ]
    return "\n".join(out) if out else "No limit that grows with the order would be passed."


def book(fund: Row, currency: str) -> list[Row]:
    """A fund's Greeks, margin and tail before and after, as rows of text."""
    before, after = fund["before"], fund["after"]
    rows = []
    then = {row["underlying"]: row for row in after["greeks"]}
    for row in before["greeks"]:
        other = then.get(row["underlying"], {})
        for name in _GREEKS:
            places = {"delta": 1, "gamma": 3}.get(name, 0)
            told = {
                when: number(one.get(name), places, signed=True) for when, one in (("before", row), ("after", other))
            }
            rows.append({"what": f"{row['underlying']} {name} ({_UNITS[name]})", **told})
    for name, words in _MONEY.items():
        told = {when: money(_of(state, name), currency) for when, state in (("before", before), ("after", after))}
        rows.append({"what": words, **told})
    return rows


def _of(state: Row, name: str) -> Any:
    return state[name] if name in state else state["tail"].get(name)


def _stated(row: Row, field: str) -> str:
    return measured(row.get("name"), row.get(field))
