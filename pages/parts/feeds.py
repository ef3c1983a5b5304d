"""What waits for one panel: in order, bounded, conflated where the topic lets it be. Nobody else waits for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from pages.parts.mirrored import Frame, Topic

#: Frames of one topic that may wait.
LIMIT = 500
MOST_ANSWERS = 64
SLOW = 4008


class Feed:
    """One topic of one panel. ``behind`` says that the whole state goes out next, in place of what was dropped."""

    def __init__(self, topic: Topic, outbox: Outbox, missed: list[tuple[int, str]] | None) -> None:
        self.topic = topic
        self.behind = missed is None
        self.pending = deque(missed or ())
        self.acknowledges = False
        self.sent = self.seen = -1
        self._outbox = outbox

    @property
    def ready(self) -> bool:
        """Whether something may go out: a panel that acknowledges gets no newer state before it has seen the last."""
        waits = self.acknowledges and self.topic.kind == "latest" and self.seen < self.sent
        return (self.behind or bool(self.pending)) and not waits

    def offer(self, seq: int, text: str) -> None:
        """Take a new frame."""
        if self.behind:
            return  # the snapshot that is to be made will hold it
        if self.topic.kind != "every" and self.pending:
            self.restate()
            return
        self.pending.append((seq, text))
        if len(self.pending) > LIMIT:
            self._outbox.cut(SLOW, "too slow: reconnect and resume")
        self._outbox.wake.set()

    def restate(self) -> None:
        """Send the whole state next."""
        self.pending.clear()
        self.behind = True
        self._outbox.wake.set()

    def next(self) -> str:
        """The next frame to send."""
        if self.behind:
            self.behind = False
            self.sent = self.topic.seq
            return self.topic.snapshot()
        self.sent, text = self.pending.popleft()
        return text


class Outbox:
    """All that waits for one panel. ``ended`` is how it is to be closed, once that is known."""

    def __init__(self, stamp: Callable[[], str]) -> None:
        self.feeds: dict[str, Feed] = {}
        self.wake = asyncio.Event()
        self.ended: tuple[int, str] | None = None
        self._stamp = stamp
        self._answers: deque[str] = deque()
        self._answered = 0

    def tell(self, kind: str, epoch: str, data: Any) -> None:
        """Answer this panel alone, ahead of what else waits."""
        self._answered += 1
        raw = msgspec.Raw(msgspec.json.encode(data))
        made = Frame(kind, "connection", epoch, self._answered, self._stamp(), raw)
        self._answers.append(msgspec.json.encode(made).decode())
        if len(self._answers) > MOST_ANSWERS:
            self.cut(1008, "answers are not being read")
        self.wake.set()

    def follow(self, topic: Topic, missed: list[tuple[int, str]] | None) -> None:
        """Begin a topic, anew where it is followed already: with what was ``missed``, or with the whole state."""
        self.leave(topic.name)
        feed = self.feeds[topic.name] = Feed(topic, self, missed)
        topic.feeds.append(feed)
        self.wake.set()

    def leave(self, name: str) -> None:
        """Follow a topic no longer."""
        feed = self.feeds.pop(name, None)
        if feed is not None:
            feed.topic.feeds.remove(feed)

    def go(self) -> None:
        """Leave every topic."""
        for name in tuple(self.feeds):
            self.leave(name)

    def saw(self, name: str, seq: int) -> None:
        """The panel has dealt with a topic up to ``seq``."""
        if feed := self.feeds.get(name):
            feed.acknowledges, feed.seen = True, max(feed.seen, seq)
            self.wake.set()

    def cut(self, code: int, reason: str) -> None:
        """End this panel; what waits is not sent."""
        if self.ended is None:
            self.ended = (code, reason)
            self.go()
        self.wake.set()

    def next(self) -> str | None:
        """The next frame to send: answers, then events, then the latest states in turn; None when nothing may go."""
        if self._answers:
            return self._answers.popleft()
        ready = [feed for feed in self.feeds.values() if feed.ready]
        if not ready:
            return None
        feed = next((one for one in ready if one.topic.kind == "every"), ready[0])
        self.feeds[feed.topic.name] = self.feeds.pop(feed.topic.name)  # to the end of the turn
        return feed.next()
