"""The analysts' app: its pages. What each of them carries (the state and STOP) is in ``pages/parts/live.py``."""

import streamlit as st

from pages.parts import screens, sign_in, wall
from pages.parts.screens import ALL_SCREENS, SCREENS
from pages.parts.visitor import visitor

st.set_page_config(page_title="Deskwatch", page_icon="📈", layout="wide")
who = visitor()
board = bool(who.key) and st.query_params.get("wall") == "1"
# Without a key too it is known which page was asked for: signing in leads back to it.
page = st.navigation(
    {
        heading: [
            st.Page(screen.file, title=screen.title, icon=screen.icon, default=screen is ALL_SCREENS[0])
            for screen in group
        ]
        for heading, group in SCREENS.items()
    },
    position="sidebar" if who.key and not board else "hidden",
    expanded=True,
)
if board:
    wall.draw()
elif who.key:
    sign_in.foot(who)
    screens.heading(page.url_path)
    page.run()
else:
    sign_in.draw(who, page.url_path)
