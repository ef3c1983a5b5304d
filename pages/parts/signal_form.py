"""A signal by hand: what somebody expects, put on record before its outcome can be known. It trades nothing."""

from __future__ import annotations

import streamlit as st

from pages.parts import commands, reads
from pages.parts.words import clock, plain

TOLD = "signal-told"
_WAYS = {"buy": "▲ rise", "sell": "▼ fall", "hold": "■ stay"}


def draw(symbols: list[str]) -> None:
    """The fields and the button; then what came of it."""
    with st.expander("Put your own expectation on record", icon=":material/edit_note:", key="signal-open"):
        st.caption("It is scored when its horizon has passed. It trades nothing.")
        with st.form("signal"):
            cells = st.columns([2, 2, 1, 1])
            cells[0].selectbox("Contract", symbols, key="signal-symbol", accept_new_options=True)
            cells[1].segmented_control(
                "It will", list(_WAYS), default="buy", required=True, key="signal-way", format_func=_WAYS.__getitem__
            )
            cells[2].number_input("Sure (%)", 0, 100, 60, key="signal-sure")
            cells[3].number_input("Within (min)", 1, 43_200, 15, key="signal-minutes", help="market minutes")
            st.text_input("Because", key="signal-reason", max_chars=300)
            st.form_submit_button("Put on record", icon=":material/edit_note:", on_click=_send)
        told = st.session_state.pop(TOLD, None)
        if told is None:
            return
        if told["ok"]:
            made = told["answer"]
            st.success(f"{plain(made.get('id'))} is on record, and is scored at {clock(made.get('due_at'))}")
        else:
            st.error(("NOT CONFIRMED: " if told["unsure"] else "Refused: ") + plain(told["detail"]))


def _send() -> None:
    state = st.session_state
    symbol, way = str(state.get("signal-symbol") or ""), str(state["signal-way"])
    sure, seconds = state["signal-sure"] / 100, state["signal-minutes"] * 60.0
    reason = str(state.get("signal-reason") or "").strip()
    state[TOLD] = commands.ask(reads.shared().desk, lambda desk: desk.signal(symbol, way, sure, seconds, reason=reason))
