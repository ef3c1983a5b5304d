"""Letting named limits pass for a while: an admin's act, with a reason, an end, and a way to end it sooner."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts import commands, reads
from pages.parts.picture import Picture
from pages.parts.resetting import as_admin, key_field, told
from pages.parts.words import age, clock, moment, phrase, plain

Row = dict[str, Any]
#: Seconds: the longest that the desk takes, the shortest that is of use, what is offered first.
LONGEST, SHORTEST, USUAL = 900, 30, 300


def override_form(picture: Picture) -> None:
    """What an override lets pass, its form; where one is on, how to end it now."""
    names = sorted({str(line.get("name")) for line in picture.limits or ()})
    if picture.breaker.get("override"):
        st.markdown("An override is on; another replaces it.")
        _ending()
    with st.form("override"):
        st.markdown(
            "The limits that you name refuse and trip nothing until it ends, for **all** strategies and people. "
            "All other limits hold. It never covers an emergency stop. It ends by itself, at the latest after "
            f"{LONGEST // 60} minutes of the desk's clock."
        )
        st.multiselect("Limits that may pass", names, format_func=phrase, key="override-limits", disabled=not names)
        st.slider("For how long (seconds of the desk's clock)", SHORTEST, LONGEST, USUAL, 30, key="override-seconds")
        key_field("override-key")
        st.text_input("Reason (required)", max_chars=300, key="override-reason")
        st.form_submit_button("Let them pass", icon=":material/lock_open:", on_click=_override)
    told("override-told")


def _override() -> None:
    limits, seconds = list(st.session_state["override-limits"]), float(st.session_state["override-seconds"])
    if not limits:
        st.session_state["override-key"] = ""
        st.session_state["override-told"] = commands.unsent("Nothing was sent: name at least one limit.")
        return
    as_admin("override", lambda desk, reason: desk.override_on(limits, seconds, reason))


def _ending() -> None:
    denied = commands.denied("trader")
    if st.button("End the override now", key="override-end", icon=":material/lock:", help=denied,
                 disabled=denied is not None):  # fmt: skip
        commands.outcome(commands.ask(reads.shared().desk, lambda desk: desk.override_off("ended in the app")))


def left(picture: Picture) -> str:
    """What passes and for how long still, in Markdown; empty where no override is on."""
    row: Row | None = picture.breaker.get("override")
    if not row:
        return ""
    now, end = moment((picture.status or {}).get("timestamp")), moment(row.get("expires_at"))
    still = age(max(0.0, (end - now).total_seconds())) if now is not None and end is not None else "unknown"
    names = ", ".join(plain(phrase(name)) for name in row.get("limits") or ())
    return (
        f":material/lock_open: **Override on for another {still}** (until {clock(row.get('expires_at'))}): {names} may "
        f"pass. By {plain(row.get('actor'))}: {plain(row.get('reason'))}"
    )
