"""Ways to other pages: a link that keeps the session, with the filters that the other page begins with."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.parts.screens import ALL_SCREENS
from pages.parts.words import plain

_FOLDER = Path(__file__).resolve().parents[1]
_SCREENS = {screen.name: screen for screen in ALL_SCREENS}


def to(page: str, label: str = "", **query: str) -> None:
    """A link to the page of that name; ``query`` are its deep links (``fund="main"``), which also set its widgets."""
    screen = _SCREENS[page]
    st.page_link(
        st.Page(_FOLDER / f"{page}.py", title=screen.title, default=page == ALL_SCREENS[0].name),
        label=label or plain(screen.title),
        icon=screen.icon,
        query_params={name: value for name, value in query.items() if value} or None,
    )
