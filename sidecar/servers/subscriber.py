"""One socket's place in the hub: what waits for it, and what is dropped or refused when it is slow.

What a socket can take is handed to its transport at once, as made. Only for one that is behind does anything wait:
the newest state of a ``latest`` topic, a bounded queue of an ``every`` topic.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sidecar.servers.channel import Channel, Frame, Ready, ready
from sidecar.servers.feed import CHUNK, Feed
from sidecar.servers.keys import Key
from sidecar.servers.stream_settings import Counts, StreamSettings

SLOW = 4008
POLICY = 1008
TRY_LATER = 1013
#: Answers that may wait for a client that sends without reading.
MOST_ANSWERS = 64


class Outlet(Protocol):
    """Where made frames leave: :class:`~sidecar.servers.prepared.Prepared`."""

    @property
    def open(self) -> bool: ...
    @property
    def write(self) -> Callable[[bytes], None]: ...
    def put(self, frame: bytes) -> None: ...
    def part(self, code: int, reason: str, wait_s: float) -> None: ...


class Subscriber:
    """A client of the hub. Everything here runs on the server's loop, and nothing here waits.

    :param counts: shared by all; it counts what leaves.
    :param now: the loop's clock, seconds. :param stamp: the wall clock as text.
    """

    def __init__(
        self,
        client_id: str,
        key: Key,
        outlet: Outlet,
        settings: StreamSettings,
        counts: Counts,
        now: Callable[[], float],
        stamp: Callable[[], str],
    ) -> None:
        self.client_id = client_id
        self.key = key
        self.outlet = outlet
        self.settings = settings
        self.counts = counts
        self.connected_at = stamp()
        self.epoch = ""
        self.feeds: dict[str, Feed] = {}
        self.conflated = 0
        self.closing: tuple[int, str] | None = None
        self.shut_at: float | None = None
        self._now = now
        self._stamp = stamp
        self._answers: deque[Ready] = deque()
        self._answered = 0
        self._told = 0

    def tell(self, kind: str, data: Any) -> None:
        """Answer this client alone, ahead of what else waits. These frames count in a topic of their own."""
        self._answered += 1
        self._answers.append(ready(Frame(kind, "connection", self.epoch, self._answered, self._stamp(), data), {}))
        if len(self._answers) > MOST_ANSWERS:
            self._answers.clear()
            self.close(POLICY, "answers are not being read")
        self.flush()

    def follow(self, channel: Channel, wanted: Mapping[str, str], missed: Sequence[Ready] | None) -> None:
        """Subscribe: with the frames it ``missed``, or with a snapshot where that is None. :meth:`flush` sends them."""
        self.leave(channel.topic.name)
        feed = Feed(channel, self, wanted, self.settings.queue + len(missed or ()))
        self.feeds[channel.topic.name] = channel.feeds[self.client_id] = feed
        if missed is None:
            feed.behind = True
        else:
            feed.pending.extend(made for made in missed if made.passes(wanted))

    def leave(self, topic: str) -> None:
        """Unsubscribe; what was waiting of that topic is not sent."""
        feed = self.feeds.pop(topic, None)
        if feed is not None:
            feed.channel.feeds.pop(self.client_id, None)
            self._told += feed.told

    def saw(self, topic: str, seq: int) -> None:
        """Take a client's acknowledgement."""
        feed = self.feeds.get(topic)
        if feed is not None:
            feed.acknowledges, feed.seen = True, max(feed.seen, seq)
            self.flush()

    # ---- the socket ----------------------------------------------------------------------------------------------

    def put(self, frames: Sequence[Ready]) -> None:
        """Hand frames to the transport."""
        for made in frames:
            self.outlet.put(made.frame)
            self.counts.sent[made.type] += 1
        self._told += len(frames)

    def flush(self) -> None:
        """Send what waits, as long as the socket takes it."""
        while self.outlet.open:
            chunk = self.take()
            if not chunk:
                break
            self.put(chunk)
        for feed in self.feeds.values():
            feed.settle()
        if self.closing is not None and not self._answers:
            self.outlet.part(*self.closing, self.settings.close_wait_s)

    def on_shut(self) -> None:
        """The socket takes no more."""
        self.shut_at = self._now()
        for feed in self.feeds.values():
            feed.direct = False

    def on_open(self) -> None:
        """The socket takes more again."""
        self.shut_at = None
        self.flush()

    def check(self) -> None:
        """Cut off a reader that has taken nothing for too long."""
        if self.shut_at is not None and self._now() - self.shut_at >= self.settings.stalled_s:
            self.too_slow()

    def too_slow(self) -> None:
        """End a client that does not keep up; it may resume."""
        self.counts.slow += self.closing is None
        self.close(SLOW, "too slow: reconnect and resume")

    def close(self, code: int, reason: str) -> None:
        """End this client: nothing more is sent but the close."""
        self._answers.clear()
        self.finish(code, reason)

    def finish(self, code: int, reason: str) -> None:
        """End this client once the answers that wait for it have been sent."""
        if self.closing is None:
            self.closing = (code, reason[:120])
            self.go()
        self.flush()

    def go(self) -> None:
        """Leave every topic."""
        for topic in tuple(self.feeds):
            self.leave(topic)

    # ---- what waits ----------------------------------------------------------------------------------------------

    @property
    def flows(self) -> bool:
        """Whether the socket takes frames at once, and nothing has to go before them."""
        return self.outlet.open and not self._answers and self.closing is None

    @property
    def sent(self) -> int:
        """Frames that have left."""
        return self._told + sum(feed.told for feed in self.feeds.values())

    @property
    def waiting(self) -> int:
        """Frames that wait to be sent."""
        return sum(len(feed.pending) + feed.behind for feed in tuple(self.feeds.values()))

    def about(self) -> dict[str, Any]:
        """What ``/ws/stats`` says of this client."""
        return {
            "client_id": self.client_id,
            "connected_at": self.connected_at,
            "role": self.key.role,
            "message_count": self.sent,
            "topics": sorted(self.feeds),
            "queue": self.waiting,
            "conflated": self.conflated,
        }

    def take(self) -> list[Ready]:
        """The next frames to send: answers first, then events, then the latest states in turn."""
        if self._answers:
            found = list(self._answers)
            self._answers.clear()
            return found
        waiting = [feed for feed in self.feeds.values() if feed.ready]
        if not waiting:
            return []
        feed = next((feed for feed in waiting if feed.every), waiting[0])
        name = feed.channel.topic.name
        self.feeds[name] = self.feeds.pop(name)  # to the end of the turn
        if feed.behind:
            feed.behind = False
            found = [feed.channel.snapshot(feed.wanted, self._stamp())]
        else:
            found = [feed.pending.popleft() for _ in range(min(CHUNK, len(feed.pending)))]
        feed.sent = found[-1].seq
        return found
