"""The journal: what the desk was told is kept, whatever happens next.

One thread writes. It takes everything that waits, writes it in one piece, syncs it, moves the head, syncs that, and
only then answers: one pair of syncs serves all. After a failed write or sync it never tries again on the same file (a
kernel may drop the pages and report success the next time): it answers every caller with :class:`JournalFailed` until
the journal is opened anew. The head's own sync adds about 0.2 ms to a group (``bench/journal.py`` measures
it): it is what tells a journal cut between two records from a whole one.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from sidecar.domain.errors import JournalFailed
from sidecar.store.disk import Disk, JournalIO, write_all
from sidecar.store.frames import (
    MAX_PAYLOAD,
    SLOT_STRIDE,
    Head,
    Record,
    Slot,
    encode,
    encode_slot,
    genesis,
)
from sidecar.store.recovery import Recovery, head_path, newest, recover, settle

_GROUP_BYTES = 4 * 1024 * 1024
_PENDING_RECORDS = 100_000


class _Waiting(NamedTuple):
    payloads: Sequence[bytes]
    answer: Future[int]


class Journal:
    """An open journal; made by :meth:`open`, given up by :meth:`close` or as a context."""

    def __init__(
        self,
        fds: tuple[int, int],
        slot: Slot,
        end: int,
        recovery: Recovery,
        io: JournalIO,
        on_sync: Callable[[float, int], None] | None,
        pending_records: int,
    ) -> None:
        self.recovered: tuple[Record, ...] = recovery.scan.records
        self.note = recovery.note
        self._fd, self._head_fd = fds
        self._slot = slot
        self._end = end
        # never the slot that holds the newest head
        self._turn = 1 if recovery.slots and recovery.slots[0] == newest(recovery.slots) else 0
        self._io = io
        self._on_sync = on_sync
        self._room = self._most = pending_records
        self._refusal: JournalFailed | None = None
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        epoch: bytes,
        witnesses: Sequence[Head] = (),
        on_sync: Callable[[float, int], None] | None = None,
        io: JournalIO | None = None,
        pending_records: int = _PENDING_RECORDS,
    ) -> Journal:
        """Opens or creates (mode 0600) the journal at ``path`` and its head file beside it.

        ``epoch``: 16 random bytes, used where the file is new. ``witnesses``: heads kept elsewhere, see ``recover``.
        ``on_sync(seconds, records)`` is called by the writer thread after each group, write and both syncs included.
        ``pending_records``: how many may wait before further ones are refused. Afterwards ``recovered`` holds the
        records that were there, ``note`` what an interrupted write left and was cut away ("" as a rule). Raises
        :class:`JournalDamaged`, and :class:`JournalFailed` where the disk refuses.
        """
        io = io or Disk()
        genesis(epoch)  # a bad epoch is refused before a file is touched
        fds: list[int] = []
        try:
            recovery = recover(path, witnesses)
            fds.append(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            slot, end = settle(io, path, fds[0], recovery, epoch)
            fds.append(os.open(head_path(path), os.O_RDWR))
        except OSError as error:
            for fd in fds:
                os.close(fd)
            raise JournalFailed(f"{path} cannot be opened ({error})") from error
        return cls((fds[0], fds[1]), slot, end, recovery, io, on_sync, pending_records)

    @property
    def head(self) -> Head:
        """The last acknowledged record's number and the chain's value after it."""
        return self._slot.head

    @property
    def waiting(self) -> int:
        """Records that are not on disk yet."""
        return self._most - self._room

    @property
    def refusal(self) -> JournalFailed | None:
        """Why this journal takes no more records, once it does not."""
        return self._refusal

    def append(self, payload: bytes) -> Future[int]:
        """Queues one record; the future gives its number once it is on disk, or raises :class:`JournalFailed`.

        It never blocks and can be called from any thread; the future cannot be cancelled, for what is queued is
        written even if the one who asked has gone. Its callbacks run in the writer thread and must be short.
        ``JournalFailed`` means *not acknowledged*: the record is cut off again where the disk still allows it, yet it
        may be found at the next opening. ``ValueError`` for more than 16 MiB.
        """
        return self.append_many((payload,))

    def append_many(self, payloads: Sequence[bytes]) -> Future[int]:
        """As :meth:`append`, for records that follow one another directly; gives the last one's number."""
        if not payloads:
            raise ValueError("there is nothing to append")
        for payload in payloads:
            if len(payload) > MAX_PAYLOAD:
                raise ValueError(f"a record holds at most {MAX_PAYLOAD} bytes, not {len(payload)}")
        answer: Future[int] = Future()
        answer.set_running_or_notify_cancel()  # from here on cancel() is refused
        with self._lock:
            refusal = self._refusal
            if refusal is None and len(payloads) > self._room:
                refusal = JournalFailed("too many records wait for the disk")
            if refusal is None:
                self._room -= len(payloads)
                self._queue.put(_Waiting(payloads, answer))
        if refusal is not None:
            answer.set_exception(refusal)
        return answer

    def close(self) -> None:
        """Writes and answers everything queued, then gives the files up; a second call changes nothing."""
        with self._lock:
            self._refusal = self._refusal or JournalFailed("it is closed")
        self._queue.put(None)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        """The writer thread: group after group until the sentinel or the first failure."""
        group: list[_Waiting] = []
        problem = "its writer has ended"
        try:
            while group := self._next_group():
                self._commit(group)
        except OSError as error:
            problem = f"the disk refused ({error})"
        finally:
            self._end_with(JournalFailed(problem), group)

    def _next_group(self) -> list[_Waiting]:
        """Waits for one, then takes all that wait, to about 4 MiB; nothing at the sentinel."""
        group: list[_Waiting] = []
        size = 0
        waiting = self._queue.get()
        while waiting is not None:
            group.append(waiting)
            size += sum(map(len, waiting.payloads))
            if size > _GROUP_BYTES or self._queue.empty():
                return group
            waiting = self._queue.get()
        if group:
            self._queue.put(None)  # the sentinel is for the next round
        return group

    def _commit(self, group: list[_Waiting]) -> None:
        started = time.perf_counter()
        (seq, digest), frames, numbers = self._slot.head, list[bytes](), list[int]()
        for waiting in group:
            for payload in waiting.payloads:
                seq += 1
                frame, digest = encode(seq, payload, digest)
                frames.append(frame)
            numbers.append(seq)
        count = len(frames)
        self._write(b"".join(frames), self._slot._replace(head=Head(seq, digest)))
        with self._lock:
            self._room += count
        for waiting, number in zip(group, numbers, strict=True):
            waiting.answer.set_result(number)
        if self._on_sync is not None:
            self._on_sync(time.perf_counter() - started, count)

    def _write(self, data: bytes, slot: Slot) -> None:
        """Records, sync, head, sync: in any other order a crash would look like damage, or damage like a crash."""
        try:
            write_all(self._io, self._fd, data, self._end)
            self._io.fdatasync(self._fd)
        except OSError:
            with suppress(OSError):  # so that what was refused is not found later; where this fails too, it may be
                self._io.ftruncate(self._fd, self._end)
            raise
        write_all(self._io, self._head_fd, encode_slot(slot), self._turn * SLOT_STRIDE)
        self._io.fdatasync(self._head_fd)
        self._slot, self._end, self._turn = slot, self._end + len(data), 1 - self._turn

    def _end_with(self, refusal: JournalFailed, group: list[_Waiting]) -> None:
        """Refuses what comes, answers what waits, gives the files up."""
        with self._lock:
            self._refusal = self._refusal or refusal
        while not self._queue.empty():
            waiting = self._queue.get()
            group += [waiting] if waiting else []
        for waiting in group:
            if not waiting.answer.done():
                waiting.answer.set_exception(refusal)
        os.close(self._fd)
        os.close(self._head_fd)
