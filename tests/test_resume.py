"""A subscriber over restarts of the real desk: the same epoch, nothing lost, nothing twice; or told that some is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from sidecar.doors import app_of
from sidecar.run import Sidecar
from sidecar.servers.keys import UI_FILE, first_start
from tests.servers.desk import serving
from tests.wiring import ask_reset, ask_stop, small, started

TOPICS = ["breaker", "orders", "audit", "alerts", "trading"]


@contextmanager
def running(folder: Path) -> Iterator[tuple[Sidecar, str]]:
    """A desk with its doors; and their address."""
    with Sidecar(small(folder)) as sidecar:
        first_start(folder)
        started(sidecar)
        with serving(app_of(sidecar), lifespan="on") as url:
            yield sidecar, url


def opened(folder: Path, url: str) -> connect:
    key = (folder / UI_FILE).read_text().strip()
    return connect("ws" + url.removeprefix("http") + "/ws", additional_headers={"X-API-Key": key}, proxy=None)


async def subscribe(socket: ClientConnection, resume: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the ack says of each topic."""
    await socket.send(json.dumps({"type": "subscribe", "subscriptions": TOPICS, "resume": resume}))
    while (frame := json.loads(await socket.recv()))["type"] != "ack":
        pass
    return dict(frame["data"]["topics"])


async def until_audited(socket: ClientConnection, seq: int) -> list[dict[str, Any]]:
    """Every frame up to the audit record of that number."""
    frames: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not (frames and frames[-1]["type"] == "audit_record" and frames[-1]["data"]["seq"] >= seq):
            frames.append(json.loads(await socket.recv()))
    return frames


def test_a_subscriber_resumes_over_a_restart_with_nothing_lost(tmp_path: Path) -> None:
    stand: dict[str, Any] = {"seq": {}}

    async def before(sidecar: Sidecar, url: str) -> None:
        async with opened(tmp_path, url) as socket:
            told = await subscribe(socket)
            assert {row["start"] for row in told.values()} == {"snapshot"}
            ask_stop(sidecar.live)
            for frame in await until_audited(socket, sidecar.journal.head.seq):
                stand["seq"][frame["topic"]], stand["epoch"] = frame["seq"], frame["epoch"]

    async def after(sidecar: Sidecar, url: str) -> None:
        async with opened(tmp_path, url) as socket:
            told = await subscribe(socket, stand)
            assert {row["start"] for row in told.values()} == {"resumed"}
            frames = await until_audited(socket, sidecar.journal.head.seq)
            assert {frame["epoch"] for frame in frames} == {stand["epoch"]}
            for topic in TOPICS:
                seqs = [frame["seq"] for frame in frames if frame["topic"] == topic]
                assert seqs == list(range(stand["seq"][topic] + 1, stand["seq"][topic] + 1 + len(seqs)))
            audited = [frame["data"] for frame in frames if frame["topic"] == "audit"]
            assert [row["seq"] for row in audited] == [frame["seq"] for frame in frames if frame["topic"] == "audit"]
            assert "start" in {row["action"] for row in audited}
            resets = [frame["data"]["event"] for frame in frames if frame["topic"] == "breaker"]
            assert resets.count("reset") == 1

    with running(tmp_path) as (sidecar, url):
        asyncio.run(before(sidecar, url))
        ask_reset(sidecar.live)  # the subscriber has gone
    with running(tmp_path) as (sidecar, url):
        asyncio.run(after(sidecar, url))


def test_a_history_that_lost_something_is_another_epoch(tmp_path: Path) -> None:
    async def told(url: str, resume: dict[str, Any] | None = None) -> dict[str, Any]:
        async with opened(tmp_path, url) as socket:
            return await subscribe(socket, resume)

    with running(tmp_path) as (sidecar, url):
        ask_stop(sidecar.live)
        epoch = sidecar.hub.epoch
        seen = {name: row["seq"] for name, row in asyncio.run(told(url)).items()}
    file = tmp_path / "journal.log"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0x40
    file.write_bytes(data)
    with running(tmp_path) as (sidecar, url):
        assert sidecar.hub.epoch != epoch
        found = asyncio.run(told(url, {"epoch": epoch, "seq": seen}))
        assert {row["start"] for row in found.values()} == {"resync"}
        again = sidecar.hub.epoch
    with running(tmp_path) as (sidecar, url):
        assert sidecar.hub.epoch == again
