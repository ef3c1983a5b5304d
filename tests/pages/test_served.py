"""The app as it is served, with every script thread asleep: the stop goes through, and no door beside it is open."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from sidecar.domain.breaker import BreakerStatus
from sidecar.servers.keys import Role
from tests.cable import Cable, reached
from tests.pages.test_browser import free_port
from tests.servers.streaming import Wire

SLEEP_S = 5.0
ENDPOINTS = (
    *("/", "/_stcore/health", "/_stcore/host-config", "/_stcore/upload_file/a/b", "/media/x"),
    *("/live/enter", "/live/emergency/status"),
)
SERVE = """
import os, sys
from pathlib import Path
from pages.parts.relay import TICKETS
from pages.parts.server import application

folder, port = Path(sys.argv[1]), int(sys.argv[2])
(folder / "ticket").write_text(TICKETS.renew(None, os.environ["DESK_KEY"]))
application(folder / "page.py").run(config={"server.port": port})
"""
PAGE = f"""
import time, uuid
from pathlib import Path

mark = Path(__file__).with_name(f"begun-{{uuid.uuid4().hex}}")
mark.touch()
time.sleep({SLEEP_S})
mark.rename(mark.with_name(mark.name.replace("begun", "done")))
"""


class Served:
    """The app's process in front of a desk."""

    def __init__(self, folder: Path, port: int, wire: Wire) -> None:
        self.folder, self.wire = folder, wire
        self.host = f"127.0.0.1:{port}"
        self.url = f"http://{self.host}"

    def marks(self, kind: str) -> int:
        return len(list(self.folder.glob(f"{kind}-*")))

    @contextmanager
    def tab(self, **more: Any) -> Iterator[Any]:
        origin = more.pop("origin", self.url)
        address = f"ws://{self.host}/_stcore/stream"
        with connect(address, origin=origin, subprotocols=["streamlit"], proxy=None, **more) as socket:  # type: ignore[list-item]
            yield socket


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Served]:
    folder, cable, port = tmp_path_factory.mktemp("served"), Cable(), free_port()
    (folder / "serve.py").write_text(SERVE)
    (folder / "page.py").write_text(PAGE)
    with reached(folder, cable) as wire, (folder / "log").open("wb") as log:
        key = wire.secrets[Role.TRADER]
        environment = os.environ | {"DESK_KEY": key, "DESK_URL": wire.url, "PYTHONPATH": str(repository)}
        command = [sys.executable, str(folder / "serve.py"), str(folder), str(port)]
        process = subprocess.Popen(command, env=environment, cwd=repository, stdout=log, stderr=log)
        made = Served(folder, port, wire)
        try:
            until = time.monotonic() + 60
            while not answers(f"{made.url}/_stcore/health"):
                assert time.monotonic() < until
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.1)
            yield made
        finally:
            process.terminate()
            process.wait(20)
            cable.close()


def answers(url: str) -> bool:
    try:
        return httpx2.get(url, trust_env=False).status_code == 200
    except httpx2.RequestError:
        return False


def test_no_door_of_streamlits_own_stands_open_to_another_name_or_origin(served: Served) -> None:
    with httpx2.Client(base_url=served.url, trust_env=False) as http:
        for path in ENDPOINTS:
            answer = http.get(path)
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
            assert answer.headers["x-frame-options"] == "DENY", path
        for path in (*ENDPOINTS, "/component/x/y"):
            rebound = http.get(path, headers={"host": "rebound.example"})
            assert (rebound.status_code, "own host name" in rebound.text) == (400, True), path
    for origin in ("http://evil.example", "null", "http://rebound.example", "http://127.0.0.1:1", None):
        with pytest.raises(InvalidStatus) as refused, served.tab(origin=origin):
            pass
        assert refused.value.response.status_code == 403


def test_a_stop_goes_through_while_every_script_sleeps(served: Served) -> None:
    rerun = BackMsg()
    rerun.rerun_script.SetInParent()
    with ExitStack() as tabs, httpx2.Client(base_url=served.url, trust_env=False) as http:
        for _ in range(4):
            tabs.enter_context(served.tab()).send(rerun.SerializeToString())
        until = time.monotonic() + 20
        while served.marks("begun") < 4:
            assert time.monotonic() < until
            time.sleep(0.01)
        headers = {"X-API-Key": (served.folder / "ticket").read_text(), "origin": served.url}
        began = time.monotonic()
        answer = http.post("/live/emergency/stop", json={"reason": "all is busy"}, headers=headers)
        took = time.monotonic() - began
        assert answer.json()["state"] == "emergency_stop"
        assert took < 2
        assert served.marks("begun") == 4
        assert served.marks("done") == 0
        assert served.wire.desk.report.breaker.status is BreakerStatus.EMERGENCY_STOP


def test_no_key_stands_in_what_the_app_says_or_logs(served: Served) -> None:
    key = served.wire.secrets[Role.TRADER]
    told = "".join(httpx2.get(served.url + path, trust_env=False).text for path in ("/", "/live/enter"))
    assert key not in told
    assert key not in (served.folder / "log").read_text()
    assert key not in (served.folder / "ticket").read_text()
