"""Emergency: are we stopped, why, since when, and what would each action do?"""

import streamlit as st

from pages.parts import banner, commands, live, reads, tables
from pages.parts.words import clock, number, plain

ACTIONS = (
    (
        "STOP",
        "trader",
        "Shuts the gate at once, cancels every working order, puts the halt on disk; flattens if asked.",
    ),
    ("Close", "trader", "Sends closing orders for one position or all; the gate stays as it is. On Positions."),
    ("Reset", "admin", "Returns to active if no cause stands any more; else it is refused and the causes are named."),
)


def draw(picture: reads.Picture) -> None:
    """State and causes, the limits, the history."""
    left, right = st.columns([2, 3], gap="medium")
    with left:
        state(picture)
    with right:
        st.subheader("Limits")
        if picture.limits is None:
            st.caption("unknown")
        elif picture.limits:
            tables.show(picture.limits, tables.LIMIT, "emergency-limits", 20)
        else:
            st.error("No limits are loaded: nothing may trade.")
    st.subheader("History of the breaker")
    history()


def state(picture: reads.Picture) -> None:
    """What the breaker is, since when, and why."""
    st.subheader("State")
    breaker = picture.breaker
    words = banner.STATES.get(picture.state, banner.STATES["unknown"])[0]
    since = f" since {clock(breaker['since'], day=True)}" if breaker.get("since") else ""
    st.markdown(f"**{words}**{since} · halts so far: {number(breaker.get('halt_seq'), 0)}")
    st.caption(banner.MEANING.get(picture.state, banner.MEANING["unknown"]))
    causes = [*(breaker.get("triggers") or ()), *(breaker.get("partial") or ())]
    if causes:
        tables.show(causes, tables.CAUSE, "causes", 8)
    elif picture.status is not None:
        st.caption("No cause stands.")


def history() -> None:
    """What the breaker went through, newest first."""
    rows, why = reads.shared().history()
    if rows is None:
        st.caption(f"unknown: {plain(why)}")
    elif rows:
        tables.show(rows, tables.HISTORY, "history", 12)
    else:
        st.caption("No event is on record.")


def actions() -> None:
    """What each action will do before it does it, and the reset."""
    left, right = st.columns(2, gap="medium")
    with left.expander("What each action does", icon=":material/menu_book:"):
        lines = [f"- **{name}** ({role}): {does}" for name, role, does in ACTIONS]
        lines.append(f"- Keys: **{commands.STOP_KEYS}** opens STOP, **{commands.CONFIRM_KEYS}** confirms it.")
        st.markdown("\n".join([*lines, f"- {commands.REMEDY}"]))
    with right.expander("Reset to active …", icon=":material/restart_alt:"):
        commands.reset_form()


live.screen(draw, above=actions)
