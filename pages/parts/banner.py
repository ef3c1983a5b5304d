"""What is said above a page of its own picture: that it is old, why the desk is halted, what is missing.

How the desk stands now is in the bar (``bar.py``), which does not wait for the page.
"""

from __future__ import annotations

import streamlit as st

from pages.parts.picture import Picture, Row
from pages.parts.words import age, phrase, plain

#: Breaker state → words, icon, colour. Words and icon alone suffice.
STATES: dict[str, tuple[str, str, str]] = {
    "active": ("TRADING ALLOWED", ":material/check_circle:", "green"),
    "tripped": ("TRIPPED by a limit", ":material/warning:", "orange"),
    "emergency_stop": ("EMERGENCY STOP", ":material/front_hand:", "red"),
    "market_halt": ("MARKET HALT", ":material/pause_circle:", "red"),
    "manual_disable": ("DISABLED by hand", ":material/lock:", "orange"),
    "unknown": ("STATE UNKNOWN", ":material/help:", "gray"),
}
#: What each state means for orders.
MEANING: dict[str, str] = {
    "active": "Orders pass the gate if every limit lets them.",
    "tripped": "Orders that add risk are refused; orders that only reduce it still pass.",
    "emergency_stop": "Orders that add risk are refused until an admin resets; orders that only reduce it still pass.",
    "market_halt": "No order passes, not even one that reduces risk.",
    "manual_disable": "Orders that add risk are refused until a person arms the desk; reducing orders still pass.",
    "unknown": "The app cannot see the desk, so it cannot say whether orders pass.",
}


def draw(picture: Picture) -> None:
    """What needs to be said of this page's own picture: that it is old, why the desk is halted, what is missing."""
    if picture.problem or (picture.seen_at is not None and not picture.live):
        _old(picture)
    elif picture.state not in ("active", "unknown"):
        told = "; ".join(_cause(row) for row in (picture.breaker.get("triggers") or ())[:3])
        words, icon, _ = STATES.get(picture.state, STATES["unknown"])
        because = f" Because: {told}" if told else ""
        st.markdown(f":small[{icon} **{words}**: {MEANING.get(picture.state, '')}{because}]")
    for name, why in picture.missing.items():
        st.warning(f"{phrase(name).capitalize()} unknown: {plain(why)}", icon=":material/help:")
    for note in ((picture.status or {}).get("notes") or ())[:3]:
        st.caption(f"Note: {plain(note)}")


def _old(picture: Picture) -> None:
    word = "The sidecar does not answer." if picture.down else "The desk cannot say how it stands."
    if picture.status is None:
        kept = f"{STATES['unknown'][0]}: no picture was ever seen."
    else:
        was = STATES.get(picture.state, STATES["unknown"])[0]
        kept = f"What follows is OLD, of {age(picture.age_s)} ago (was: {was}), not the present."
    st.error(f"**{word}** {kept} {plain(picture.problem)}", icon=":material/cloud_off:")


def _cause(row: Row) -> str:
    detail = plain(row.get("detail") or "", 120)
    return plain(phrase(row.get("trigger"))) + (f" ({detail})" if detail else "")
