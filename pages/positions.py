"""Positions: what do we hold, what does it cost us, and how do we get out of it?"""

import streamlit as st

from pages.parts import cancelling, choice, closing, commands, day, exports, holdings, live, reads, tables
from pages.parts.picture import Picture
from pages.parts.words import arrow, money, number, percent, plain

TABS = ("Positions", "Orders", "Fills")


def draw(picture: Picture) -> None:
    """Totals, what is being closed; then the tree, the working orders or the fills, of the fund that is chosen."""
    picture = choice.narrowed(picture)
    if picture.positions is None:
        st.info("Positions are unknown: the desk has not told them.")
        return
    totals(picture)
    closing.under_way(picture)
    held, orders, fills = st.tabs(TABS, key="tab", on_change="rerun", bind="query-params")
    if held.open:
        with held:
            book(picture)
    if orders.open:
        with orders:
            working(picture)
    if fills.open:
        with fills:
            executed(picture)


def totals(picture: Picture) -> None:
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


def book(picture: Picture) -> None:
    """The positions that pass the filters, as a tree."""
    if picture.awaiting:
        st.caption(f"Expired, awaiting settlement: {plain(', '.join(picture.awaiting))}")
    if not picture.positions:
        st.info("The book is flat: no open position.")
        return
    rows = filtered(picture)
    if not rows:
        st.info("No position passes these filters.")
        return
    if len(rows) < len(picture.positions):
        everything = holdings.Group("", "What passes the filters", rows)
        st.markdown(holdings.line(everything, picture.currency))
    holdings.draw(rows, str(st.session_state.get("by") or holdings.TREE), picture.currency)


def filtered(picture: Picture) -> list[holdings.Row]:
    """The positions that the filters let pass."""
    strategy, underlying, text = (str(st.session_state.get(name) or "") for name in ("strategy", "underlying", "q"))
    return holdings.wanted(picture.positions or [], strategy, underlying, text)


def working(picture: Picture) -> None:
    """The orders that work."""
    if picture.orders is None:
        st.caption("unknown")
    elif picture.orders:
        tables.show(picture.orders, tables.ORDER, "orders", 16)
    else:
        st.caption("No order works.")


def executed(picture: Picture) -> None:
    """The newest executions and settlements."""
    rows, why = day.executions(picture.fund)
    if rows is None:
        st.caption(f"unknown: {plain(why)}")
    elif rows:
        tables.show(rows, tables.FILL, "fills", 16)
    else:
        st.caption("Nothing was dealt yet.")


def actions() -> None:
    """Filters and acts: outside the timed part, so that a refresh never moves a button under the hand."""
    choice.draw()
    picture = choice.narrowed(reads.shared().picture())
    filters(picture)
    denied = commands.denied("trader")
    held = bool(reads.shared().picture().positions)
    rows = (
        ("Close one …", "close-one", ":material/close:", closing.ONE, held),
        ("Close a strategy …", "close-strategy", ":material/folder_delete:", closing.STRATEGY, held),
        ("Close a fund …", "close-fund", ":material/account_balance:", closing.FUND, held and len(picture.funds) > 1),
        ("Close all …", "close-all", ":material/clear_all:", closing.ALL, held),
    )
    with st.container(horizontal=True):
        for label, key, icon, what, on in rows:
            if st.button(label, key=key, icon=icon, disabled=not on, help=denied):
                st.session_state.pop("close-told", None)
                st.session_state.pop("close-plan", None)
                closing.close_dialog(what)
        for label, key, every in (("Cancel one …", "cancel-one", False), ("Cancel all orders …", "cancel-all", True)):
            if st.button(label, key=key, icon=":material/cancel:", help=denied):
                st.session_state.pop("cancel-told", None)
                cancelling.cancel_dialog(picture.fund, every=every)
        exports.draw("positions", table=lambda: tables.frame(_taken(), tables.POSITION))


def _taken() -> list[holdings.Row]:
    return filtered(choice.narrowed(reads.shared().picture()))


def filters(picture: Picture) -> None:
    """What one would send to a colleague: the level, and what is looked for."""
    rows = picture.positions or []
    by, strategy, underlying, text = st.columns([3, 2, 2, 2], vertical_alignment="bottom")
    by.segmented_control(
        "By", list(holdings.LEVELS), key="by", default=holdings.TREE, required=True, bind="query-params"
    )
    for cell, name in ((strategy, "strategy"), (underlying, "underlying")):
        cell.selectbox(
            name.capitalize(),
            ["", *sorted({str(row.get(name)) for row in rows})],
            format_func=lambda one: one or "all",
            key=name,
            bind="query-params",
        )
    text.text_input("Find", key="q", max_chars=80, placeholder="contract, strategy", bind="query-params")


live.screen(draw, above=actions, every=2.0)
