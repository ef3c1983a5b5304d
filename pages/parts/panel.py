"""The live panel: breaker, money, prices and positions as they change, over a socket of the browser's own.

Streamlit draws it once; what it shows then does not pass through Streamlit. Its script is ``panel.js``.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.parts.relay import PREFIX, TICKETS

_HERE = Path(__file__)
_TICKET = "live-ticket"

_mount = st.components.v2.component(
    "live_panel",
    html=_HERE.with_name("panel.html").read_text(),
    css=_HERE.with_name("panel.css").read_text(),
    js=_HERE.with_name("panel.js").read_text(),
)


def draw(fund: str) -> None:
    """The panel of one fund, or of all (``*``), where it is called."""
    _mount(key="live", data={"ticket": keep(), "path": PREFIX, "fund": fund})


def keep() -> str:
    """Renew this session's ticket; to be called at every refresh, so that it lives as long as the page."""
    ticket = TICKETS.renew(st.session_state.get(_TICKET))
    st.session_state[_TICKET] = ticket
    return ticket
