"""Which fund a session looks at: the whole desk, or one of its funds alone. It is part of the page's address."""

import streamlit as st

from pages.parts import reads
from pages.parts.picture import ALL, Picture
from pages.parts.words import plain

_SHOWN, _KEPT = "fund", "fund-kept"  # the widget's own value is forgotten when another page is opened


def draw() -> None:
    """The choice, where the desk has more than one fund. It holds on every page of the session."""
    funds = [ALL, *(str(row.get("fund_id")) for row in reads.shared().picture().funds)]
    if len(funds) < 3:
        return
    if st.session_state.get(_SHOWN) not in funds and st.query_params.get(_SHOWN) not in funds:
        st.session_state[_SHOWN] = _kept() if _kept() in funds else ALL
    st.session_state[_KEPT] = st.segmented_control(
        "Fund",
        funds,
        format_func=lambda fund: "Whole desk" if fund == ALL else plain(fund),
        key=_SHOWN,
        default=ALL if _SHOWN not in st.session_state else None,
        required=True,
        bind="query-params",
        label_visibility="collapsed",
    )


def narrowed(picture: Picture) -> Picture:
    """A picture of the fund that was chosen."""
    return picture.of(_kept())


def _kept() -> str:
    return str(st.session_state.get(_KEPT) or ALL)


def underlying(picture: Picture) -> str:
    """The underlying that an option page is about; empty, with the reason said, where there is none."""
    found = chosen("underlying")
    if picture.status is None:
        st.info("Nothing to show yet: the desk was never seen.")
        return ""
    if not found and picture.markets:
        st.rerun()  # the choices were drawn before the desk was seen
    if not found:
        st.info("No option market is reported yet: in its first moments a desk has none.")
    return found


def chosen(key: str) -> str:
    """What the widget of this key stands at, as text; empty where it is not drawn or nothing is chosen."""
    return str(st.session_state.get(key) or "")
