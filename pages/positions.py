"""Positions: what do we hold, what does it cost us, and how do we get out of it?"""

import streamlit as st

from pages.parts import choice, commands, live, reads, tables
from pages.parts.words import arrow, money, number, percent, plain


def draw(picture: reads.Picture) -> None:
    """Totals, the whole table, the working orders, of the fund that is chosen."""
    picture = choice.narrowed(picture)
    if picture.positions is None:
        st.info("Positions are unknown: the desk has not told them.")
        return
    totals(picture)
    if picture.positions:
        tables.show(picture.positions, tables.POSITION, "positions", 22)
    else:
        st.info("The book is flat: no open position.")
    if picture.awaiting:
        st.caption(f"Expired, awaiting settlement: {plain(', '.join(picture.awaiting))}")
    st.subheader("Working orders")
    if picture.orders is None:
        st.caption("unknown")
    elif picture.orders:
        tables.show(picture.orders, tables.ORDER, "orders", 10)
    else:
        st.caption("None.")


def totals(picture: reads.Picture) -> None:
    """The book's money in six cells."""
    line, currency = picture.totals or {}, picture.currency
    cells = st.columns(6)
    shown = (
        ("Open P&L", arrow(line.get("unrealized_pnl")) + money(line.get("unrealized_pnl"), currency, signed=True)),
        ("Realised", arrow(line.get("realized_pnl")) + money(line.get("realized_pnl"), currency, signed=True)),
        ("Fees", money(line.get("fees"), currency, 2)),
        ("Margin used", money(line.get("used_margin"), currency)),
        ("Margin free", money(line.get("available_margin"), currency)),
        ("Trades won", f"{number(line.get('winning_trades'), 0)} of {number(line.get('trades'), 0)}"),
    )
    for cell, (label, value) in zip(cells, shown, strict=True):
        cell.metric(label, value, border=True)
    used = percent(line.get("capital_utilization"), 1)
    st.caption(f"Capital used {used}. Greeks are the whole position's; each heading's note names the unit.")


def actions() -> None:
    """Close one, close all: outside the timed part, so that a refresh never moves a button under the hand.

    One is of the fund that is chosen; all are the whole desk's, and the dialog counts them.
    """
    choice.draw()
    picture = reads.shared().picture()
    rows = picture.positions or []
    with st.container(horizontal=True):
        one = st.button("Close one …", key="close-one", icon=":material/close:", disabled=not rows)
        every = st.button("Close all …", key="close-all", icon=":material/clear_all:", disabled=not rows)
    if one or every:
        st.session_state.pop("close-told", None)
        commands.close_dialog(rows if every else choice.narrowed(picture).positions or [], every=every)


live.screen(draw, above=actions)
