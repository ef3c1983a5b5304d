"""What the tests of the wiring share: settings of a small market, waiting without sleeping, and a real process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Any, Self

import httpx2

from sidecar.client import Desk
from sidecar.domain.commands import Reset, Stop
from sidecar.domain.report import Outcome
from sidecar.live import Live
from sidecar.run import Sidecar
from sidecar.settings import REPOSITORY, Settings, load_settings

SMALL = {"strikes_each_side": 4, "expiries": 1, "quotes_per_second": 40.0}
ADMIN, TRADER = "admin-" + "a" * 40, "trader-" + "t" * 40


def small(folder: Path, **more: Any) -> Settings:
    """Settings of a market with nine strikes of one expiry, at twenty market seconds a second."""
    given: dict[str, Any] = {"data_dir": folder, "speed": 20.0, "strategy": "none", "simulation": SMALL, **more}
    return load_settings(**given)


def until(true: Callable[[], Any], seconds: float = 20.0, what: str = "it") -> Any:
    """Wait for something to come true, and return it."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, f"{what} did not come true within {seconds:g} s"
        time.sleep(0.02)
    return found


def open_and_quoted(live: Live) -> bool:
    """Whether the desk has seen an open session with every index and the chain quoted."""
    published = live.latest
    if published is None or published.report.blind or not published.report.session_open:
        return False
    return bool(published.report.markets) and published.report.markets[0].quality == "live"


def started(sidecar: Sidecar) -> Sidecar:
    """Let a sidecar run, and wait until its market is alive."""
    sidecar.start()
    until(lambda: open_and_quoted(sidecar.live), what="a live market")
    return sidecar


def ask_stop(live: Live, reason: str = "drill") -> Outcome:
    return live.submit(
        Stop(at=live.now(), request_id=f"stop-{time.monotonic_ns()}", actor="ann", reason=reason)
    ).result(10)


def ask_reset(live: Live) -> Outcome:
    return live.submit(
        Reset(at=live.now(), request_id=f"reset-{time.monotonic_ns()}", actor="ann", reason="all clear")
    ).result(10)


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(**more: str) -> dict[str, str]:
    """This process's environment without its desk settings, a small market, and ``more``."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("DESK_")}
    mine["DESK_LEARNING__ENABLED"] = "false"
    market = {f"DESK_SIMULATION__{name.upper()}": str(value) for name, value in SMALL.items()}
    return {**mine, **market, **more}


def sidecar(*arguments: str | Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """One command to its end."""
    command = [sys.executable, "-m", "sidecar", *map(str, arguments)]
    return subprocess.run(
        command, cwd=REPOSITORY, env=dict(env or environment()), capture_output=True, text=True, check=False, timeout=60
    )


class Serving:
    """A real ``python -m sidecar serve`` on a free port; leaving the block kills it if it still runs."""

    def __init__(self, folder: Path, *flags: str, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder.with_name(folder.name + ".log")
        arguments = ["--data-dir", str(folder), "--port", str(self.port), "--speed", "20", *flags]
        keys = f"admin:{ADMIN},trader:{TRADER}"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sidecar", "serve", *arguments],
                cwd=REPOSITORY,
                env=environment(DESK_BOOTSTRAP_KEYS=keys, **(env or {})),
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self.http = httpx2.Client(base_url=self.url, trust_env=False, timeout=10.0)
        self.desk = Desk(self.url, ADMIN)
        try:
            until(self.ready, 30.0, "readiness")
        except BaseException:
            self.kill()  # nobody else will: the block is never entered
            raise

    def ready(self) -> bool:
        assert self.process.poll() is None, self.told()
        try:
            return self.http.get("/health/ready").status_code == 200
        except httpx2.TransportError:
            return False

    def told(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def state(self) -> dict[str, Any]:
        return dict(self.http.get("/emergency/status").json()["data"]["circuit_breaker"])

    def order(self, body: Mapping[str, Any], key: str = TRADER) -> httpx2.Response:
        return self.http.post("/emergency/manual-order", json=dict(body), headers={"X-API-Key": key})

    def a_sale(self) -> dict[str, Any]:
        """One more lot of what the demonstration is short of, a little through the market: it adds risk."""
        line = until(self._short, 30.0, "a short position with a price")
        price = ticks(line["current_price"] * 0.99)
        return {"symbol": line["symbol"], "side": "sell", "quantity": int(abs(line["quantity"] / line["lots"])),
                "price": price, "reason": "a test"}  # fmt: skip

    def _short(self) -> dict[str, Any] | None:
        lines = self.desk.positions()["positions"]
        return next((line for line in lines if line["quantity"] < 0 and (line["current_price"] or 0) > 5), None)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()
        self.http.close()
        self.desk.shut()


def ticks(price: float, rounding: str = ROUND_FLOOR) -> str:
    """A price on the tick grid, as text."""
    assert rounding in (ROUND_FLOOR, ROUND_CEILING)
    return str((Decimal(str(price)) / Decimal("0.05")).to_integral_value(rounding) * Decimal("0.05"))
