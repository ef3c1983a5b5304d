"""A desk and its app in processes of their own, as ``up`` starts them, for measurements."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import httpx2
import psutil

from sidecar.client import Desk
from sidecar.domain.errors import ClientError
from tests.wiring import free_port

PATIENCE_S = 240.0


class Standing(NamedTuple):
    """``app`` and ``url`` are addresses, ``key`` opens the desk, ``process`` is the app's."""

    app: str
    url: str
    key: str
    process: psutil.Process
    sidecar: psutil.Process


@contextmanager
def standing(folder: Path, command: tuple[str, ...] = ("-m", "pages.parts.server"), **more: str) -> Iterator[Standing]:
    """The simulated market at ten market seconds a second, with positions; ``command`` starts the app that is measured.

    The app acts with a key of its environment, so nobody has to sign in.
    """
    desk_port, app_port = free_port(), free_port()
    url, app = f"http://127.0.0.1:{desk_port}", f"http://127.0.0.1:{app_port}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DESK_")}
    clean |= {"DESK_LEARNING__ENABLED": "false", "PYTHONPATH": str(Path.cwd()), **more}
    desk = ["-m", "sidecar", "serve", "--data-dir", str(folder), "--port", str(desk_port), "--speed", "10"]
    started = [_start(desk, clean, folder.with_name("sidecar.log"))]
    try:
        key_file = folder / "ui.key"
        _wait(lambda: key_file.exists() and _holding(url, key_file.read_text().strip()), "the desk")
        key = key_file.read_text().strip()
        told = {**clean, "DESK_URL": url, "DESK_KEY": key}
        started.append(_start([*command, "--port", str(app_port)], told, folder.with_name("app.log")))
        _wait(lambda: httpx2.get(f"{app}/_stcore/health", trust_env=False).status_code == 200, "the app")
        yield Standing(app, url, key, psutil.Process(started[1].pid), psutil.Process(started[0].pid))
    finally:
        for process in reversed(started):
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
            process.kill()


def _start(arguments: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as told:
        return subprocess.Popen([sys.executable, *arguments], env=environment, stdout=told, stderr=told)


def _holding(url: str, key: str) -> bool:
    with Desk(url, key) as desk:
        return bool(desk.positions()["total_positions"])


def _wait(ready: object, what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with suppress(ClientError, httpx2.RequestError):
            if callable(ready) and ready():
                return
        time.sleep(0.2)
    raise SystemExit(f"{what} did not come up within {PATIENCE_S:g} s")
