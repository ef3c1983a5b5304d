"""Notices of a running sidecar: from an alert to a server outside, over a restart, and refused at the start."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sidecar.domain.commands import Stop
from sidecar.domain.errors import ConfigurationError
from sidecar.doors import app_of
from sidecar.notices.addresses import FILE
from sidecar.run import Sidecar
from sidecar.servers.keys import Role
from tests.notices.outside import Hook, hook
from tests.wiring import small, until

ALERTS = "/api/v1/monitoring/alerts"


@pytest.fixture
def server() -> Iterator[Hook]:
    with hook() as made:
        yield made


def addressed(folder: Path, *urls: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / FILE
    path.write_text("\n".join(urls) + "\n")
    path.chmod(0o600)
    return folder


def client(sidecar: Sidecar) -> TestClient:
    key = sidecar.keys.add(Role.ADMIN, "test")
    return TestClient(app_of(sidecar), base_url="http://127.0.0.1", headers={"X-API-Key": key})


def raised(asked: TestClient, title: str) -> dict[str, Any]:
    answer = asked.post(ALERTS, json={"title": title, "level": "error"})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_an_alert_over_rest_reaches_people_once_over_a_restart(tmp_path: Path, server: Hook) -> None:
    settings = small(addressed(tmp_path / "d", server.url), notices={"group_s": 0.05})
    with Sidecar(settings) as sidecar:
        sidecar.start()
        asked = client(sidecar)
        made = raised(asked, "statement differs")
        until(lambda: any("statement differs" in body for body in server.bodies), what="the notice")
        assert server.got[0]["title"].startswith("[Deskwatch, simulated]")
        assert [row["id"] for row in asked.get(ALERTS, params={"source": "outside"}).json()["alerts"]] == [made["id"]]
        until(lambda: any(row["kind"] == "notice" and made["id"] in row["payload"] for row in audit(asked)), what="it")
    with Sidecar(settings) as sidecar:
        sidecar.start()
        asked = client(sidecar)
        ended = asked.post(f"{ALERTS}/{made['id']}/resolve", json={"reason": "booked"})
        assert (ended.status_code, ended.json()["resolved"]) == (200, True)
        until(lambda: any("resolved: statement differs" in body for body in server.bodies), what="its end")
        until(lambda: asked.get(f"{ALERTS}/{made['id']}").json()["resolved"], what="the record")
    assert sum("error: statement differs" in body for body in server.bodies) == 1


def audit(asked: TestClient) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = asked.get("/emergency/audit", params={"limit": 1_000}).json()["records"]
    return rows


def test_a_stop_does_not_wait_for_a_notifier_whose_service_hangs(tmp_path: Path, server: Hook) -> None:
    server.slow_s = 2.0
    folder = addressed(tmp_path / "d", server.url.replace("rto=0.3", "rto=5"))
    with Sidecar(small(folder, notices={"group_s": 0.0})) as sidecar:
        sidecar.start()
        raised(client(sidecar), "anything")
        until(lambda: server.attempts, what="a hanging send")
        asked = Stop(at=sidecar.live.now(), request_id="s", actor="ann", reason="drill")
        sidecar.live.submit(asked).result(1.0)
        assert server.got == []


def test_a_failing_channel_becomes_an_alert(tmp_path: Path) -> None:
    with hook() as gone:
        dead = gone.url
    settings = small(addressed(tmp_path / "d", dead), notices={"group_s": 0.0, "retry_s": 0.1})
    with Sidecar(settings) as sidecar:
        sidecar.start()
        asked = client(sidecar)
        raised(asked, "anything")
        query = {"source": "notices", "status": "standing"}
        (found,) = until(lambda: asked.get(ALERTS, params=query).json()["alerts"], what="the alert")
        assert found["title"].endswith("takes no notices")
        assert "hush" not in str(found)


def test_addresses_are_refused_at_the_start_and_never_logged(
    tmp_path: Path, server: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        folder = addressed(tmp_path / "a", server.url, "nosuch://hush-secret-token")
        with pytest.raises(ConfigurationError, match="address 2 of 2 is no Apprise URL"):
            Sidecar(small(folder))
        (addressed(tmp_path / "b", server.url) / FILE).chmod(0o644)
        with pytest.raises(ConfigurationError, match="others may read it"):
            Sidecar(small(tmp_path / "b"))
        with pytest.raises(ConfigurationError, match="address 1 of 1"):
            Sidecar(small(tmp_path / "c", notices={"urls": ["nosuch://hush-secret-token"]}))
    assert "hush" not in caplog.text
    assert "hush" not in repr(small(tmp_path / "c", notices={"urls": ["nosuch://hush-secret-token"]}))
