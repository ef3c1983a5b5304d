"""Dead man's switches: who is armed and how long ago each was heard; arming and disarming one."""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

from pages.parts import commands, reads, tables
from pages.parts.picture import Picture

Row = dict[str, Any]
_NAME = re.compile(r"[A-Za-z0-9_.:@-]{1,40}")
ARMED: tables.Columns = {
    "client": ("Client", "text", "who must give a sign of life"),
    "age_s": ("Heard", "%,.1f s", "seconds since its last sign of life"),
    "expires_in_s": ("Halts after", "%,.0f s", "so long a silence halts the desk"),
}


def table(picture: Picture) -> None:
    """Who is armed now."""
    if picture.heartbeats is None:
        count = (picture.status or {}).get("armed_clients")
        st.caption(f"{count} clients are armed; who they are is unknown." if count is not None else "unknown")
    elif picture.heartbeats:
        tables.show(picture.heartbeats, ARMED, "armed", 6)
    else:
        st.caption("No client is armed: nobody's silence halts the desk.")


def form(picture: Picture) -> None:
    """Arm one, or say goodbye for one that has ended as it meant to."""
    st.markdown(
        "An armed client that is silent for its interval **halts the desk and cancels open orders**. The app sends one "
        'sign of life; whoever you arm must send the next: `desk.heartbeat("name")`.'
    )
    denied = commands.denied("trader")
    arm, gone = st.columns(2, gap="medium")
    with arm:
        name = str(st.text_input("Client", key="beat-client", max_chars=40, placeholder="hedger-1") or "").strip()
        seconds = float(st.slider("Halts after a silence of (s)", 5, 600, 60, 5, key="beat-seconds"))
        off = denied is not None or not _NAME.fullmatch(name)
        if st.button("Arm", key="beat-arm", icon=":material/heart_check:", help=denied, disabled=off):
            _told(commands.ask(reads.shared().desk, lambda desk: desk.heartbeat(name, seconds)))
    with gone:
        known = [str(row.get("client")) for row in picture.heartbeats or ()]
        chosen = st.selectbox("Armed client", known, index=None, key="beat-gone", disabled=not known)
        off = denied is not None or chosen is None
        if st.button("Disarm", key="beat-disarm", icon=":material/heart_minus:", help=denied, disabled=off):
            _told(commands.ask(reads.shared().desk, lambda desk: desk.heartbeat(str(chosen), goodbye=True)))


def _told(row: Row) -> None:
    commands.outcome(row)
