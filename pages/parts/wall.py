"""The wall board: ``?wall=1`` on any address. It turns from screen to screen, large, and nothing on it can be pressed.

``&every=15`` is the seconds of a screen, ``&screens=state,limits`` which and in which order, ``&fund=main`` one fund.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import streamlit as st
from streamlit_autorefresh import st_autorefresh

from pages.parts import reads, wall_screens
from pages.parts.banner import MEANING, STATES
from pages.parts.picture import ALL, Picture
from pages.parts.visitor import visitor
from pages.parts.words import age, clock, known, plain

EVERY_S, LEAST_S, MOST_S = 15, 3, 3_600
REFRESH_S = 2.0
_STYLES = (Path(__file__).with_name("style.css"), Path(__file__).with_name("wall.css"))


class Board(NamedTuple):
    """What the address asks for."""

    screens: tuple[str, ...]
    every_s: int
    fund: str

    def at(self, turn: int) -> str:
        """The screen of a turn."""
        return self.screens[turn % len(self.screens)]


def asked(screens: str, every: str, fund: str = "") -> Board:
    """The address's words as a board; what cannot be used is as if it were not there."""
    wanted = tuple(name for name in screens.lower().replace(" ", "").split(",") if name in wall_screens.SCREENS)
    seconds = known(every) or EVERY_S
    return Board(wanted or tuple(wall_screens.SCREENS), int(min(max(seconds, LEAST_S), MOST_S)), fund or ALL)


def draw() -> None:
    """One screen of the board, and the clock that turns it."""
    query = st.query_params
    board = asked(query.get("screens", ""), query.get("every", ""), query.get("fund", ""))
    for style in _STYLES:
        st.html(style)
    name = board.at(st_autorefresh(1_000 * board.every_s, debounce=False, key="wall-turn"))
    key = visitor().key

    @st.fragment(run_every=REFRESH_S)
    def refresh() -> None:
        if visitor().key != key:
            st.rerun()
        picture = reads.shared().picture().of(board.fund)
        with st.container(key="wall"):
            head(picture, wall_screens.SCREENS[name].title)
            if picture.status is not None:
                wall_screens.SCREENS[name].draw(picture)

    refresh()


def head(picture: Picture, title: str) -> None:
    """On every screen: what it is, how the desk stands, how old this is, and the desk's own clock."""
    words, icon, colour = STATES.get(picture.state, STATES["unknown"])
    if picture.problem:
        words = f"STATE UNKNOWN (was: {words})" if picture.status else "STATE UNKNOWN"
        _, icon, colour = STATES["unknown"]
    marks = [f":{colour}-badge[{icon} **{words}**]"]
    if picture.seen_at is None:
        marks.append(":red-badge[:material/cloud_off: never seen]")
    elif picture.live:
        marks.append(":green-badge[:material/bolt: live]")
    else:
        marks.append(f":red-badge[:material/history: OLD: {age(picture.age_s)} ago]")
    if picture.simulated:
        marks.append(":violet-badge[:material/science: SIMULATED MARKET]")
    if picture.fund != ALL:
        marks.append(f":gray-badge[fund {plain(picture.fund)}]")
    left, right = st.columns([3, 1], vertical_alignment="center")
    left.markdown(f"# {title}\n{' '.join(marks)}")
    right.markdown(f"# {clock((picture.status or {}).get('timestamp'))}")
    if picture.problem:
        kept = "What follows is the last picture." if picture.status else "Nothing was ever seen."
        word = "The sidecar does not answer." if picture.down else "The desk cannot say how it stands."
        st.error(f"**{word}** {kept} {plain(picture.problem)}", icon=":material/cloud_off:")
    elif picture.state not in ("active", "unknown"):
        st.markdown(MEANING.get(picture.state, ""))
