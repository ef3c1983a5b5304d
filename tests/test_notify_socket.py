"""The service manager hears that the desk is ready, lives and ends; a loop that hangs gives no sign of life."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from math import inf
from pathlib import Path

import pytest

from sidecar.notify_socket import Manager, Supervised
from tests.wiring import Serving, until

WATCHDOG_S = 0.8
#: Hangs the desk's loop as long as a file lies there.
HANGS = """
import time
from pathlib import Path


class Strategy:
    name = "hangs"

    def __init__(self, fund_id, underlying):
        self.file = Path(r"{file}")

    def on_report(self, published):
        while self.file.exists():
            time.sleep(0.05)
        return ()
"""


class Heard:
    """What a service manager would hear."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)
        self.messages: list[str] = []

    def so_far(self) -> list[str]:
        with suppress(BlockingIOError):
            while True:
                self.messages.append(self.socket.recv(4_096).decode())
        return self.messages

    def signs(self) -> int:
        """Signs of life until now."""
        return sum(message.startswith("WATCHDOG=1") for message in self.so_far())


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[Heard]:
    made = Heard(str(tmp_path / "notify"))
    yield made
    made.socket.close()


def manager(heard: Heard, **more: str) -> Manager:
    return Manager({"NOTIFY_SOCKET": heard.socket.getsockname(), **more})


def test_without_a_manager_nothing_is_sent_and_nothing_waits() -> None:
    alone = Manager({})
    assert (alone.listens, alone.watchdog_s) == (False, inf)
    with Supervised(alone, lambda: 0, lambda: pytest.fail("nobody asked"), str):
        alone.tell("READY=1")


def test_its_variables_are_taken_out_so_that_no_child_speaks_in_the_desks_name(heard: Heard) -> None:
    address = heard.socket.getsockname()
    environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "", "A": "b"}
    assert Manager(environment).watchdog_s == 30.0
    assert environment == {"A": "b"}


@pytest.mark.parametrize("more", [{}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "5", "WATCHDOG_PID": "1"}])
def test_a_watchdog_that_is_not_asked_for_or_is_anothers_is_not_fed(heard: Heard, more: dict[str, str]) -> None:
    assert manager(heard, **more).watchdog_s == inf
    assert manager(heard, WATCHDOG_USEC="5000000", WATCHDOG_PID=str(os.getpid())).watchdog_s == 5.0


def test_an_abstract_address_is_reached(tmp_path: Path) -> None:
    name = f"deskwatch-{os.getpid()}-{tmp_path.name}"
    listening = Heard(f"\0{name}")
    Manager({"NOTIFY_SOCKET": f"@{name}"}).tell("READY=1", "STATUS=a")
    assert listening.so_far() == ["READY=1\nSTATUS=a"]
    listening.socket.close()


def test_a_manager_that_is_gone_or_does_not_read_keeps_nobody_waiting(tmp_path: Path, heard: Heard) -> None:
    Manager({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).tell("READY=1")
    began = time.monotonic()
    for _ in range(2_000):
        manager(heard).tell("WATCHDOG=1")
    assert time.monotonic() - began < 2.0
    assert 0 < len(heard.so_far()) < 2_000


def test_it_is_ready_once_and_only_when_it_can_be_used(heard: Heard) -> None:
    ready: list[str] = []
    with Supervised(manager(heard), lambda: 0, lambda: bool(ready), lambda: "breaker active"):
        time.sleep(0.3)
        assert heard.so_far() == []
        ready.append("now")
        until(heard.so_far)
    assert heard.so_far() == ["READY=1\nSTATUS=breaker active", "STOPPING=1"]


def test_a_desk_feeds_its_watchdog_while_its_loop_beats_and_not_while_it_hangs(tmp_path: Path, heard: Heard) -> None:
    hang, strategy = tmp_path / "hang", tmp_path / "hangs.py"
    strategy.write_text(HANGS.format(file=hang))
    told = {"NOTIFY_SOCKET": heard.socket.getsockname(), "WATCHDOG_USEC": str(round(WATCHDOG_S * 1e6))}
    with Serving(tmp_path / "data", "--strategy", str(strategy), env=told) as desk:
        until(heard.so_far, what="readiness")
        assert heard.messages[0] == "READY=1\nSTATUS=breaker active"
        began, before = time.monotonic(), heard.signs()
        time.sleep(2 * WATCHDOG_S)
        fed = (heard.signs() - before) / (time.monotonic() - began)
        assert fed * WATCHDOG_S > 2.0  # twice as often as it must be, at the least

        hang.touch()
        time.sleep(WATCHDOG_S / 2)  # what was under way when it began to hang
        before = heard.signs()
        time.sleep(1.5 * WATCHDOG_S)
        assert heard.signs() == before
        # The process is there and answers: a timer in it would have gone on feeding.
        assert desk.http.get("/emergency/health").status_code == 200

        hang.unlink()
        until(lambda: heard.signs() > before, what="a sign of life")
        assert desk.terminate() == 0
    assert heard.so_far()[-1] == "STOPPING=1"
