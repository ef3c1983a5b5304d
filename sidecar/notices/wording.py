"""The text of a message: plain, short, one line an alert, nothing in it that a chat would obey."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from sidecar.domain.alerts import AlertLevel, AlertType
from sidecar.domain.clock import iso
from sidecar.notices.owed import Event, Notice

#: Alerts in one message, and characters of a line and of a title: a message then fits every chat and most pagers.
MOST_LINES = 6
_LINE = 260
_TITLE = 120
_NOTES = 80
_TURNED = {"<": "‹", ">": "›", "@": "@\u200b", "`": "'"}
#: How a message is marked where the service knows colours: Apprise's words.
_MARK = {
    AlertType.ERROR: "failure",
    AlertType.WARNING: "warning",
    AlertType.INFO: "info",
    AlertType.SUCCESS: "success",
}
_GRAVITY = list(AlertLevel)
_HEAD = {
    Event.RAISED: "{level}",
    Event.GRAVER: "now {level}",
    Event.ESCALATED: "{level}, nobody acted",
    Event.RESOLVED: "resolved",
    Event.OVER: "{level}, over already",
}


class Message(NamedTuple):
    """What a channel is given; ``mark`` is ``failure``, ``warning``, ``info`` or ``success``."""

    title: str
    body: str
    mark: str


def message(notices: Sequence[Notice], desk: str) -> Message:
    """One message of one or more notices; ``desk`` names who speaks. Each line ends with the notice's id."""
    standing = [notice for notice in notices if not notice.alert.resolved]
    gravest = max(standing or notices, key=lambda notice: _GRAVITY.index(notice.alert.level))
    if len(notices) == 1:
        title = f"{_head(gravest)}: {gravest.alert.title}"
    else:
        worst = f"the gravest {gravest.alert.level}: {gravest.alert.title}" if standing else "all over"
        title = f"{len(notices)} alerts, {worst}"
    mark = _MARK[gravest.alert.type] if standing else "success"
    return Message(f"[{desk}] {plain(title, _TITLE)}", "\n".join(_line(notice) for notice in notices), mark)


def plain(text: str, longest: int) -> str:
    """The text on one line: no control characters, no mark-up, no mention of anybody; cut to ``longest``."""
    kept = "".join(one for one in " ".join(text.split()) if unicodedata.category(one) not in ("Cc", "Cf", "Cs"))
    cut = kept if len(kept) <= longest else kept[: longest - 1] + "…"
    return "".join(_TURNED.get(one, one) for one in cut)


def _head(notice: Notice) -> str:
    return _HEAD[notice.event].format(level=notice.alert.level)


def _line(notice: Notice) -> str:
    alert = notice.alert
    parts = [f"{_head(notice)}: {alert.title}"]
    if alert.message:
        parts.append(alert.message)
    notes = [iso(alert.resolved_at if alert.resolved and alert.resolved_at else alert.at)[:19] + "Z"]
    if alert.count > 1:
        notes.append(f"{alert.count} times")
    if alert.resolved and alert.resolved_by:
        notes.append(f"by {alert.resolved_by}")
    elif alert.acknowledged_by and not alert.resolved:
        notes.append(f"{alert.acknowledged_by} deals with it")
    return f"{plain('. '.join(parts), _LINE)} ({plain(', '.join(notes), _NOTES)}) #{notice.id}"
