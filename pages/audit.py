"""Audit: who did what, and is the record whole?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from pages.parts import charts, exports, live, reads, record_figures, records, tables
from pages.parts.picture import Picture
from pages.parts.records import Asked, Found
from pages.parts.words import ZONE, clock, number, one_line, plain

SAY: dict[str, Any] = {"whole": st.success, "broken": st.error, "unchecked": st.info}
ICONS = {"whole": ":material/link:", "broken": ":material/link_off:", "unchecked": ":material/help:"}
LONG = 500


def draw(_: Picture) -> None:
    """The verdict on the chain, the records over time, the records, and the one that is picked."""
    wanted = asked()
    found, why = records.told(wanted)
    if found is None:
        st.info(f"The record is unknown: {plain(why)}")
        return
    if why:
        st.warning(f"The record could not be read again, what follows may be old: {plain(why)}")
    said = records.verdict(found, wanted)
    SAY[said.kind](plain(said.text), icon=ICONS[said.kind])
    head = found.head
    cells = (("On disk", number(head.get("seq"), 0)), ("Shown", number(len(found.records), 0)))
    for cell, (label, value) in zip(st.columns(2), cells, strict=True):
        cell.metric(f"{label} (records)", value)
    st.caption(f"Head on disk: record {number(head.get('seq'), 0)}, chain `{one_line(head.get('digest'), 64)}`")
    if not found.records:
        st.info("No record answers to this filter." if wanted.filtered else "The record is empty.")
        return
    charts.draw(record_figures.timeline(found.records), key="timeline",
                    alt="Records over time by action")  # fmt: skip
    listed(found)


def listed(found: Found) -> None:
    """The table; a record that is picked in it stands below, whole."""
    span = f"{clock(found.records[-1]['timestamp'], day=True)} to {clock(found.records[0]['timestamp'], day=True)}"
    more = "; older ones follow" if found.older else "; the first of all is among them"
    st.caption(f"{number(len(found.records), 0)} records, {span}{more}. Pick a row to see the whole record.")
    picked = st.dataframe(
        tables.frame(found.records, records.RECORD),
        key="records",
        hide_index=True,
        placeholder="–",
        height=420,
        column_config=tables.configured(records.RECORD),
        on_select="rerun",
        selection_mode="single-row",
        alt="The record",
    )
    rows = picked["selection"]["rows"]
    if rows and rows[0] < len(found.records):
        one(found.records[rows[0]])


def one(record: dict[str, Any]) -> None:
    """A record with what was hashed."""
    with st.container(border=True):
        st.markdown(records.heading(record))
        when = f"{clock(record.get('timestamp'), day=True)}, written {clock(record.get('recorded_at'), day=True)}"
        st.caption(f"{plain(record.get('outcome'))} · {when} · request {plain(record.get('request_id') or 'none')}")
        st.code(records.payload(record), language="json", wrap_lines=True, height=320)
        st.caption("Digest: SHA-256 of the digest before it and of these bytes as they were written.")
        st.code(str(record.get("digest")), language=None)


def asked() -> Asked:
    """What the filter says; times are the exchange's."""
    state = st.session_state
    since, until = (_aware(state.get(name)) for name in ("since", "until"))
    before = int(state.get("before") or 0)
    size = int(state.get("rows") or records.SIZES[0])
    return Asked(size, before, str(state.get("actor") or ""), str(state.get("action") or ""), since, until)


def _aware(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=ZONE)


def export() -> None:
    """What the filter finds, with payload and digest, so that it can be checked elsewhere."""
    # The file is made later, where there is no session: what it is of is settled now.
    desk, wanted = reads.shared().desk, asked()
    exports.draw("audit", table=lambda: pd.DataFrame(records.gather(desk, wanted).records))


def above() -> None:
    """The filter, each part of it in the address; and the way to older records."""
    newest, _ = records.told(Asked())
    rows = newest.records if newest else []
    cells = st.columns([2, 2, 2, 2, 1, 1], vertical_alignment="bottom")
    for cell, name, word in ((cells[0], "actor", "By"), (cells[1], "action", "Action")):
        kept = [str(st.query_params[name])] if st.query_params.get(name) else []
        options = sorted({*records.names(rows, name), *kept})
        cell.selectbox(word, options, index=None, key=name, bind="query-params", accept_new_options=True,
                       placeholder="any")  # fmt: skip
    for cell, name, word in ((cells[2], "since", "From"), (cells[3], "until", "To")):
        cell.datetime_input(f"{word} ({ZONE.key})", value=None, key=name, bind="query-params", step=60)
    cells[4].selectbox("Records", records.SIZES, key="rows", bind="query-params")
    cells[5].number_input("Before no.", min_value=1, value=None, step=1, key="before", bind="query-params",
                          placeholder="newest", help="Only records of a lower number; empty: newest")  # fmt: skip
    turn()


def turn() -> None:
    """To older records, and back to the newest."""
    found, _ = records.told(asked())
    left, right, last = st.columns([1, 1, 6])
    left.button("Newest", key="newest", disabled=not asked().before, on_click=lambda: go(None), width="stretch")
    older = found.older if found else 0
    right.button("Older", key="older", disabled=not older, on_click=lambda: go(older), width="stretch")
    with last:
        export()


def go(before: int | None) -> None:
    """Show the records below a number."""
    st.session_state["before"] = before


live.screen(draw, above=above, every=5.0 if asked().most <= LONG and not asked().before else 30.0)
