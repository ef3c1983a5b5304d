"""What a stream's frames add up to: the rows of its topics, and how far each topic has come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

Json = dict[str, Any]
#: The topic of what concerns the connection alone.
CONNECTION = "connection"


class Frame(msgspec.Struct, frozen=True):
    """One frame of a stream. ``seq`` rises within ``topic`` as long as ``epoch`` stays.

    A ``polled`` one is no frame of the wire but the state as read over REST, shaped as a snapshot, with no ``seq``.
    """

    type: str
    topic: str
    epoch: str
    seq: int
    timestamp: str
    data: Any
    polled: bool = False


class Mirror:
    """The state of the topics that a stream has told of: feed it every frame, in order.

    ``rows[topic]`` maps the key of each row (a tuple, as the snapshot's ``key`` says) to the row. ``resume`` is what
    ``Desk.stream`` takes to go on from here.
    """

    def __init__(self) -> None:
        self.epoch = ""
        self.rows: dict[str, dict[tuple[str, ...], Json]] = {}
        self.seq: dict[str, int] = {}
        self._epochs: dict[str, str] = {}
        self._keys: dict[str, tuple[str, ...]] = {}
        self._streamed: dict[str, dict[tuple[str, ...], Json]] = {}

    def apply(self, frame: Frame) -> None:
        """Take one frame; those that only concern the connection change nothing.

        Polled rows stand until the stream says something of their topic: its changes fit what was streamed before.
        """
        topic = frame.topic
        if topic == CONNECTION:
            return
        if frame.polled:
            self.rows[topic] = _table(frame.data)
            return
        if frame.type == "snapshot":
            self._keys[topic] = tuple(frame.data["key"])
            self._streamed[topic] = _table(frame.data)
        elif topic in self._keys:
            name = tuple(str(frame.data[field]) for field in self._keys[topic])
            if frame.data.get("removed"):
                self._streamed[topic].pop(name, None)
            else:
                self._streamed[topic][name] = frame.data
        if topic in self._streamed:
            self.rows[topic] = self._streamed[topic]
        self.epoch = self._epochs[topic] = frame.epoch
        self.seq[topic] = frame.seq

    @property
    def resume(self) -> Json:
        """Where this mirror stands."""
        return {"epoch": dict(self._epochs), "seq": dict(self.seq)}


def _table(data: Json) -> dict[tuple[str, ...], Json]:
    return {tuple(str(row[name]) for name in data["key"]): row for row in data["rows"]}


class Taken(StrEnum):
    """What became of a frame. Only a ``new`` one is news."""

    NEW = "new"
    GAP = "gap"  # something before it is missing: the topic needs a snapshot
    AWAITED = "awaited"  # of a topic whose snapshot has not come yet
    REPEATED = "repeated"


class Stand:
    """How far a stream has come, by topic. Each topic has its epoch: a restart keeps some topics' and not others'.

    :param contiguous: whether every ``seq`` must come, which is so without a filter.
    """

    def __init__(self, resume: Mapping[str, Any] | None, *, contiguous: bool) -> None:
        self._contiguous = contiguous
        epoch, seq = (resume["epoch"], dict(resume["seq"])) if resume else ("", {})
        self._stands = {topic: (epoch if isinstance(epoch, str) else epoch[topic], seq[topic]) for topic in seq}

    def take(self, frame: Frame) -> Taken:
        """Take the next frame of a topic; after a gap the topic stands nowhere."""
        if frame.type != "snapshot":
            stand = self._stands.get(frame.topic)
            if stand is None:
                return Taken.AWAITED
            epoch, seq = stand
            if frame.epoch != epoch or (self._contiguous and frame.seq > seq + 1):
                self.lose(frame.topic)
                return Taken.GAP
            if frame.seq <= seq:
                return Taken.REPEATED
        self._stands[frame.topic] = (frame.epoch, frame.seq)
        return Taken.NEW

    def lose(self, topic: str) -> None:
        """A snapshot of the topic will come."""
        self._stands.pop(topic, None)

    def seq(self, topic: str) -> int | None:
        """The number of its newest frame; None before its snapshot."""
        return self._stands[topic][1] if topic in self._stands else None

    def subscriptions(self, topics: Iterable[str]) -> list[Json]:
        """What to ask for: topics of one epoch together, each with its ``seq``, and those that need a snapshot."""
        groups: dict[str, dict[str, int]] = {}
        for topic in topics:
            epoch, seq = self._stands.get(topic, ("", 0))
            groups.setdefault(epoch, {})[topic] = seq
        return [
            {"subscriptions": list(seqs)} | ({"resume": {"epoch": epoch, "seq": seqs}} if epoch else {})
            for epoch, seqs in groups.items()
        ]
