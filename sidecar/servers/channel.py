"""One topic's state, numbered: the rows as the readers know them, and the last frames that made them so."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from sidecar.domain import wire
from sidecar.servers.prepared import framed
from sidecar.servers.topics import Kind, Row, Topic

if TYPE_CHECKING:
    from sidecar.servers.feed import Feed

#: The fields that a subscription may filter by. A row that lacks one is not filtered by it.
FILTERS = ("fund_id", "symbol", "strategy")


class Frame(msgspec.Struct, frozen=True):
    """What leaves on the wire. ``seq`` counts within ``topic`` and ``epoch``."""

    type: str
    topic: str
    epoch: str
    seq: int
    timestamp: str
    data: Any


@dataclass(frozen=True, slots=True)
class Ready:
    """A frame that is made once, to the last byte, for all who get it. ``marks`` are its row's filter fields."""

    type: str
    seq: int
    frame: bytes
    marks: Mapping[str, str]

    def passes(self, wanted: Mapping[str, str]) -> bool:
        """Whether a subscription with this filter gets the frame."""
        return matches(self.marks, wanted)


@dataclass(frozen=True, slots=True)
class _Held:
    data: bytes
    marks: Mapping[str, str]
    key: Row


def ready(frame: Frame, marks: Mapping[str, str]) -> Ready:
    """A frame made for the wire."""
    return Ready(frame.type, frame.seq, framed(wire.encode(frame)), marks)


def matches(marks: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether every wanted field that the row has says what is wanted.

    >>> matches({"fund_id": "main"}, {"fund_id": "main", "symbol": "NIFTY"})
    True
    """
    return all(marks.get(name, value) == value for name, value in wanted.items())


class Channel:
    """A topic of one epoch. ``seq`` is the number of its newest frame, that before its first to begin with.

    ``feeds`` are its subscriptions, by client.
    """

    def __init__(self, topic: Topic, epoch: str, history: int, seq: int = 0) -> None:
        self.topic = topic
        self.epoch = epoch
        self.seq = seq
        self.timestamp = ""
        self.begun = False
        self._rows: dict[tuple[str, ...], _Held] = {}
        self._history: deque[Ready] = deque(maxlen=history)
        self._snapshot: Ready | None = None
        self.feeds: dict[str, Feed] = {}

    def assume(self, rows: Iterable[Row], timestamp: str, seq: int | None = None) -> None:
        """Take a state that no frame has told, and that readers are shown whole.

        ``seq`` is the number of the frames that made it, where they count.
        """
        self.begun, self.timestamp, self._snapshot = True, timestamp, None
        self.seq = self.seq if seq is None else seq
        self._rows = {self.topic.key_of(row): self._held(row) for row in rows}
        for feed in tuple(self.feeds.values()):
            feed.restate()
            feed.owner.flush()

    def state(self, rows: Iterable[Row], timestamp: str) -> tuple[Ready, ...]:
        """Take the whole state; returns a frame for each row that is new, different or gone."""
        fresh = {self.topic.key_of(row): row for row in rows}
        gone = [self._gone(key) for key in self._rows if key not in fresh]
        return self.changes((*gone, *fresh.values()), timestamp)

    def changes(self, rows: Iterable[Row], timestamp: str) -> tuple[Ready, ...]:
        """Take rows one after the other; returns a frame for each, but for those that change nothing in the state.

        An ``every`` topic has a frame for each row, changed or not: it is an event.
        """
        self.begun, self.timestamp = True, timestamp
        return tuple(made for row in rows if (made := self._change(row)) is not None)

    def snapshot(self, wanted: Mapping[str, str], timestamp: str) -> Ready:
        """The state at ``seq`` as one frame: ``data.rows``, and in ``data.key`` the fields that name a row."""
        if self._snapshot is not None and not wanted:
            return self._snapshot
        rows = [msgspec.Raw(held.data) for held in self._rows.values() if matches(held.marks, wanted)]
        data = {"type": self.topic.type, "key": list(self.topic.key), "rows": rows}
        made = ready(Frame("snapshot", self.topic.name, self.epoch, self.seq, self.timestamp or timestamp, data), {})
        if not wanted:
            self._snapshot = made
        return made

    def since(self, seq: int) -> Sequence[Ready] | None:
        """The frames after ``seq``; None when the history does not reach back to it, or ``seq`` lies ahead."""
        if seq > self.seq:
            return None
        if seq == self.seq:
            return ()
        if not self._history or self._history[0].seq > seq + 1:
            return None
        return tuple(ready for ready in self._history if ready.seq > seq)

    def _gone(self, key: tuple[str, ...]) -> Row:
        return {**self._rows[key].key, "removed": True}

    def _held(self, row: Row) -> _Held:
        marks = {name: str(row[name]) for name in FILTERS if name in row}
        return _Held(wire.encode(row), marks, {name: row[name] for name in self.topic.key})

    def _change(self, row: Row) -> Ready | None:
        key, held = self.topic.key_of(row), self._held(row)
        known, marks = self._rows.get(key), held.marks
        if known is not None and known.data == held.data and self.topic.kind is Kind.LATEST:
            return None
        if row.get("removed"):
            marks = {**(known.marks if known else {}), **marks}
            self._rows.pop(key, None)
        else:
            self._rows[key] = held
        self.seq += 1
        self._snapshot = None
        kind, raw = self.topic.type_of(row), msgspec.Raw(held.data)
        made = ready(Frame(kind, self.topic.name, self.epoch, self.seq, self.timestamp, raw), marks)
        self._history.append(made)
        return made
