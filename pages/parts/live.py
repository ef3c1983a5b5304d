"""The frame of every screen: the bar with STOP, which wait for nothing, and one timed fragment for the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.parts import banner, bar, panel, reads
from pages.parts.picture import Picture
from pages.parts.visitor import visitor

REFRESH_S = 1.0
_STYLE = Path(__file__).with_name("style.css")


def screen(
    draw: Callable[[Picture], None], above: Callable[[], None] = lambda: None, every: float | None = REFRESH_S
) -> None:
    """The bar, drawn before anything is read; then notes and ``draw(picture)``, again after ``every`` seconds.

    ``above`` is drawn once, between the two: buttons that a refresh must not move under the hand. ``every`` is the
    pace at which a person reads this page; None where nothing on it changes by itself. It is the page's only timer,
    and it rests while nobody looks.
    """
    who = visitor()
    st.html(_STYLE)
    with st.container(key="bar-line"):
        looked_at = bar.draw()
    notes = st.container(key="notes")
    above()

    @st.fragment(run_every=every if looked_at else None)
    def refresh() -> None:
        if visitor().key != who.key:  # signed out, in this tab or another, or by the desk
            st.rerun()
        panel.keep()
        picture = reads.shared().picture()
        # A place outside a fragment must be written to at the full run, or a refresh may not write to it at all: the
        # empty container stands there while there is nothing to say.
        with notes, st.container():
            banner.draw(picture)
        draw(picture)

    refresh()
