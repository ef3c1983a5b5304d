"""The live blotter: positions, orders and the last of the P&L as they change, over a socket of the browser's own.

Streamlit draws it once; what it shows then does not pass through Streamlit. Its script is ``panel.js``.
"""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from pages.parts import reads, scripts
from pages.parts.relay import PREFIX, TICKETS
from pages.parts.visitor import visitor
from pages.parts.words import ZONE, known

POINTS = 120
_TICKET = "live-ticket"

SCRIPT = ("told", "wire", "spark", "panel")


def markup() -> str:
    """What the script fills."""
    return scripts.text("panel.html")


_mount = st.components.v2.component(
    "live_panel", html=markup(), css=scripts.text("panel.css"), js=scripts.module(*SCRIPT)
)


def draw(fund: str, key: str = "live") -> None:
    """The blotter of one fund, or of all (``*``), where it is called."""
    rows, _ = reads.shared().equity(fund)
    day = [[row.get("timestamp"), known(row.get("daily_pnl"))] for row in (rows or ())[-POINTS:]]
    zone = {"zone": ZONE.key, "zone_name": datetime.now(ZONE).tzname()}
    _mount(key=key, data={"ticket": keep(), "path": PREFIX, "fund": fund, "day": day, **zone})


def keep() -> str:
    """Renew this session's ticket; to be called at every refresh, so that it lives as long as the page."""
    who = visitor()
    ticket = TICKETS.renew(st.session_state.get(_TICKET), who.key, who.session)
    st.session_state[_TICKET] = ticket
    return ticket
