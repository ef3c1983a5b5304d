"""The common ways to broadcast on uvicorn: a loop that awaits each send, a gather of all, a task and queue for each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bench.peers.said import Asked, asked, said

_GONE = (WebSocketDisconnect, RuntimeError)


class Doors:
    """The open sockets of one application; ``queues`` are used by the way that has them."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.known: set[WebSocket] = set()
        self.queues: dict[WebSocket, asyncio.Queue[str]] = {}

    async def hold(self, one: WebSocket) -> None:
        """Keep one socket until it ends."""
        await one.accept()
        self.known.add(one)
        task = asyncio.create_task(self._drain(one)) if self.asked.way == "queue" else None
        try:
            while True:
                await one.receive_text()
        except _GONE:
            pass
        finally:
            self.known.discard(one)
            if task is not None:
                task.cancel()

    async def _drain(self, one: WebSocket) -> None:
        queue = self.queues[one] = asyncio.Queue(1_000)
        with suppress(*_GONE):
            while True:
                await one.send_text(await queue.get())
        del self.queues[one]

    async def one_by_one(self, text: str) -> None:
        """``for ws in known: await ws.send_text(text)``."""
        for one in tuple(self.known):
            with suppress(*_GONE):
                await one.send_text(text)

    async def gathered(self, text: str) -> None:
        """``await gather(*(ws.send_text(text) for ws in known))``."""
        await asyncio.gather(*(one.send_text(text) for one in tuple(self.known)), return_exceptions=True)

    async def queued(self, text: str) -> None:
        """A queue for each, which a task of its own drains."""
        for queue in self.queues.values():
            with suppress(asyncio.QueueFull):
                queue.put_nowait(text)

    async def broadcast(self) -> None:
        """Say it all, for ever."""
        ways: dict[str, Callable[[str], Coroutine[Any, Any, None]]] = {
            "loop": self.one_by_one,
            "gather": self.gathered,
            "queue": self.queued,
        }
        async for text in said(self.asked.rate, self.asked.size):
            await ways[self.asked.way](text)


def main() -> None:
    rooms = Doors(asked())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(rooms.broadcast())
        yield
        task.cancel()

    app = Starlette(routes=[WebSocketRoute("/", rooms.hold)], lifespan=lifespan)
    options: dict[str, Any] = {"log_config": None, "ws": "websockets-sansio", "ws_per_message_deflate": False}
    uvicorn.run(app, port=rooms.asked.port, backlog=8192, **options)


if __name__ == "__main__":
    main()
