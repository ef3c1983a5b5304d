"""The desk's topics as one upstream connection tells them: their rows, and the newest frames that made them so."""

from __future__ import annotations

from collections import deque
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from pages.parts.feeds import Feed

HISTORY = 512


class Frame(msgspec.Struct, frozen=True):
    """A frame of the desk's; ``data`` is read where it has to be."""

    type: str
    topic: str
    epoch: str = ""
    seq: int = 0
    timestamp: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Snapshot(msgspec.Struct):
    type: str
    key: list[str]
    rows: list[msgspec.Raw]


class Topic:
    """One topic. ``whole`` says that its rows are all there, ``lost`` that they have to be asked for again.

    ``feeds`` are the panels that follow it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.kind = ""
        self.type = ""
        self.epoch, self.seq = "", 0
        self.whole = self.lost = False
        self.feeds: list[Feed] = []
        self._at = ""
        self._key: tuple[str, ...] = ()
        self._rows: dict[tuple[str, ...], bytes] = {}
        self._history: deque[tuple[int, str]] = deque(maxlen=HISTORY)
        self._snapshot: str | None = None

    def restate(self, frame: Frame) -> None:
        """Take the whole state."""
        told = msgspec.json.decode(frame.data, type=_Snapshot)
        self.type, self._key = told.type, tuple(told.key)
        self._rows = {self._name(_row(self._key, raw)): bytes(raw) for raw in told.rows}
        self._stand(frame)
        self._history.clear()
        self.whole = True
        for feed in self.feeds:
            feed.restate()

    def change(self, frame: Frame, text: str) -> bool:
        """Take a change; whether it follows what is known. One that is known already changes nothing."""
        if not self.whole:
            return True  # its snapshot is on the way
        if frame.epoch != self.epoch or frame.seq > self.seq + 1:
            self.whole, self.lost = False, True
            return False
        if frame.seq <= self.seq:
            return True
        row = _row(self._key, frame.data)
        if row.removed:
            self._rows.pop(self._name(row), None)
        else:
            self._rows[self._name(row)] = bytes(frame.data)
        self._stand(frame)
        self._history.append((frame.seq, text))
        for feed in self.feeds:
            feed.offer(frame.seq, text)
        return True

    def snapshot(self) -> str:
        """The state as one frame, in the desk's own words."""
        if self._snapshot is None:
            rows = [msgspec.Raw(row) for row in self._rows.values()]
            data = msgspec.json.encode(_Snapshot(self.type, list(self._key), rows))
            made = Frame("snapshot", self.name, self.epoch, self.seq, self._at, msgspec.Raw(data))
            self._snapshot = msgspec.json.encode(made).decode()
        return self._snapshot

    def since(self, epoch: str, seq: int) -> list[tuple[int, str]] | None:
        """The frames after ``seq``; None where that cannot be said."""
        if epoch != self.epoch or seq > self.seq:
            return None
        if seq == self.seq:
            return []
        if not self._history or self._history[0][0] > seq + 1:
            return None
        return [one for one in self._history if one[0] > seq]

    def _stand(self, frame: Frame) -> None:
        self.epoch, self.seq, self._at, self._snapshot = frame.epoch, frame.seq, frame.timestamp, None

    def _name(self, row: Any) -> tuple[str, ...]:
        return tuple(str(getattr(row, f"k{number}")) for number in range(len(self._key)))


@cache
def _decoder(key: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """Reads of a row what names it, and whether it is gone."""
    fields: list[Any] = [(f"k{number}", Any, None) for number in range(len(key))]
    rename = {f"k{number}": name for number, name in enumerate(key)}
    return msgspec.json.Decoder(msgspec.defstruct("Row", [*fields, ("removed", bool | None, False)], rename=rename))


def _row(key: tuple[str, ...], raw: msgspec.Raw) -> Any:
    return _decoder(key).decode(raw)
