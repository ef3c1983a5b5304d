"""What the client reads and does about alerts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sidecar.client.following import Json, given
from sidecar.client.questions import Questions, segment

_ALERTS = "/api/v1/monitoring/alerts"


class Watching(Questions):
    """The alerts of :class:`sidecar.client.Desk`; each is a dictionary as in CONTRACT section 6."""

    def alerts(
        self,
        status: str = "standing",
        level: str = "info",
        *,
        source: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        cursor: str = "",
    ) -> Json:
        """Alerts, newest first: ``alerts``, and ``next_cursor`` for the page after.

        ``status`` is ``standing``, ``resolved`` or ``all``; ``level`` the least; times are aware, and bound when an
        alert was first found.
        """
        times = {"from": since.isoformat() if since else "", "to": until.isoformat() if until else ""}
        return self._read(_ALERTS, status=status, level=level, source=source, limit=limit, cursor=cursor, **times)

    def alert(self, alert_id: str) -> Json:
        """One alert in its newest state."""
        return self._read(f"{_ALERTS}/{segment(alert_id)}")

    def acknowledge(self, alert_id: str, note: str = "") -> Json:
        """Say that you deal with an alert: it escalates no more. Its new state."""
        return self._command("POST", f"{_ALERTS}/{segment(alert_id)}/acknowledge", {"note": note})

    def resolve(self, alert_id: str, reason: str = "asked from Python") -> Json:
        """Say that an alert is over; while its cause stands it comes back. Its new state."""
        return self._command("POST", f"{_ALERTS}/{segment(alert_id)}/resolve", {"reason": reason})

    def raise_alert(
        self,
        title: str,
        message: str = "",
        level: str = "warning",
        *,
        severity: int | None = None,
        kind: str = "told",
        subject: str = "",
        details: Mapping[str, str] | None = None,
    ) -> Json:
        """Raise an alert, or count one more: alerts of one ``kind`` and ``subject`` (else the title) are one."""
        body = given(
            title=title,
            message=message,
            level=level,
            severity=severity,
            kind=kind,
            subject=subject,
            details=dict(details) if details else None,
        )
        return self._command("POST", _ALERTS, body)
