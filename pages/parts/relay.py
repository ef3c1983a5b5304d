"""What the live panel asks of the desk, handed on with the app's key: frames of the stream and two reads, no acts.

The key never leaves this process. A page that the app has drawn holds a ticket instead, which opens only these doors,
only from the app's own origin, and runs out soon after the page is gone.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from pages.parts import reads
from sidecar.client import Desk
from sidecar.domain.errors import DeskRefused, DeskUnreachable

PREFIX = "/live"
CLIENT = Path(__file__).resolve().parents[2] / "sidecar" / "browser"
READS: dict[str, Callable[[Desk], dict[str, Any]]] = {
    "/emergency/status": Desk.status,
    "/emergency/positions": Desk.positions,
}
#: What a panel may say to the desk once it is in.
SAID = frozenset({"subscribe", "unsubscribe", "seen", "ping"})
TICKET_S = 600.0
AUTH_WAIT_S = 5.0
LARGEST = 16 * 1024
#: The desk takes ten sockets from one address, and every panel comes from this one.
MOST_PANELS = 8
POLICY, TOO_LARGE, TRY_LATER = 1008, 1009, 1013


class Tickets:
    """What opens the relay. A ticket lives ``TICKET_S`` from when it was last renewed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}
        self._lock = Lock()

    def renew(self, ticket: str | None) -> str:
        """The same ticket with a new life, or a new one where that has run out or there is none."""
        now = self._clock()
        with self._lock:
            self._until = {one: until for one, until in self._until.items() if until > now}
            found = ticket if ticket in self._until and ticket is not None else secrets.token_urlsafe(24)
            self._until[found] = now + TICKET_S
        return found

    def opens(self, ticket: str) -> bool:
        """Whether a page holds this ticket now."""
        with self._lock:
            return self._until.get(ticket, 0.0) > self._clock()


class _Auth(msgspec.Struct, tag="auth", tag_field="type"):
    key: str


class _Said(msgspec.Struct):
    type: str


class _Unwelcome(Exception):
    """The panel's socket is closed with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason


class Relay:
    """The doors below ``PREFIX``. ``desk`` gives the desk with the app's key."""

    def __init__(self, tickets: Tickets, desk: Callable[[], Desk]) -> None:
        self.tickets = tickets
        self.desk = desk
        self.panels = 0

    def routes(self) -> list[BaseRoute]:
        """For the app."""
        client = [Route(f"{PREFIX}/client/{file.name}", _file(file)) for file in sorted(CLIENT.glob("*.js"))]
        reading = [Route(PREFIX + path, self._read(read)) for path, read in READS.items()]
        return [*client, *reading, WebSocketRoute(f"{PREFIX}/ws", self.stream)]

    def _read(self, read: Callable[[Desk], dict[str, Any]]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            if not self.tickets.opens(request.headers.get("x-api-key", "")):
                return _problem(401, "this page's ticket has run out; reload it")
            try:
                found = await asyncio.to_thread(read, self.desk())
            except DeskRefused as refused:
                return _problem(refused.status, refused.detail)
            except DeskUnreachable as lost:
                return _problem(502, lost.problem)
            return Response(msgspec.json.encode(found), media_type="application/json", headers=_FRESH)

        return answer

    async def stream(self, socket: WebSocket) -> None:
        """Hand frames on, both ways, until either side ends; a close code of the desk goes on too."""
        if not _same_origin(socket):
            await socket.close(POLICY)  # before it is accepted: 403
            return
        await socket.accept()
        try:
            await self._admit(socket)
            self.panels += 1
            try:
                await self._carry(socket)
            finally:
                self.panels -= 1
        except _Unwelcome as no:
            await socket.close(no.code, no.reason[:120])
        except WebSocketDisconnect:
            pass

    async def _admit(self, socket: WebSocket) -> None:
        try:
            async with asyncio.timeout(AUTH_WAIT_S):
                ticket = msgspec.json.decode(await _text(socket), type=_Auth).key
        except (TimeoutError, msgspec.DecodeError):
            raise _Unwelcome(POLICY, "the first frame must be auth, with this page's ticket") from None
        if not self.tickets.opens(ticket):
            raise _Unwelcome(POLICY, "this page's ticket has run out; reload it")
        if self.panels >= MOST_PANELS:
            raise _Unwelcome(TRY_LATER, f"{MOST_PANELS} panels are open already")

    async def _carry(self, socket: WebSocket) -> None:
        try:
            async with self.desk().socket() as far:
                tasks = [asyncio.create_task(way(socket, far)) for way in (_up, _down)]
                try:
                    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                    done.pop().result()
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
        except InvalidStatus as error:
            status = error.response.status_code
            raise _Unwelcome(POLICY if status in (401, 403) else TRY_LATER, f"the desk answers {status}") from error
        except ConnectionClosed as closed:
            ended = closed.rcvd
            raise _Unwelcome(ended.code if ended else TRY_LATER, ended.reason if ended else "") from closed
        except (OSError, InvalidHandshake, TimeoutError) as error:
            raise _Unwelcome(TRY_LATER, "the sidecar does not answer") from error


async def _up(socket: WebSocket, far: ClientConnection) -> None:
    while True:
        text = await _text(socket)
        try:
            kind = msgspec.json.decode(text, type=_Said).type
        except msgspec.DecodeError:
            kind = ""
        if kind not in SAID:
            raise _Unwelcome(POLICY, f"a panel may say: {', '.join(sorted(SAID))}")
        await far.send(text)


async def _down(socket: WebSocket, far: ClientConnection) -> None:
    while True:
        await socket.send_text(await far.recv(decode=True))


async def _text(socket: WebSocket) -> str:
    event = await socket.receive()
    if event["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(event.get("code") or 1005)
    text = event.get("text")
    if text is None:
        raise _Unwelcome(POLICY, "send JSON as text frames")
    if len(text) > LARGEST:
        raise _Unwelcome(TOO_LARGE, f"a message is at most {LARGEST} bytes")
    return str(text)


def _same_origin(connection: HTTPConnection) -> bool:
    """Whether the one Origin is the app's own. Who sends none is no page of it."""
    hosts, origins = (connection.headers.getlist(name) for name in ("host", "origin"))
    return len(hosts) == 1 and origins in ([f"http://{hosts[0]}"], [f"https://{hosts[0]}"])


_FRESH = {"cache-control": "no-store"}


def _problem(status: int, detail: str) -> Response:
    body = {"status": status, "title": "not read", "detail": detail}
    return JSONResponse(body, status, headers=_FRESH, media_type="application/problem+json")


def _file(file: Path) -> Callable[[Request], Any]:
    async def serve(_: Request) -> Response:
        return FileResponse(file, media_type="text/javascript", headers={"cache-control": "no-cache"})

    return serve


@cache
def _desk(url: str, key: str | None) -> Desk:
    return Desk(url, key)


TICKETS = Tickets()
RELAY = Relay(TICKETS, lambda: _desk(reads.address(), reads.key()))
