"""Five hundred readers that all come back at once: how long until each has a picture again, and what else suffers.

A real sidecar (500 contracts at 2,000 quotes a second) in a process of its own. The readers subscribe to every topic,
are all cut off, and come back at the same instant; then each has a picture when it has a snapshot of every topic.
Meanwhile the desk is stopped by HTTP (and reset) and ``/metrics`` is scraped, as often as they answer; beside that the
same on the same desk with the readers connected and quiet. Run it as ``python -m bench.fanout reconnects``.
"""

from __future__ import annotations

import json
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import httpx2
import numpy as np

from bench import stop_latency
from bench.load import Crowd, masked
from bench.loop import table
from sidecar.servers.keys import UI_FILE
from sidecar.servers.topics import TOPICS

READERS = 500
#: Sockets that the sidecar takes from one address.
PER_ADDRESS = 10
_PATIENCE_S = 60.0
_SNAPSHOT = b'"type":"snapshot"'
_SUBSCRIBE = masked(json.dumps({"type": "subscribe", "subscriptions": [topic.name for topic in TOPICS]}).encode())


# ---- the readers' process ----------------------------------------------------------------------------------------


class Reader:
    """One that comes back: it asks to be let in, then for every topic, then counts its snapshots."""

    def __init__(self, number: int, crowd: Crowd) -> None:
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.bind((f"127.0.0.{1 + number // PER_ADDRESS}", 0))
        self.socket.connect_ex(("127.0.0.1", crowd.port))
        self.request = crowd.request()
        self.asked = self.let_in = False
        self.heard = b""
        self.snapshots = 0

    def go_on(self) -> bool:
        """Do what can be done now; whether it has every picture. :raises ConnectionError: it was turned away."""
        if not self.asked:
            self.socket.sendall(self.request)
            self.asked = True
            return False
        said = self.socket.recv(1 << 17)
        if not said:
            raise ConnectionError(f"turned away: {self.heard[:200]!r}")
        self.heard += said
        if not self.let_in:
            if b"\r\n\r\n" not in self.heard:
                return False
            if b" 101 " not in self.heard[:20]:
                raise ConnectionError(f"turned away: {self.heard[:200]!r}")
            self.let_in = True
            self.socket.sendall(_SUBSCRIBE)
        self.snapshots += self.heard.count(_SNAPSHOT)
        self.heard = self.heard[-len(_SNAPSHOT) + 1 :]
        return self.snapshots >= len(TOPICS)


def come_back(crowd: Crowd) -> tuple[list[Reader], list[float]]:
    """All at once; the readers, and the seconds until each had every picture."""
    began, poll = time.monotonic(), select.epoll()
    readers = {one.socket.fileno(): one for one in (Reader(number, crowd) for number in range(crowd.count))}
    for fd in readers:
        poll.register(fd, select.EPOLLOUT)
    took: list[float] = []
    while len(took) < crowd.count:
        assert time.monotonic() < began + _PATIENCE_S, f"{crowd.count - len(took)} readers have no picture"
        for fd, _ in poll.poll(1.0, crowd.count):
            one, asked = readers[fd], readers[fd].asked
            if one.go_on():
                took.append(time.monotonic() - began)
                poll.unregister(fd)
            elif not asked:
                poll.modify(fd, select.EPOLLIN)
    return list(readers.values()), took


def serve_readers(port: int, key: str, count: int) -> None:
    """For each line of standard input: cut all off, come back, print the seconds. They read on in between."""
    crowd, readers, lock = Crowd(port, "/ws", count, key=key), list[Reader](), threading.Lock()

    def read_on() -> None:
        while True:
            time.sleep(0.02)
            with lock:
                waiting = {one.socket.fileno(): one.socket for one in readers}
                poll = select.poll()
                for fd in waiting:
                    poll.register(fd, select.POLLIN)
                for fd, _ in poll.poll(0):
                    said = waiting[fd].recv(1 << 17)
                    if (at := said.find(b"\x89")) >= 0 and len(said) > at + 1 and said[at + 1] < 126:
                        waiting[fd].send(masked(said[at + 2 : at + 2 + said[at + 1]], 10))

    threading.Thread(target=read_on, daemon=True).start()
    for _ in sys.stdin:
        with lock:
            for one in readers:
                one.socket.close()
            readers, took = come_back(crowd)
        print(json.dumps(took), flush=True)


# ---- the measurement ---------------------------------------------------------------------------------------------


class Desk(stop_latency.Bench):
    """The sidecar, without the readers and the neighbour of that measurement."""

    def open(self) -> None:
        self._until(self._ready)
        self.key = (self.folder / UI_FILE).read_text().strip()
        self.headers = {"X-API-Key": self.key}
        self.order = self._order()

    def stop(self) -> float:
        """Seconds from the stop to its answer; the desk is active again afterwards."""
        began = time.monotonic()
        took = self.by_http() - began
        assert self.tell("reset") == "done"
        time.sleep(0.05)
        return took


class Meanwhile:
    """Something done again and again on a thread of its own until the block ends; ``took`` are its seconds."""

    def __init__(self, act: Callable[[], float]) -> None:
        self.took: list[float] = []
        self._act, self._end = act, threading.Event()
        self._thread = threading.Thread(target=self._again, daemon=True)

    def _again(self) -> None:
        while not self._end.is_set():
            self.took.append(self._act())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(30)


def scraper(port: int) -> Callable[[], float]:
    """A scrape of the metrics: its seconds."""
    http = httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20.0)

    def scrape() -> float:
        began = time.monotonic()
        answer = http.get("/metrics")
        took = time.monotonic() - began
        assert answer.status_code == 200
        time.sleep(0.05)
        return took

    return scrape


def measure(rounds: int) -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), ())
        try:
            desk.open()
            command = [sys.executable, "-m", "bench.reconnects", str(desk.port), desk.key, str(READERS)]
            readers = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            desk.others.append(readers)  # type: ignore[arg-type]  # it is killed with the desk
            again(readers)
            quiet = beside(desk, lambda: time.sleep(rounds * 1.5))
            took: list[float] = []
            busy = beside(desk, lambda: took.extend(one for _ in range(rounds) for one in again(readers)))
        finally:
            desk.close()
    print(f"{READERS} readers of {len(TOPICS)} topics, {rounds} times cut off and back at once:\n")
    table(
        ("", "count", "p50 / p99 / max, ms"),
        [
            ("a reader's every picture", str(len(took)), _spread(took)),
            *((f"{what}, readers quiet", str(len(rows)), _spread(rows)) for what, rows in quiet.items()),
            *((f"{what}, readers coming back", str(len(rows)), _spread(rows)) for what, rows in busy.items()),
        ],
    )


def again(readers: subprocess.Popen[str]) -> list[float]:
    """Once more; the seconds of each reader."""
    assert readers.stdin is not None
    assert readers.stdout is not None
    readers.stdin.write("again\n")
    readers.stdin.flush()
    took: list[float] = json.loads(readers.stdout.readline())
    return took


def beside(desk: Desk, act: Callable[[], Any]) -> dict[str, list[float]]:
    """What stops and scrapes take while ``act`` runs."""
    with Meanwhile(desk.stop) as stops, Meanwhile(scraper(desk.port)) as scrapes:
        act()
    return {"stop, answered": stops.took, "scrape": scrapes.took}


def _spread(took: list[float]) -> str:
    p50, p99 = np.percentile(np.array(took) * 1e3, [50, 99])
    return f"{p50:,.1f} / {p99:,.1f} / {max(took) * 1e3:,.1f}"


if __name__ == "__main__":
    serve_readers(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
