"""Alerts as tables: one by one with its words, and by what they have in common."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pages.parts.tables import Columns
from pages.parts.watched import GRAVITY, urgency
from pages.parts.words import age, moment, phrase

Row = dict[str, Any]
ALERT: Columns = {
    "grave": ("Level", "text", "critical, error, warning or info, and the severity from 5 (act now) to 1 (to know)"),
    "title": ("What", "text", ""),
    "stood": ("Stands for", "text", "since it was first found, by the desk's clock"),
    "count": ("Found", "%,d ×", "how often it was found since then"),
    "hands": ("Who has it", "text", "who acknowledged it; nobody: it grows graver by itself"),
    "course": ("Course", "text", "how often nobody acted in time; whether it is held back, and behind what"),
    "source": ("Found by", "text", "the part of the desk that found it"),
    "message": ("Message", "text", ""),
    "timestamp": ("First found", "time", "exchange time"),
    "id": ("Id", "text", ""),
}
RECORD: Columns = {**ALERT, "resolved_at": ("Over", "time", "exchange time"), "resolved_by": ("Ended by", "text", "")}
GROUP: Columns = {
    "source": ("Found by", "text", "the part of the desk that found them"),
    "kind": ("Kind", "phrase", ""),
    "alerts": ("Alerts", "%,d", "that stand"),
    "found": ("Found", "%,d ×", "all their repeats"),
    "open": ("Nobody has", "%,d", "not acknowledged"),
    "grave": ("Worst", "text", ""),
    "stood": ("Oldest", "text", "since the first was found"),
    "title": ("The gravest says", "text", ""),
}
COURSE: Columns = {
    "timestamp": ("Time", "time", "exchange time"),
    "action": ("What", "phrase", ""),
    "outcome": ("Came of it", "phrase", ""),
    "actor": ("By", "text", ""),
    "detail": ("Detail", "text", ""),
    "seq": ("Record", "%d", "its number in the audit"),
}


def worded(row: Row, now: datetime | None) -> Row:
    """An alert with what is told of it in words; unknown where the desk's time is unknown."""
    began, ended = moment(row.get("timestamp")), moment(row.get("resolved_at"))
    until = ended or now
    stood = age((until - began).total_seconds()) if began is not None and until is not None else None
    level = str(row.get("level") or "unknown")
    return {
        **row,
        "grave": f"{level.upper() if level in ('critical', 'error') else level} {row.get('severity') or ''}".strip(),
        "stood": stood,
        "hands": row.get("acknowledged_by") or ("" if row.get("resolved") else "nobody"),
        "course": "; ".join(_course(row)) or None,
    }


def _course(row: Row) -> list[str]:
    told = []
    if escalations := row.get("escalations"):
        told.append(f"grew graver {escalations} ×")
    if not row.get("shown", True):
        by = row.get("inhibited_by")
        told.append(f"held back behind {by}" if by else "held back: too many at once")
    if row.get("resolved"):
        told.append("over")
    return told


def groups(rows: Sequence[Row], now: datetime | None) -> list[Row]:
    """Alerts by source and kind, the group with the gravest first, then the largest."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((str(row.get("source")), str(row.get("kind"))), []).append(row)
    made = []
    for (source, kind), mine in found.items():
        first = min(mine, key=urgency)
        oldest = min(mine, key=lambda row: str(row.get("timestamp")))
        made.append(
            {
                "source": source,
                "kind": kind,
                "alerts": len(mine),
                "found": sum(int(row.get("count") or 1) for row in mine),
                "open": sum(not row.get("acknowledged_by") for row in mine),
                "grave": worded(max(mine, key=_gravity), now)["grave"],
                "stood": worded(oldest, now)["stood"],
                "title": first.get("title"),
                "worst": _gravity(max(mine, key=_gravity)),
            }
        )
    return sorted(made, key=lambda row: (row["worst"], row["alerts"]), reverse=True)


def _gravity(row: Row) -> tuple[int, int]:
    return GRAVITY.get(str(row.get("level")), 0), int(row.get("severity") or 0)


def facts(row: Row) -> list[Row]:
    """One alert's fields and details, a row each, for reading."""
    shown = ("fingerprint", "kind", "type", "acknowledged_at", "resolved_by", "resolved_at", "inhibited_by", "revision")
    own = [{"name": phrase(name), "value": str(row[name])} for name in shown if row.get(name) not in (None, "")]
    return own + [{"name": str(name), "value": str(value)} for name, value in (row.get("details") or {}).items()]
