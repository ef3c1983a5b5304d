"""The frame of every screen: STOP, which waits for nothing, and one timed fragment for the state and the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.parts import banner, commands, reads

REFRESH_S = 1.0
_STYLE = Path(__file__).with_name("style.css")


def screen(draw: Callable[[reads.Picture], None], above: Callable[[], None] = lambda: None) -> None:
    """STOP, drawn before anything is read; then the state and ``draw(picture)``, again each second.

    ``above`` is drawn once, between the two: buttons that a refresh must not move under the hand.
    """
    st.html(_STYLE)
    commands.stop_button()
    state = st.container(key="state")
    above()

    @st.fragment(run_every=REFRESH_S)
    def refresh() -> None:
        picture = reads.shared().picture()
        with state:
            banner.draw(picture)
        draw(picture)

    refresh()
