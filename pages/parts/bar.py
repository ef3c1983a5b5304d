"""The bar and STOP: what every page carries, drawn once by Streamlit and kept true by the browser's own line.

Its scripts are ``bar.js`` and ``stop.js``, their words in files of their own, on top of ``wire.js`` and ``told.js``.
"""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from pages.parts import scripts
from pages.parts.panel import keep
from pages.parts.relay import PREFIX
from pages.parts.visitor import visitor
from pages.parts.words import ZONE

KEY = "bar"
SCRIPT = ("told", "wire", "stop_words", "stop", "bar_words", "bar")


def markup() -> str:
    """The bar, and STOP in a template: the script puts it where nothing that Streamlit draws can take it away."""
    box = f"<style>{scripts.text('stop.css')}</style>{scripts.text('stop.html')}"
    return f'{scripts.text("bar.html")}<template data-at="stop">{box}</template>'


_mount = st.components.v2.component("bar", html=markup(), css=scripts.text("bar.css"), js=scripts.module(*SCRIPT))


def draw() -> bool:
    """Draw the bar; returns whether somebody looks at the page."""
    # What the browser said last goes back to it, so that it knows what is heard and says it only once.
    hidden = bool((st.session_state.get(KEY) or {}).get("hidden"))
    zone = {"zone": ZONE.key, "zone_name": datetime.now(ZONE).tzname()}
    who = visitor()
    # Of a key whose role is not known only the desk can say what it may.
    role = who.role or (None if who.key else "")
    data = {"ticket": keep(), "path": PREFIX, "role": role, "hidden": hidden, **zone}
    _mount(key=KEY, data=data, on_hidden_change=lambda: None)
    return not hidden
