"""Alertmanager's webhook, as it sends it."""

import json
from pathlib import Path
from typing import Any

import pytest

from sidecar.domain.commands import RaiseAlert
from sidecar.servers.keys import Role
from tests.servers.alerting import AlertStand

PAYLOAD = Path(__file__).parent / "payloads" / "alertmanager.json"
FIRING = "outside:alertmanager:DeskReportStale 1a30ba71cca2921f"
OVER = "outside:alertmanager:NodeDiskFull c6eadffa33fcdf37"


@pytest.fixture
def stand(tmp_path: Path) -> AlertStand:
    return AlertStand(tmp_path)


@pytest.fixture
def payload() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(PAYLOAD.read_text())
    return found


def taken(stand: AlertStand, body: Any) -> RaiseAlert:
    answer = stand.ask("POST", "/webhook", body)
    assert answer.status_code == 200, answer.text
    command = stand.desk.commands[-1]
    assert isinstance(command, RaiseAlert)
    assert (answer.json()["raised"], answer.json()["cleared"]) == (len(command.findings), len(command.cleared))
    return command


def test_what_fires_is_raised_and_what_is_resolved_is_cleared(stand: AlertStand) -> None:
    command = taken(stand, PAYLOAD.read_bytes())
    (found,) = command.findings
    assert (found.fingerprint, found.level, found.severity) == (FIRING, "critical", 5)
    assert (found.title, found.message) == (
        "The desk is silent",
        "trading_report_seq has not risen for 30 s. See the runbook.",
    )
    assert found.details["instance"] == "127.0.0.1:8000"
    assert found.details["startsAt"] == "2025-11-24T06:29:30.412Z"
    assert found.details["generatorURL"].startswith("http://prometheus.example.org:9090/")
    assert found.details["runbook_url"] == "https://runbooks.example.org/desk-report-stale"
    assert command.cleared == (OVER,)


def test_an_alert_lives_from_firing_over_repeats_to_resolved(stand: AlertStand, payload: dict[str, Any]) -> None:
    payload["alerts"] = payload["alerts"][:1]
    first = stand.ask("POST", "/webhook", payload).json()["alerts"][0]
    again = stand.ask("POST", "/webhook", payload).json()["alerts"][0]
    assert (again["id"], again["count"]) == (first["id"], 2)
    payload["status"] = payload["alerts"][0]["status"] = "resolved"
    payload["alerts"][0]["endsAt"] = "2025-11-24T06:31:00.000Z"
    told = stand.ask("POST", "/webhook", payload).json()
    assert (told["raised"], told["cleared"], told["alerts"][0]["resolved"]) == (0, 1, True)
    assert stand.ask("GET", "?status=standing").json()["alerts"] == []


def test_the_key_comes_as_alertmanager_sends_credentials(stand: AlertStand) -> None:
    key = f"Bearer {stand.secrets[Role.TRADER]}"
    assert stand.ask("POST", "/webhook", PAYLOAD.read_bytes(), None, authorization=key).status_code == 200
    assert stand.ask("POST", "/webhook", PAYLOAD.read_bytes(), None).status_code == 401


@pytest.mark.parametrize(
    ("label", "level", "severity"),
    [("critical", "critical", 5), ("PAGE", "critical", 5), ("error", "error", 4), ("high", "error", 4),
     ("warning", "warning", 3), ("odd", "warning", 3), ("", "warning", 3), (None, "warning", 3), ("info", "info", 1),
     ("none", "info", 1)],
)  # fmt: skip
def test_the_label_severity_gives_the_level(
    stand: AlertStand, payload: dict[str, Any], label: str | None, level: str, severity: int
) -> None:
    labels = payload["alerts"][0]["labels"]
    labels.pop("severity") if label is None else labels.update(severity=label)
    (found,) = taken(stand, payload).findings
    assert (found.level, found.severity) == (level, severity)


def test_what_a_later_version_or_another_sender_adds_is_let_be(stand: AlertStand, payload: dict[str, Any]) -> None:
    payload |= {"orgId": 1, "title": "[FIRING:1]", "state": "alerting", "message": "…"}
    payload["alerts"][0] |= {"silenceURL": "http://x", "values": {"B": 44.2}, "imageURL": None}
    assert taken(stand, payload).findings[0].fingerprint == FIRING


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"version": "3"}, "version"),
        ({"version": 4}, "version"),
        ({"status": "pending"}, "status"),
        ({"alerts": []}, "alerts"),
        ({"alerts": {}}, "alerts"),
        ({"alerts": [{"status": "firing"}]}, "alerts.0.labels"),
        ({"alerts": [{"status": "firing", "labels": {"a": 1}}]}, "alerts.0.labels.a"),
        ({"alerts": [{"status": "lit", "labels": {}}]}, "alerts.0.status"),
        ({"truncatedAlerts": -1}, "truncatedAlerts"),
        ({"truncatedAlerts": "0"}, "truncatedAlerts"),
        ({"groupKey": None}, "groupKey"),
    ],
)
def test_wrong_types_are_refused_by_name(
    stand: AlertStand, payload: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    answer = stand.ask("POST", "/webhook", payload | change)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert stand.desk.commands == []


def test_text_that_a_terminal_would_obey_is_cleaned_and_long_text_is_cut(
    stand: AlertStand, payload: dict[str, Any]
) -> None:
    alert = payload["alerts"][0]
    alert["annotations"] = {"summary": "a\x1b[31m\r\nb\u202e" + "x" * 300, "description": "y" * 9_000}
    alert["labels"] |= {f"label{number}": "v" * 900 for number in range(30)} | {"alertname": "Odd\x00Name"}
    (found,) = taken(stand, payload).findings
    assert found.title == "a[31m b" + "x" * 192 + "…"
    assert (len(found.message), len(found.details)) == (2_000, 20)
    assert max(map(len, found.details.values())) == 500
    assert found.subject == "OddName 1a30ba71cca2921f"
    assert found.details["startsAt"]


def test_without_a_fingerprint_the_labels_name_the_alert(stand: AlertStand, payload: dict[str, Any]) -> None:
    alert = payload["alerts"][0]
    alert["fingerprint"], alert["annotations"] = "", {}
    first = taken(stand, payload).findings[0]
    alert["labels"] = dict(reversed(list(alert["labels"].items())))
    again = taken(stand, payload).findings[0]
    assert first.fingerprint == again.fingerprint != FIRING
    assert (first.title, first.message) == ("DeskReportStale", "")
    alert["labels"]["instance"] = "another"
    assert taken(stand, payload).findings[0].fingerprint != first.fingerprint


def test_alerts_that_were_left_out_are_an_alert(stand: AlertStand, payload: dict[str, Any]) -> None:
    payload["truncatedAlerts"] = 7
    _, missing = taken(stand, payload).findings
    assert missing.title == "Alertmanager left out 7 alerts"
    assert missing.details == {"groupKey": '{}/{team="risk"}:{team="risk"}'}


def test_the_same_alert_twice_in_one_message_is_one(stand: AlertStand, payload: dict[str, Any]) -> None:
    payload["alerts"] *= 2
    command = taken(stand, payload)
    assert (len(command.findings), command.cleared) == (1, (OVER,))


def test_a_large_group_is_taken_in_parts(stand: AlertStand, payload: dict[str, Any]) -> None:
    many = [{"status": "firing", "labels": {"alertname": f"n{number}"}} for number in range(120)]
    answer = stand.ask("POST", "/webhook", payload | {"alerts": many})
    assert (answer.status_code, answer.json()["raised"], len(answer.json()["alerts"])) == (200, 120, 120)
    sizes = [len(command.findings) for command in stand.desk.commands if isinstance(command, RaiseAlert)]
    assert sizes == [100, 20]


def test_a_desk_that_does_not_confirm_is_asked_again(stand: AlertStand) -> None:
    stand.desk.stuck = True
    assert stand.ask("POST", "/webhook", PAYLOAD.read_bytes()).status_code == 504  # Alertmanager tries 5xx again


def test_a_message_over_the_limit_is_413(stand: AlertStand, payload: dict[str, Any]) -> None:
    payload["commonAnnotations"] = {"description": "z" * 70_000}
    assert stand.ask("POST", "/webhook", payload).status_code == 413
