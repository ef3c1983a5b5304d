"""Back to active: with an admin's key and a typed reason. A key that is typed is used once and kept nowhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.parts import commands, reads
from pages.parts.picture import ALL
from pages.parts.visitor import visitor
from pages.parts.words import one_line, plain
from sidecar.client import Desk

_WHOLE = "the whole desk"


def reset_form(scopes: list[str]) -> None:
    """What a reset does, and its form; ``scopes`` are those that are shut beside the desk."""
    with st.form("reset"):
        st.markdown("Lifts the halt and lets orders that add risk pass again. **Refused while a cause still stands.**")
        st.selectbox(
            "What to reset",
            [ALL, *scopes],
            format_func=lambda scope: _WHOLE if scope == ALL else one_line(scope),
            key="reset-scope",
        )
        key_field("reset-key")
        st.text_input("Reason (required)", max_chars=300, key="reset-reason")
        st.form_submit_button("Reset to active", icon=":material/restart_alt:", on_click=_reset)
    told("reset-told")


def _reset() -> None:
    scope = str(st.session_state.get("reset-scope") or ALL)
    as_admin("reset", lambda desk, reason: desk.reset(reason, scope))


def key_field(key: str) -> None:
    """Where an admin's key is typed, for a visitor who did not sign in with one."""
    if visitor().may("admin"):
        st.caption(f"Sent with your own key ({plain(visitor().name)}).")
    else:
        st.text_input("Admin key (used once, kept nowhere)", type="password", autocomplete="off", key=key)


def as_admin(name: str, act: Callable[[Desk, str], Any]) -> None:
    """Do ``act(desk, reason)`` as an admin. Called before the page is drawn again: the key is out of the session then.

    The form's widgets are ``<name>-key`` and ``<name>-reason``; what came of it is kept at ``<name>-told``.
    """
    own = visitor().key if visitor().may("admin") else ""
    secret, reason = own, str(st.session_state.get(f"{name}-reason") or "").strip()
    if not own:
        secret = str(st.session_state.get(f"{name}-key") or "").strip()
        st.session_state[f"{name}-key"] = ""
    if len(reason) < commands.SHORTEST_REASON or not secret:
        st.session_state[f"{name}-told"] = commands.unsent("Nothing was sent: type the admin key and a reason.")
        return
    st.session_state[f"{name}-reason"] = ""
    try:
        with Desk(reads.address(), secret) as desk:
            st.session_state[f"{name}-told"] = commands.ask(desk, lambda admin: act(admin, reason))
    except ValueError:
        # A header cannot carry every character.
        st.session_state[f"{name}-told"] = commands.unsent("Nothing was sent: that is not a key.")


def told(key: str) -> None:
    """What came of the act, once."""
    if (found := st.session_state.pop(key, None)) is not None:
        commands.outcome(found)
