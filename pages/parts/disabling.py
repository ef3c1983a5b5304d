"""Turning trading off without the alarm of an emergency stop."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts import commands, reads
from pages.parts.picture import Picture

Row = dict[str, Any]


def disable_form(picture: Picture) -> None:
    """What it does now, the reason, the button; then what came of it."""
    commands.once("disable-told", lambda: _disable(picture))


def _disable(picture: Picture) -> Row | None:
    count = "an unknown number of" if picture.orders is None else str(len(picture.orders))
    st.markdown(
        f"Cancels **{count} working orders** and refuses what adds risk until an admin resets. Reducing orders still "
        "pass, positions stay open. No alarm is raised. For anything urgent use **STOP**."
    )
    reason = st.text_input("Reason (required)", key="disable-reason", max_chars=300)
    denied = commands.denied("trader")
    off = denied is not None or len(reason.strip()) < commands.SHORTEST_REASON
    if not st.button("Disable trading", key="disable-confirm", icon=":material/lock:", help=denied, disabled=off):
        return None
    return commands.ask(reads.shared().desk, lambda desk: desk.disable(reason.strip()))
