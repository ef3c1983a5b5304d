"""One socket's place in the hub: what waits for it, and what is dropped or refused when it is slow."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sidecar.domain import wire
from sidecar.servers.channel import Channel, Frame, Ready
from sidecar.servers.keys import Key
from sidecar.servers.topics import Kind

SLOW = 4008
POLICY = 1008
#: Answers that may wait for a client that sends without reading.
MOST_ANSWERS = 64
_CHUNK = 64


@dataclass(frozen=True)
class StreamSettings:
    """What can be set at the socket doors. ``queue`` and ``history`` count frames of one topic."""

    allowed_origins: tuple[str, ...] = ()
    heartbeat_s: float = 30.0
    auth_wait_s: float = 5.0
    recheck_s: float = 1.0
    max_message_bytes: int = 16 * 1024
    messages_per_s: float = 20.0
    bad_in_a_row: int = 5
    sockets_per_address: int = 10
    queue: int = 1_000
    history: int = 10_000
    latest_history: int = 256
    close_wait_s: float = 10.0


@dataclass
class Counts:
    """What the streams have done since the start, for the metrics; a copy of one moment."""

    connections: int = 0
    sent: Counter[str] = field(default_factory=Counter)  # frames by type
    conflated: Counter[str] = field(default_factory=Counter)  # frames by topic
    slow: int = 0  # clients that were closed because their queue was full

    def add(self, sent: Counter[str], conflated: Counter[str]) -> None:
        """Add one client's."""
        self.sent.update(sent)
        self.conflated.update(conflated)


@dataclass
class Feed:
    """One subscription. ``behind`` says that the whole state goes out next, in place of dropped changes."""

    channel: Channel
    wanted: Mapping[str, str]
    limit: int
    pending: deque[Ready] = field(default_factory=deque)
    behind: bool = False
    acknowledges: bool = False
    sent: int = -1
    seen: int = -1

    @property
    def waits(self) -> bool:
        """Whether the client has yet to see what was sent last."""
        return self.acknowledges and self.channel.topic.kind is not Kind.EVERY and self.seen < self.sent

    @property
    def ready(self) -> bool:
        return (self.behind or bool(self.pending)) and not self.waits


class Subscriber:
    """A client of the hub. Everything here runs on the server's loop; nothing here waits but ``pump``."""

    def __init__(self, client_id: str, key: Key, connected_at: str, queue: int, epoch: str) -> None:
        self.client_id = client_id
        self.key = key
        self.connected_at = connected_at
        self.epoch = epoch
        self.feeds: dict[str, Feed] = {}
        self.sent: Counter[str] = Counter()
        self.conflated: Counter[str] = Counter()
        self.closing: tuple[int, str] | None = None
        self.closed = asyncio.Event()
        self._queue = queue
        self._answers: deque[Ready] = deque()
        self._answered = 0
        self._wake = asyncio.Event()

    def tell(self, kind: str, data: Any, timestamp: str) -> None:
        """Answer this client alone, ahead of what else waits. These frames count in a topic of their own."""
        self._answered += 1
        frame = Frame(kind, "connection", self.epoch, self._answered, timestamp, data)
        self._answers.append(Ready(kind, self._answered, wire.encode(frame).decode(), {}))
        if len(self._answers) > MOST_ANSWERS:
            self.close(POLICY, "answers are not being read")
        self._wake.set()

    def follow(self, channel: Channel, wanted: Mapping[str, str], missed: Sequence[Ready] | None) -> None:
        """Subscribe: with the frames it ``missed``, or with a snapshot where that is None."""
        feed = Feed(channel, wanted, self._queue + len(missed or ()))
        self.feeds[channel.topic.name] = feed
        if missed is None:
            feed.behind = True
        else:
            feed.pending.extend(ready for ready in missed if ready.passes(wanted))
        self._wake.set()

    def leave(self, topic: str) -> None:
        """Unsubscribe; what was waiting of that topic is not sent."""
        self.feeds.pop(topic, None)

    def saw(self, topic: str, seq: int) -> None:
        """Take a client's acknowledgement."""
        feed = self.feeds.get(topic)
        if feed is not None:
            feed.acknowledges, feed.seen = True, max(feed.seen, seq)
            self._wake.set()

    def offer(self, channel: Channel, batch: Sequence[Ready]) -> None:
        """Take new frames of a topic: in turn, conflated, or, when an ``every`` queue is full, not at all."""
        feed = self.feeds.get(channel.topic.name)
        if feed is None or self.closing is not None:
            return
        mine = [ready for ready in batch if ready.passes(feed.wanted)] if feed.wanted else batch
        if not mine:
            return
        if feed.behind and channel.topic.kind is Kind.EVERY:
            pass  # its snapshot has not been made yet and will hold these
        elif channel.topic.kind is Kind.EVERY:
            if len(feed.pending) + len(mine) > feed.limit:
                self.close(SLOW, "too slow: reconnect and resume")
                return
            feed.pending.extend(mine)
        elif feed.behind or feed.pending:
            if feed.sent >= 0:
                self.conflated[channel.topic.name] += len(feed.pending) + len(mine)
            feed.pending.clear()
            feed.behind = True
        else:
            feed.pending.extend(mine)
        self._wake.set()

    def close(self, code: int, reason: str) -> None:
        """End this client: nothing more is sent but the close."""
        self.finish(code, reason)
        self.closed.set()

    def finish(self, code: int, reason: str) -> None:
        """End this client once the answers that wait for it have been sent."""
        if self.closing is None:
            self.closing = (code, reason)
            self.feeds.clear()
            self._wake.set()

    @property
    def waiting(self) -> int:
        """Frames that wait to be sent."""
        return sum(len(feed.pending) + feed.behind for feed in self.feeds.values())

    def about(self) -> dict[str, Any]:
        """What ``/ws/stats`` says of this client."""
        return {
            "client_id": self.client_id,
            "connected_at": self.connected_at,
            "role": self.key.role,
            "message_count": self.sent.total(),
            "topics": sorted(self.feeds),
            "queue": self.waiting,
            "conflated": self.conflated.total(),
        }

    def take(self, timestamp: str) -> list[Ready]:
        """The next frames to send: answers first, then events, then the latest states in turn."""
        if self._answers:
            found = list(self._answers)
            self._answers.clear()
            return found
        ready = [feed for feed in self.feeds.values() if feed.ready]
        if not ready:
            return []
        feed = next((feed for feed in ready if feed.channel.topic.kind is Kind.EVERY), ready[0])
        name = feed.channel.topic.name
        self.feeds[name] = self.feeds.pop(name)  # to the end of the turn
        if feed.behind:
            feed.behind = False
            found = [feed.channel.snapshot(feed.wanted, timestamp)]
        else:
            found = [feed.pending.popleft() for _ in range(min(_CHUNK, len(feed.pending)))]
        feed.sent = found[-1].seq
        return found

    async def pump(
        self, send: Callable[[str], Awaitable[None]], now: Callable[[], str], on_send: Callable[[float], None]
    ) -> None:
        """Send what waits, one frame at a time, for ever; ``on_send`` is told each frame's seconds."""
        while True:
            chunk = self.take(now())
            if not chunk:
                if self.closing is not None:
                    self.closed.set()
                self._wake.clear()
                await self._wake.wait()
            for ready in chunk:
                began = time.perf_counter()
                await send(ready.text)
                self.sent[ready.type] += 1
                on_send(time.perf_counter() - began)
