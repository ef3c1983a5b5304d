"""Emergency: are we stopped, why, since when, and what would each action do?"""

import streamlit as st

from pages.parts import (
    banner,
    breaker_figures,
    cancelling,
    charts,
    commands,
    day,
    disabling,
    drills,
    exports,
    heartbeats,
    live,
    overriding,
    reads,
    resetting,
    tables,
    ways,
)
from pages.parts.picture import Picture
from pages.parts.visitor import visitor
from pages.parts.words import clock, moment, number, phrase, plain

#: Action, who may, what it will do before it does it, and the page where it is done (empty: here).
ACTIONS = (
    ("STOP", "trader", "shuts the gate at once, cancels what works, halt on disk; flattens if asked. **F9**", ""),
    ("Reset", "admin", "back to active, the desk or one scope; refused while a cause stands, which is then named", ""),
    ("Enable override", "admin", "lets named limits pass for at most 15 minutes; never an emergency stop", ""),
    ("Disable override", "trader", "ends the override now", ""),
    ("Disable trading", "trader", "refuses what adds risk and cancels what works, without the alarm of a stop", ""),
    ("Close positions", "trader", "closes one, several or all, the plan first; the gate stays as it is", "positions"),
    ("Cancel all orders", "trader", "cancels what works; positions and the gate stay as they are", ""),
    ("Manual order", "trader", "one order through every pre-trade check, with its effect first", "scenarios"),
    ("Heartbeat", "trader", "arms a client, whose silence then halts the desk", ""),
    ("Risk numbers", "viewer", "what the limits see", "limits"),
    ("Data quality", "viewer", "whether what we see can be trusted", "data_quality"),
    ("Audit", "viewer", "who did what, hash-chained", "audit"),
    ("Newest log lines", "admin", "what the sidecar says of itself", ""),
    ("Health", "public", "whether the process lives and is ready", "system"),
)  # fmt: skip
ACTS = ("Reset", "Override", "Disable", "Cancel all", "Heartbeats", "Drill", "Log", "What each action does")
#: Log lines that are shown.
LINES = 100
LOG: tables.Columns = {
    "timestamp": ("Time", "time", "exchange time"),
    "level": ("Level", "text", ""),
    "logger": ("Part", "text", ""),
    "message": ("Says", "text", ""),
}


def draw(picture: Picture) -> None:
    """State and causes, what is armed, the history."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        state(picture)
    with right:
        st.subheader("Armed clients")
        heartbeats.table(picture)
        st.markdown(drills.last(picture))
        ways.to("limits", "Limits and how far each is used")
    st.subheader("History of the breaker")
    history(picture)


def state(picture: Picture) -> None:
    """What the breaker is, since when, and why."""
    st.subheader("State")
    breaker = picture.breaker
    words = banner.STATES.get(picture.state, banner.STATES["unknown"])[0]
    since = f" since {clock(breaker['since'], day=True)}" if breaker.get("since") else ""
    st.markdown(f"**{words}**{since} · halts so far: {number(breaker.get('halt_seq'), 0)}")
    st.caption(banner.MEANING.get(picture.state, banner.MEANING["unknown"]))
    if told := overriding.left(picture):
        st.markdown(told)
    causes = [*(breaker.get("triggers") or ()), *(breaker.get("partial") or ())]
    if causes:
        tables.show(causes, tables.CAUSE, "causes", 8)
    elif picture.status is not None:
        st.caption("No cause stands.")


def history(picture: Picture) -> None:
    """What the breaker went through: a picture, and the table newest first."""
    rows, why = reads.shared().told("breaker history", day.EVERY_S, lambda desk: desk.breaker_history())
    if rows is None:
        st.caption(f"unknown: {plain(why)}")
    elif rows:
        now = moment((picture.status or {}).get("timestamp"))
        shut = None if picture.status is None else _shut(picture)
        figure = breaker_figures.timeline(rows, now, shut=shut)
        charts.draw(figure, key="timeline", alt="States of the breaker over time")
        tables.show(rows, tables.HISTORY, "history", 12)
        exports.draw("breaker-history", table=lambda: tables.frame(rows, tables.HISTORY))
    else:
        st.caption("No event is on record.")


def actions() -> None:
    """Every act with its control, where a refresh does not move it; only the open one is drawn."""
    picture = reads.shared().picture()
    forms = {
        "Reset": lambda: resetting.reset_form(_shut(picture)),
        "Override": lambda: overriding.override_form(picture),
        "Disable": lambda: disabling.disable_form(picture),
        "Cancel all": lambda: cancelling.cancel_form(every=True),
        "Heartbeats": lambda: heartbeats.form(picture),
        "Drill": lambda: drills.form(picture),
        "Log": log,
        "What each action does": meaning,
    }
    for tab, name in zip(st.tabs(ACTS, key="act", on_change="rerun", bind="query-params"), ACTS, strict=True):
        if tab.open:
            with tab:
                forms[name]()


def _shut(picture: Picture) -> list[str]:
    return list(dict.fromkeys(str(row.get("scope")) for row in picture.breaker.get("partial") or ()))


def log() -> None:
    """The newest lines of the sidecar's log, for an admin."""
    if not visitor().may("admin"):
        st.caption(f"{commands.denied('admin')} On the desk's machine the log is on the terminal.")
        return
    level = st.segmented_control("At least", ["info", "warning", "error"], default="info", required=True, key="log")
    rows, why = reads.shared().told(f"log {level}", 2.0, lambda desk: desk.logs(LINES, str(level)))
    if rows is None:
        st.caption(f"unknown: {plain(why)}")
    else:
        tables.show(rows, LOG, "log-lines", 14)


def meaning() -> None:
    """What each action will do before it does it, and who may."""
    for name, role, does, page in ACTIONS:
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.markdown(f"**{name}** ({phrase(role)}): {does}.", width="stretch")
            if page:
                ways.to(page)
    st.markdown(commands.REMEDY)


live.screen(draw, above=actions, every=2.0)
