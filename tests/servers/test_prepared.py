"""The socket that takes made frames."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from sidecar.servers.prepared import framed, outlet_of, payload_of
from tests.servers.desk import serving
from tests.servers.streaming import Wire, wired
from tests.servers.test_stream_abuse import Raw

SIZES = (0, 1, 125, 126, 127, 65_535, 65_536, 70_000)


@pytest.mark.parametrize("size", SIZES)
def test_a_frame_is_what_any_websocket_client_reads(size: int) -> None:
    async def run(url: str) -> None:
        async with connect("ws" + url.removeprefix("http") + f"/{size}", compression=None, proxy=None) as socket:
            assert await socket.recv() == "x" * size

    app = FastAPI()

    @app.websocket("/{size}")
    async def serve(socket: WebSocket, size: int) -> None:
        await socket.accept()
        outlet_of(socket.scope).put(framed(b"x" * size))
        await socket.receive()

    with serving(app) as url:
        asyncio.run(run(url))
    assert payload_of(framed(b"x" * size)) == b"x" * size


def test_a_close_comes_behind_what_was_put_and_nothing_after_it() -> None:
    async def run(url: str) -> None:
        async with connect("ws" + url.removeprefix("http") + "/", compression=None, proxy=None) as socket:
            assert [await socket.recv() for _ in range(3)] == ["a", "b", "c"]
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4008, "too slow")

    app = FastAPI()

    @app.websocket("/")
    async def serve(socket: WebSocket) -> None:
        await socket.accept()
        outlet = outlet_of(socket.scope)
        for word in (b"a", b"b", b"c"):
            outlet.put(framed(word))
        for _ in range(2):
            outlet.part(4008, "too slow", 1.0)
        outlet.put(framed(b"never"))
        assert not outlet.open
        assert (await socket.receive())["type"] == "websocket.disconnect"

    with serving(app) as url:
        asyncio.run(run(url))


def test_a_reader_that_does_not_read_shuts_its_socket_and_opens_it_again() -> None:
    told: list[str] = []
    app = FastAPI()

    @app.websocket("/")
    async def serve(socket: WebSocket) -> None:
        await socket.accept()
        outlet = outlet_of(socket.scope)
        outlet.on_shut, outlet.on_open = (lambda: told.append("shut")), (lambda: told.append("open"))
        frame, count = framed(b"x" * 60_000), 0
        while outlet.open:
            outlet.put(frame)
            count += 1
        await socket.receive()
        outlet.put(framed(str(count).encode()))
        await socket.receive()

    async def run(url: str) -> None:
        options: Any = {"compression": None, "proxy": None, "max_queue": 1}
        async with connect("ws" + url.removeprefix("http") + "/", **options) as socket:
            async with asyncio.timeout(5):
                while "shut" not in told:
                    await asyncio.sleep(0.01)
            assert told[0] == "shut"  # the kernels' own buffers may grow meanwhile, and take a little more
            await socket.send("on")
            heard = [await socket.recv()]
            while heard[-1][0] == "x":
                heard.append(await socket.recv())
            assert int(heard[-1]) == len(heard) - 1 > 1
            assert told[:2] == ["shut", "open"]
            assert told[-1] == "open"

    with serving(app) as url:
        asyncio.run(run(url))


def test_a_server_that_cannot_take_made_frames_is_named() -> None:
    with pytest.raises(RuntimeError, match="ws=prepared"):
        outlet_of({"type": "websocket", "extensions": {}})


def test_a_reader_that_answers_no_ping_is_cut_off(tmp_path: Path) -> None:
    with wired(tmp_path, ws_ping_interval=0.2, ws_ping_timeout=0.2) as wire:
        raw = Raw(wire)
        assert wire.hub.counts().connections == 1
        end = time.monotonic() + 5.0
        while wire.hub.counts().connections:
            assert time.monotonic() < end
            time.sleep(0.02)
        raw.socket.close()


def test_a_reader_that_answers_pings_stays(tmp_path: Path) -> None:
    async def run(wire: Wire) -> None:
        async with wire.socket() as socket:
            await asyncio.sleep(1.2)
            await socket.ping()
            assert wire.hub.counts().connections == 1

    with wired(tmp_path, ws_ping_interval=0.2, ws_ping_timeout=0.4) as wire:
        asyncio.run(run(wire))
