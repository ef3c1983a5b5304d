"""Alerts as they stand now: the record's, with the newest report's over them, as it is written a moment after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sidecar.domain.alerts import Alert, AlertLevel
from sidecar.domain.report import DeskReport

#: Reads alerts in their newest state, newest first by (``at``, ``id``), by keyword: ``limit``, ``before``, ``since``,
#: ``until``, ``standing`` (None for both) and ``level`` (that one alone; empty for all).
ReadPage = Callable[..., Sequence[Alert]]
_GRAVITY = list(AlertLevel)
#: Alerts that one question to the record may give, where it cannot filter by itself.
_CHUNK = 1_000


@dataclass(frozen=True)
class Wanted:
    """One page of alerts, as for ``PageQuery``; ``standing`` None is both, ``level`` and ``source`` empty are all."""

    limit: int
    before: tuple[int, str] | None = None
    since: int | None = None
    until: int | None = None
    standing: bool | None = None
    level: str = ""
    source: str = ""

    def holds(self, alert: Alert) -> bool:
        """Whether the alert belongs to this page or a later one."""
        return (
            (self.before is None or place_of(alert) < self.before)
            and (self.since is None or alert.at >= self.since)
            and (self.until is None or alert.at < self.until)
            and self.standing in (None, not alert.resolved)
            and self.source in ("", alert.source)
            and (not self.level or _GRAVITY.index(alert.level) >= _GRAVITY.index(AlertLevel(self.level)))
        )


def place_of(alert: Alert) -> tuple[int, str]:
    """Where an alert stands in the list."""
    return alert.at, alert.id


def page_of(read: ReadPage, wanted: Wanted, report: DeskReport | None) -> tuple[Sequence[Alert], str | None]:
    """The page, and the time that it is true of: None while the record is a moment behind the desk.

    What stands is what the report says stands; the record says what is over.
    """
    standing = {} if report is None else {alert.id: alert for alert in report.alerts}
    if report is not None and wanted.standing is True:
        return _cut(standing.values(), wanted), report.timestamp.isoformat()
    found = {alert.id: alert for alert in _recorded(read, wanted)}
    if report is None:
        return _cut(found.values(), wanted), None
    found = {name: standing[name] if newer(standing.get(name), alert) else alert for name, alert in found.items()}
    if wanted.standing is None:
        found = standing | found
    left = read(limit=_CHUNK, before=None, since=None, until=None, standing=True, level="")
    behind = any(alert.id not in standing for alert in left)
    return _cut(found.values(), wanted), None if behind else report.timestamp.isoformat()


def newer(told: Alert | None, known: Alert) -> bool:
    """Whether what the report tells of an alert is as new as what is known of it, or newer."""
    return told is not None and told.revision >= known.revision


def _recorded(read: ReadPage, wanted: Wanted) -> list[Alert]:
    """The page from the record; what it cannot filter by is picked out of large pieces."""
    level = wanted.level if wanted.level == AlertLevel.CRITICAL else ""
    limit = wanted.limit if not wanted.source and level == wanted.level else _CHUNK
    span = {"since": wanted.since, "until": wanted.until, "standing": wanted.standing, "level": level}
    found: list[Alert] = []
    before = wanted.before
    while True:
        rows = read(limit=limit, before=before, **span)
        found += (alert for alert in rows if wanted.holds(alert))
        if len(rows) < limit or len(found) >= wanted.limit:
            return found
        before = place_of(rows[-1])


def _cut(found: Iterable[Alert], wanted: Wanted) -> list[Alert]:
    rows = [alert for alert in found if wanted.holds(alert)]
    return sorted(rows, key=place_of, reverse=True)[: wanted.limit]
