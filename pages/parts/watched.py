"""What the screens read of alerts: those that stand, those that are over, one with its history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pages.parts import reads
from pages.parts.words import moment

Row = dict[str, Any]
Told = tuple[list[Row] | None, str]
STANDING_EVERY_S, RECORD_EVERY_S = 2.0, 5.0
#: The record is read in pages of this many, and at most so many of them.
_PAGE, _PAGES = 1_000, 3
#: Records around an alert's life that are searched for its revisions.
_SEARCHED = 400
#: How far back a person looks, of the desk's own time; None is as far as the record reaches.
SPANS = {"15 min": timedelta(minutes=15), "2 h": timedelta(hours=2), "day": timedelta(days=1), "all": None}
GRAVITY = {"info": 1, "warning": 2, "error": 3, "critical": 4}


def standing() -> Told:
    """Every alert that stands, the gravest first, then the one that stands longest."""
    found, why = reads.shared().told("alerts", STANDING_EVERY_S, lambda desk: _all(desk, status="standing"))
    return (None if found is None else sorted(found, key=urgency)), why


def urgency(row: Row) -> tuple[bool, bool, int, int, str]:
    """Where an alert stands in the list: shown before held back, open before acknowledged, grave before slight."""
    return (
        not row.get("shown", True),
        bool(row.get("acknowledged_by")),
        -GRAVITY.get(str(row.get("level")), 0),
        -int(row.get("severity") or 0),
        str(row.get("timestamp")),
    )


def record(status: str, level: str, source: str, span: str) -> Told:
    """Alerts on record by these filters, newest first, as far as three pages reach; ``span`` is a word of ``SPANS``."""

    def read(desk: Any) -> list[Row]:
        now, back = moment(desk.status()["data"]["timestamp"]), SPANS.get(span)
        since = now - back if now is not None and back is not None else None
        return _all(desk, status=status, level=level, source=source, since=since)

    return reads.shared().told(f"alerts {status} {level} {source} {span}", RECORD_EVERY_S, read)


def one(alert_id: str) -> tuple[Row | None, str]:
    """One alert in its newest state, whether it stands or not."""
    return reads.shared().told(f"alert {alert_id}", STANDING_EVERY_S, lambda desk: desk.alert(alert_id))


def course(row: Row) -> Told:
    """What is on record about an alert, newest first: raised, counted, acknowledged, noticed, resolved."""
    began = moment(row.get("timestamp"))
    ended = moment(row.get("resolved_at"))
    until = None if ended is None else ended + timedelta(seconds=1)
    name = str(row.get("id"))

    def read(desk: Any) -> list[Row]:
        kinds = ("alert", "resolve_alert", "notice")
        found = [
            line
            for kind in kinds
            for line in desk.audit(limit=_SEARCHED, action=kind, since=began, until=until)["records"]
            if str(line.get("detail")).startswith(name)
        ]
        return sorted(found, key=lambda line: -int(line["seq"]))

    return reads.shared().told(f"course {name} {row.get('revision')}", RECORD_EVERY_S, read)


def _all(desk: Any, **asked: Any) -> list[Row]:
    rows: list[Row] = []
    cursor: str | None = ""
    for _ in range(_PAGES):
        told = desk.alerts(limit=_PAGE, cursor=cursor, **asked)
        rows += told["alerts"]
        if not (cursor := told.get("next_cursor")):
            break
    return rows
