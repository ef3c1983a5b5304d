"""Fan-out: one message to many readers, ours beside its peers, each server and the readers in processes of their own.

    python -m bench.fanout [speed|stalled|reconnects] [--connections 100,1000,5000] [--seconds 8] [--only ours,nchan]
                           [--bytes 1000] [--rate 20] [--rounds 5]

``speed``: what a million deliveries cost the server in CPU seconds (all its processes, the kernel's share too), how
late they are, and what a connection costs in memory. ``stalled``: what the healthy readers see while some readers
never read; its frames are eight times as large and it looks longer, so that the kernel's buffers (megabytes on
loopback) fill. ``reconnects``: see :mod:`bench.reconnects`. nchan needs nginx with its module, node needs
``npm install --prefix .venv/node ws``; what is not installed is left out by name.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psutil

from bench import reconnects
from bench.load import SETTLING_S, Crowd, connected
from bench.loop import table
from bench.peers import nchan, ours

#: (readers, of which stalled) of ``stalled``.
STALLED = ((50, 1), (200, 5))
_PEERS = Path(__file__).parent / "peers"
_NODE = _PEERS.parents[1] / ".venv" / "node" / "node_modules"
_PATIENCE_S = 60.0
_WARMING = 20
#: For ``stalled``: how much larger its frames are, and how much longer it takes than ``speed``.
_LARGER, _LONGER = 8, 4.0
_SUBSCRIBE = json.dumps({"type": "subscribe", "subscriptions": [ours.TOPIC]})


def _python(file: str, way: str = "") -> Callable[[list[str]], list[str]]:
    return lambda asked: [sys.executable, "-m", f"bench.peers.{file}", *asked, *([way] if way else [])]


def _node(way: str) -> Callable[[list[str]], list[str]]:
    return lambda asked: ["node", str(_PEERS / "node.js"), *asked, way]


def _has_node() -> bool:
    return shutil.which("node") is not None and (_NODE / "ws").exists()


class Peer(NamedTuple):
    """A server: its name in the table, how it is started, whether it can be, and which of its processes count."""

    title: str
    command: Callable[[list[str]], list[str]]
    there: Callable[[], bool] = lambda: True
    counted: str = ""
    path: str = "/"
    key: str = ""
    says: str = ""


PEERS: dict[str, Peer] = {
    "nchan": Peer("nchan (nginx, C)", _python("nchan"), lambda: bool(nchan.module()), "nginx"),
    "ours": Peer("**Deskwatch**", _python("ours"), path="/ws", key=ours.KEY, says=_SUBSCRIBE),
    "websockets": Peer("`websockets`, frame made once", _python("loops", "made_once")),
    "broadcast": Peer("`websockets`, broadcast()", _python("loops", "broadcast")),
    "picows": Peer("picows", _python("loops", "picows")),
    "aiohttp": Peer("aiohttp", _python("loops", "aiohttp")),
    "node_made_once": Peer("node `ws`, frame made once", _node("made_once"), _has_node),
    "node": Peer("node `ws`, send", _node("send"), _has_node),
    "loop": Peer("uvicorn, `for ws: await send_text`", _python("doors", "loop")),
    "queue": Peer("uvicorn, task and queue for each", _python("doors", "queue")),
    "gather": Peer("uvicorn, `gather(send)`", _python("doors", "gather")),
}


class Server:
    """A running peer."""

    def __init__(self, peer: Peer, port: int, process: subprocess.Popen[bytes]) -> None:
        self.peer = peer
        self.port = port
        self.process = process

    def measured(self) -> list[psutil.Process]:
        """The processes that count."""
        top = psutil.Process(self.process.pid)
        known = [top, *top.children(recursive=True)]
        return [one for one in known if self.peer.counted in ("", one.name())]

    def cpu(self) -> float:
        """CPU seconds so far, in user and kernel mode."""
        return sum(one.cpu_times().user + one.cpu_times().system for one in self.measured())

    def memory(self) -> int:
        """Resident bytes."""
        return sum(one.memory_info().rss for one in self.measured())


@contextmanager
def serving(peer: Peer, rate: float, size: int) -> Iterator[Server]:
    """A peer that serves; gone afterwards, with all its processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    environment = {**os.environ, "NODE_PATH": str(_NODE)}
    process = subprocess.Popen(peer.command([str(port), str(rate), str(size)]), env=environment)
    try:
        end = time.monotonic() + _PATIENCE_S
        while not _answers(port):
            assert process.poll() is None, f"{peer.title} ended with {process.returncode}"
            assert time.monotonic() < end, f"{peer.title} does not serve"
            time.sleep(0.1)
        yield Server(peer, port, process)
    finally:
        for one in psutil.Process(process.pid).children(recursive=True) if process.poll() is None else ():
            one.kill()
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Found(NamedTuple):
    """What one row measured: what the readers saw, and the server's CPU seconds and bytes a connection."""

    seen: dict[str, Any]
    cpu: float
    memory: float


def measure(peer: Peer, crowd: Crowd, rate: float, size: int) -> Found:
    """One peer before one crowd."""
    with serving(peer, rate, size) as server:
        asked = msgspec.structs.replace(crowd, port=server.port, path=peer.path, key=peer.key, says=peer.says)
        for one in connected(asked, _WARMING):  # what a server loads for its first readers is not a connection's
            one.close()
        time.sleep(1.0)
        empty = server.memory()
        command = [sys.executable, "-m", "bench.load", msgspec.json.encode(asked).decode()]
        readers = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert readers.stdin is not None
            assert readers.stdout is not None
            assert readers.stdout.readline() == "connected\n", f"{peer.title}: the readers could not connect"
            server.process.send_signal(signal.SIGUSR2)
            readers.stdin.write("go\n")
            readers.stdin.flush()
            time.sleep(SETTLING_S)
            before = server.cpu()
            time.sleep(crowd.seconds)
            cpu, full = server.cpu() - before, server.memory()
            seen = json.loads(readers.stdout.readline())
        finally:
            readers.kill()
            readers.communicate()
    return Found(seen, cpu, (full - empty) / crowd.count)


def speed(peers: Sequence[str], connections: Sequence[int], seconds: float, rate: float, size: int) -> None:
    """CPU, lateness and memory, at each number of connections."""
    heads = (
        "server",
        "readers",
        "CPU s / million",
        "of nchan",
        "deliveries/s (asked)",
        "p50 / p99 ms",
        "bytes a connection",
    )
    for count in connections:
        rows, least = [], float("nan")
        for name in peers:
            found = measure(PEERS[name], Crowd(0, "/", count, seconds), rate, size)
            a_million = found.cpu / max(1, found.seen["frames"]) * 1e6
            least = a_million if name == "nchan" else least
            rows.append(
                (
                    PEERS[name].title,
                    f"{count:,}",
                    f"{a_million:.1f}",
                    "–" if least != least else f"{a_million / least:.2f} ×",
                    f"{found.seen['frames'] / found.seen['seconds']:,.0f} ({count * rate:,.0f})",
                    f"{found.seen['p50']:.1f} / {found.seen['p99']:.1f}",
                    f"{found.memory:,.0f}",
                )
            )
        table(heads, rows)
        print(flush=True)


def stalled(peers: Sequence[str], seconds: float, rate: float, size: int) -> None:
    """What healthy readers see beside stalled ones."""
    rows = []
    for name in peers:
        for count, deaf in STALLED:
            seen = measure(PEERS[name], Crowd(0, "/", count, seconds, deaf), rate, size * _LARGER).seen
            worst = f"{1e3 * seen['gap']:,.0f} ms of {1e3 * seen['seconds']:,.0f}"
            share = seen["frames"] / (seen["seconds"] * rate * (count - deaf))
            late = f"{seen['p99']:.1f}"
            rows.append((PEERS[name].title, f"{deaf} of {count}", late, worst, f"{share:.0%}", str(seen["ended"])))
    heads = ("server", "stalled", "healthy p99 ms", "worst gap of a healthy reader", "of the frames", "healthy cut off")
    table(heads, rows)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.fanout")
    parser.add_argument("what", nargs="?", choices=("speed", "stalled", "reconnects"))
    parser.add_argument(
        "--connections", default="100,1000,5000", type=lambda text: [int(one) for one in text.split(",")]
    )
    parser.add_argument("--seconds", default=8.0, type=float)
    parser.add_argument("--only", default=list(PEERS), type=lambda text: text.split(","))
    parser.add_argument("--bytes", default=1_000, type=int)
    parser.add_argument("--rate", default=20.0, type=float)
    parser.add_argument("--rounds", default=5, type=int)
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    peers = [name for name in given.only if PEERS[name].there()]
    if missing := [name for name in given.only if name not in peers]:
        print(f"not installed here: {', '.join(missing)}\n")
    if given.what in (None, "speed"):
        speed(peers, given.connections, given.seconds, given.rate, given.bytes)
    if given.what in (None, "stalled"):
        stalled(peers, _LONGER * given.seconds, given.rate, given.bytes)
    if given.what in (None, "reconnects"):
        reconnects.measure(given.rounds)
    print(f"\nload average at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 0


if __name__ == "__main__":
    sys.exit(main())
