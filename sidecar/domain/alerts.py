"""The words of alerts: what was found, and the alert that it makes, counts towards or ends."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class AlertLevel(StrEnum):
    """How grave an alert is, in words; ``severity`` says it in numbers, 1 (to know) to 5 (act now)."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class AlertType(StrEnum):
    """How an alert is shown. ``success`` is good news: what was wrong has ended."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    SUCCESS = "success"


class Finding(msgspec.Struct, frozen=True):
    """Something that somebody should know. Findings of one :attr:`fingerprint` are one alert with a count.

    ``source`` is the part of the desk that found it (a word of :data:`SOURCES`), ``kind`` what it is in one word,
    ``subject`` whose (a limit in its scope, a symbol, a strategy); ``severity`` is 1 to 5.
    """

    source: str
    kind: str
    subject: str
    level: AlertLevel
    severity: int
    title: str
    message: str
    details: Mapping[str, str] = {}

    @property
    def fingerprint(self) -> str:
        """What makes two findings the same alert.

        >>> Finding("limits", "breach", "main daily_loss", AlertLevel.CRITICAL, 5, "", "").fingerprint
        'limits:breach:main daily_loss'
        """
        return f"{self.source}:{self.kind}:{self.subject}"


#: Every part of the desk that finds something, and what it finds.
SOURCES: Mapping[str, str] = {
    "breaker": "trading is off, or off in part",
    "limits": "a limit is broken, or near it",
    "data": "data is stale or missing, has gaps, or is refused",
    "orders": "an order was refused, rejected or lost",
    "venue": "the venue differs from the book, or does not answer",
    "pnl": "profit and loss that the risk factors do not explain",
    "strategy": "a strategy failed, or was disabled",
    "heartbeat": "a client's dead man's switch",
    "storage": "the journal or the database cannot keep what it is given",
    "system": "the process or the machine",
    "training": "a training run failed",
    "model": "a model cannot be used, or its live record is not what validation promised",
    "drift": "a model sees other data than it learnt from",
    "calendar": "the sessions table is about to end",
    "notices": "a notice could not be delivered",
    "outside": "told over the API, by a person or another program",
}


class Alert(msgspec.Struct, frozen=True):
    """One alert in its newest state; times are microseconds UTC, 0 where it has not happened.

    ``count`` is how often it was found since ``at``. ``revision`` rises with every change of state that is on record.
    ``inhibited_by`` is the fingerprint of the alert that explains this one; ``shown`` is false while it is held back,
    by that or by a flood. ``escalations`` counts how often nobody acted in time.
    """

    id: str
    fingerprint: str
    source: str
    kind: str
    type: AlertType
    level: AlertLevel
    severity: int
    title: str
    message: str
    at: int
    updated_at: int
    count: int = 1
    details: Mapping[str, str] = {}
    resolved: bool = False
    resolved_at: int = 0
    resolved_by: str = ""
    acknowledged_by: str = ""
    acknowledged_at: int = 0
    escalations: int = 0
    inhibited_by: str = ""
    shown: bool = True
    revision: int = 1
