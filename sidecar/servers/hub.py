"""The hub: takes reports, journal entries and measurements, turns them into numbered frames, hands those to readers.

``offer``, ``keep`` and ``tell`` never wait and may be called from any thread. All else runs on the server's loop, so
the desk cannot be held up by a reader, nor one reader by another: a frame is made once and handed to every transport
that is not behind; what a slow reader cannot take is conflated or ends its connection.

An ``every`` topic's ``seq`` counts the journal's records of its kind, and the epoch is the journal's, so a reader may
resume over a restart. A ``latest`` topic begins each run beyond all that was told before.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sidecar.domain.clock import iso
from sidecar.domain.records import Entry
from sidecar.domain.report import DeskReport, Published
from sidecar.servers.channel import Channel, Ready
from sidecar.servers.channels import Channels
from sidecar.servers.feed import CHUNK
from sidecar.servers.messages import Subscribe
from sidecar.servers.stream_settings import Counts, StreamSettings
from sidecar.servers.subscriber import POLICY, SLOW, Subscriber
from sidecar.servers.subscribing import subscribe
from sidecar.servers.topics import TOPICS, Kind, Row, Topic


class Hub:
    """The streams of one desk.

    :param now: the wall clock, microseconds UTC.
    :param valid: whether the key of an id still opens.
    :param on_send: told how many seconds it took to hand a batch of frames to all who get it.
    """

    def __init__(
        self,
        version: str,
        now: Callable[[], int],
        valid: Callable[[str], bool],
        settings: StreamSettings,
        on_send: Callable[[float], None] = lambda _: None,
        topics: tuple[Topic, ...] = TOPICS,
    ) -> None:
        self.version = version
        self.settings = settings
        self.subscribers: dict[str, Subscriber] = {}
        self.channels = Channels(topics, settings, secrets.token_hex(8))
        self.totals = Counts()
        self._now = now
        self._valid = valid
        self._on_send = on_send
        self._loop: asyncio.AbstractEventLoop | None = None
        self._latest: Published | None = None
        self._entries: deque[tuple[int, Entry]] = deque()
        self._overflowed = False
        self._outside: dict[str, tuple[Sequence[Row], str]] = {}
        self._awake = False
        self._shown: dict[str, DeskReport] = {}
        self._due: dict[str, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._ticking = False
        self._beat_due = 0.0

    # ---- from any thread -----------------------------------------------------------------------------------------

    def begin(self, epoch: str, run: int, entries: Iterable[tuple[int, Entry]]) -> None:
        """Before anything is served: take up the history of the journal, in order, and go on from there."""
        self.channels.open(epoch, run)
        self.channels.recall(list(entries))

    def offer(self, published: Published) -> None:
        """Take a report. The newest counts."""
        self._latest = published
        self._wake()

    def keep(self, first: int, entries: Sequence[Entry]) -> None:
        """Take entries that are on disk, in the journal's order, numbered from ``first``."""
        if len(self._entries) + len(entries) > self.settings.history:
            self._overflowed = True  # the loop has not run for long; it will begin anew
        else:
            self._entries.extend(enumerate(entries, first))
        self._wake()

    def tell(self, topic: str, rows: Sequence[Row], at: int) -> None:
        """Take the whole state of a ``latest`` topic that no report holds, as of ``at``."""
        self._outside[topic] = (rows, iso(at))
        self._wake()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run on this loop from now on; what was taken before is told now."""
        if self._loop is not loop:
            self._loop, self._ticking, self._timer = loop, False, None
            self._due.clear()
            self._drain()

    @property
    def epoch(self) -> str:
        """What names the history that ``seq`` counts in."""
        return self.channels.epoch

    def stamp(self) -> str:
        """The wall clock as text."""
        return iso(self._now())

    def _wake(self) -> None:
        loop = self._loop
        # The flag is cleared before anything is read, so what comes meanwhile is seen or asks again.
        if loop is None or self._awake:
            return
        self._awake = True
        try:
            loop.call_soon_threadsafe(self._drain)
        except RuntimeError:
            self._loop = None  # the server has ended

    # ---- subscribers -------------------------------------------------------------------------------------------

    def connect(self, subscriber: Subscriber) -> None:
        """Take a client in; it is told who it is."""
        self.subscribers[subscriber.client_id] = subscriber
        subscriber.epoch = self.epoch
        about = {"client_id": subscriber.client_id, "role": subscriber.key.role, "epoch": self.epoch}
        subscriber.tell("connection", {**about, "server_version": self.version})
        if not self._ticking:
            self._ticking = True
            self._tick()

    def disconnect(self, subscriber: Subscriber) -> None:
        """Let a client go."""
        self.subscribers.pop(subscriber.client_id, None)
        subscriber.go()

    def subscribe(self, subscriber: Subscriber, asked: Subscribe) -> dict[str, Any]:
        """Add topics, all or none; returns what the ``ack`` says: see :func:`sidecar.servers.subscribing.subscribe`."""
        return subscribe(self.channels, subscriber, asked)

    def stats(self) -> dict[str, Any]:
        """What ``/ws/stats`` says."""
        connections = [row.about() for row in self.subscribers.values()]
        sent = self.totals.sent.total()
        return {"active_connections": len(connections), "total_messages_sent": sent, "connections": connections}

    def counts(self) -> Counts:
        """Totals for the metrics."""
        return self.totals.copy(len(self.subscribers))

    @property
    def waiting(self) -> int:
        """Frames that wait for slow readers."""
        return sum(row.waiting for row in tuple(self.subscribers.values()))

    # ---- from what was taken to frames -------------------------------------------------------------------------

    def _drain(self) -> None:
        self._awake = False
        if self._overflowed:
            self._lose_history()
        if self._latest is not None:
            self.channels.assume(self._latest.report)
        entries = [self._entries.popleft() for _ in range(len(self._entries))]
        for channel, batch in self.channels.keep(entries):
            self._send(channel, batch)
        for name in tuple(self._outside):
            rows, at = self._outside.pop(name)
            self._send(self.channels[name], self.channels[name].state(rows, at))
        if self._latest is not None:
            self._publish(self._latest.report)

    def _publish(self, report: DeskReport) -> None:
        loop = self._loop
        if loop is None:
            return
        now, waits = loop.time(), []
        for name, channel in self.channels.by_name.items():
            rows = channel.topic.rows
            if channel.topic.kind is not Kind.LATEST or rows is None or self._shown.get(name) is report:
                continue
            due = self._due.get(name, 0.0)
            if now < due:
                waits.append(due)
                continue
            self._due[name], self._shown[name] = now + 1.0 / channel.topic.per_second, report
            self._send(channel, channel.state(rows(report), report.timestamp.isoformat()))
        if waits and self._timer is None:
            self._timer = loop.call_at(min(waits), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._latest is not None:
            self._publish(self._latest.report)

    def _send(self, channel: Channel, batch: Sequence[Ready]) -> None:
        """In pieces: between them a socket may say that it has enough, and what is left waits in its bounded queue."""
        for first in range(0, len(batch), CHUNK):
            self._hand_out(channel, batch[first : first + CHUNK])

    def _hand_out(self, channel: Channel, batch: Sequence[Ready]) -> None:
        began, told, many = time.perf_counter(), 0, len(batch)
        joined = batch[0].frame if many == 1 else b"".join([made.frame for made in batch])
        for feed in tuple(channel.feeds.values()):
            if feed.direct:
                feed.write(joined)
                feed.told += many
                told += 1
            else:
                feed.offer(batch)
        for made in batch:
            self.totals.sent[made.type] += told
        self._on_send(time.perf_counter() - began)

    def _lose_history(self) -> None:
        """Begin a new epoch: records were dropped unread, which no ``seq`` may hide."""
        self._overflowed = False
        self._entries.clear()
        self._shown.clear()
        self.channels.open(secrets.token_hex(8))
        for subscriber in tuple(self.subscribers.values()):
            subscriber.close(SLOW, "history was lost: reconnect for a snapshot")

    # ---- the hub's own clock -----------------------------------------------------------------------------------

    def _tick(self) -> None:
        loop = self._loop
        if loop is None or not self.subscribers:
            self._ticking = False
            return
        revoked = {name for name in {row.key.id for row in self.subscribers.values()} if not self._valid(name)}
        for row in tuple(self.subscribers.values()):
            row.check()
            if row.key.id in revoked:
                row.close(POLICY, "this key was revoked")
        if loop.time() >= self._beat_due:
            self._beat_due = loop.time() + self.settings.heartbeat_s
            self._beat()
        loop.call_later(min(self.settings.recheck_s, self.settings.heartbeat_s), self._tick)

    def _beat(self) -> None:
        at = self.stamp()
        for channel in self.channels.by_name.values():
            if channel.topic.kind is Kind.CLOCK:
                row = {"timestamp": at, "active_connections": len(self.subscribers)}
                self._send(channel, channel.changes([row], at))
