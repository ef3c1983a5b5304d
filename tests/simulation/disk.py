"""The journal in memory: the real frames in a byte array, and a disk that answers late, refuses, or dies in a write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from typing import NamedTuple

from sidecar.domain.errors import JournalFailed
from sidecar.domain.records import AnyRecord, Audited, Entry, OrderRecorded, decode, encode
from sidecar.store import frames
from tests.simulation.scene import Scene


class Crash(BaseException):
    """The process dies here. No part of the desk may catch it."""


class Waiting(NamedTuple):
    payloads: tuple[bytes, ...]
    records: tuple[AnyRecord, ...]
    answer: Future[int]


class Recovered(NamedTuple):
    """What a start finds: the records, how many of them had been acknowledged, and what is wrong, or ""."""

    records: tuple[AnyRecord, ...]
    payloads: tuple[bytes, ...]
    damage: str


class Disk:
    """One journal over all lives of the desk. ``acknowledged`` are the payloads whose futures were resolved.

    ``lies``: it says "on disk" before that is true (a bug that the invariants must find).
    """

    def __init__(self, scene: Scene, faults: Counter[str], *, lies: bool = False) -> None:
        self._scene, self._faults, self._chance = scene, faults, scene.random("disk")
        self._lies = lies
        self._epochs = 0
        self.refusal: JournalFailed | None = None
        self.acknowledged: list[bytes] = []
        self.requests: set[str] = set()
        self.intents: set[str] = set()
        self.calm = False
        self._waiting: list[Waiting] = []
        self.data = bytearray()
        self._head = frames.Head(0, b"")
        self._begin(())

    def _begin(self, payloads: Sequence[bytes]) -> None:
        self._epochs += 1
        epoch = self._epochs.to_bytes(frames.EPOCH_BYTES, "big")
        self.data = bytearray(frames.encode_header(epoch))
        self._head = frames.Head(0, frames.genesis(epoch))
        self.acknowledged = []
        self._append(payloads)
        self.acknowledged = list(payloads)

    def _append(self, payloads: Sequence[bytes]) -> None:
        for payload in payloads:
            frame, digest = frames.encode(self._head.seq + 1, payload, self._head.digest)
            self.data += frame
            self._head = frames.Head(self._head.seq + 1, digest)

    @property
    def waits(self) -> bool:
        return bool(self._waiting)

    def keep(self, records: Sequence[AnyRecord]) -> Future[int]:
        """Take records: durable at once, or later, or never."""
        answer: Future[int] = Future()
        if self.refusal is not None:
            answer.set_exception(self.refusal)
            return answer
        payloads = tuple(encode(Entry(record.at, record)) for record in records)
        self._waiting.append(Waiting(payloads, tuple(records), answer))
        if self.calm or not self._scene.on("slow") or self._chance.random() < 0.4:
            self.sync()
        return answer

    def sync(self) -> None:
        """Write and sync all that waits, in order; or fail, once and for all."""
        if self._scene.on("disk") and not self.calm and self._waiting and self._chance.random() < 0.002:
            self._faults["failed sync"] += 1
            self._refuse()
            return
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not self._lies:
                self._append(one.payloads)
            self.acknowledged += one.payloads
            for record in one.records:
                if isinstance(record, Audited):
                    self.requests.add(record.request_id)
                elif isinstance(record, OrderRecorded):
                    self.intents.add(record.order.id)
        for one in waiting:
            one.answer.set_result(self._head.seq)

    def _refuse(self) -> None:
        """A sync that failed: what was written may stand there or not; nothing is acknowledged from now on."""
        self.refusal = JournalFailed("the disk refused (simulated)")
        waiting, self._waiting = self._waiting, []
        if self._chance.random() < 0.5:
            self._torn(waiting)
        for one in waiting:
            one.answer.set_exception(self.refusal)

    def _torn(self, waiting: Sequence[Waiting]) -> None:
        """Some first part of what was on its way reached the disk."""
        before = self._head
        size = len(self.data)
        self._append([payload for one in waiting for payload in one.payloads])
        written = len(self.data) - size
        del self.data[size + self._chance.randint(0, written) :]
        self._head = before

    def crash(self) -> None:
        """The process dies: what waits is cut anywhere, and who waits for it hears nothing."""
        waiting, self._waiting = self._waiting, []
        if self.refusal is None:
            self._torn(waiting)
        if self._scene.on("damage") and self._chance.random() < 0.3:
            self._faults["damaged journal"] += 1
            place = self._chance.randrange(min(frames.HEADER_BYTES, len(self.data) - 1), len(self.data))
            self.data[place] ^= 1 << self._chance.randrange(8)

    def open(self) -> Recovered:
        """What a start does: read, verify against the head, cut a torn tail away, or set a damaged file aside."""
        self.refusal = None
        found = frames.scan(bytes(self.data))
        payloads = tuple(record.payload for record in found.records)
        damage = ""
        if found.head.seq < self._head.seq or found.digest_at(self._head.seq) != self._head.digest:
            damage = f"{found.problem or 'the file ends'}, behind its head (record {self._head.seq})"
        elif found.ending is frames.Ending.BROKEN:
            damage = ""  # past the head nobody was told of it
        if damage:
            self._begin(payloads)
        else:
            del self.data[found.end :]
            self._head = found.head
        return Recovered(tuple(decode(payload).record for payload in payloads), payloads, damage)

    def settle(self, payloads: Sequence[bytes]) -> None:
        """From here on what the start found counts as acknowledged: the desk has told of it."""
        self.acknowledged = list(payloads)
        self.requests.clear()  # a strategy counts its requests anew

    def verified(self) -> str:
        """What is wrong with the chain, or "": every record up to the head, none damaged."""
        found = frames.scan(bytes(self.data))
        if found.digest_at(self._head.seq) != self._head.digest:
            return f"the chain does not pass its head at record {self._head.seq}: {found.problem or 'it ends before'}"
        if self.refusal is None and found.ending is not frames.Ending.CLEAN:
            return found.problem
        return ""
