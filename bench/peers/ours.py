"""Deskwatch: the real hub behind the real doors, told of one row by another thread, as the desk's does."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread

import uvicorn

from bench.peers.said import asked, begun
from sidecar.live import wall_now
from sidecar.servers import stream
from sidecar.servers.http import create_app
from sidecar.servers.hub import Hub
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import HttpSettings
from sidecar.servers.serving import configuration
from sidecar.servers.stream_settings import StreamSettings
from sidecar.servers.topics import Kind, Row, Topic
from tests.servers.desk import Desk

#: The key of the bench's readers.
KEY = "bench-" + "k" * 40
TOPIC = "bench"
#: What of a frame is not padding.
_ROUND = 190


def main() -> None:
    port, rate, size, _ = asked()
    desk, settings = Desk(), StreamSettings(sockets_per_address=100_000)
    with tempfile.TemporaryDirectory() as folder:
        keys = KeyStore(Path(folder))
        keys.add(Role.VIEWER, "bench", KEY)
        topics = (Topic(TOPIC, "position_update", Kind.LATEST, ("id",)),)
        hub = Hub("0", wall_now, keys.valid, settings, topics=topics)
        ports = desk.ports()
        app = create_app(ports, keys, HttpSettings(), [stream.router(hub, ports, keys)])
        Thread(target=tell, args=(hub, begun(), rate, size), daemon=True).start()
        uvicorn.Server(configuration(app, port=port, backlog=8192)).run()


def tell(hub: Hub, readers: Event, rate: float, size: int) -> None:
    """Tell of the row, so many times a second."""
    readers.wait()
    began, seq, pad = time.monotonic(), 0, "x" * (size - _ROUND)
    while True:
        seq += 1
        time.sleep(max(0.0, began + seq / rate - time.monotonic()))
        rows: Sequence[Row] = [{"id": "one", "pad": pad, "t": time.time_ns()}]
        hub.tell(TOPIC, rows, wall_now())


if __name__ == "__main__":
    main()
