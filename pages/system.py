"""System: is the machine well?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import streamlit as st

from pages.parts import charts, live, machine, reads, system_figures, tables
from pages.parts.picture import Picture
from pages.parts.visitor import visitor
from pages.parts.words import age, number, phrase, plain

PLOT = {"displayModeBar": False}
WORDS = {"ok": (":material/check_circle:", "green"), "degraded": (":material/warning:", "orange")}
TABS = ("Over time", "Sockets and queues", "Jobs", "Log", "This app")
#: A measurement is due every five seconds.
LATE_S = 20.0


def draw(_: Picture) -> None:
    """Ready or not, line by line; the newest measurement; then what is chosen."""
    readiness()
    rows, why = machine.system(str(st.session_state.get("span") or "30 min"))
    if rows:
        newest(rows, why)
    else:
        st.info(f"Measurements are unknown: {plain(why)}" if why else "Nothing is measured yet: it begins in seconds.")
    OPEN[str(st.session_state.get("tab") or TABS[0])](rows or [])


def readiness() -> None:
    """Each thing that keeps the desk from being relied on."""
    found = machine.ready()
    if found.why:
        st.error(f"**Ready: unknown.** {plain(found.why)}", icon=":material/cloud_off:")
    elif found.ok:
        st.success("**Ready.** Nothing keeps the desk from being relied on: reports, journal, database, keys.",
                   icon=":material/check_circle:")  # fmt: skip
    for line in found.missing:
        st.error(f"**Not ready:** {plain(line)}", icon=":material/error:")


def newest(rows: list[dict[str, Any]], why: str) -> None:
    """How it is now, how old that is, and what is the matter."""
    row, silent = rows[0], machine.silence(rows, datetime.now(UTC))
    icon, colour = WORDS.get(str(row.get("api_status")), (":material/front_hand:", "red"))
    feeds = ", ".join(f"{plain(name)} {plain(state)}" for name, state in (row.get("feeds") or {}).items())
    st.markdown(f":{colour}-badge[{icon} {plain(phrase(row.get('api_status')))}] feeds: {feeds or 'none'} · "
                f"measured {age(silent)} ago")  # fmt: skip
    if why or (silent or 0.0) > LATE_S:
        st.warning(f"Measurements are late: what follows is {age(silent)} old. {plain(why)}")
    for problem in row.get("problems") or ():
        st.warning(plain(problem))
    for cell, (label, value, note) in zip(st.columns(5), machine.cells(row), strict=True):
        cell.metric(label, value, note, delta_color="off", delta_arrow="off", border=True)


def over_time(rows: list[dict[str, Any]]) -> None:
    """CPU, memory and load; how late the loop was; the process's memory."""
    if not rows:
        return
    for kind, lines in machine.LINES.items():
        figure = system_figures.over_time(rows, lines, machine.UNITS[kind])
        charts.draw(figure, key=f"machine-{kind}", config=PLOT, alt=", ".join(word for _, word, _ in lines))


def sockets(rows: list[dict[str, Any]]) -> None:
    """Who listens, what waits, what was told."""
    told, why = machine.streams()
    if told is None:
        st.caption(f"Sockets unknown: {plain(why)}")
    else:
        counts = (
            f"{number(told.get('active_connections'), 0)} open, {number(told.get('total_messages_sent'), 0)} frames"
        )
        st.caption(f"{counts} sent since the start")
        listed = [{**row, "topics": ", ".join(map(str, row.get("topics") or ()))} for row in told["connections"]]
        if listed:
            tables.show(listed, machine.SOCKET, "sockets", 12)
    if rows and rows[0].get("queues"):
        charts.draw(system_figures.queues(rows[0]["queues"]), key="queues", config=PLOT, alt="What waits in queues")
    told, why = machine.counts()
    if told is None:
        st.caption(f"Counts unknown: {plain(why)}")
        return
    names = ("performance_updates", "trading_signals", "system_status_updates", "active_alerts")
    st.caption(" · ".join(f"{phrase(name)} {number(told.get(name), 0)}" for name in names))


def jobs(_: list[dict[str, Any]]) -> None:
    """Trainings beside the desk."""
    rows, why = machine.jobs()
    if rows is None:
        st.caption(f"Jobs unknown: {plain(why)}")
    elif rows:
        tables.show(rows, machine.JOB, "jobs", 12)
    else:
        st.caption("No job has run yet. Trainings are on Training, backtests on Backtest.")


def log(_: list[dict[str, Any]]) -> None:
    """The sidecar's log; the desk gives it to an admin's key."""
    if not visitor().may("admin"):
        st.info("The log is for an admin's key: sign in with one, or read it where the sidecar runs.")
        return
    rows, why = machine.logs(str(st.session_state.get("level") or "info"))
    if rows is None:
        st.warning(f"The log is unknown: {plain(why)}")
    elif rows:
        tables.show(rows, machine.LOG, "log", 18)
    else:
        st.caption("No line of this level.")


def app(_: list[dict[str, Any]]) -> None:
    """The app's own process, and versions of both."""
    own = machine.own()
    told, _why = machine.counts()
    rows = (
        ("App's memory", f"{number(own.memory_bytes / 2**20, 0)} MiB", f"{own.threads} threads"),
        ("Sessions", number(own.sessions, 0), "open in browsers"),
        ("App up for", age(own.uptime_s), ""),
        ("Sidecar", plain((told or {}).get("version") or "unknown"), "version"),
    )
    for cell, (label, value, note) in zip(st.columns(len(rows)), rows, strict=True):
        cell.metric(label, value, note or None, delta_color="off", delta_arrow="off", border=True)
    st.caption(" · ".join(f"{name} {plain(number_)}" for name, number_ in own.versions.items()))
    address = reads.address()
    st.markdown(f"The sidecar describes itself at [REST]({address}/docs), [stream]({address}/asyncapi.json) and "
                f"[metrics]({address}/metrics).")  # fmt: skip


OPEN = dict(zip(TABS, (over_time, sockets, jobs, log, app), strict=True))


def above() -> None:
    """What is looked at, in the address too."""
    left, right = st.columns([5, 2], vertical_alignment="bottom")
    tab = left.segmented_control("Show", TABS, default=TABS[0], required=True, key="tab", bind="query-params",
                                 label_visibility="collapsed")  # fmt: skip
    if tab == TABS[0]:
        right.segmented_control("Span", list(machine.SPANS), default="30 min", required=True, key="span",
                                bind="query-params", label_visibility="collapsed")  # fmt: skip
    if tab == "Log":
        right.selectbox("At least", machine.LEVELS, index=1, key="level", bind="query-params",
                        label_visibility="collapsed")  # fmt: skip


live.screen(draw, above=above, every=5.0)
