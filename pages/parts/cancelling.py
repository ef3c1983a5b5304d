"""Cancelling orders: one, or every one that works; what the venue has not confirmed is named."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts import commands, reads
from pages.parts.picture import ALL
from pages.parts.words import phrase, plain
from sidecar.client import Desk

Row = dict[str, Any]


@st.dialog("Cancel orders", icon=":material/cancel:", width="medium")
def cancel_dialog(fund: str, *, every: bool) -> None:
    """Cancel one order, or all that work, of a fund or of the whole desk (``*``)."""
    cancel_form(fund, every=every)


def cancel_form(fund: str = ALL, *, every: bool) -> None:
    """Which, the last button; then what came of it."""
    commands.once("cancel-told", lambda: _all(fund) if every else _one(fund))


def _one(fund: str) -> Row | None:
    rows = reads.shared().picture().of(fund).orders or []
    names = {str(row["id"]): row for row in rows}
    chosen: str | None = st.selectbox(
        "Order", list(names), format_func=lambda key: _shown(names[key])[:160], index=None, key="cancel-which"
    )
    st.caption("The order that is cancelled may still fill until the venue confirms.")
    if not _confirmed("Cancel this order", ready=chosen is not None) or chosen is None:
        return None
    return commands.ask(reads.shared().desk, lambda desk: cancelled(desk.cancel(chosen)))


def _shown(row: Row) -> str:
    price = row.get("price")
    at = f" at {price}" if price is not None else ""
    return f"{row.get('side')} {row.get('remaining', row.get('quantity'))} {row.get('symbol')}{at}  ({row.get('id')})"


def cancelled(order: Row) -> Row:
    """The answer about one order in the words of an answer about many."""
    done = order.get("state") == "cancelled"
    counts = {"done": int(done), "asked": 1, "outstanding": [] if done else [order.get("id")], "ended_otherwise": []}
    message = f"order {order.get('id')} is {phrase(order.get('state'))}"
    return {"status": "success" if done else "pending", "message": message, "orders_cancelled": counts}


def _all(fund: str) -> Row | None:
    picture = reads.shared().picture().of(fund)
    count = "an unknown number of" if picture.orders is None else str(len(picture.orders))
    where = "the whole desk" if fund == ALL else f"fund {plain(fund)}"
    st.markdown(f"Cancels go out for **{count} working orders** of {where}. Positions and the gate stay as they are.")
    reason = st.text_input("Reason (required)", key="cancel-reason", max_chars=300)
    if not _confirmed("Cancel all", ready=len(reason.strip()) >= commands.SHORTEST_REASON):
        return None

    def act(desk: Desk) -> Row:
        return desk.cancel_all(reason.strip(), None if fund == ALL else fund)

    return commands.ask(reads.shared().desk, act)


def _confirmed(label: str, *, ready: bool) -> bool:
    denied = commands.denied("trader")
    off = denied is not None or not ready
    return st.button(label, key="cancel-confirm", type="primary", help=denied, disabled=off)
