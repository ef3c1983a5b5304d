"""One alert that stands, as it is now and as it last went on record."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from sidecar.alerts import kinds
from sidecar.alerts.inhibition import CAUSES, candidates, rank
from sidecar.domain.alerts import Alert, AlertLevel, AlertType, Finding

#: The levels, the least grave first.
ORDER: tuple[AlertLevel, ...] = tuple(AlertLevel)
_TYPES: Mapping[AlertLevel, AlertType] = {
    AlertLevel.INFO: AlertType.INFO,
    AlertLevel.WARNING: AlertType.WARNING,
    AlertLevel.ERROR: AlertType.ERROR,
    AlertLevel.CRITICAL: AlertType.ERROR,
}
_GRAVITY = {level: place for place, level in enumerate(ORDER)}
_WORST = 5


def gravity(level: AlertLevel) -> int:
    """Where a level stands among the others."""
    return _GRAVITY[level]


class Entry:
    """``alert`` is the state now, ``kept`` the one on record, None before the first.

    ``holds``: its cause is there; None while nobody has looked since a restart. ``gone_at`` is since when it is not,
    ``found_at`` when it was last found, ``since`` from when on somebody should have acted. ``said`` are the details of
    the newest finding, ``fresh`` whether it was found just now; ``explains``: its kind may explain others.
    """

    def __init__(self, alert: Alert, kept: Alert | None, *, holds: bool | None) -> None:
        self.alert = alert
        self.kept = kept
        self.holds = holds
        self.gone_at = 0
        self.found_at = alert.updated_at
        self.since = alert.updated_at
        self.said = alert.details
        self.fresh = kept is None
        self.candidates = candidates(alert.fingerprint)
        self.rank = rank(self.candidates)
        self.ends = kinds.ends(alert.source, alert.kind, alert.level)
        self.explains = (alert.source, alert.kind) in CAUSES

    @property
    def critical(self) -> bool:
        return self.alert.level is AlertLevel.CRITICAL

    @property
    def awaits(self) -> bool:
        """Whether somebody should act on it and has not."""
        alert = self.alert
        return alert.shown and not alert.acknowledged_by and alert.level is not AlertLevel.INFO

    @property
    def held_back(self) -> bool:
        """Whether a flood alone hides it."""
        return not self.alert.shown and not self.alert.inhibited_by

    @property
    def may_show(self) -> bool:
        """What was found once and is hidden comes out when it is found again; what stands, at any time."""
        return self.fresh or self.critical or self.holds is not False

    def change(self, **fields: object) -> None:
        """The alert with these fields."""
        self.alert = replace(self.alert, **fields)

    def count(self, now: int, finding: Finding) -> None:
        """Found once more. It may be graver than before, never less: an escalation stands."""
        self.found_at, self.fresh = now, True
        self.change(count=self.alert.count + 1)
        self.say(finding)

    def say(self, finding: Finding) -> None:
        """Take the newest words of its cause."""
        alert, self.said = self.alert, finding.details
        level = max(alert.level, finding.level, key=gravity)
        note = {"note": alert.details["note"]} if alert.acknowledged_by and "note" in alert.details else {}
        self.change(
            title=finding.title,
            message=finding.message,
            details={**finding.details, **note},
            level=level,
            type=_TYPES[level],
            severity=max(alert.severity, finding.severity),
        )
        self.ends = kinds.ends(alert.source, alert.kind, level)

    def escalate(self, now: int) -> None:
        """Nobody acted in time: one step graver, and counted, also where there is no step left."""
        alert = self.alert
        level = ORDER[min(gravity(alert.level) + 1, len(ORDER) - 1)]
        severity = min(alert.severity + 1, _WORST)
        self.change(level=level, severity=severity, type=_TYPES[level], escalations=alert.escalations + 1)
        self.since = now

    def acknowledge(self, now: int, by: str, note: str) -> None:
        """Somebody deals with it."""
        details = {**self.alert.details, "note": note} if note else self.alert.details
        self.change(acknowledged_by=by, acknowledged_at=now, details=details)

    def show(self, now: int) -> None:
        """People see it from now on, and should act."""
        self.change(shown=True, inhibited_by="")
        self.since = now

    def end(self, now: int, by: str, why: str = "") -> None:
        """It is over; what it was is still to be read."""
        details = {**self.alert.details, "resolution": why} if why else self.alert.details
        self.change(resolved=True, resolved_at=now, resolved_by=by, details=details, type=AlertType.SUCCESS)

    @property
    def moved(self) -> bool:
        """Whether more than count and words has changed since it went on record."""
        kept = self.kept
        return kept is None or any(getattr(self.alert, name) != getattr(kept, name) for name in _STATE)


#: The fields whose change goes on record at once.
_STATE = ("level", "severity", "resolved", "acknowledged_by", "escalations", "inhibited_by", "shown")


def made(identity: str, now: int, finding: Finding) -> Alert:
    """A new alert, not shown yet."""
    return Alert(
        id=identity,
        fingerprint=finding.fingerprint,
        source=finding.source,
        kind=finding.kind,
        type=_TYPES[finding.level],
        level=finding.level,
        severity=finding.severity,
        title=finding.title,
        message=finding.message,
        at=now,
        updated_at=now,
        details=finding.details,
        shown=False,
    )
