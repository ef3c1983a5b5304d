"""What the door leaves in the log: a line on each act, found again by the id that the caller was given."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, Depends

from sidecar.servers.auth import Public
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore, Role
from sidecar.telemetry.log import install
from sidecar.telemetry.log_lines import Behind
from tests.servers.desk import QUICK, Desk, Stand, serving


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    for name in ("uvicorn", "uvicorn.error"):  # a server of another kind in this process may have cut them off
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
        monkeypatch.setattr(logging.getLogger(name), "disabled", False)
    stream = io.StringIO()
    undo = install(stream, logging.INFO)
    try:
        yield stream
    finally:
        undo()


def told(stream: io.StringIO, logger: str = "sidecar.servers.door") -> list[dict[str, Any]]:
    for handler in logging.getLogger().handlers:
        if isinstance(handler, Behind):
            handler.close()  # writes what waits
    return [row for row in map(json.loads, stream.getvalue().splitlines()) if row["logger"] == logger]


def test_an_act_is_one_line_with_the_id_that_its_caller_was_given(stand: Stand, logged: io.StringIO) -> None:
    asked = stand.ask("POST", "/emergency/stop", {"reason": "fat finger"}, Role.TRADER, x_request_id="ticket-7")
    assert asked.headers["x-request-id"] == "ticket-7"
    refused = stand.ask("DELETE", "/api/v1/orders/O1", None, Role.VIEWER)
    first, second = told(logged)
    assert (first["message"], first["level"], first["request_id"]) == ("request", "info", "ticket-7")
    assert (first["method"], first["route"], first["status"]) == ("POST", "/emergency/stop", 200)
    assert first["actor"].startswith("test-trader/")
    assert first["ms"] >= 0
    assert second["request_id"] == refused.headers["x-request-id"] == refused.json()["request_id"]
    assert (second["route"], second["status"], second["actor"]) == ("/api/v1/orders/{order_id}", 403, None)
    assert stand.secrets[Role.TRADER] not in logged.getvalue()


def test_reads_are_counted_and_leave_no_line(stand: Stand, logged: io.StringIO) -> None:
    for path in ("/emergency/status", "/api/v1/orders", "/nowhere"):
        stand.ask("GET", path)
    assert told(logged) == []
    assert len(stand.desk.requests) == 3


def test_a_fault_is_in_the_log_under_the_id_that_its_answer_names(tmp_path: Path, logged: io.StringIO) -> None:
    async def fails() -> None:
        logging.getLogger("sidecar.somewhere").warning("on its way")
        raise ValueError("a bug")

    router = APIRouter()
    router.add_api_route("/fails", fails, methods=["GET"], dependencies=[Depends(Public("a test"))])
    app = create_app(Desk().ports(), KeyStore(tmp_path), QUICK, [router])
    with serving(app) as url:
        answers = [httpx2.get(f"{url}/fails", trust_env=False) for _ in range(2)]
    ids = [answer.json()["request_id"] for answer in answers]
    assert len(set(ids)) == 2
    for logger in ("sidecar.servers.door", "sidecar.somewhere", "uvicorn.error"):
        found = [row for row in told(logged, logger) if "request_id" in row]
        assert [row["request_id"] for row in found] == ids, logger
    assert all(row["level"] == "warning" for row in told(logged))
    (first, _) = [row for row in told(logged, "uvicorn.error") if "exception" in row]
    assert "ValueError: a bug" in first["exception"]
