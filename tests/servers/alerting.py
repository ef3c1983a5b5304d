"""A desk in memory that also keeps alerts, as the real one does: found twice is one alert with a count."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from starlette.testclient import TestClient

from sidecar.domain.alerts import Alert, AlertLevel, AlertType, Finding
from sidecar.domain.commands import AcknowledgeAlert, CommandEvent, RaiseAlert, ResolveAlert
from sidecar.domain.report import OutcomeStatus
from sidecar.servers import alerts
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import HttpSettings
from sidecar.servers.recent_alerts import Wanted, place_of
from tests.servers.desk import QUICK, T0, Answer, Desk


def alert(number: int = 1, **changes: Any) -> Alert:
    """An alert that stands; a higher number was found later."""
    made = Alert(
        id=f"A{number:05d}", fingerprint=f"limits:breach:{number}", source="limits", kind="breach",
        type=AlertType.WARNING, level=AlertLevel.WARNING, severity=3, title=f"title {number}", message="message",
        at=T0 + number * 1_000_000, updated_at=T0 + number * 1_000_000,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


@dataclass
class AlertDesk(Desk):
    """``recorded`` is what the database holds; with ``late`` nothing new reaches it."""

    recorded: dict[str, Alert] = field(default_factory=dict)
    standing: dict[str, Alert] = field(default_factory=dict)  # type: ignore[assignment]
    late: bool = False
    reads: list[dict[str, Any]] = field(default_factory=list)

    def put(self, *found: Alert) -> None:
        """Alerts on record; those that stand are in the report too."""
        for one in found:
            self._state(one)

    def read(self, **asked: Any) -> list[Alert]:
        """The record's reader."""
        self.reads.append(asked)
        wanted = Wanted(**asked)
        rows = [one for one in self.recorded.values() if wanted.holds(one) and asked["level"] in ("", one.level)]
        return sorted(rows, key=place_of, reverse=True)[: wanted.limit]

    def _state(self, one: Alert) -> None:
        self.standing.pop(one.id, None)
        if not one.resolved:
            self.standing[one.id] = one
        if not self.late:
            self.recorded[one.id] = one
        self._publish(alerts=tuple(self.standing.values()))

    def _obey(self, command: CommandEvent) -> Answer:
        match command:
            case RaiseAlert():
                made = tuple(self._found(finding) for finding in command.findings)
                over = tuple(self._over(one, "cleared") for one in self._named(command.cleared))
                return OutcomeStatus.DONE, "taken", {"alerts": made + over}
            case AcknowledgeAlert(alert_id=name, actor=actor, at=at):
                return self._act(name, acknowledged_by=actor, acknowledged_at=at)
            case ResolveAlert(alert_id=name, actor=actor, at=at):
                return self._act(name, resolved=True, resolved_by=actor, resolved_at=at)
        return super()._obey(command)

    def _named(self, names: Any) -> list[Any]:
        return [one for one in self.standing.values() if one.fingerprint in names]

    def _found(self, finding: Finding) -> Alert:
        known = next(iter(self._named([finding.fingerprint])), None)
        told = {name: getattr(finding, name) for name in finding.__struct_fields__ if name != "subject"}
        made = msgspec.structs.replace(alert(len(self.recorded) + 1), **told, fingerprint=finding.fingerprint)
        if known is not None:
            made = msgspec.structs.replace(known, count=known.count + 1, revision=known.revision + 1)
        self._state(made)
        return made

    def _over(self, one: Alert, by: str) -> Alert:
        ended = msgspec.structs.replace(one, resolved=True, resolved_by=by, revision=one.revision + 1)
        self._state(ended)
        return ended

    def _act(self, name: str, **changes: Any) -> Answer:
        known = self.standing.get(name)
        if known is None:
            if name in self.recorded:
                return OutcomeStatus.CONFLICT, f"alert {name} is over", {}
            return OutcomeStatus.NOT_FOUND, f"there is no alert {name}", {}
        made = msgspec.structs.replace(known, revision=known.revision + 1, **changes)
        self._state(made)
        return OutcomeStatus.DONE, "done", {"alerts": (made,)}


class AlertStand:
    """That desk behind its doors, with a key of each role."""

    def __init__(self, folder: Path, settings: HttpSettings = QUICK) -> None:
        self.desk = AlertDesk()
        self.keys = KeyStore(folder)
        self.secrets = {role: self.keys.add(role, f"test-{role}") for role in Role}
        kept = alerts.Kept(self.desk.read, self.desk.recorded.get)
        ports = self.desk.ports()
        self.app = create_app(ports, self.keys, settings, [alerts.router(ports, self.keys, kept, settings)])
        self.client = TestClient(self.app, base_url="http://127.0.0.1:8000")

    def ask(self, method: str, path: str = "", body: Any = None, role: Role | None = Role.TRADER, **more: str) -> Any:
        """One request below ``/api/v1/monitoring/alerts``; ``more`` are headers."""
        headers = {name.replace("_", "-"): value for name, value in more.items()}
        key = {"X-API-Key": self.secrets[role]} if role else {}
        sent: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
        return self.client.request(method, f"/api/v1/monitoring/alerts{path}", headers=key | headers, **sent)
