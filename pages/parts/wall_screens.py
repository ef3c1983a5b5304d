"""The screens of the wall board, one a row: what a person three metres away wants to know."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import plotly.graph_objects as go
import streamlit as st

from pages.parts import charts, figures, reads
from pages.parts.picture import Picture
from pages.parts.words import age, arrow, clock, known, money, number, percent, phrase, plain

PLOT = {"displayModeBar": False, "staticPlot": True}
ALERTS_EVERY_S = 3.0
MOST_LIMITS, MOST_ALERTS, MOST_ROWS = 10, 7, 4
_FONT = 26
#: What a screen of 1080 lines leaves below the head.
PLOT_HEIGHT = 800


class Screen(NamedTuple):
    """One screen of the board."""

    title: str
    draw: Callable[[Picture], None]


def cells(rows: list[tuple[str, str, str]]) -> None:
    """Figures side by side: label, value, note."""
    for cell, (label, value, note) in zip(st.columns(len(rows)), rows, strict=True):
        cell.metric(label, value, note or None, delta_color="off", delta_arrow="off")


def state(picture: Picture) -> None:
    """The day's money, as large as it goes; then what it rests on."""
    totals, currency = picture.totals or {}, picture.currency
    pnl = totals.get("daily_pnl")
    with st.container(key="wall-huge"):
        st.metric("P&L today", arrow(pnl) + money(pnl, currency, signed=True),
                  f"{percent(totals.get('daily_pnl_percent'), 2, signed=True)} of capital", delta_color="off",
                  delta_arrow="off")  # fmt: skip
    opened = totals.get("unrealized_pnl")
    cells(
        [
            ("Open P&L", arrow(opened) + money(opened, currency, signed=True), ""),
            ("Drawdown", percent(totals.get("drawdown")), ""),
            ("Capital used", percent(totals.get("capital_utilization"), 1), ""),
            ("Positions", number(totals.get("total_positions"), 0), ""),
        ]
    )
    for cause in (picture.breaker.get("triggers") or ())[:2]:
        st.markdown(f"Because: {plain(phrase(cause.get('trigger')))} {plain(cause.get('detail') or '', 120)}")


def limits(picture: Picture) -> None:
    """The limits that are nearest."""
    lines = picture.limits
    if lines is None:
        st.markdown("Limits are unknown.")
        return
    own = [line for line in lines if line.get("scope") == picture.fund and line.get("status") != "off"]
    if not own:
        st.markdown("No limits are loaded: nothing may trade." if not lines else "No limit is of this fund.")
        return
    own.sort(key=lambda line: (line.get("status") != "unknown", -abs(known(line.get("utilization")) or 0.0)))
    figure = figures.limit_bars(own[:MOST_LIMITS])
    figure.update_annotations(font={"size": _FONT})
    plot(figure, "wall-limits", "How much of each limit is used", PLOT_HEIGHT)


def exposure(picture: Picture) -> None:
    """Greeks by underlying."""
    if picture.greeks is None:
        st.markdown("Exposure is unknown.")
    elif not picture.greeks:
        st.markdown("No position, no exposure.")
    for row in (picture.greeks or [])[:MOST_ROWS]:
        st.markdown(f"**{plain(row.get('underlying'))}** data {plain(row.get('quality') or 'unknown')}")
        cells(
            [
                ("Delta", number(row.get("delta"), 1, signed=True), "units"),
                ("Delta cash", money(row.get("delta_cash"), picture.currency, signed=True), ""),
                ("Gamma", number(row.get("gamma"), 3, signed=True), "delta a point"),
                ("Vega", money(row.get("vega"), picture.currency, signed=True), "a volatility point"),
                ("Theta", money(row.get("theta"), picture.currency, signed=True), "a calendar day"),
            ]
        )


def market(picture: Picture) -> None:
    """Each underlying: where it is, how volatile, how fresh."""
    if not picture.markets:
        st.markdown("No underlying is heard of.")
    for row in picture.markets[:MOST_ROWS]:
        told = f"{phrase(row.get('condition') or 'unknown')}, data {row.get('quality') or 'unknown'}"
        st.markdown(f"**{plain(row.get('symbol'))}** {plain(told)}, {age(row.get('age_s'))} old")
        cells(
            [
                ("Spot", number(row.get("spot_price")), ""),
                ("Forward", number(row.get("forward")), f"{number(row.get('days_to_expiry'), 1)} days"),
                ("ATM volatility", percent(row.get("atm_iv"), 1), "a year"),
                ("Volatility index", number(row.get("vix")), ""),
                ("Put-call ratio", number(row.get("pcr")), ""),
            ]
        )


def alerts(_: Picture) -> None:
    """What stands, the gravest first."""
    rows, why = reads.shared().told("wall alerts", ALERTS_EVERY_S, lambda desk: list(desk.alerts()["alerts"]))
    if rows is None:
        st.markdown(f"Alerts are unknown: {plain(why)}")
        return
    if why:
        st.markdown(f":material/history: These may be old: {plain(why, 120)}")
    if not rows:
        st.markdown(":material/check_circle: No alert stands.")
    for row in sorted(rows, key=lambda row: -(known(row.get("severity")) or 0.0))[:MOST_ALERTS]:
        who = f", {row['acknowledged_by']} has it" if row.get("acknowledged_by") else ", nobody has it"
        icon, colour = LEVELS.get(str(row.get("level")), (":material/info:", "gray"))
        st.markdown(f":{colour}-badge[{icon} {plain(row.get('level'))}] **{plain(row.get('title'), 120)}** "
                    f"since {clock(row.get('timestamp'))}{plain(who, 60)}")  # fmt: skip
    if len(rows) > MOST_ALERTS:
        st.markdown(f"and {number(len(rows) - MOST_ALERTS, 0)} more")


def performance(picture: Picture) -> None:
    """The day's line."""
    rows, why = reads.shared().equity(picture.fund)
    if why:
        st.markdown(f":material/history: The line may be old or missing: {plain(why, 120)}")
    if rows:
        plot(figures.equity_line(rows, picture.currency), "wall-line", "Profit and loss over the day", PLOT_HEIGHT)
    elif rows is not None:
        st.markdown("No point of today's line yet.")


def plot(figure: go.Figure, key: str, alt: str, height: int) -> None:
    """A figure with letters that are read from afar."""
    figure.update_layout(height=height, font={"size": _FONT})
    figure.update_xaxes(tickfont={"size": _FONT}, title_font={"size": _FONT})
    figure.update_yaxes(tickfont={"size": _FONT}, title_font={"size": _FONT})
    charts.draw(figure, key=key, config=PLOT, alt=alt)


LEVELS: dict[str, tuple[str, str]] = {
    "critical": (":material/error:", "red"),
    "error": (":material/error:", "red"),
    "warning": (":material/warning:", "orange"),
    "info": (":material/info:", "blue"),
}
#: By the name that the address uses, in the order in which they turn.
SCREENS: dict[str, Screen] = {
    "state": Screen("Desk", state),
    "limits": Screen("Limits", limits),
    "exposure": Screen("Exposure", exposure),
    "market": Screen("Market", market),
    "alerts": Screen("Alerts", alerts),
    "performance": Screen("Today", performance),
}
