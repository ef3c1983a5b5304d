"""A choice that one can send to a colleague: its id stands in the address, its name on the screen."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st


def choose(label: str, key: str, names: Mapping[str, str], *, first: bool = False, note: str = "") -> str | None:
    """The id that is chosen of ``names`` (names must not change while one looks), or that the address names.

    An id that the address names is taken although it is not among them: the desk may still know it. With ``first`` the
    first is chosen until another is.
    """
    ids = list(names)
    if st.session_state.get(key) is None:
        st.session_state[key] = st.query_params.get(key) or (ids[0] if first and ids else None)
    chosen = st.session_state[key]
    if chosen is not None and chosen not in ids:
        ids.append(chosen)
    found: str | None = st.selectbox(
        label, ids, format_func=lambda one: names.get(one, one), key=key, help=note or None,
        on_change=_follow, args=(key,), placeholder="none chosen",
    )  # fmt: skip
    return found


def take(key: str, chosen: str | None) -> None:
    """Choose it, before the widget of that key is drawn."""
    st.session_state[key] = chosen
    _follow(key)


def _follow(key: str) -> None:
    chosen = st.session_state.get(key)
    if chosen is None:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = chosen
