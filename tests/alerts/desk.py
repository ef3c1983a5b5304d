"""A few words that the tests of alerts share."""

from __future__ import annotations

from typing import Any

from sidecar.alerts.life import Alerts
from sidecar.alerts.policy import Policy
from sidecar.domain.alerts import Alert, AlertLevel, Finding
from sidecar.domain.clock import SECOND

START = 1_788_773_400 * SECOND


def found(
    subject: str = "x", source: str = "orders", kind: str = "rejected", *, level: str = "warning", severity: int = 3
) -> Finding:
    """By default something that passes."""
    return Finding(source, kind, subject, AlertLevel(level), severity, f"{kind} {subject}", "words")


def stands(subject: str = "main net_vega", source: str = "limits", kind: str = "warn", **more: Any) -> Finding:
    return found(subject, source, kind, **more)


def outside(subject: str = "db", **more: Any) -> Finding:
    return found(subject, "outside", "Probe", **more)


class Life:
    """Alerts with a clock of their own, and everything that went on record."""

    def __init__(self, **policy: Any) -> None:
        self.policy = Policy(**policy)
        self.now = START
        self.alerts = self._begun()
        self.records: list[Alert] = []

    def _begun(self) -> Alerts:
        alerts = Alerts(self.policy)
        alerts.shelf.begun = self.now
        return alerts

    def look(self, *standing: Finding, passing: tuple[Finding, ...] = (), after: float = 1.0) -> tuple[Alert, ...]:
        """Time passes, then this stands and that has passed."""
        self.now += round(after * SECOND)
        return self.keep(self.alerts.settle(self.now, standing, passing))

    def tell(self, *findings: Finding, cleared: tuple[str, ...] = (), lasting: bool = False) -> tuple[Alert, ...]:
        return self.keep(self.alerts.tell(self.now, findings, cleared, lasting=lasting))

    def acknowledge(self, alert: Alert, actor: str = "ann") -> tuple[Alert, ...]:
        entry = self.alerts.shelf.find(alert.id)
        assert entry is not None
        return self.keep(self.alerts.acknowledge(self.now, entry, actor, "mine"))

    def resolve(self, alert: Alert, actor: str = "ann") -> tuple[Alert, ...]:
        entry = self.alerts.shelf.find(alert.id)
        assert entry is not None
        return self.keep(self.alerts.resolve(self.now, entry, actor, "mended"))

    def keep(self, changed: tuple[Alert, ...]) -> tuple[Alert, ...]:
        self.records += changed
        return changed

    def restart(self) -> Life:
        """Another run that has folded the records of this one."""
        again = Life()
        again.policy, again.now, again.records = self.policy, self.now + SECOND, list(self.records)
        again.alerts = again._begun()
        for alert in self.records:
            again.alerts.fold(alert)
        return again

    @property
    def standing(self) -> tuple[Alert, ...]:
        return self.alerts.standing

    @property
    def one(self) -> Alert:
        (alert,) = self.standing
        return alert

    @property
    def shown(self) -> list[str]:
        return sorted(alert.fingerprint for alert in self.standing if alert.shown)
