"""Alerts: what was raised, and who has it?"""

from datetime import datetime

import streamlit as st

from pages.parts import (
    alert_acts,
    alert_choice,
    alert_figures,
    alert_tables,
    charts,
    exports,
    live,
    reads,
    tables,
    watched,
    ways,
)
from pages.parts.commands import denied
from pages.parts.picture import Picture
from pages.parts.words import clock, moment, phrase, plain
from sidecar.domain.alerts import SOURCES

Row = watched.Row
VIEWS = ("Standing", "Record", "Raise one")
#: From so many on they are shown by what they have in common first.
FLOOD = 20
FACT: tables.Columns = {"name": ("Field", "text", ""), "value": ("Says", "text", "")}


def draw(picture: Picture) -> None:
    """The alert that an address names; then those that stand, or the record."""
    now = moment((picture.status or {}).get("timestamp"))
    if named := st.query_params.get("alert"):
        linked(str(named), now)
    view = st.session_state.get("view") or VIEWS[0]
    if view == "Standing":
        standing(now)
    elif view == "Record":
        record(now)


def standing(now: datetime | None) -> None:
    """The alerts that stand, the gravest and oldest first; by cause before that, where they are many."""
    rows, why = watched.standing()
    if rows is None:
        st.error(f"**Whether an alert stands is unknown.** {plain(why)}", icon=":material/help:")
        return
    if why:
        st.warning(f"The list may be old: {plain(why)}", icon=":material/help:")
    counted(rows)
    if len(rows) > FLOOD:
        flood(rows, now)
    shown = alert_choice.steady(alert_choice.filtered(rows))
    if shown:
        st.dataframe(
            tables.frame([alert_tables.worded(row, now) for row in shown], alert_tables.ALERT),
            key="standing",
            hide_index=True,
            placeholder="–",
            row_height=31,
            height="content" if len(shown) <= 16 else 530,
            column_config=tables.configured(alert_tables.ALERT),
            on_select="rerun",
            selection_mode="multi-row",
            alt=f"{len(shown)} alerts that stand, the gravest first",
        )
    elif rows:
        st.info("No alert passes these filters.")
    chosen = alert_choice.ticked()
    if len(chosen) == 1:
        details(next(row for row in shown if row["id"] == chosen[0]), now)


def counted(rows: list[Row]) -> None:
    """How many stand, of which level, and how many nobody has."""
    if not rows:
        st.success("No alert stands.", icon=":material/task_alt:")
        return
    levels = [f"{sum(row.get('level') == level for row in rows)} {level}" for level in reversed(alert_acts.LEVELS)]
    free = sum(not row.get("acknowledged_by") for row in rows)
    held = sum(not row.get("shown", True) for row in rows)
    kept = f" · {held} held back" if held else ""
    st.markdown(f"**{len(rows)} stand**: {' · '.join(levels)} — **{free} that nobody has**{kept}")


def flood(rows: list[Row], now: datetime | None) -> None:
    """By source and kind, and how they came and went minute by minute."""
    st.subheader("A flood, by cause")
    past, why = watched.record("all", "info", "", "2 h")
    if past is None:
        st.caption(f"How they came is unknown: {plain(why)}")
    else:
        charts.draw(alert_figures.per_minute(past), key="per-minute",
                        alt="Alerts raised and resolved each minute of the last two hours")  # fmt: skip
    tables.show(alert_tables.groups(rows, now), alert_tables.GROUP, "groups", 12)
    st.caption("Filter by source, then Acknowledge: without a ticked row it takes every open alert that is shown.")


def linked(name: str, now: datetime | None) -> None:
    """The alert that the page's address names."""
    found, why = watched.one(name)
    if found is None:
        st.warning(f"Alert {plain(name, 96)}: {plain(why)}")
    else:
        details(found, now)
    ways.to("alerts", "All alerts")


def details(row: Row, now: datetime | None) -> None:
    """One alert: what it says, its fields, and what is on record about it."""
    told = alert_tables.worded(row, now)
    with st.container(border=True):
        st.markdown(f"**{plain(row.get('title'))}** · {plain(told['grave'])} · {plain(told['course'] or 'stands')}")
        st.markdown(plain(row.get("message") or "no message", 2_000))
        hands = f"acknowledged by {plain(row['acknowledged_by'])}" if row.get("acknowledged_by") else "nobody has it"
        first = clock(row.get("timestamp"), day=True)
        st.caption(f"First found {first}, found {row.get('count')} ×, {hands}. Id {plain(row.get('id'))}")
        left, right = st.columns(2, gap="medium")
        with left:
            tables.show(alert_tables.facts(row), FACT, f"facts-{row['id']}", 10)
        with right:
            rows, why = watched.course(row)
            if rows is None:
                st.caption(f"Its history is unknown: {plain(why)}")
            else:
                tables.show(rows, alert_tables.COURSE, f"course-{row['id']}", 10)
        ways.to("alerts", "Link to this alert", alert=str(row["id"]))


def record(now: datetime | None) -> None:
    """Alerts on record by the filters, newest first, and how they came and went."""
    rows, why = watched.record(*_asked())
    if rows is None:
        st.error(f"**The record is unknown.** {plain(why)}", icon=":material/help:")
        return
    if why:
        st.warning(f"The list may be old: {plain(why)}", icon=":material/help:")
    if not rows:
        st.info("No alert is on record for these filters.")
        return
    charts.draw(alert_figures.per_minute(rows), key="per-minute",
                    alt="Alerts raised and resolved each minute")  # fmt: skip
    worded = [alert_tables.worded(row, now) for row in rows]
    tables.show(worded, alert_tables.RECORD, "record", 16, lazy=len(rows) > 200)


def _asked() -> tuple[str, str, str, str]:
    names = (("status", "all"), ("level", "info"), ("source", ""), ("span", "day"))
    status, level, source, span = (str(st.session_state.get(name) or usual) for name, usual in names)
    return status, level, source, span


def above() -> None:
    """Filters and acts, where a refresh does not move them."""
    view, level, source = st.columns([3, 3, 2], vertical_alignment="bottom")
    view.segmented_control("View", VIEWS, key="view", default=VIEWS[0], required=True, bind="query-params")
    level.segmented_control("At least", alert_acts.LEVELS, key="level", default="info", required=True,
                            bind="query-params")  # fmt: skip
    source.selectbox("Found by", ["", *SOURCES], format_func=lambda one: phrase(one) or "all", key="source",
                     bind="query-params")  # fmt: skip
    shown = st.session_state.get("view") or VIEWS[0]
    {"Standing": acts, "Record": spans, "Raise one": alert_acts.raise_form}[shown]()


def acts() -> None:
    """Acknowledge or resolve what is ticked; without a tick every open one that the filters show."""
    with st.container(horizontal=True):
        for word, icon in (("Acknowledge", ":material/front_hand:"), ("Resolve", ":material/task_alt:")):
            if st.button(f"{word} …", key=f"alerts-{word.lower()}", icon=icon, help=denied("trader"),
                         disabled=denied("trader") is not None):  # fmt: skip
                st.session_state.pop("alerts-told", None)
                alert_acts.act_dialog(word, alert_choice.meant(word))
        exports.draw("alerts", table=lambda: tables.frame(_taken(), alert_tables.ALERT))


def _taken() -> list[Row]:
    now = moment((reads.shared().picture().status or {}).get("timestamp"))
    return [alert_tables.worded(row, now) for row in alert_choice.filtered(watched.standing()[0] or [])]


def spans() -> None:
    """How far back the record is shown, and whether what is over."""
    span, status = st.columns(2)
    span.segmented_control("Back", list(watched.SPANS), key="span", default="day", required=True, bind="query-params")
    status.segmented_control("State", ("all", "standing", "resolved"), key="status", default="all", required=True,
                             bind="query-params")  # fmt: skip
    exports.draw("alerts-record", table=lambda: tables.frame(watched.record(*_asked())[0] or [], alert_tables.RECORD))


live.screen(draw, above=above, every=2.0)
