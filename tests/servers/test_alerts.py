"""Alerts at the doors, from outside: read, raised, acknowledged, resolved."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from sidecar.domain.alerts import AlertLevel
from sidecar.domain.clock import SECOND, iso
from sidecar.domain.commands import AcknowledgeAlert, RaiseAlert, ResolveAlert
from sidecar.domain.report import OutcomeStatus
from sidecar.servers.examples_alerts import ALERT
from sidecar.servers.keys import Role
from tests.servers.alerting import AlertStand, alert
from tests.servers.desk import T0

ASKED = {"title": "The statement differs", "level": "error", "subject": "statement"}


@pytest.fixture
def stand(tmp_path: Path) -> AlertStand:
    return AlertStand(tmp_path)


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["alerts"]]


def test_alerts_are_newest_first_in_the_words_of_the_stream(stand: AlertStand) -> None:
    stand.desk.put(alert(1), alert(2, resolved=True, resolved_at=T0), alert(3, details={"value": "0.04"}))
    answer = stand.ask("GET", role=Role.VIEWER)
    assert names(answer) == ["A00003", "A00002", "A00001"]
    told = answer.json()
    assert (told["count"], told["next_cursor"], told["as_of"]) == (3, None, stand.desk.report.timestamp.isoformat())
    newest = told["alerts"][0]
    assert (newest["timestamp"], newest["details"], newest["type"]) == (
        iso(T0 + 3 * SECOND),
        {"value": "0.04"},
        "warning",
    )
    assert (newest["resolved_at"], newest["acknowledged_by"], newest["count"]) == (None, "", 1)


def test_pages_hold_every_alert_once(stand: AlertStand) -> None:
    stand.desk.put(*(alert(number, resolved=number % 2 == 0) for number in range(1, 8)))
    for status in ("all", "standing", "resolved"):
        seen, cursor = list[str](), ""
        while cursor is not None:
            told = stand.ask("GET", f"?limit=2&status={status}&cursor={cursor}").json()
            seen += [row["id"] for row in told["alerts"]]
            cursor = told["next_cursor"]
        wanted = [n for n in range(7, 0, -1) if status == "all" or (n % 2 == 0) == (status == "resolved")]
        assert seen == [f"A{number:05d}" for number in wanted], status


def test_alerts_are_filtered_by_state_level_source_and_time(stand: AlertStand) -> None:
    stand.desk.put(
        alert(1, level=AlertLevel.INFO),
        alert(2, level=AlertLevel.CRITICAL, source="data"),
        alert(3, resolved=True),
        alert(4, level=AlertLevel.ERROR),
    )
    assert names(stand.ask("GET", "?status=standing")) == ["A00004", "A00002", "A00001"]
    assert names(stand.ask("GET", "?status=resolved")) == ["A00003"]
    assert names(stand.ask("GET", "?level=error")) == ["A00004", "A00002"]
    assert names(stand.ask("GET", "?level=critical")) == ["A00002"]
    assert names(stand.ask("GET", "?level=warning&limit=1")) == ["A00004"]
    assert names(stand.ask("GET", "?level=info")) == ["A00004", "A00003", "A00002", "A00001"]
    assert names(stand.ask("GET", "?source=data")) == ["A00002"]
    span = {"from": iso(T0 + 2 * SECOND), "to": iso(T0 + 4 * SECOND)}
    key = {"X-API-Key": stand.secrets[Role.VIEWER]}
    assert names(stand.client.get("/api/v1/monitoring/alerts", params=span, headers=key)) == ["A00003", "A00002"]


def test_a_filter_by_source_looks_through_the_whole_record(stand: AlertStand) -> None:
    stand.desk.put(*(alert(number, resolved=True) for number in range(1, 1_202)))
    stand.desk.recorded["A00001"] = alert(1, resolved=True, source="pnl")
    answer = stand.ask("GET", "?source=pnl&status=resolved")
    assert (names(answer), answer.json()["next_cursor"]) == (["A00001"], None)


@pytest.mark.parametrize(
    "asked", ["status=open", "level=loud", "source=A", "from=2025-11-24T06:30:00", "to=", "cursor=x", "limit=0",
              "limit=1001", "since=x"],
)  # fmt: skip
def test_a_filter_that_cannot_be_is_422(stand: AlertStand, asked: str) -> None:
    assert stand.ask("GET", f"?{asked}").status_code == 422


def test_what_the_desk_knows_is_shown_before_the_record_holds_it(stand: AlertStand) -> None:
    stand.desk.put(alert(1), alert(2))
    stand.desk.late = True
    stand.desk.put(alert(2, count=7, revision=2), alert(3), alert(4, resolved=True, revision=2))
    answer = stand.ask("GET")
    assert names(answer) == ["A00003", "A00002", "A00001"]
    assert answer.json()["alerts"][1]["count"] == 7
    assert answer.json()["as_of"] is not None
    assert stand.ask("GET", "/A00003").json()["title"] == "title 3"
    assert stand.ask("GET", "/A00002").json()["count"] == 7


def test_a_list_that_lacks_an_end_says_so(stand: AlertStand) -> None:
    stand.desk.put(alert(1), alert(2))
    stand.desk.late = True
    stand.desk.put(alert(1, resolved=True, revision=2))
    for status in ("all", "resolved"):
        assert stand.ask("GET", f"?status={status}").json()["as_of"] is None
    told = stand.ask("GET", "?status=standing").json()
    assert ([row["id"] for row in told["alerts"]], told["as_of"]) == (["A00002"], told["as_of"])
    assert told["as_of"] is not None


def test_without_a_report_the_record_is_told_without_a_time(stand: AlertStand) -> None:
    stand.desk.put(alert(1))
    stand.desk.published = None
    told = stand.ask("GET", "?status=standing").json()
    assert ([row["id"] for row in told["alerts"]], told["as_of"]) == (["A00001"], None)
    assert stand.ask("GET", "/A00001").status_code == 200


def test_an_end_is_waited_for_and_an_unknown_alert_is_404(stand: AlertStand) -> None:
    stand.desk.put(alert(1))
    stand.desk.late = True
    stand.desk.put(alert(1, resolved=True, revision=2))
    assert stand.ask("GET", "/A00001").json()["resolved"] is False  # the record never came: it is told as it stands
    stand.desk.recorded["A00001"] = alert(1, resolved=True, revision=2)
    assert stand.ask("GET", "/A00001").json()["resolved"] is True
    answer = stand.ask("GET", "/A99999")
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no alert A99999")


def test_an_alert_is_raised_and_found_again_is_counted(stand: AlertStand) -> None:
    first = stand.ask("POST", body=ASKED | {"details": {"cash": "-1200.00"}, "message": "ours is higher"})
    assert first.status_code == 201, first.text
    told = first.json()
    assert (told["source"], told["kind"], told["fingerprint"]) == ("outside", "told", "outside:told:statement")
    assert (told["level"], told["severity"], told["count"]) == ("error", 4, 1)
    again = stand.ask("POST", body=ASKED).json()
    assert (again["id"], again["count"]) == (told["id"], 2)
    command = stand.desk.commands[0]
    assert isinstance(command, RaiseAlert)
    assert command.actor.startswith("test-trader/")
    assert command.findings[0].details == {"cash": "-1200.00"}


def test_severity_and_subject_follow_from_level_and_title(stand: AlertStand) -> None:
    told = stand.ask("POST", body={"title": "a"}).json()
    assert (told["level"], told["severity"], told["fingerprint"]) == ("warning", 3, "outside:told:a")
    told = stand.ask("POST", body={"title": "b", "level": "critical"}).json()
    assert told["severity"] == 5
    assert stand.ask("POST", body={"title": "c", "level": "critical", "severity": 2}).json()["severity"] == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"title": 5}, "title"),
        ({"message": "a\x1b[31m"}, "message"),
        ({"level": "loud"}, "level"),
        ({"level": "CRITICAL"}, "level"),
        ({"severity": 6}, "severity"),
        ({"severity": 2.5}, "severity"),
        ({"severity": True}, "severity"),
        ({"kind": "two words"}, "kind"),
        ({"subject": "a\u202eb"}, "subject"),
        ({"details": {"a b": "x"}}, "details"),
        ({"details": {"a": 1}}, "details.a"),
        ({"details": {"a": "x" * 501}}, "details.a"),
        ({"details": {f"n{number}": "" for number in range(21)}}, "details"),
        ({"source": "breaker"}, "source"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_name(stand: AlertStand, change: dict[str, Any], field: str) -> None:
    answer = stand.ask("POST", body=ASKED | change)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"].startswith(field)
    assert stand.desk.commands == []


def test_an_alert_is_acknowledged_and_resolved_by_name(stand: AlertStand) -> None:
    stand.desk.put(alert(1))
    answer = stand.ask("POST", "/A00001/acknowledge", {"note": "looking"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["acknowledged_by"].startswith("test-trader/")
    ended = stand.ask("POST", "/A00001/resolve").json()  # no body is needed
    assert (ended["resolved"], ended["revision"]) == (True, 3)
    seen, over = stand.desk.commands
    assert isinstance(seen, AcknowledgeAlert)
    assert isinstance(over, ResolveAlert)
    assert (seen.note, over.reason) == ("looking", "no reason given")
    again = stand.ask("POST", "/A00001/resolve", {"reason": "twice"})
    assert (again.status_code, again.json()["detail"]) == (409, "alert A00001 is over")
    for act in ("acknowledge", "resolve"):
        assert stand.ask("POST", f"/A00009/{act}").status_code == 404
        assert stand.ask("POST", f"/A00001/{act}", {"why": "?"}).status_code == 422
        assert stand.ask("POST", f"/{'x' * 97}/{act}").status_code == 422


def test_a_repeated_key_acts_once(stand: AlertStand) -> None:
    first = stand.ask("POST", body=ASKED, idempotency_key="k1")
    again = stand.ask("POST", body=ASKED, idempotency_key="k1")
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    assert len(stand.desk.commands) == 1
    assert stand.ask("POST", body=ASKED | {"level": "info"}, idempotency_key="k1").status_code == 409


def test_who_reads_may_not_act(stand: AlertStand) -> None:
    stand.desk.put(alert(1))
    acts = ("", "/webhook", "/A00001/acknowledge", "/A00001/resolve")
    for role, status in ((None, 401), (Role.VIEWER, 403)):
        assert [stand.ask("POST", act, {}, role).status_code for act in acts] == [status] * 4
    assert stand.ask("GET", role=None).status_code == 401
    assert stand.desk.commands == []


def test_what_the_desk_cannot_tell_apart_any_more_is_said(stand: AlertStand, monkeypatch: pytest.MonkeyPatch) -> None:
    full = (OutcomeStatus.DONE, "taken", dict[str, Any]())
    monkeypatch.setattr(stand.desk, "_obey", lambda _: full)
    answer = stand.ask("POST", body=ASKED)
    assert answer.status_code == 503
    assert "too many" in answer.json()["detail"]


def test_an_act_that_is_not_confirmed_is_504(stand: AlertStand) -> None:
    stand.desk.stuck = True
    assert stand.ask("POST", body=ASKED).status_code == 504


def test_a_list_answers_in_the_shape_of_its_example(stand: AlertStand) -> None:
    stand.desk.put(alert(1))
    told = stand.ask("GET").json()["alerts"][0]
    assert set(told) == set(ALERT)
    assert msgspec.json.encode(told)
