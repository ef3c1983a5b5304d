"""Who looks at the page: the session's key and its role. The role decides what is shown, the sidecar what is done."""

from __future__ import annotations

import os
from typing import NamedTuple

import streamlit as st

from pages.parts.identities import IDENTITIES
from pages.parts.sessions import SESSIONS, cookie

RANKS = ("viewer", "trader", "admin")
URL = "http://127.0.0.1:8000"


class Visitor(NamedTuple):
    """Who is signed in; ``key`` is empty and ``role`` ``""`` for somebody who is not, and ``why`` says why not.

    ``session`` is empty where the app itself was started with a key (``DESK_KEY``).
    """

    key: str
    role: str
    name: str
    session: str = ""
    why: str = ""

    def may(self, role: str) -> bool:
        """Whether this visitor's key covers ``role``."""
        return self.role in RANKS and RANKS.index(self.role) >= RANKS.index(role)


NOBODY = Visitor("", "", "nobody")


def address() -> str:
    """Where the sidecar is."""
    return os.environ.get("DESK_URL", URL)


def visitor() -> Visitor:
    """The visitor of the session that is being drawn."""
    if given := os.environ.get("DESK_KEY"):
        known = IDENTITIES.of(address(), given)
        return Visitor(given, known.role, known.name or "this app's own key")
    secret = _cookie()
    if not secret:
        return NOBODY
    session = SESSIONS.find(secret)
    if session is None:
        return NOBODY._replace(why=SESSIONS.why(secret))
    known = IDENTITIES.of(address(), session.key)
    if known.refused:
        SESSIONS.end(session.id, f"the desk does not take this key any more: {known.refused}")
        return NOBODY._replace(why=SESSIONS.why(secret))
    return Visitor(session.key, known.role, known.name or "signed in", session.id)


def _cookie() -> str:
    """The session's cookie as the browser sent it when it opened this page's connection."""
    hosts = st.context.headers.get_all("host")
    return str(st.context.cookies.get(cookie(hosts[0]), "")) if len(hosts) == 1 else ""
