"""The record and the log, from outside."""

import hashlib
import io
import logging
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient

from sidecar.domain.clock import SECOND, iso
from sidecar.domain.records import Audited
from sidecar.servers import witness
from sidecar.servers.http import create_app
from sidecar.servers.keys import Role
from sidecar.telemetry import log
from tests.servers.desk import QUICK, T0, Stand

AUDIT = "/emergency/audit"
LOGS = "/emergency/logs/recent"


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    made = Stand(tmp_path)
    for number in range(5):
        made.desk.audited.append(
            Audited(T0 + number * SECOND, f"ann/{number % 2}", ("stop", "reset")[number % 2], "done", f"n{number}", "r")
        )
    return made


def details(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["detail"] for row in answer.json()["records"]]


def test_the_record_is_newest_first_with_who_what_and_when(stand: Stand) -> None:
    told = stand.ask("GET", AUDIT, None, Role.VIEWER).json()
    assert [row["seq"] for row in told["records"]] == [5, 4, 3, 2, 1]
    assert (told["count"], told["next_cursor"], told["head"]["seq"]) == (5, None, 5)
    newest = told["records"][0]
    assert (newest["actor"], newest["action"], newest["outcome"]) == ("ann/0", "stop", "done")
    assert newest["timestamp"] == iso(T0 + 4 * SECOND)


def test_pages_hold_every_record_once(stand: Stand) -> None:
    seen, cursor = [], ""
    while cursor is not None:
        told = stand.ask("GET", f"{AUDIT}?limit=2&cursor={cursor}").json()
        seen += [row["seq"] for row in told["records"]]
        cursor = told["next_cursor"]
    assert seen == [5, 4, 3, 2, 1]


def test_the_record_is_filtered_by_actor_action_and_time(stand: Stand) -> None:
    assert details(stand.ask("GET", f"{AUDIT}?actor=ann/1")) == ["n3", "n1"]
    assert details(stand.ask("GET", f"{AUDIT}?action=stop&limit=2")) == ["n4", "n2"]
    asked = {"from": iso(T0 + SECOND), "to": iso(T0 + 3 * SECOND)}
    answer = stand.client.get(AUDIT, params=asked, headers=stand.headers(Role.VIEWER))
    assert details(answer) == ["n2", "n1"]


@pytest.mark.parametrize(
    "asked", ["from=2025-11-24T06:30:00", "to=yesterday", "from=", "cursor=x", "cursor=-1", "limit=0", "limit=1001",
              "since=2025-11-24T06:30:00%2B00:00"],
)  # fmt: skip
def test_a_filter_that_cannot_be_is_422(stand: Stand, asked: str) -> None:
    assert stand.ask("GET", f"{AUDIT}?{asked}").status_code == 422


def chained(payloads: list[str]) -> list[SimpleNamespace]:
    digest, rows = b"\0" * 32, []
    for seq, payload in enumerate(payloads, 1):
        digest = hashlib.sha256(digest + payload.encode()).digest()
        rows.append(
            SimpleNamespace(seq=seq, at=T0, wall_at=T0, kind="k", actor="a", action="x", outcome="done", detail="",
                            request_id="", payload=payload, digest=digest.hex())
        )  # fmt: skip
    return rows[::-1]


def test_a_reader_can_recompute_the_chain_from_what_the_record_tells(stand: Stand) -> None:
    rows = chained(['{"n":1}', '{"n":"é"}', '{"n":3}'])
    records = witness.Records(lambda *_: rows, lambda: (3, rows[0].digest), list)
    ports = stand.desk.ports()
    app = create_app(ports, stand.keys, QUICK, [witness.router(ports, stand.keys, records)])
    client = TestClient(app, base_url="http://localhost", headers=stand.headers(Role.VIEWER))
    told = client.get(AUDIT).json()
    for row, before in zip(told["records"], told["records"][1:], strict=False):
        assert hashlib.sha256(bytes.fromhex(before["digest"]) + row["payload"].encode()).hexdigest() == row["digest"]
    assert told["head"] == {"seq": 3, "digest": told["records"][0]["digest"]}


@pytest.fixture
def logged(stand: Stand) -> Iterator[Stand]:
    undo = log.install(io.StringIO(), logging.WARNING)
    ports = stand.desk.ports()
    records = witness.Records(stand.desk.record, lambda: (0, ""), log.recent)
    app = create_app(ports, stand.keys, QUICK, [witness.router(ports, stand.keys, records)])
    stand.client = TestClient(app, base_url="http://127.0.0.1:8000")
    try:
        yield stand
    finally:
        undo()


def messages(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["message"] for row in answer.json()["logs"]]


def test_the_newest_lines_come_first_at_the_level_asked_for_and_above(logged: Stand) -> None:
    ours = logging.getLogger("sidecar.desk")
    for level in ("info", "warning", "error"):
        getattr(ours, level)("a line of %s", level)
    assert messages(logged.ask("GET", f"{LOGS}?lines=2&level=warning")) == ["a line of error", "a line of warning"]
    told = logged.ask("GET", f"{LOGS}?level=info").json()
    assert told["level_filter"] == "info"
    assert told["count"] == len(told["logs"]) >= 3
    assert {"timestamp", "level", "logger", "message"} <= set(told["logs"][0])
    for asked in ("lines=0", "lines=1001", "level=loud"):
        assert logged.ask("GET", f"{LOGS}?{asked}").status_code == 422


def test_only_an_admin_reads_the_log(logged: Stand) -> None:
    assert [logged.ask("GET", LOGS, None, role).status_code for role in (None, *Role)] == [401, 403, 403, 200]


def test_what_opens_a_door_is_blotted_out_wherever_it_stands_in_a_line(logged: Stand) -> None:
    key = logged.secrets[Role.ADMIN]
    logging.getLogger("sidecar.desk").warning("header %r was sent", key, extra={"seen": f"x={key}"})
    answer = logged.ask("GET", f"{LOGS}?lines=1")
    assert key not in answer.text
    line = answer.json()["logs"][0]
    assert (line["message"], line["seen"]) == ("header '[a key]' was sent", "x=[a key]")


def test_a_line_break_or_an_escape_in_a_message_is_inert_text(logged: Stand) -> None:
    logging.getLogger("sidecar.desk").warning('a\r\n{"level":"critical","message":"forged"}\x1b[31m')
    answer = logged.ask("GET", f"{LOGS}?lines=1")
    assert "\n" not in answer.text
    assert "\x1b" not in answer.text
    assert messages(answer)[0].startswith("a\r\n{")


def test_a_process_that_keeps_no_log_says_so(stand: Stand) -> None:
    stand.desk.log = None
    assert stand.ask("GET", LOGS).status_code == 503
