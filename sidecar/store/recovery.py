"""What a journal on disk is worth: whole, cut by a crash where nothing was acknowledged, or damaged.

The head file is written, and on disk, after the records it speaks of and before their callers are answered. So a crash
can leave the journal ahead of its head, never behind it:

    the sound records end before the head               damaged: acknowledged events are missing
    they pass the head with another digest              damaged: this is another history
    they reach it, and something unreadable follows     unacknowledged: cut away, with a note
    as above, and one slot of the head is torn          damaged: no single crash leaves both
    records, and no head file                           damaged: nothing says how far they should reach
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from sidecar.domain.clock import to_datetime
from sidecar.domain.errors import JournalDamaged
from sidecar.store.disk import Disk, JournalIO, replace_file, sync_folder, write_all
from sidecar.store.frames import (
    HEADER_BYTES,
    SLOT_STRIDE,
    Ending,
    Head,
    Scan,
    Slot,
    decode_slots,
    encode_header,
    encode_slot,
    genesis,
    scan,
)


class Recovery(NamedTuple):
    """A journal that may go on.

    ``scan``: its sound records. ``slots``: what its head file holds (None: there is no file). ``unproven``: the bytes
    of the sound records past the head, which no sync is known to have covered. ``note``: what was left out, or "".
    """

    scan: Scan
    slots: tuple[Slot | None, Slot | None] | None
    unproven: bytes
    note: str


def head_path(path: Path) -> Path:
    """The head file of the journal at ``path``."""
    return path.with_suffix(".head")


def recover(path: Path, witnesses: Sequence[Head] = ()) -> Recovery:
    """Reads and checks the journal at ``path`` from its first byte and changes nothing; no file is an empty journal.

    ``witnesses`` are heads known from elsewhere (DuckDB's): the chain must pass through each of them. Raises
    :class:`JournalDamaged` at the first broken link, ``OSError`` where a file cannot be read.
    """
    slots = _read_slots(path)  # before the journal: a sidecar that is appending moves the journal first
    data = path.read_bytes() if path.exists() else b""
    found = scan(data)
    if found.ending is Ending.BROKEN and not found.end:
        raise JournalDamaged(str(path), 0, 1, found.problem)
    if slots is None:
        _check_without_head(path, found, len(data))
    else:
        _check_with_head(path, found, len(data), slots)
    for witness in witnesses:
        if witness.seq:
            _check_passes(path, found, witness, "the head that the database kept")
    slot = newest(slots) if slots else None
    unproven = data[found.end_of(slot.head.seq) : found.end] if slot else b""
    unread = len(data) - found.end
    note = f"{found.problem}: {unread} bytes that nobody was told of are left out" if unread else ""
    return Recovery(found, slots, unproven, note)


def settle(io: JournalIO, path: Path, fd: int, recovery: Recovery, epoch: bytes) -> tuple[Slot, int]:
    """Makes the disk hold the sound records, nothing else, and a head that names the last of them.

    ``fd`` is the journal's; ``epoch`` is used where it is new. Returns the head and the journal's length in bytes.
    """
    found = recovery.scan
    if found.epoch:
        slot, end = Slot(found.epoch, found.head), found.end
        io.ftruncate(fd, end)
        # After a failed sync the kernel may hold these as clean though they never reached the disk: write them again.
        write_all(io, fd, recovery.unproven, end - len(recovery.unproven))
    else:
        slot, end = Slot(epoch, Head(0, genesis(epoch))), HEADER_BYTES
        io.ftruncate(fd, 0)
        write_all(io, fd, encode_header(epoch), 0)
    io.fdatasync(fd)
    sync_folder(path.parent)
    if recovery.slots is None or None in recovery.slots or newest(recovery.slots) != slot:
        replace_file(io, head_path(path), encode_slot(slot).ljust(SLOT_STRIDE, b"\0") * 2)
    return slot, end


def verified(path: Path) -> Recovery:
    """Recomputes every link of the journal at ``path``, against its head file where there is one; changes nothing.

    A copy without its head file must end on a whole record. Raises :class:`JournalDamaged` at the first broken link.
    """
    if not path.exists():
        raise JournalDamaged(str(path), 0, 1, "there is no journal")
    if head_path(path).exists():
        return recover(path)
    found = scan(path.read_bytes())
    if found.ending is not Ending.CLEAN:
        raise JournalDamaged(str(path), found.end, found.head.seq + 1, found.problem)
    return Recovery(found, None, b"", "")


def quarantine(path: Path, now: int, io: JournalIO | None = None) -> tuple[Path, ...]:
    """Sets a damaged journal and its head aside as ``*.corrupt-<time>`` and returns their new names.

    Where it begins with sound records, those stay behind as a sound journal, so that whatever comes now can follow on
    them. Cut off anywhere in between, this can be done again, and the same records are kept. ``now`` is in microseconds
    since 1970 UTC. An older file of that name is never written over. Raises ``OSError`` where the disk refuses.
    """
    io = io or Disk()
    data = path.read_bytes() if path.exists() else b""
    found = scan(data)
    there = [each for each in (head_path(path), path) if each.exists()]
    if not found.records:
        moved = [each.rename(_aside(each, now)) for each in there]
    else:
        moved = [_copied(io, each, _aside(each, now)) for each in there]
        sync_folder(path.parent)
        fd = os.open(path, os.O_RDWR)
        try:
            settle(io, path, fd, Recovery(found, None, data[: found.end], ""), found.epoch)
        finally:
            os.close(fd)
    sync_folder(path.parent)
    return tuple(moved)


def newest(slots: tuple[Slot | None, Slot | None]) -> Slot | None:
    """The readable slot that reaches farthest."""
    return max((slot for slot in slots if slot), key=lambda slot: slot.head.seq, default=None)


def _aside(path: Path, now: int) -> Path:
    """A name that no file has yet."""
    stamp = to_datetime(now).strftime("%Y%m%dT%H%M%S.%fZ")
    aside, count = path.with_name(f"{path.name}.corrupt-{stamp}"), 1
    while aside.exists():
        count += 1
        aside = path.with_name(f"{path.name}.corrupt-{stamp}-{count}")
    return aside


def _copied(io: JournalIO, path: Path, aside: Path) -> Path:
    replace_file(io, aside, path.read_bytes())
    return aside


def _read_slots(path: Path) -> tuple[Slot | None, Slot | None] | None:
    head = head_path(path)
    return decode_slots(head.read_bytes()) if head.exists() else None


def _check_without_head(path: Path, found: Scan, size: int) -> None:
    """A journal is born before its head file, and takes no record until it has one."""
    if size > HEADER_BYTES:
        raise JournalDamaged(str(path), found.end, found.head.seq + 1, "its head file is missing")


def _check_with_head(path: Path, found: Scan, size: int, slots: tuple[Slot | None, Slot | None]) -> None:
    slot = newest(slots)
    if slot is None:
        raise JournalDamaged(str(path), found.end, found.head.seq + 1, "no slot of its head file can be read")
    if slot.epoch != found.epoch and found.epoch and size > HEADER_BYTES:
        raise JournalDamaged(str(path), 0, 1, "its head file belongs to another journal")
    if slot.head.seq or slot.epoch == found.epoch:
        _check_passes(path, found, slot.head, "its head")
    if found.ending is not Ending.CLEAN and None in slots:
        problem = f"{found.problem}, and its head file is torn too"
        raise JournalDamaged(str(path), found.end, found.head.seq + 1, problem)


def _check_passes(path: Path, found: Scan, head: Head, whose: str) -> None:
    """The sound records must pass through ``head``."""
    if found.head.seq < head.seq:
        problem = f"{found.problem or 'the file ends'}, behind {whose} (record {head.seq})"
        raise JournalDamaged(str(path), found.end, found.head.seq + 1, problem)
    if found.digest_at(head.seq) != head.digest:
        offset = found.end_of(max(head.seq - 1, 0))
        raise JournalDamaged(str(path), offset, head.seq, f"the record is not the one that {whose} names")
