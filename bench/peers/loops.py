"""Servers with a loop of their own: ``websockets`` with frames made once and by its broadcast(), picows, aiohttp."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from aiohttp import web
from picows import WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server
from websockets.asyncio.server import ServerConnection, broadcast, serve

from bench.peers.said import Asked, asked, said
from sidecar.servers.prepared import framed


async def made_once(asked: Asked) -> None:
    """``websockets``: one made frame to every transport."""
    await _websockets(asked, lambda known, text: _written(known, framed(text.encode())))


def _written(known: set[ServerConnection], frame: bytes) -> None:
    for one in known:
        with suppress(RuntimeError):  # it has just ended
            one.transport.write(frame)


async def by_broadcast(asked: Asked) -> None:
    """``websockets``: its own broadcast(), which makes a frame for each."""
    await _websockets(asked, broadcast)


async def _websockets(asked: Asked, tell: Callable[[set[ServerConnection], str], None]) -> None:
    known: set[ServerConnection] = set()

    async def hold(one: ServerConnection) -> None:
        known.add(one)
        try:
            await one.wait_closed()
        finally:
            known.discard(one)

    async with serve(hold, "127.0.0.1", asked.port, compression=None, backlog=8192):
        async for text in said(asked.rate, asked.size):
            tell(known, text)


class _Listener(WSListener):
    known: set[WSTransport] = set()  # noqa: RUF012  shared by all on purpose

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.known.add(transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.known.discard(transport)


async def picows(asked: Asked) -> None:
    """picows: frames made in C, for each."""

    def listen(_: WSUpgradeRequest) -> WSListener:
        return _Listener()

    await ws_create_server(listen, "127.0.0.1", asked.port, backlog=8192)
    async for text in said(asked.rate, asked.size):
        payload = text.encode()
        for one in tuple(_Listener.known):
            one.send(WSMsgType.TEXT, payload)


async def aiohttp(asked: Asked) -> None:
    """aiohttp: a loop that sends to one after the other."""
    known: set[web.WebSocketResponse] = set()

    async def hold(request: web.Request) -> web.WebSocketResponse:
        one = web.WebSocketResponse(compress=False)
        await one.prepare(request)
        known.add(one)
        try:
            async for _ in one:
                pass
        finally:
            known.discard(one)
        return one

    app = web.Application()
    app.router.add_get("/", hold)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", asked.port, backlog=8192).start()
    async for text in said(asked.rate, asked.size):
        for one in tuple(known):
            try:
                await one.send_str(text)
            except ConnectionError:
                known.discard(one)


WAYS: dict[str, Callable[[Asked], Coroutine[Any, Any, None]]] = {
    "made_once": made_once,
    "broadcast": by_broadcast,
    "picows": picows,
    "aiohttp": aiohttp,
}

if __name__ == "__main__":
    asyncio.run(WAYS[asked().way](asked()))
