"""What somebody sees who is not signed in: how to get in, how to stop all the same, and what is public anyway."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import streamlit as st

from pages.parts import reads
from pages.parts.relay import PREFIX
from pages.parts.sessions import SESSIONS
from pages.parts.visitor import Visitor
from pages.parts.words import clock, phrase, plain
from sidecar.client import Desk

EVERY_S = 2.0


def entrance(page: str, query: dict[str, list[str]]) -> str:
    """The address of the entrance that leads back to ``page`` as it was asked for.

    >>> entrance("positions", {"fund": ["main"]})
    '/live/enter?next=%2Fpositions%3Ffund%3Dmain'
    """
    wanted = f"/{page}" + (f"?{urlencode(query, doseq=True)}" if query else "")
    return f"{PREFIX}/enter?next={quote(wanted, safe='')}"


def draw(who: Visitor, page: str) -> None:
    """The page in place of every other."""
    st.title("Deskwatch")
    st.markdown("**You are not signed in.**")
    if who.why:
        st.warning(f"Signed out: {plain(who.why)}.")
    query = {name: st.query_params.get_all(name) for name in st.query_params}
    # A plain link in the same tab; the address is made of quoted parts alone.
    st.html(f'<p><a href="{entrance(page, query)}">Sign in with a key</a></p>')
    st.markdown(
        "- With a one-time link: open the one that the desk printed when it started, or get a new one on the desk's "
        "machine: `python -m sidecar login`\n"
        '- To stop the desk, from a terminal on its machine: `python -m sidecar stop --reason "…"`. '
        "It needs no sign-in here."
    )
    st.subheader("The desk now")
    _public()


@st.fragment(run_every=EVERY_S)
def _public() -> None:
    told, why = reads.shared().told("public status", EVERY_S * 0.9, Desk.status)
    if told is None or why:
        st.error(f"State unknown: {plain(why)}")
        return
    data = told["data"]
    breaker = data["circuit_breaker"]
    allowed = breaker.get("trading_allowed")
    st.markdown(
        f"- Breaker: **{phrase(breaker.get('status', 'unknown')).upper()}**, trading "
        f"{'unknown' if allowed is None else 'allowed' if allowed else 'not allowed'}\n"
        f"- Market: {phrase(data['market_condition'].get('condition', 'unknown'))}"
        f"{', simulated' if data.get('simulated') else ''}\n"
        f"- As of {clock(data.get('timestamp'))}"
    )


def foot(who: Visitor) -> None:
    """Who one is, and the way out, at the foot of the sidebar."""
    with st.sidebar.container(key="who"):
        st.caption(f"{plain(who.name, 64)} · {plain(who.role) if who.role else 'role unknown'}")
        if who.session:
            if st.button("Sign out", key="sign-out", type="tertiary", icon=":material/logout:"):
                SESSIONS.end(who.session)
                st.rerun()
        else:
            st.caption("This app was started with a key: nobody signs in or out.")
