"""The hub: takes reports from the desk's thread, turns them into numbered frames, and hands those to the subscribers.

``offer`` never waits. All else runs on the server's loop, so the desk cannot be held up by a reader, nor one reader by
another: a frame is encoded once, and what a slow reader cannot take is conflated or ends its connection.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from sidecar.domain.clock import iso
from sidecar.domain.report import DeskReport, Published
from sidecar.servers.channel import Channel, Ready
from sidecar.servers.messages import Resume, Subscribe
from sidecar.servers.subscriber import POLICY, SLOW, Counts, StreamSettings, Subscriber
from sidecar.servers.topics import TOPICS, Kind, Row, Topic

#: A topic's name, the time of a report, and the rows that the report adds to the topic.
_Told = tuple[str, str, list[Row]]


class UnknownTopic(Exception):
    """A topic that there is not."""


class Hub:
    """The streams of one desk.

    :param now: the wall clock, microseconds UTC.
    :param valid: whether the key of an id still opens.
    :param on_send: told how many seconds each frame took to be handed to the transport.
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
        self.epoch = secrets.token_hex(8)
        self.subscribers: dict[str, Subscriber] = {}
        self._now = now
        self._valid = valid
        self.on_send = on_send
        self._topics = topics
        self.channels: dict[str, Channel] = {}
        self._begin_epoch()
        self._gone = Counts()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._latest: Published | None = None
        self._every = tuple((topic.name, topic.changes) for topic in topics if topic.changes is not None)
        self._events: deque[_Told] = deque(maxlen=settings.history)
        self._overflowed = False
        self._awake = False
        self._shown: dict[str, DeskReport] = {}
        self._due: dict[str, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._ticking = False
        self._beat_due = 0.0

    def offer(self, published: Published) -> None:
        """Take a report, on any one thread, without waiting. The newest counts; of the others only their events."""
        report = published.report
        for name, changes in self._every:
            if rows := list(changes(report)):
                self._overflowed |= len(self._events) == self._events.maxlen
                self._events.append((name, report.timestamp.isoformat(), rows))
        self._latest = published
        loop = self._loop
        # The flag is cleared before the report is read, so one that comes meanwhile is seen or asks again.
        if loop is None or self._awake:
            return
        self._awake = True
        try:
            loop.call_soon_threadsafe(self._drain)
        except RuntimeError:
            self._loop = None  # the server has ended

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run on this loop from now on; what was offered before is taken now."""
        if self._loop is not loop:
            self._loop, self._ticking, self._timer = loop, False, None
            self._due.clear()
            self._drain()

    def stamp(self) -> str:
        """The wall clock as text."""
        return iso(self._now())

    # ---- subscribers -------------------------------------------------------------------------------------------

    def connect(self, subscriber: Subscriber) -> None:
        """Take a client in; it is told who it is."""
        self.subscribers[subscriber.client_id] = subscriber
        about = {"client_id": subscriber.client_id, "role": subscriber.key.role, "epoch": self.epoch}
        subscriber.tell("connection", {**about, "server_version": self.version}, self.stamp())
        if not self._ticking:
            self._ticking = True
            self._tick()

    def disconnect(self, subscriber: Subscriber) -> None:
        """Let a client go."""
        if self.subscribers.pop(subscriber.client_id, None) is None:
            return
        self._gone.add(subscriber.sent, subscriber.conflated)
        self._gone.slow += subscriber.closing is not None and subscriber.closing[0] == SLOW

    def subscribe(self, subscriber: Subscriber, asked: Subscribe) -> dict[str, Any]:
        """Add topics, all or none; returns what the ``ack`` says.

        :raises UnknownTopic: one of them is not a topic.
        :raises ValueError: a ``resume`` that does not say which topic it means.
        :raises PermissionError: a topic that this key may not read.
        """
        names = list(dict.fromkeys(asked.subscriptions))
        for name in names:
            if name not in self.channels:
                raise UnknownTopic(f"there is no topic {name!r}; topics: {', '.join(self.channels)}")
            if not subscriber.key.role.covers(needed := self.channels[name].topic.role):
                raise PermissionError(f"{name} needs the role {needed}; this key is {subscriber.key.role}")
        stands = asked.resume.stands(names) if asked.resume else {}
        told: dict[str, Any] = {}
        for name in names:
            channel = self.channels[name]
            missed, how = self._missed(channel, asked.resume, stands.get(name))
            subscriber.follow(channel, asked.filter.wanted() if asked.filter else {}, missed)
            told[name] = {"type": channel.topic.type, "kind": channel.topic.kind, "seq": channel.seq, "start": how}
        return {"to": "subscribe", "topics": told}

    def _missed(self, channel: Channel, resume: Resume | None, seq: int | None) -> tuple[tuple[Ready, ...] | None, str]:
        if resume is None or seq is None:
            return None, "snapshot"
        missed = channel.since(seq) if resume.epoch == self.epoch else None
        return missed, "resync" if missed is None else "resumed"

    def stats(self) -> dict[str, Any]:
        """What ``/ws/stats`` says."""
        connections = [row.about() for row in self.subscribers.values()]
        sent = self.counts().sent.total()
        return {"active_connections": len(connections), "total_messages_sent": sent, "connections": connections}

    def counts(self) -> Counts:
        """Totals for the metrics."""
        rows = list(self.subscribers.values())
        made = Counts(len(rows), Counter(self._gone.sent), Counter(self._gone.conflated), self._gone.slow)
        for row in rows:
            made.add(row.sent, row.conflated)
        return made

    # ---- from reports to frames --------------------------------------------------------------------------------

    def _begin_epoch(self) -> None:
        sizes = {Kind.EVERY: self.settings.history}
        self.channels = {
            topic.name: Channel(topic, self.epoch, sizes.get(topic.kind, self.settings.latest_history))
            for topic in self._topics
        }

    def _drain(self) -> None:
        self._awake = False
        if self._overflowed:
            self._lose_history()
        latest = self._latest
        if latest is None:
            return
        events = [self._events.popleft() for _ in range(len(self._events))]
        for name, _ in self._every:
            mine = [(at, rows) for topic, at, rows in events if topic == name]
            self._tell(self.channels[name], mine, latest.report)
        self._publish(latest.report)

    def _tell(self, channel: Channel, events: list[tuple[str, list[Row]]], latest: DeskReport) -> None:
        if not channel.begun:
            key_of = channel.topic.key_of
            coming = {key_of(row) for _, rows in events for row in rows}
            known = [row for row in channel.topic.rows(latest) if key_of(row) not in coming]
            self._send(channel, channel.state(known, latest.timestamp.isoformat()))
        for at, rows in events:
            self._send(channel, channel.changes(rows, at))

    def _publish(self, report: DeskReport) -> None:
        loop = self._loop
        if loop is None:
            return
        now, waits = loop.time(), []
        for name, channel in self.channels.items():
            if channel.topic.kind is not Kind.LATEST or self._shown.get(name) is report:
                continue
            due = self._due.get(name, 0.0)
            if now < due:
                waits.append(due)
                continue
            self._due[name], self._shown[name] = now + 1.0 / channel.topic.per_second, report
            self._send(channel, channel.state(channel.topic.rows(report), report.timestamp.isoformat()))
        if waits and self._timer is None:
            self._timer = loop.call_at(min(waits), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._latest is not None:
            self._publish(self._latest.report)

    def _send(self, channel: Channel, batch: tuple[Ready, ...]) -> None:
        if batch:
            for subscriber in self.subscribers.values():
                subscriber.offer(channel, batch)

    def _lose_history(self) -> None:
        """Begin a new epoch: events were dropped unread, which no ``seq`` may hide."""
        self._overflowed = False
        self._shown.clear()
        self.epoch = secrets.token_hex(8)
        self._begin_epoch()
        for subscriber in self.subscribers.values():
            subscriber.close(SLOW, "history was lost: reconnect for a snapshot")

    # ---- the hub's own clock -----------------------------------------------------------------------------------

    def _tick(self) -> None:
        loop = self._loop
        if loop is None or not self.subscribers:
            self._ticking = False
            return
        for key_id in dict.fromkeys(row.key.id for row in self.subscribers.values()):
            if not self._valid(key_id):
                for row in self.subscribers.values():
                    if row.key.id == key_id:
                        row.close(POLICY, "this key was revoked")
        if loop.time() >= self._beat_due:
            self._beat_due = loop.time() + self.settings.heartbeat_s
            self._beat()
        loop.call_later(min(self.settings.recheck_s, self.settings.heartbeat_s), self._tick)

    def _beat(self) -> None:
        at = self.stamp()
        for channel in self.channels.values():
            if channel.topic.kind is Kind.CLOCK:
                row = {"timestamp": at, "active_connections": len(self.subscribers)}
                self._send(channel, channel.changes([row], at))
