"""The desk's record as the screens read it: what was asked for, page after page, and what may be said of its chain."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import streamlit as st

from pages.parts import reads
from pages.parts.tables import Columns
from pages.parts.words import number, phrase, plain
from sidecar.client import Desk, broken_link
from sidecar.domain.errors import ClientError

Row = dict[str, Any]
EVERY_S = 3.0
_OWN = "record-told"
PAGE = 1_000
SIZES = (100, 500, 1_000, 5_000)
RECORD: Columns = {
    "seq": ("No.", "%d", "the record's number, which has no gaps"),
    "timestamp": ("Time", "time", "the record's own time, exchange zone; a simulated or replayed day has its own"),
    "recorded_at": ("Written", "time", "when it went to disk, by the wall's clock, exchange zone"),
    "actor": ("By", "text", "who, or what, did it"),
    "action": ("Action", "phrase", ""),
    "outcome": ("Outcome", "phrase", ""),
    "detail": ("Detail", "text", ""),
    "kind": ("Kind", "phrase", "of record"),
    "request_id": ("Request", "text", "the same in the log and in the answer's X-Request-ID"),
}


class Asked(NamedTuple):
    """What of the record is asked for; ``before`` is a record's number, 0 for the newest."""

    most: int = SIZES[0]
    before: int = 0
    actor: str = ""
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def filtered(self) -> bool:
        """Whether records of between may be left out."""
        return bool(self.actor or self.action or self.since or self.until)


class Found(NamedTuple):
    """Records, newest first; ``older`` is where the next ones begin, 0 where there are none."""

    records: list[Row]
    older: int
    head: Row


class Verdict(NamedTuple):
    """Of the chain: ``kind`` is whole, broken or unchecked."""

    kind: str
    text: str


def told(asked: Asked) -> tuple[Found | None, str]:
    """The records that are asked for: the newest are shared by all sessions, anything else is the session's own."""
    if asked == Asked():
        return reads.shared().told("record", EVERY_S, lambda desk: gather(desk, asked))
    now, last = time.monotonic(), st.session_state.get(_OWN)
    if last is None or last[0] != asked or now - last[1] >= EVERY_S:
        last = (asked, now, *_read(asked, last[2] if last is not None and last[0] == asked else None))
        st.session_state[_OWN] = last
    return last[2], last[3]


def _read(asked: Asked, before: Found | None) -> tuple[Found | None, str]:
    try:
        return gather(reads.shared().desk, asked), ""
    except ClientError as error:
        return before, str(error)


def gather(desk: Desk, asked: Asked) -> Found:
    """As many pages as it takes; a page is at most 1,000 records."""
    records: list[Row] = []
    cursor = str(asked.before or "")
    head: Row = {}
    while True:
        size = min(PAGE, asked.most - len(records))
        page = desk.audit(size, cursor, asked.actor, asked.action, asked.since, asked.until)
        records += page["records"]
        head = head or page["head"]
        cursor = page["next_cursor"] or ""
        if not cursor or len(records) >= asked.most:
            return Found(records, int(cursor or 0), head)


def verdict(found: Found, asked: Asked) -> Verdict:
    """What the chain of these records says, and what that covers."""
    rows = found.records
    if not rows:
        return Verdict("unchecked", "There is no record here to check.")
    span = f"records {number(rows[-1]['seq'], 0)} to {number(rows[0]['seq'], 0)}"
    if asked.filtered and any(rows[n]["seq"] != rows[n + 1]["seq"] + 1 for n in range(len(rows) - 1)):
        return Verdict("unchecked", f"Not checked: a filter leaves out records between {span}. Take it off to check.")
    broken = broken_link(rows)
    if broken is None and _differs(found):
        broken = int(found.head["seq"])
    if broken is not None:
        return Verdict("broken", f"BROKEN at record {number(broken, 0)}: it does not continue the one before. "
                       "Run: python -m sidecar audit verify")  # fmt: skip
    reach = ""
    if not asked.before and not asked.filtered:
        behind = int(found.head.get("seq") or 0) - int(rows[0]["seq"])
        reach = f" The list is {number(behind, 0)} behind the disk." if behind > 0 else " They reach the head on disk."
    first = "" if rows[-1]["seq"] == 1 else f" Record {number(rows[-1]['seq'], 0)} itself rests on older ones."
    return Verdict("whole", f"Whole: {span}, each continues the hash chain of the one before.{reach}{first}")


def _differs(found: Found) -> bool:
    """Whether the head on disk is another than the record of its number."""
    return any(row["seq"] == found.head.get("seq") and row["digest"] != found.head.get("digest")
               for row in found.records)  # fmt: skip


def payload(record: Row) -> str:
    """What was hashed, laid out for reading; as it is where it is no JSON."""
    text = str(record.get("payload") or "")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=True)
    except ValueError:
        return text


def heading(record: Row) -> str:
    """One record in a line of Markdown."""
    deed = plain(phrase(record.get("action")))
    return f"**Record {number(record.get('seq'), 0)}** {deed} by {plain(record.get('actor'))}"


def names(records: Sequence[Row], field: str) -> list[str]:
    """What stands in a field of these records, in order of the alphabet."""
    return sorted({str(row.get(field)) for row in records if row.get(field)})
