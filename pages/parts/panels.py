"""A panel's socket: who may open it, and what it may say. It hears the desk's frames, and asks for no acts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Annotated

import msgspec
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketDisconnect

from pages.parts.fanout import POLICY, TRY_LATER, Asked, FanOut, Upstream
from pages.parts.feeds import SLOW, Outbox
from pages.parts.tickets import Holder, Tickets
from sidecar.client import Desk

AUTH_WAIT_S = 5.0
LARGEST = 16 * 1024
MOST_PANELS = 64
#: A panel that takes nothing for this long is cut.
STALLED_S = 7.0
#: How often it is looked whether the session of a panel is open still.
CHECK_S = 1.0
_CLOSE_S = 1.0
TOO_LARGE = 1009
RUN_OUT = "this page's ticket has run out; reload it"

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Names = Annotated[list[_Name], msgspec.Meta(min_length=1, max_length=32)]


class _Message(msgspec.Struct, tag_field="type", tag=str.lower):
    """The root of what a panel may say once it is in."""


class _Auth(msgspec.Struct, tag="auth", tag_field="type"):
    key: str


class _Resume(msgspec.Struct):
    epoch: str
    seq: dict[str, int] | int


class Subscribe(_Message):
    """Adds topics."""

    subscriptions: _Names
    resume: _Resume | None = None
    filter: dict[str, str] = {}

    def stands(self) -> Mapping[str, tuple[str, int]]:
        """From where each topic would go on."""
        if self.resume is None:
            return {}
        seq, names = self.resume.seq, self.subscriptions
        seqs = seq if isinstance(seq, dict) else {names[0]: seq} if len(names) == 1 else {}
        return {name: (self.resume.epoch, number) for name, number in seqs.items()}


class Unsubscribe(_Message):
    """Leaves topics."""

    subscriptions: _Names


class Seen(_Message):
    """The panel has dealt with a topic up to ``seq``."""

    topic: _Name
    seq: int


class Ping(_Message):
    """Asks the desk for a sign of life."""


SAID = "a panel may say: ping, seen, subscribe, unsubscribe"
_said: msgspec.json.Decoder[Subscribe | Unsubscribe | Seen | Ping] = msgspec.json.Decoder(
    Subscribe | Unsubscribe | Seen | Ping
)


class _Unwelcome(Exception):
    """The panel's socket is closed with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason


class Panels:
    """The open panels. ``desk`` gives the desk of a key."""

    def __init__(self, tickets: Tickets, desk: Callable[[str], Desk]) -> None:
        self.tickets = tickets
        self.fanout = FanOut(desk)
        self.open = 0

    async def stream(self, socket: WebSocket) -> None:
        """Hand frames to one panel until it goes, is put out, or the desk has gone."""
        if not same_origin(socket):
            await socket.close(POLICY)  # before it is accepted: 403
            return
        await socket.accept()
        try:
            ticket, holder = await self._admit(socket)
            self.open += 1
            try:
                await self._serve(socket, ticket, holder)
            finally:
                self.open -= 1
        except _Unwelcome as no:
            # One that takes nothing takes no close either.
            await asyncio.wait({asyncio.create_task(_closed(socket, no))}, timeout=_CLOSE_S)
        except WebSocketDisconnect:
            pass

    async def _admit(self, socket: WebSocket) -> tuple[str, Holder]:
        try:
            async with asyncio.timeout(AUTH_WAIT_S):
                ticket = msgspec.json.decode(await _text(socket), type=_Auth).key
        except msgspec.DecodeError:
            raise _Unwelcome(POLICY, "the first frame must be auth, with this page's ticket") from None
        except TimeoutError:  # a page that is still busy loading; it is not refused for ever
            raise _Unwelcome(TRY_LATER, f"no ticket within {AUTH_WAIT_S:g} s") from None
        holder = self.tickets.of(ticket, socket)
        if holder is None:
            raise _Unwelcome(POLICY, RUN_OUT)
        if self.open >= MOST_PANELS:
            raise _Unwelcome(TRY_LATER, f"{MOST_PANELS} panels are open already")
        return ticket, holder

    async def _serve(self, socket: WebSocket, ticket: str, holder: Holder) -> None:
        upstream = self.fanout.of(holder.key)
        outbox = upstream.join()
        tasks = [
            asyncio.create_task(_hear(socket, upstream, outbox)),
            asyncio.create_task(self._send(socket, ticket, holder, outbox)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            done.pop().result()
        finally:
            upstream.part(outbox)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, socket: WebSocket, ticket: str, holder: Holder, outbox: Outbox) -> None:
        clock, checked = asyncio.get_running_loop().time, 0.0
        while True:
            await outbox.wake.wait()
            outbox.wake.clear()
            if clock() - checked >= CHECK_S:
                checked = clock()
                self.tickets.holder(ticket)  # an open panel uses its ticket
                if not self.tickets.stands(holder):
                    raise _Unwelcome(POLICY, "this session has ended; sign in again")
            while (text := outbox.next()) is not None:
                try:
                    async with asyncio.timeout(STALLED_S):
                        await socket.send_text(text)
                except TimeoutError:
                    raise _Unwelcome(SLOW, "too slow: reconnect and resume") from None
            if outbox.ended is not None:
                raise _Unwelcome(*outbox.ended)


async def _hear(socket: WebSocket, upstream: Upstream, outbox: Outbox) -> None:
    while True:
        try:
            said = _said.decode(await _text(socket))
        except msgspec.DecodeError:
            raise _Unwelcome(POLICY, SAID) from None
        match said:
            case Subscribe() if said.filter:
                outbox.tell("error", "", {"code": "invalid", "message": "a panel follows whole topics: no filter"})
            case Subscribe():
                upstream.subscribe(Asked(outbox, tuple(dict.fromkeys(said.subscriptions)), said.stands()))
            case Unsubscribe():
                upstream.unsubscribe(outbox, said.subscriptions)
            case Seen():
                outbox.saw(said.topic, said.seq)
            case Ping():
                upstream.ping(outbox)


async def _closed(socket: WebSocket, no: _Unwelcome) -> None:
    with suppress(RuntimeError, WebSocketDisconnect):  # it has gone by itself
        await socket.close(no.code, no.reason[:120])


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


def same_origin(connection: HTTPConnection) -> bool:
    """Whether the one Origin is the app's own. Who sends none is no page of it."""
    hosts, origins = (connection.headers.getlist(name) for name in ("host", "origin"))
    return len(hosts) == 1 and origins in ([f"http://{hosts[0]}"], [f"https://{hosts[0]}"])
