"""The table of roles, tried: every route of a running desk against no key and a key of each role."""

from collections.abc import Iterator
from io import StringIO

import pytest
from starlette.testclient import TestClient
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from sidecar.doors import app_of
from sidecar.run import Sidecar
from sidecar.servers.auth import doors
from sidecar.servers.document import roles
from sidecar.servers.keys import Role
from sidecar.telemetry import log
from tests.servers.desk import serving
from tests.wiring import small, started

COLUMNS = (None, *Role)
VALUES = {"{order_id}": "O00000001", "{underlying}": "NIFTY", "{fund_id}": "main", "{alert_id}": "A00001"} | {
    "{job_id}": "T00001", "{model_id}": "m00001", "{prediction_id}": "P00001",
    "{backtest_id}": "B251124063000-3f2a9c",
}  # fmt: skip


class Tried:
    """A running desk and a key of each role; the client comes from another machine."""

    def __init__(self, sidecar: Sidecar) -> None:
        self.app = app_of(sidecar)
        self.keys = {role: sidecar.keys.add(role, "test") for role in Role}
        self.url = ""

    def client(self, host: str = "192.0.2.7") -> TestClient:
        return TestClient(self.app, base_url="http://127.0.0.1", client=(host, 5))

    def status(self, method: str, path: str, role: Role | None, host: str = "192.0.2.7") -> int:
        headers = {"x-api-key": self.keys[role]} if role else {}
        for name, value in VALUES.items():
            path = path.replace(name, value)
        assert "{" not in path, f"say what to put into {path}"
        return self.client(host).request(method, path, headers=headers).status_code

    def opened(self, path: str, role: Role | None) -> bool:
        headers = {"x-api-key": self.keys[role]} if role else {}
        url = self.url.replace("http", "ws") + path
        with connect(url, additional_headers=headers, proxy=None, close_timeout=1) as socket:
            if role is None:
                socket.send('{"type":"auth","key":"wrong"}')
            try:
                return '"connection"' in str(socket.recv(5))
            except ConnectionClosed as ended:
                return ended.rcvd is None or ended.rcvd.code != 1008


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    undo = log.install(StringIO())
    with Sidecar(small(tmp_path_factory.mktemp("roles"))) as sidecar:
        made = Tried(started(sidecar))
        with serving(made.app) as made.url:
            yield made
    undo()


def table(text: str) -> dict[tuple[str, str], list[str]]:
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return {(row[0].strip("`").split(" ")[0], row[0].strip("`").split(" ")[1]): row[1:5] for row in rows}


def test_no_route_is_without_a_role_or_missing_from_the_table(tried: Tried) -> None:
    found = list(doors(tried.app.routes))
    assert all(mark is not None for _, _, mark in found)
    assert set(table(roles(tried.app))) == {(method, path) for method, path, _ in found}


@pytest.mark.parametrize("column", range(4), ids=["none", "viewer", "trader", "admin"])
def test_every_route_answers_each_role_as_the_table_says(tried: Tried, column: int) -> None:
    wrong, role = [], COLUMNS[column]
    for (method, path), cells in table(roles(tried.app)).items():
        said = cells[column]
        if method == "WEBSOCKET":
            fits = tried.opened(path, role) == (said == "yes")
        elif said in ("401", "403", "loopback"):
            fits = tried.status(method, path, role) == int(said.replace("loopback", "401"))
        else:
            fits = (status := tried.status(method, path, role)) not in (401, 403, 405) and status < 500
        if not fits:
            wrong.append((method, path, said))
    assert wrong == []
    near = [path for (_, path), cells in table(roles(tried.app)).items() if cells[0] == "loopback"]
    assert [tried.status("GET", path, None, "127.0.0.1") for path in near] == [200]


def test_who_has_no_key_changes_nothing(tried: Tried) -> None:
    def shown() -> tuple[str, int]:
        told = tried.client().get("/emergency/status").json()["data"]["circuit_breaker"]
        return told["status"], told["halt_seq"]

    before = shown()
    for (method, path), cells in table(roles(tried.app)).items():
        if method != "WEBSOCKET" and cells[0] == "401":
            assert tried.status(method, path, None) == 401
    assert shown() == before
