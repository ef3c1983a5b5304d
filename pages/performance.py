"""Performance: how did each fund do over time?"""

from __future__ import annotations

import streamlit as st

from pages.parts import charts, choice, exports, fortunes, live, performance_figures, reads, tables
from pages.parts.fortunes import BY_SESSION, Past
from pages.parts.picture import ALL, Picture
from pages.parts.words import arrow, number, plain

VIEWS = ("Line", "Calendar", "Round trips")


def draw(picture: Picture) -> None:
    """The fund's figures, then what is chosen: its line, its sessions, its round trips."""
    fund = choice.narrowed(picture).fund
    summary(picture, fund)
    OPEN[str(st.session_state.get("view") or VIEWS[0])](picture, fund)


def summary(picture: Picture, fund: str) -> None:
    """The newest line of the fund, and of the others beside it."""
    names = tuple(str(row.get("fund_id")) for row in picture.funds) or (fund,)
    rows, why = fortunes.newest(names)
    if rows is None:
        st.info(f"Performance is unknown: {plain(why)}")
        return
    if why:
        st.warning(f"What follows may be old: {plain(why)}")
    own = next((row for row in rows if row.get("fund_id") == fund), None)
    if own is None:
        st.info("Nothing is on record yet: the first line comes within seconds of the first report.")
        return
    for cell, (label, value, note) in zip(st.columns(5), fortunes.ratios(own), strict=True):
        shown = arrow(own.get("total_return")) + value if label == "Return" else value
        cell.metric(label, shown, note, delta_color="off", delta_arrow="off", border=True)
    if len(rows) > 2:
        tables.show(fortunes.shares(rows), fortunes.FUND, "funds", 8)


def line(picture: Picture, fund: str) -> None:
    """Value and drawdown over the span."""
    span = str(st.session_state.get("over") or "Session")
    minutes = fortunes.SPANS[span]
    if minutes:
        rows, why = fortunes.line(fund, minutes)
    else:
        found = fortunes.past(fund, sessions())
        rows = [{"timestamp": day.timestamp, "portfolio_value": day.value, "drawdown": day.drawdown}
                for day in found.days[::-1]]  # fmt: skip
        why = found.why
        reach(found)
    if why:
        st.warning(f"The line may be old or missing: {plain(why)}")
    if rows:
        figure = performance_figures.underwater(rows, picture.currency, broken=bool(minutes))
        charts.draw(figure, key="underwater", alt="Value of the fund, and how far it is under its peak")
    elif not why:
        st.info("No point of this line is on record yet.")


def calendar(_: Picture, fund: str) -> None:
    """Each session in a calendar, and how their returns are spread."""
    found = fortunes.past(fund, sessions())
    if found.why:
        st.warning(f"Not every session could be read: {plain(found.why)}")
    if not found.days:
        st.info("No session is on record yet.")
        return
    reach(found)
    charts.draw(performance_figures.calendar(found.days), key="calendar",
                    alt="Return of each session by week and weekday")  # fmt: skip
    if len(found.days) < 5:
        st.caption("Too few sessions for a distribution: it begins with five.")
        return
    charts.draw(performance_figures.distribution(found.days), key="distribution",
                    alt="How many sessions ended with which return")  # fmt: skip


def reach(found: Past) -> None:
    """How far back it goes."""
    if not found.days:
        return
    oldest = found.days[-1].date
    more = "older ones are on record: choose a longer time" if found.more else "the first on record"
    told = "" if found.why else f"; {more}"
    count = "1 session" if len(found.days) == 1 else f"{number(len(found.days), 0)} sessions"
    st.caption(f"{count}, back to {oldest:%d %b %Y}{told}.")


def trips(_: Picture, fund: str) -> None:
    """Positions from flat to flat."""
    found, why = fortunes.trips(fund)
    if found is None:
        st.info(f"Round trips are unknown: {plain(why)}")
        return
    rows, more = found
    if not rows:
        st.info("No position was closed yet: a round trip is one from flat to flat.")
        return
    kept = "the newest; the export has all" if more else "all that are on record"
    st.caption(f"{number(len(rows), 0)} round trips, {kept}.")
    tables.show(rows, fortunes.TRIP, "trips", 18)


OPEN = dict(zip(VIEWS, (line, calendar, trips), strict=True))


def sessions() -> int:
    """How many sessions to read."""
    return fortunes.SESSIONS.get(str(st.session_state.get("back")), 66)


def above() -> None:
    """The fund, what is looked at, how far back; in the address too."""
    choice.draw()
    left, middle, right, last = st.columns([3, 3, 2, 1], vertical_alignment="bottom")
    view = left.segmented_control("Show", VIEWS, default=VIEWS[0], required=True, key="view", bind="query-params",
                                  label_visibility="collapsed")  # fmt: skip
    span = BY_SESSION
    if view == VIEWS[0]:
        span = str(middle.segmented_control("Over", list(fortunes.SPANS), default="Session", required=True, key="over",
                                            bind="query-params", label_visibility="collapsed"))  # fmt: skip
    if view != VIEWS[2] and span == BY_SESSION:
        right.selectbox("Back", list(fortunes.SESSIONS), index=1, key="back", bind="query-params",
                        label_visibility="collapsed")  # fmt: skip
    with last:
        export(choice.narrowed(reads.shared().picture()).fund)


def export(fund: str) -> None:
    """Every round trip of the fund, read when it is asked for."""
    desk, asked = reads.shared().desk, "" if fund == ALL else fund
    exports.draw("trades", table=lambda: tables.frame(fortunes.gather(desk, asked)[0], fortunes.TRIP))


live.screen(draw, above=above, every=5.0)
