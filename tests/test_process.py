"""The program as a process: what it promises must hold over kill -9, signals and restarts."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import httpx2
import pytest

from sidecar.domain.errors import DeskRefused
from sidecar.domain.records import OrderRecorded, decode
from sidecar.store.frames import scan
from tests.wiring import ADMIN, TRADER, Serving, free_port, sidecar, ticks, until

pytestmark = pytest.mark.slow
#: Room for hundreds of orders, filled or not: what is watched here is the record, not the limits.
LARGE = {
    "DESK_CAPITAL__MAIN": "50000000",
    "DESK_LIMITS__ORDER_RATE": "100000",
    "DESK_LIMITS__DUPLICATE_ORDER": "0",
    **{f"DESK_LIMITS__NET_{greek}": "1000000000" for greek in ("DELTA", "GAMMA", "VEGA", "THETA")},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("process") / "data"


def test_a_stop_holds_over_kill_9_until_an_admin_resets_it(folder: Path) -> None:
    with Serving(folder, env=LARGE) as desk:
        body = desk.a_sale()
        stopped = desk.http.post("/emergency/stop", json={"reason": "fat finger"}, headers={"X-API-Key": TRADER})
        assert stopped.status_code == 200
        assert stopped.json()["state"] == "emergency_stop"
        refused = desk.order(body)
        assert refused.status_code == 409
        assert "emergency_stop" in refused.json()["detail"]
        desk.kill()
    with Serving(folder, env=LARGE) as desk:
        assert desk.state()["status"] == "emergency_stop"
        refused = desk.order(desk.a_sale())
        assert refused.status_code == 409
        assert "emergency_stop" in refused.json()["detail"]
        path = "/emergency/circuit-breaker/reset"
        assert desk.http.post(path, json={"reason": "no"}, headers={"X-API-Key": TRADER}).status_code == 403
        reset = desk.http.post(path, json={"reason": "all clear"}, headers={"X-API-Key": ADMIN})
        assert reset.status_code == 200
        assert reset.json()["state"] == "active"
        accepted = desk.order(desk.a_sale())
        assert accepted.status_code == 200, accepted.text
        order_id = accepted.json()["order_id"]
        assert desk.desk.find(order_id)["state"] in ("pending", "open", "partial", "filled")

        began = time.monotonic()
        assert desk.terminate() == 0
        assert time.monotonic() - began < 10
        assert "Traceback" not in desk.told()
    began = time.monotonic()
    with Serving(folder, env=LARGE) as desk:
        assert time.monotonic() - began < 20
        assert desk.state()["status"] == "active"
        assert desk.desk.find(order_id)["id"] == order_id
        assert not list(folder.glob("*.corrupt-*"))
        log = desk.told()
        assert "shown once" not in log
        assert ADMIN not in log
        assert TRADER not in log
        greeting = re.compile(r"Deskwatch [\d.]+, data in .*|  sidecar  http://127.0.0.1:\d+  \(described at .*\)")
        assert [line for line in log.splitlines() if not greeting.fullmatch(line)] == []


class Load:
    """Orders, one after the other, from several threads, until the desk is gone; keeps what was acknowledged."""

    def __init__(self, desk: Serving, body: dict[str, object]) -> None:
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        self._url = desk.url
        self._body = body
        self._threads = [threading.Thread(target=self._send) for _ in range(3)]
        for thread in self._threads:
            thread.start()

    def _send(self) -> None:
        with httpx2.Client(base_url=self._url, trust_env=False, timeout=5.0) as http:
            while True:
                try:
                    answer = http.post("/emergency/manual-order", json=self._body, headers={"X-API-Key": TRADER})
                except httpx2.TransportError:
                    return
                if answer.status_code == 200:
                    self.acknowledged.append(answer.json()["order_id"])
                elif answer.status_code == 409:
                    self.refused.append(answer.json()["order"]["id"])

    def wait_for(self, answers: int) -> None:
        until(lambda: len(self.acknowledged) + len(self.refused) >= answers, what=f"{answers} answers")

    def join(self) -> None:
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive()


def recorded(folder: Path) -> Iterator[str]:
    for record in scan((folder / "journal.log").read_bytes()).records:
        found = decode(record.payload).record
        if isinstance(found, OrderRecorded):
            yield found.order.id


def test_every_acknowledged_order_is_there_after_kill_9_at_a_random_moment(folder: Path) -> None:
    random = Random(7)
    told: set[str] = set()
    for _ in range(5):
        with Serving(folder, "--speed", "1", env=LARGE) as desk:
            assert desk.state()["status"] == "active", desk.state()
            body = desk.a_sale()
            load = Load(desk, {**body, "side": "buy", "price": ticks(float(body["price"]) * 0.98)})
            load.wait_for(random.randint(5, 12))
            time.sleep(random.uniform(0.0, 0.2))
            desk.kill()
            load.join()
            told |= {*load.acknowledged, *load.refused}
        assert told <= set(recorded(folder))
    assert len(told) > 20
    with Serving(folder, "--speed", "1", env=LARGE) as desk:
        assert desk.state()["status"] == "active", desk.state()
        assert not list(folder.glob("*.corrupt-*"))
        for order_id in sorted(told)[:: max(len(told) // 20, 1)]:
            assert desk.desk.find(order_id)["id"] == order_id
        with pytest.raises(DeskRefused, match="404"):
            desk.desk.find("O99999999")


def test_a_running_desk_answers_status_and_stop_from_a_terminal(folder: Path, tmp_path: Path) -> None:
    with Serving(tmp_path / "data", "--strategy", "none") as desk:
        where = ("--url", desk.url, "--data-dir", str(tmp_path / "data"))
        done = sidecar("status", *where)
        assert done.returncode == 0, done.stderr
        assert '"active"' in done.stdout
        written = [path for path in (tmp_path / "data").rglob("*") if not path.is_dir()]
        assert "desk.duckdb.wal" in {path.name for path in written}
        assert [path.name for path in written if path.stat().st_mode & 0o077] == []
        taken = sidecar("serve", "--port", str(desk.port), "--data-dir", str(tmp_path / "other"))
        assert taken.returncode == 2
        assert taken.stderr == f"deskwatch: port: 127.0.0.1:{desk.port} is taken; stop what runs there, or use --port\n"
        second = sidecar("serve", "--port", str(free_port()), "--data-dir", str(tmp_path / "data"))
        assert second.returncode == 1
        assert second.stderr.count("\n") == 1
        assert f"process {desk.process.pid}" in second.stderr
        done = sidecar("stop", "--reason", "fat finger", *where)
        assert done.returncode == 0, done.stderr
        assert '"emergency_stop"' in done.stdout
        assert desk.state()["status"] == "emergency_stop"
        assert desk.terminate() == 0
    assert sidecar("status", *where).returncode == 1
