"""One connection to the desk for all panels of a key: its frames are taken once and handed to every panel.

The desk takes ten sockets from one address, and every panel's would be one. A panel is answered out of the mirror that
the frames keep true; ends the connection, every panel is told to come again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from pages.parts.feeds import Outbox
from pages.parts.mirrored import Frame, Topic
from sidecar.client import Desk

POLICY, TRY_LATER = 1008, 1013
#: A desk that says nothing for this long is asked for a sign of life, and left after as long again.
SILENT_S = 2.0
#: How long a connection that no panel needs is kept.
LINGER_S = 15.0
_FRAMES: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(Frame)


class _Told(msgspec.Struct):
    type: str
    kind: str


class _Ack(msgspec.Struct):
    to: str
    topics: Any = None


@dataclass(eq=False)
class Asked:
    """What a panel has subscribed to and waits for. ``stands``: topic → (epoch, seq) from where it would go on."""

    outbox: Outbox
    names: tuple[str, ...]
    stands: Mapping[str, tuple[str, int]]


class Upstream:
    """The connection of one key. ``gone`` is called once, when it has ended."""

    def __init__(self, desk: Desk, gone: Callable[[Upstream], None]) -> None:
        self.panels: set[Outbox] = set()
        self.ended: tuple[int, str] | None = None
        self._topics: dict[str, Topic] = {}
        self._gone = gone
        self._asked: list[Asked] = []
        self._wanted: deque[tuple[tuple[str, ...], Asked | None]] = deque()
        self._asking: tuple[tuple[str, ...], Asked | None] | None = None
        self._saying: set[asyncio.Task[None]] = set()
        self._pings: list[Outbox] = []
        self._hello: msgspec.Raw | None = None
        self._epoch = self._at = ""
        self._socket: ClientConnection | None = None
        self._leaving: asyncio.TimerHandle | None = None
        self._task = asyncio.create_task(self._run(desk))

    # ---- panels --------------------------------------------------------------------------------------------------

    def join(self) -> Outbox:
        """A panel comes in; it is told who it is as soon as the desk has said it."""
        outbox = Outbox(lambda: self._at)
        self.panels.add(outbox)
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        if self._hello is not None:
            outbox.tell("connection", self._epoch, self._hello)
        return outbox

    def part(self, outbox: Outbox) -> None:
        """A panel goes; after the last one the connection is kept for a while."""
        outbox.go()
        self.panels.discard(outbox)
        self._asked = [one for one in self._asked if one.outbox is not outbox]
        self._pings = [one for one in self._pings if one is not outbox]
        if not self.panels and self.ended is None:
            self._leaving = asyncio.get_running_loop().call_later(LINGER_S, self.close)

    def subscribe(self, asked: Asked) -> None:
        """Begin topics for a panel: at once those that are known, the others when the desk has told them."""
        self._asked.append(asked)
        missing = tuple(name for name in asked.names if name not in self._topics)
        if missing:
            self._wanted.append((missing, asked))
        self._settle()

    def unsubscribe(self, outbox: Outbox, names: Iterable[str]) -> None:
        """Follow topics no longer."""
        for name in names:
            outbox.leave(name)
        outbox.tell("ack", self._epoch, {"to": "unsubscribe", "topics": sorted(outbox.feeds)})

    def ping(self, outbox: Outbox) -> None:
        """Ask the desk itself for the sign of life that a panel asks for."""
        self._pings.append(outbox)
        if len(self._pings) == 1:
            self._say(type="ping")

    def close(self) -> None:
        """End the connection."""
        self._task.cancel()

    # ---- the desk ------------------------------------------------------------------------------------------------

    async def _run(self, desk: Desk) -> None:
        end = TRY_LATER, "the relay ends"
        try:
            async with desk.socket() as self._socket:
                self._settle()
                await self._listen(self._socket)
        except InvalidStatus as error:
            status = error.response.status_code
            end = POLICY if status in (401, 403) else TRY_LATER, f"the desk answers {status}"
        except ConnectionClosed as closed:
            end = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (TRY_LATER, "the desk has gone")
        except TimeoutError:
            end = TRY_LATER, "the sidecar does not answer" if self._hello is None else "the desk is silent"
        except (OSError, InvalidHandshake, msgspec.DecodeError):
            end = TRY_LATER, "the sidecar does not answer"
        finally:
            self.ended = end if end[0] in (POLICY, TRY_LATER) else (TRY_LATER, end[1])
            self._gone(self)
            for outbox in tuple(self.panels):
                outbox.cut(*self.ended)

    async def _listen(self, socket: ClientConnection) -> None:
        while True:
            try:
                async with asyncio.timeout(SILENT_S):
                    text = await socket.recv(decode=True)
            except TimeoutError:
                self._say(type="ping")
                async with asyncio.timeout(SILENT_S):
                    text = await socket.recv(decode=True)
            self._take(text)

    def _take(self, text: str) -> None:
        frame = _FRAMES.decode(text)
        self._at = frame.timestamp
        if frame.topic == "connection":
            self._manage(frame)
            return
        topic = self._topics.get(frame.topic)
        if topic is None:
            return
        if frame.type == "snapshot":
            topic.restate(frame)
            self._settle()
        elif not topic.change(frame, text):
            self._wanted.append(((topic.name,), None))
            self._settle()

    def _manage(self, frame: Frame) -> None:
        if frame.type == "connection":
            self._hello, self._epoch = msgspec.Raw(bytes(frame.data)), frame.epoch
            for outbox in self.panels:
                outbox.tell("connection", self._epoch, self._hello)
        elif frame.type == "pong":
            for outbox in self._pings:
                outbox.tell("pong", self._epoch, {})
            self._pings.clear()
        elif frame.type == "ack" and (ack := msgspec.json.decode(frame.data, type=_Ack)).to == "subscribe":
            for name, told in msgspec.convert(ack.topics, dict[str, _Told]).items():
                topic = self._topics.setdefault(name, Topic(name))
                topic.kind, topic.type, topic.whole, topic.lost = told.kind, told.type, False, False
            self._asking = None
        elif frame.type == "error":
            self._refuse(frame)
        self._settle()

    def _refuse(self, frame: Frame) -> None:
        """The desk does not take the subscription that is on its way: who asked for it is told."""
        _, asked = self._asking or ((), None)
        self._asking = None
        if asked in self._asked:
            self._asked.remove(asked)
            asked.outbox.tell("error", self._epoch, frame.data)

    def _settle(self) -> None:
        """Ask the desk for what is wanted, one message at a time, and admit the panels that wait for nothing more."""
        while self._wanted and self._asking is None and self._socket is not None:
            names, asked = self._wanted.popleft()
            left = tuple(name for name in names if name not in self._topics or self._topics[name].lost)
            if left:
                self._asking = left, asked
                self._say(type="subscribe", subscriptions=list(left))
        for asked in tuple(self._asked):
            if all(name in self._topics and self._topics[name].whole for name in asked.names):
                self._asked.remove(asked)
                self._admit(asked)

    def _admit(self, asked: Asked) -> None:
        told: dict[str, Any] = {}
        for name in asked.names:
            topic, stand = self._topics[name], asked.stands.get(name)
            missed = topic.since(*stand) if stand else None
            how = "snapshot" if stand is None else "resync" if missed is None else "resumed"
            asked.outbox.follow(topic, missed)
            told[name] = {"type": topic.type, "kind": topic.kind, "seq": topic.seq, "start": how}
        asked.outbox.tell("ack", self._epoch, {"to": "subscribe", "topics": told})

    def _say(self, **message: Any) -> None:
        if self._socket is not None:
            # Small, and the desk reads at once; who listens will hear of an end.
            task = asyncio.create_task(_sent(self._socket, msgspec.json.encode(message).decode()))
            self._saying.add(task)
            task.add_done_callback(self._saying.discard)


async def _sent(socket: ClientConnection, text: str) -> None:
    with suppress(ConnectionClosed):
        await socket.send(text)


class FanOut:
    """The connections, by key."""

    def __init__(self, desk: Callable[[str], Desk]) -> None:
        self._desk = desk
        self.upstreams: dict[str, Upstream] = {}

    def of(self, key: str) -> Upstream:
        """The connection of a key, opened if there is none."""
        found = self.upstreams.get(key)
        if found is None:
            found = self.upstreams[key] = Upstream(self._desk(key), lambda ended: self._forget(key, ended))
        return found

    def _forget(self, key: str, ended: Upstream) -> None:
        if self.upstreams.get(key) is ended:
            del self.upstreams[key]
