"""How long a stop takes on a busy desk: until the gate is shut, until it is on disk, until it is answered.

    python -m bench.stop_latency [STOPS]
    python -m bench.stop_latency train [STOPS]

A real sidecar in a process of its own: 500 contracts at 2,000 quotes a second, 50 subscribers of every topic in a
second process, and a niced process that burns a core, or with ``train`` the process that trains, again and again.
Stops come by HTTP, by HTTP with the database stuck (nothing can be written to it), and, with the API dead (its event
loop does not turn), by stop file and by SIGUSR1; a reset lies between any two. ``shut`` is until the latch holds every
order that adds risk, ``on disk`` until the halt is in the journal; after each stop by HTTP an order that adds risk must
be refused.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread
from typing import Any, cast

import httpx2
import numpy as np
import websockets

from bench.loop import table
from sidecar.alarm import Alarm
from sidecar.domain.commands import CommandEvent, Reset, Stop
from sidecar.doors import app_of
from sidecar.run import Sidecar
from sidecar.servers.keys import UI_FILE, first_start
from sidecar.servers.serving import Server, configuration
from sidecar.settings import load_settings
from sidecar.stop_file import StopFile

STOPS = 100
#: How long (seconds) any of them may take to begin, on a machine that others use.
PATIENCE_S = 240.0
ME = [sys.executable, "-m", "bench.stop_latency"]
SUBSCRIBERS = 50
#: Sockets that the sidecar takes from one address.
PER_ADDRESS = 10
TOPICS = ["positions", "pnl", "greeks", "market", "data_quality", "status", "performance", "breaker", "orders"]
_SIM = {"strikes_each_side": 62, "expiries": 2, "quotes_per_second": 2_000.0}

BURNS = (sys.executable, "-c", "import os; os.nice(19)\nwhile True: pass")

#: Of one stop: given, gate shut, on disk, answered (seconds of the machine's monotonic clock; NaN for no answer).
Times = tuple[float, float, float, float]


def main() -> int:
    role, *rest = sys.argv[1:] or [""]
    if role == "serve":
        serve(Path(rest[0]), int(rest[1]))
    elif role == "subscribe":
        asyncio.run(subscribe(*rest))
    elif role == "train":
        measure(int(rest[0] if rest else STOPS), beside=[sys.executable, "-m", "bench.training", "again"])
    else:
        measure(int(role or STOPS))
    return 0


# ---- the sidecar's process ---------------------------------------------------------------------------------------


def serve(folder: Path, port: int) -> None:
    """A sidecar that also obeys words on standard input, and answers each with a line of JSON."""
    settings = load_settings(data_dir=folder, port=port, strategy="none", simulation=_SIM)
    with Alarm() as alarm, Sidecar(settings) as sidecar:
        first_start(folder)
        live, told = sidecar.live, list[list[float]]()
        submit = live.submit

        def watched(command: CommandEvent) -> Any:
            future = submit(command)
            if isinstance(command, Stop):
                row = [time.monotonic(), 0.0]
                told.append(row)
                future.add_done_callback(lambda _: row.__setitem__(1, time.monotonic()))
            return future

        live.submit = watched  # type: ignore[method-assign]  # every stop comes by here, whoever gives it
        sidecar.start()
        alarm.watch(lambda: live.halt("signal", "bench"))
        server = Server(configuration(app_of(sidecar), port=port))
        Thread(target=obey, args=(sidecar, told, server), daemon=True).start()
        server.run()


def obey(sidecar: Sidecar, told: list[list[float]], server: Server) -> None:
    live = sidecar.live
    for number, line in enumerate(sys.stdin):
        word, answer = line.strip(), cast("Any", None)
        if word == "reset":
            asked = Reset(at=live.now(), request_id=f"reset-{number}", actor="bench", reason="again")
            answer = live.submit(asked).result(10).status
        elif word == "stops":
            answer = [row for row in told if row[1]]
        elif word == "stick":
            sidecar.writer._writing.acquire()  # noqa: SLF001  as a write holds it that does not come back
        elif word == "free":
            sidecar.writer._writing.release()  # noqa: SLF001  it came back
        elif word == "deafen":
            for loop in gc.get_objects():
                if isinstance(loop, asyncio.AbstractEventLoop) and loop.is_running():
                    loop.call_soon_threadsafe(time.sleep, 3_600)
        print(json.dumps(answer), flush=True)
    server.should_exit = True


# ---- the subscribers' process ------------------------------------------------------------------------------------


async def subscribe(url: str, key: str) -> None:
    async def one(number: int) -> None:
        here = (f"127.0.0.{1 + number // PER_ADDRESS}", 0)
        async with websockets.connect(url, additional_headers={"X-API-Key": key}, local_addr=here) as socket:
            await socket.send(json.dumps({"type": "subscribe", "subscriptions": TOPICS}))
            async for _ in socket:
                pass

    await asyncio.gather(*(one(number) for number in range(SUBSCRIBERS)), return_exceptions=True)


# ---- the measurement ---------------------------------------------------------------------------------------------


class Bench:
    """A sidecar, its subscribers and a busy neighbour."""

    def __init__(self, folder: Path, neighbour: Sequence[str]) -> None:
        self.neighbour = neighbour
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.folder = folder
        serving = [*ME, "serve", str(folder), str(self.port)]
        self.desk = subprocess.Popen(serving, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.http = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=20.0)
        self.others: list[subprocess.Popen[bytes]] = []

    def open(self) -> None:
        """Wait until the market is open, and let the others begin."""
        self._until(self._ready)
        key = (self.folder / UI_FILE).read_text().strip()
        self.headers = {"X-API-Key": key}
        url = f"ws://127.0.0.1:{self.port}/ws"
        self.others = [
            subprocess.Popen([*ME, "subscribe", url, key]),
            subprocess.Popen(self.neighbour),
        ]
        self._until(lambda: self._subscribers() >= SUBSCRIBERS)
        self.order = self._order()

    def tell(self, word: str) -> Any:
        assert self.desk.stdin is not None
        assert self.desk.stdout is not None
        self.desk.stdin.write(f"{word}\n")
        self.desk.stdin.flush()
        return json.loads(self.desk.stdout.readline())

    def close(self) -> None:
        processes: list[subprocess.Popen[Any]] = [*self.others, self.desk]
        for process in processes:
            process.kill()
            process.wait()
        self.http.close()

    def stops(self, count: int, give: Callable[[], float]) -> list[Times]:
        """Stop so many times; ``give`` gives one, waits for its answer if it can, and returns when that came."""
        rows: list[Times] = []
        for _ in range(count):
            known = len(self.tell("stops"))
            began = time.monotonic()
            answered = give()
            shut, on_disk = self._later_than(known)
            rows.append((began, shut, on_disk, answered))
            assert self.tell("reset") == "done"
            time.sleep(0.1)  # so that a stop does not meet the beat of the one before
        return rows

    def _later_than(self, known: int) -> list[float]:
        """The times of the stop that came after so many."""
        self._until(lambda: len(self.tell("stops")) > known)
        times: list[float] = self.tell("stops")[-1]
        return times

    def by_http(self) -> float:
        answer = self.http.post("/emergency/stop", json={"reason": "bench"}, headers=self.headers)
        answered = time.monotonic()
        assert answer.status_code == 200, answer.text
        refused = self.http.post("/emergency/manual-order", json=self.order, headers=self.headers)
        assert refused.status_code == 409, refused.text
        assert "emergency_stop" in refused.json()["detail"], refused.text
        return answered

    def by_file(self) -> float:
        StopFile(self.folder).give("bench")
        self._until(lambda: not (self.folder / "STOP").exists())
        return float("nan")

    def by_signal(self) -> float:
        os.kill(self.desk.pid, signal.SIGUSR1)
        return float("nan")

    def _order(self) -> dict[str, Any]:
        self._until(lambda: self._sellable() is not None)
        row = self._sellable()
        assert row is not None
        lot = row.get("lot_size") or 65
        return {"symbol": row["symbol"], "side": "sell", "quantity": lot, "price": row["bid"], "reason": "bench"}

    def _sellable(self) -> dict[str, Any] | None:
        rows = self.http.get("/api/v1/chain/NIFTY", headers=self.headers).json()["contracts"]
        return next((one for one in rows if one.get("option_type") and 50 < (one["bid"] or 0) < 300), None)

    def _ready(self) -> bool:
        try:
            if self.http.get("/health/ready").status_code != 200:
                return False
            return bool(self.http.get("/emergency/status").json()["data"]["circuit_breaker"]["market_open"])
        except (httpx2.TransportError, KeyError):
            return False

    def _subscribers(self) -> float:
        text = self.http.get("/metrics").text
        return next((float(x.split()[-1]) for x in text.splitlines() if x.startswith("trading_websocket_conn")), 0.0)

    @staticmethod
    def _until(true: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < end
            time.sleep(0.005)


def measure(count: int, beside: Sequence[str] = ()) -> None:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as jobs:
        bench = Bench(Path(folder), [*beside, jobs] if beside else BURNS)
        try:
            bench.open()
            rows = [("HTTP", bench.stops(count, bench.by_http))]
            bench.tell("stick")
            rows.append(("HTTP, database stuck", bench.stops(count, bench.by_http)))
            bench.tell("free")
            bench.tell("deafen")
            rows.append(("stop file, API dead", bench.stops(count, bench.by_file)))
            rows.append(("SIGUSR1, API dead", bench.stops(count, bench.by_signal)))
        finally:
            bench.close()
    heads = (
        "a stop by",
        "stops",
        "shut p50 / p99 / max, ms",
        "on disk p50 / p99 / max, ms",
        "answered p50 / p99 / max, ms",
    )
    table(heads, [(name, str(len(times)), *(_spread(times, at) for at in (1, 2, 3))) for name, times in rows])
    print(f"load average at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def _spread(times: list[Times], at: int) -> str:
    taken = np.array([row[at] - row[0] for row in times]) * 1e3
    if not np.isfinite(taken).all():
        return "–"
    p50, p99 = np.percentile(taken, [50, 99])
    return f"{p50:.1f} / {p99:.1f} / {taken.max():.1f}"


if __name__ == "__main__":
    sys.exit(main())
