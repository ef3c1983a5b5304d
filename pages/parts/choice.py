"""Which fund a session looks at: the whole desk, or one of its funds alone."""

import streamlit as st

from pages.parts import reads
from pages.parts.words import plain

_SHOWN, _KEPT = "fund", "fund-kept"  # the widget's own value is forgotten when another page is opened


def draw() -> None:
    """The choice, where the desk has more than one fund. It holds on every page of the session."""
    funds = [reads.ALL, *(str(row.get("fund_id")) for row in reads.shared().picture().funds)]
    if len(funds) < 3:
        return
    if st.session_state.get(_SHOWN) not in funds:
        st.session_state[_SHOWN] = _kept() if _kept() in funds else reads.ALL
    st.session_state[_KEPT] = st.segmented_control(
        "Fund",
        funds,
        format_func=lambda fund: "Whole desk" if fund == reads.ALL else plain(fund),
        key=_SHOWN,
        label_visibility="collapsed",
    )


def narrowed(picture: reads.Picture) -> reads.Picture:
    """A picture of the fund that was chosen."""
    return picture.of(_kept())


def _kept() -> str:
    return str(st.session_state.get(_KEPT) or reads.ALL)
