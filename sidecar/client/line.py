"""What is said on a stream's connection, and what becomes of what is heard there."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from sidecar.client.mirror import CONNECTION, Frame, Json, Stand, Taken
from sidecar.domain.errors import DeskRefused

#: The desk takes 20 messages a second.
_PACE_S = 0.06
#: After the desk has said that it was told too much at once.
_BREATH_S = 1.0
_DECODER: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(Frame)


@dataclass(frozen=True)
class Terms:
    """What is followed, and how: see ``Desk.stream``. Times are seconds; ``poll_s`` 0 never polls."""

    topics: Sequence[str]
    wanted: Mapping[str, str] = field(default_factory=dict)
    first_wait_s: float = 0.25
    longest_wait_s: float = 10.0
    heartbeat_s: float = 10.0
    poll_s: float = 0.0

    def wait(self, failures: int) -> float:
        """How long to wait after so many failures in a row: full jitter below a bound that doubles."""
        return random.uniform(0.0, min(self.longest_wait_s, self.first_wait_s * 2 ** min(failures - 1, 16)))


class Line:
    """Where a stream stands, and what is said on the connection that it has now."""

    def __init__(self, terms: Terms, resume: Mapping[str, Any] | None) -> None:
        self.failures = 0
        self._terms = terms
        self._stand = Stand(resume, contiguous=not terms.wanted)
        self._kinds: dict[str, str] = {}
        self._waiting: dict[str, Json] = {}
        self._wake = asyncio.Event()
        self._silent_until = 0.0

    @asynccontextmanager
    async def on(self, socket: ClientConnection) -> AsyncGenerator[None, None]:
        """Subscribe on a new connection, and speak on it until it is left."""
        self._kinds.clear()
        self._waiting.clear()
        self._subscribe(self._terms.topics)
        speaking = asyncio.create_task(self._speak(socket))
        try:
            yield
        finally:
            speaking.cancel()

    async def hear(self, socket: ClientConnection) -> Frame:
        """The next frame. A silent desk is asked for a sign of life; ``TimeoutError`` if none comes."""
        try:
            async with asyncio.timeout(self._terms.heartbeat_s):
                return _DECODER.decode(await socket.recv())
        except TimeoutError:
            self._say("ping", type="ping")
        async with asyncio.timeout(self._terms.heartbeat_s / 2):
            return _DECODER.decode(await socket.recv())

    def take(self, frame: Frame) -> Frame | None:
        """The frame if it is one of a topic and new; after a gap, ask for a snapshot instead."""
        if frame.topic == CONNECTION:
            self._manage(frame)
            return None
        taken = self._stand.take(frame)
        if taken is Taken.GAP:
            self._subscribe([frame.topic])
        if taken is not Taken.NEW:
            return None
        self._settle()
        return frame

    def saw(self, topic: str) -> None:
        """Let a ``latest`` topic go on: nothing new of it comes until the last that was sent is seen."""
        seq = self._stand.seq(topic)
        if seq is not None and self._kinds.get(topic) == "latest":
            self._say(f"seen {topic}", type="seen", topic=topic, seq=seq)

    def _manage(self, frame: Frame) -> None:
        if frame.type == "ack" and frame.data["to"] == "subscribe":
            for topic, told in frame.data["topics"].items():
                self._kinds[topic] = told["kind"]
                if told["start"] != "resumed":
                    self._stand.lose(topic)
            self._settle()
        elif frame.type == "error" and frame.data["code"] == "too_fast":
            # One message was not obeyed, and nobody says which.
            self._silent_until = asyncio.get_running_loop().time() + _BREATH_S
            self._subscribe([topic for topic in self._terms.topics if not self._stands(topic)])
            for topic in self._terms.topics:
                self.saw(topic)
        elif frame.type == "error":
            status = 403 if frame.data["code"] == "forbidden" else 422
            raise DeskRefused(status, str(frame.data["code"]), str(frame.data["message"]), dict(frame.data))

    def _stands(self, topic: str) -> bool:
        return topic in self._kinds and self._stand.seq(topic) is not None

    def _settle(self) -> None:
        if self.failures and all(map(self._stands, self._terms.topics)):
            self.failures = 0

    def _subscribe(self, topics: Sequence[str]) -> None:
        more = {"filter": dict(self._terms.wanted)} if self._terms.wanted else {}
        for group in self._stand.subscriptions(topics):
            self._say(f"subscribe {group['subscriptions']}", type="subscribe", **group, **more)

    def _say(self, name: str, **message: Any) -> None:
        """Say it in turn; it replaces the message of its name that still waits."""
        self._waiting[name] = message
        self._wake.set()

    async def _speak(self, socket: ClientConnection) -> None:
        clock = asyncio.get_running_loop().time
        try:
            while True:
                while not self._waiting:
                    self._wake.clear()
                    await self._wake.wait()
                while (left := self._silent_until - clock()) > 0:
                    await asyncio.sleep(left)
                await socket.send(msgspec.json.encode(self._waiting.pop(next(iter(self._waiting)))).decode())
                await asyncio.sleep(_PACE_S)
        except ConnectionClosed:
            pass  # whoever hears will hear of it
