"""Signals: what was said, and was it right?"""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts import (
    charts,
    exports,
    figures,
    live,
    model_figures,
    reads,
    signal_figures,
    signal_form,
    signalled,
    tables,
)
from pages.parts.picture import Picture
from pages.parts.signalled import ALL, STATES, TYPES, Wanted
from pages.parts.tables import Columns
from pages.parts.visitor import visitor
from pages.parts.words import known, number, percent, plain

Row = dict[str, Any]
SIGNAL: Columns = {
    "timestamp": ("Given", "time", "exchange time"),
    "says": ("Signal", "text", "buy expects a rise, sell a fall, hold neither"),
    "symbol": ("Contract", "text", ""),
    "confidence": ("Sure", "%,.0f %%", "as the strategy or model said"),
    "price": ("Price", "%,.2f", "the mark when it was given, per unit"),
    "quantity": ("Quantity", "%,d", "units; empty where it names no size"),
    "came": ("Came", "text", "scored when its horizon has passed"),
    "moved": ("Move", "%+,.3f %%", "over its horizon, with the sign of the direction, before any cost"),
    "strategy": ("Strategy", "text", ""),
    "model_id": ("Model", "text", ""),
    "reason": ("Because", "text", ""),
    "due_at": ("Due", "time", "when its horizon ends, exchange time"),
    "fund_id": ("Fund", "text", ""),
    "actor": ("By", "text", ""),
    "id": ("Signal id", "text", ""),
}
_FILTERS = (("Contract", "sg_symbol"), ("Strategy", "sg_strategy"), ("State", "sg_state"), ("Type", "sg_type"))


def above() -> None:
    """The filters, which stand in the address; a signal by hand, for who may."""
    rows, _ = signalled.newest(Wanted())
    lines, _ = signalled.scores()
    markets = [str(row.get("symbol")) for row in reads.shared().picture().markets]
    symbols = sorted({*markets, *(str(row.get("symbol")) for row in rows or ())})
    strategies = [str(row.get("strategy")) for row in lines or () if row.get("strategy") != "*"]
    options = ([ALL, *symbols], [ALL, *strategies], list(STATES), list(TYPES))
    for cell, (label, key), offered in zip(st.columns(4), _FILTERS, options, strict=True):
        cell.selectbox(
            label, offered, key=key, bind="query-params", accept_new_options=label in ("Contract", "Strategy")
        )
    if visitor().may("trader"):
        signal_form.draw(symbols)


def draw(picture: Picture) -> None:
    """The verdict, how often each was right, then the signals themselves."""
    if picture.simulated:
        st.caption("Simulated market: being right here says nothing about a real one.")
    lines, why = signalled.scores()
    if lines is None:
        st.info(f"How often signals were right is unknown: {plain(why)}", icon=":material/help:")
    else:
        verdict(lines)
    wanted = Wanted(*(str(st.session_state.get(key) or ALL) for _, key in _FILTERS))
    rows, why = signalled.newest(wanted)
    if rows is None:
        st.warning(f"The signals are unknown: {plain(why)}", icon=":material/help:")
        return
    if not rows:
        st.info("No signal was given yet." if wanted == Wanted() else "No signal passes these filters.")
        return
    said(rows)
    rates(lines or [], rows)
    listed(rows)


def verdict(lines: list[Row]) -> None:
    """In one sentence whether anything was shown, and the counts."""
    total = next((line for line in lines if line.get("strategy") == "*"), {})
    low, high = known(total.get("hit_rate_low")), known(total.get("hit_rate_high"))
    if not total.get("directional") or low is None or high is None:
        st.info("No signal that named a direction has been scored yet.", icon=":material/hourglass_empty:")
    else:
        count = f"{number(total.get('correct'), 0)} of {number(total.get('directional'), 0)}"
        rate = f"{percent(total.get('hit_rate'), 1)}, 95 % interval {percent(low, 0)} to {percent(high, 0)}"
        say, what = ((st.success, "more often than a coin") if low > 0.5 else
                     (st.error, "less often than a coin") if high < 0.5 else
                     (st.warning, "and a coin could have done as well: the interval holds 50 %"))  # fmt: skip
        say(f"**{count} directions came true** ({rate}), {what}. Before any cost.", icon=":material/target:")
    shown = (("Given", "signals"), ("Wait", "open"), ("Scored", "scored"), ("No score", "unscored"))
    for cell, (label, name) in zip(st.columns(5), shown, strict=False):
        cell.metric(label, number(total.get(name), 0) if lines else "–", border=True)
    st.columns(1)


def said(rows: list[Row]) -> None:
    """How sure each was, over time, and what came of it."""
    st.markdown("**How sure, and what came of it**")
    charts.draw(signal_figures.confidences(rows), key="confidences",
                    alt="Confidence of each signal over time, marked by direction and outcome")  # fmt: skip


def rates(lines: list[Row], rows: list[Row]) -> None:
    """Hit rates with their intervals, by strategy and by how sure the signals were."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**How often right, by strategy**")
        _rates("by-strategy", [signalled.measured(line) for line in lines])
    with right:
        st.markdown(f"**By how sure, of the {len(rows):,} below**")
        _rates("by-confidence", signalled.by_confidence(rows))


def _rates(name: str, found: list[model_figures.Measured]) -> None:
    if not any(one.value is not None for one in found):
        st.caption("Nothing that named a direction has been scored yet.")
        return
    figure = model_figures.accuracies(found)
    figure.add_vline(x=50, line={"color": figures.QUIET, "width": 1, "dash": "dot"})
    charts.draw(figure, key=f"rates-{name}", alt=f"Hit rates {name.replace('-', ' ')}, with intervals")


def listed(rows: list[Row]) -> None:
    """The newest signals."""
    made = [signalled.shown(row) for row in rows]
    tables.show(made, SIGNAL, "signals", 14, widths={"came": 132, "moved": 88})
    more = f" These are the newest {signalled.MOST}." if len(rows) >= signalled.MOST else ""
    st.caption(f"Each was on record before its outcome could be known.{more}")
    exports.draw("signals", table=lambda: tables.frame(made, SIGNAL))


live.screen(draw, above=above, every=3.0)
