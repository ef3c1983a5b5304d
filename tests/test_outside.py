"""Stopping a real sidecar whose loops hang: by API, file, signal and command line, and what a restart makes of it."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.domain.records import BreakerRecorded, Halted, decode
from sidecar.store.frames import scan
from tests.wiring import TRADER, Serving, sidecar, until

pytestmark = pytest.mark.slow

#: The promise is 1 s; other tests run beside this one.
NOISY_S = 2.5

#: A strategy that hangs one loop or the other when a file beside it says so, for as many seconds as that file says.
HANGS = """
import asyncio, gc, time
from pathlib import Path

HERE = Path(__file__).parent

class Strategy:
    name = "hangs"

    def __init__(self, fund_id, underlying):
        pass

    def on_report(self, published):
        for kind in ("desk", "events", "busy"):
            told = HERE / kind
            if not told.exists():
                continue
            seconds = float(told.read_text())
            told.rename(HERE / f"{kind}.hung")
            if kind == "events":
                for loop in gc.get_objects():
                    if isinstance(loop, asyncio.AbstractEventLoop) and loop.is_running():
                        loop.call_soon_threadsafe(time.sleep, seconds)
            elif kind == "busy":
                until = time.monotonic() + seconds
                while time.monotonic() < until:
                    pass
            else:
                time.sleep(seconds)
        return ()
"""


class Hanging(Serving):
    """A sidecar whose loops can be made to hang."""

    def __init__(self, folder: Path) -> None:
        self.told_by = folder.parent
        strategy = self.told_by / "hangs.py"
        strategy.write_text(HANGS)
        super().__init__(folder, "--speed", "1", "--strategy", str(strategy))

    def hang(self, what: str, seconds: float = 20.0) -> None:
        (self.told_by / f"{what}.new").write_text(str(seconds))
        (self.told_by / f"{what}.new").rename(self.told_by / what)
        until((self.told_by / f"{what}.hung").exists, what="a loop that hangs")
        time.sleep(0.05)

    def stop_file(self) -> float:
        """Leave the stop file; how long (seconds) until the desk has it on disk."""
        began = time.monotonic()
        (self.folder / "STOP").write_text("smoke in the room")
        while (self.folder / "STOP").exists():
            assert time.monotonic() - began < 10
            time.sleep(0.005)
        return time.monotonic() - began

    def stop_signal(self) -> float:
        began = time.monotonic()
        os.kill(self.process.pid, signal.SIGUSR1)
        while not stops(self.folder):
            assert time.monotonic() - began < 10, self.told()
            time.sleep(0.005)
        return time.monotonic() - began


def stops(folder: Path) -> list[str]:
    """Who stopped it, as the journal tells."""
    records = [decode(record.payload).record for record in scan((folder / "journal.log").read_bytes()).records]
    halted = [record.actor for record in records if isinstance(record, Halted)]
    return halted + [r.event.actor for r in records if isinstance(r, BreakerRecorded) and r.event.trigger]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Hanging]:
    with Hanging(tmp_path / "data") as running:
        yield running


@pytest.mark.parametrize("what", ["events", "desk", "busy"])
def test_the_stop_file_works_within_a_second_whatever_hangs(what: str, desk: Hanging) -> None:
    desk.hang(what)
    taken = desk.stop_file()
    print(f"stop file, {what} hangs: {taken * 1e3:.0f} ms")
    assert taken < NOISY_S
    assert stops(desk.folder) == ["stop-file"]


@pytest.mark.parametrize("what", ["events", "desk", "busy"])
def test_the_signal_works_within_a_second_whatever_hangs(what: str, desk: Hanging) -> None:
    desk.hang(what)
    taken = desk.stop_signal()
    print(f"SIGUSR1, {what} hangs: {taken * 1e3:.0f} ms")
    assert taken < NOISY_S
    assert stops(desk.folder) == ["signal"]


def test_a_stop_through_the_api_beside_a_desk_that_hangs_holds_over_kill_9(desk: Hanging) -> None:
    desk.hang("busy")
    began = time.monotonic()
    answer = desk.http.post("/emergency/stop", json={"reason": "fat finger"}, headers={"X-API-Key": TRADER})
    taken = time.monotonic() - began
    print(f"HTTP, the desk hangs: {taken * 1e3:.0f} ms")
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "emergency_stop"
    assert "beside the desk's loop" in answer.json()["message"]
    assert taken < NOISY_S
    assert desk.state()["status"] == "emergency_stop"
    desk.kill()
    with Serving(desk.folder, "--speed", "1", "--strategy", "none") as again:
        assert again.state()["status"] == "emergency_stop"
        assert again.state()["trading_allowed"] is False
        again.desk.reset("all clear")
        assert again.state()["status"] == "active"
        again.kill()
    with Serving(desk.folder, "--speed", "1", "--strategy", "none") as third:
        assert third.state()["status"] == "active"


def test_a_desk_that_returns_takes_the_stop_up_and_can_be_reset(desk: Hanging) -> None:
    desk.hang("desk", 2.0)
    assert desk.stop_file() < NOISY_S
    until(lambda: len(stops(desk.folder)) == 2, what="the desk's own record")
    assert stops(desk.folder) == ["stop-file", "stop-file"]
    until(lambda: desk.ready(), what="readiness")
    desk.desk.reset("all clear")
    assert desk.state()["status"] == "active"
    assert desk.terminate() == 0


def test_a_signal_before_and_after_is_no_end_of_the_process(desk: Hanging) -> None:
    assert desk.stop_signal() < NOISY_S
    desk.desk.reset("all clear")
    assert desk.state()["status"] == "active"
    os.kill(desk.process.pid, signal.SIGUSR1)
    until(lambda: desk.state()["status"] == "emergency_stop")
    assert desk.terminate() == 0


def test_the_command_line_falls_back_to_the_stop_file_where_the_api_is_dead(desk: Hanging) -> None:
    desk.hang("events", 30.0)
    began = time.monotonic()
    done = sidecar("stop", "--reason", "fat finger", "--url", desk.url, "--data-dir", desk.folder)
    print(f"command line, the API is dead: {time.monotonic() - began:.1f} s with its start")
    assert done.returncode == 0, done.stderr
    assert "no answer within 2 s" in done.stderr
    assert "through the stop file" in done.stdout
    assert f"process {desk.process.pid}" in done.stdout
    assert stops(desk.folder)[0] == "stop-file"


def test_the_command_line_says_that_a_dead_process_took_nothing(desk: Hanging) -> None:
    os.kill(desk.process.pid, signal.SIGSTOP)
    done = sidecar("stop", "--reason", "fat finger", "--url", desk.url, "--data-dir", desk.folder)
    assert done.returncode == 1
    assert "not confirmed" in done.stderr
    assert (desk.folder / "STOP").read_text() == "fat finger\n"
    desk.kill()
    with Serving(desk.folder, "--speed", "1", "--strategy", "none") as again:
        assert again.state()["status"] == "emergency_stop"
        assert json.loads(again.http.get("/emergency/status").text)["data"]["circuit_breaker"]["triggers"]
        assert not (desk.folder / "STOP").exists()
        assert list(desk.folder.glob("STOP.taken-*"))
