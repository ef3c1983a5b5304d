"""The real stack as a newcomer starts it: ``python -m sidecar up``, its keys and one-time link as it says them."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from sidecar.client import Desk
from sidecar.domain.errors import ClientError
from tests.wiring import environment, free_port

PATIENCE_S = 90.0


class Stack(NamedTuple):
    """``app`` and ``desk`` are addresses, ``link`` signs one person in, the keys are those shown once."""

    app: str
    desk: str
    link: str
    admin: str
    trader: str


@contextmanager
def stack(folder: Path, repository: Path, *flags: str, **more: str) -> Iterator[Stack]:
    """Sidecar and app until the block ends. It holds positions already; ``flags`` are of ``up``."""
    desk_port, app_port = free_port(), free_port()
    ports = ["--port", str(desk_port), "--ui-port", str(app_port)]
    command = [sys.executable, "-m", "sidecar", "up", "--no-browser", "--data-dir", str(folder), *ports, *flags]
    log = folder.with_name(folder.name + ".log")
    with log.open("wb") as told:
        running = subprocess.Popen(command, cwd=repository, env=environment(**more), stdout=told, stderr=told)
    try:
        _wait("the app", lambda: httpx2.get(f"http://127.0.0.1:{app_port}/_stcore/health").status_code == 200, log)
        said = {name: _said(pattern, log) for name, pattern in _WORDS.items()}
        made = Stack(app=f"http://127.0.0.1:{app_port}", desk=f"http://127.0.0.1:{desk_port}", **said)
        with Desk(made.desk, made.trader) as desk:
            _wait("a position", lambda: desk.positions()["total_positions"] > 0, log)
        yield made
    finally:
        running.terminate()
        with suppress(subprocess.TimeoutExpired):
            running.wait(20)
        running.kill()


_WORDS = {
    "link": r"(http://\S+/live/enter#\S+)",
    "admin": r"admin key, shown once: (\S+)",
    "trader": r"trader key, shown once: (\S+)",
}


def _said(pattern: str, log: Path) -> str:
    found = re.search(pattern, log.read_text())
    assert found is not None, f"{pattern} is not in {log.read_text()}"
    return found.group(1)


def _wait(what: str, ready: object, log: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with suppress(ClientError, httpx2.RequestError):
            if callable(ready) and ready():
                return
        time.sleep(0.1)
    pytest.fail(f"{what} did not come up within {PATIENCE_S:g} s: {log.read_text()[-2_000:]}")
