"""SIGSTOP and SIGCONT: a sidecar that stood still sees that its market is old, loses nothing, and obeys a stop."""

import signal
import time
from pathlib import Path

import pytest

from sidecar.store.frames import scan
from tests.wiring import TRADER, Serving, until

pytestmark = pytest.mark.slow


def test_a_process_that_stood_still_for_a_while_goes_on_without_loss_and_stops_when_told(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with Serving(folder, "--strategy", "none", "--speed", "1") as desk:
        told = desk.http.post("/emergency/stop", json={"reason": "told before"}, headers={"X-API-Key": TRADER})
        assert told.status_code == 200
        desk.process.send_signal(signal.SIGSTOP)
        time.sleep(3.0)
        desk.process.send_signal(signal.SIGCONT)
        until(desk.ready, what="readiness after it stood still")
        state = desk.state()
        assert state["status"] == "emergency_stop"
        told = desk.http.post("/emergency/stop", json={"reason": "told after"}, headers={"X-API-Key": TRADER})
        assert told.status_code == 200
        assert desk.terminate() == 0
        assert "Traceback" not in desk.told()
    payloads = [record.payload for record in scan((folder / "journal.log").read_bytes()).records]
    assert sum(b"told before" in payload for payload in payloads) >= 1
    assert sum(b"told after" in payload for payload in payloads) >= 1
