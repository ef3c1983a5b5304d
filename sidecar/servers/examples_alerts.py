"""One worked example of every body and answer about alerts; the webhook's is as Alertmanager documents it."""

from __future__ import annotations

from typing import Any

from sidecar.servers.examples import AT
from sidecar.servers.shapes import Maybe, Named

ALERT: dict[str, Any] = {
    "id": "A251124063000-00001",
    "fingerprint": "outside:told:broker statement",
    "source": "outside",
    "kind": "told",
    "type": "warning",
    "level": "warning",
    "severity": 3,
    "title": "The broker's statement differs",
    "message": "cash is 1,200 lower than ours",
    "timestamp": AT,
    "updated_at": Maybe(AT),
    "count": 1,
    "details": Named({"difference": "-1200.00"}),
    "resolved": False,
    "resolved_at": Maybe(AT),
    "resolved_by": "",
    "acknowledged_by": "",
    "acknowledged_at": Maybe(AT),
    "escalations": 0,
    "inhibited_by": "",
    "shown": True,
    "revision": 1,
}
RESOLVED = {**ALERT, "resolved": True, "resolved_by": "risk/7be1c0d2", "type": "success", "revision": 2}
ALERTS = {"alerts": [ALERT], "count": 1, "next_cursor": None, "as_of": Maybe(AT)}
ALERT_ASKED = {
    "title": "The broker's statement differs",
    "message": "cash is 1,200 lower than ours",
    "level": "warning",
    "subject": "broker statement",
    "details": {"difference": "-1200.00"},
}
ACKNOWLEDGE_ASKED = {"note": "asking the broker"}
RESOLVE_ASKED = {"reason": "a late fee; booked"}
WEBHOOK_ASKED: dict[str, Any] = {
    "version": "4",
    "groupKey": '{}/{team="risk"}:{alertname="DeskReportStale"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "deskwatch",
    "groupLabels": {"alertname": "DeskReportStale"},
    "commonLabels": {"alertname": "DeskReportStale", "severity": "critical"},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager.example.org:9093",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "DeskReportStale", "severity": "critical", "instance": "desk:8000"},
            "annotations": {"summary": "No report for 30 s", "description": "trading_report_seq does not rise"},
            "startsAt": "2025-11-24T06:29:30.000Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example.org:9090/graph",
            "fingerprint": "1a30ba71cca2921f",
        }
    ],
}
WEBHOOK = {"status": "success", "raised": 1, "cleared": 0, "alerts": [ALERT]}
