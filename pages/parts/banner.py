"""The line that every screen carries: may we trade, is the market open, is this real, and how old is what I see."""

from __future__ import annotations

import streamlit as st

from pages.parts.reads import Picture, Row
from pages.parts.words import age, clock, phrase, plain

#: Breaker state → words, icon, colour. Words and icon alone suffice.
STATES: dict[str, tuple[str, str, str]] = {
    "active": ("TRADING ALLOWED", ":material/check_circle:", "green"),
    "tripped": ("TRIPPED by a limit", ":material/warning:", "orange"),
    "emergency_stop": ("EMERGENCY STOP", ":material/front_hand:", "red"),
    "market_halt": ("MARKET HALT", ":material/pause_circle:", "red"),
    "manual_disable": ("DISABLED by hand", ":material/lock:", "orange"),
    "unknown": ("STATE UNKNOWN", ":material/help:", "gray"),
}
#: The feed's health → words, icon, colour.
_FEEDS: dict[str | None, tuple[str, str, str]] = {
    "up": ("feed up", "sensors", "blue"),
    "degraded": ("feed degraded", "sensors", "orange"),
    "silent": ("FEED SILENT", "sensors_off", "red"),
    "down": ("FEED DOWN", "sensors_off", "red"),
}
_FEED_UNKNOWN = ("feed unknown", "sensors_off", "gray")
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
    """The badges, and below them what needs to be said."""
    look = picture.state if picture.state in STATES and picture.live else "unknown"
    with st.container(key=f"state-{look}", horizontal=True, vertical_alignment="center", gap="small"):
        words, icon, colour = STATES.get(picture.state, STATES["unknown"])
        if picture.problem and picture.status is not None:
            words, colour = f"was: {words}", "gray"
        st.badge(f"**{words}**", icon=icon, color=colour)  # type: ignore[arg-type]
        if picture.status is not None:
            _facts(picture)
        _freshness(picture)
    _say(picture)


def _facts(picture: Picture) -> None:
    status = picture.status or {}
    is_open = picture.breaker.get("market_open")
    if is_open is None:
        st.badge("session unknown", icon=":material/help:", color="gray")
    else:
        word, icon = ("session open", ":material/schedule:") if is_open else ("session closed", ":material/bedtime:")
        st.badge(word, icon=icon, color="blue" if is_open else "gray")
    if picture.simulated:
        st.badge("SIMULATED MARKET", icon=":material/science:", color="violet")
    word, icon, color = _FEEDS.get((picture.quality or {}).get("streaming_health"), _FEED_UNKNOWN)
    st.badge(word, icon=f":material/{icon}:", color=color)  # type: ignore[arg-type]
    if picture.breaker.get("blind"):
        st.badge("BLIND: no trusted marks", icon=":material/visibility_off:", color="red")
    if picture.breaker.get("override_enabled"):
        st.badge("override on", icon=":material/lock_open:", color="orange")
    for scope in dict.fromkeys(row.get("scope") for row in picture.breaker.get("partial") or ()):
        st.badge(f"SHUT: {plain(scope)}", icon=":material/block:", color="orange")
    for icon, word, count in _under_way(status):
        st.badge(f"{word}: {count}", icon=icon, color="orange")
    st.badge(f"desk time {clock(status.get('timestamp'))}", color="gray")


def _under_way(status: Row) -> list[tuple[str, str, int]]:
    """What is not done yet: orders of which the venue owes an answer, and positions that are being closed."""
    unconfirmed = (status.get("orders") or {}).get("unconfirmed") or 0
    closing = (status.get("positions") or {}).get("closing") or 0
    rows = (
        (":material/pending:", "venue unconfirmed", unconfirmed),
        (":material/downloading:", "positions closing", closing),
    )
    return [row for row in rows if row[2]]


def _freshness(picture: Picture) -> None:
    if picture.seen_at is None:
        st.badge("never seen", icon=":material/cloud_off:", color="red")
    elif picture.live:
        st.badge("live", icon=":material/bolt:", color="green")
    else:
        st.badge(f"OLD: {age(picture.age_s)} ago", icon=":material/history:", color="red")


def _say(picture: Picture) -> None:
    if picture.problem:
        kept = "What follows is the last picture, not the present." if picture.status else "No picture was ever seen."
        word = "The sidecar does not answer." if picture.down else "The desk cannot say how it stands."
        st.error(f"**{word}** {kept} {plain(picture.problem)}", icon=":material/cloud_off:")
    elif picture.state not in ("active", "unknown"):
        told = "; ".join(_cause(row) for row in (picture.breaker.get("triggers") or ())[:3])
        st.markdown(f":small[{MEANING.get(picture.state, '')} {('Because: ' + told) if told else ''}]")
    for name, why in picture.missing.items():
        st.warning(f"{phrase(name).capitalize()} unknown: {plain(why)}", icon=":material/help:")
    for note in ((picture.status or {}).get("notes") or ())[:3]:
        st.caption(f"Note: {plain(note)}")


def _cause(row: Row) -> str:
    detail = plain(row.get("detail") or "", 120)
    return plain(phrase(row.get("trigger"))) + (f" ({detail})" if detail else "")
