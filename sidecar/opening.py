"""Opening the journal of a data directory: what it holds, or what is left of it when it is damaged.

A damaged journal is set aside as ``*.corrupt-<time>`` and goes on with the records that are sound up to the damage.
The desk then starts stopped, since nobody can say what stood in the rest; but it starts: no boot loop. Until that stop
is on disk (``settled``) a note stands in the directory, so that a crash in between cannot lose it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sidecar.domain.errors import JournalDamaged, StoreError
from sidecar.domain.records import AnyRecord, Entry, Started
from sidecar.store.disk import sync_folder
from sidecar.store.frames import Head, Record
from sidecar.store.journal import Journal
from sidecar.store.projection import read
from sidecar.store.recovery import quarantine
from sidecar.store.reserve import Reserve

FILE = "journal.log"
NOTE = "journal.damaged"
#: Room for some thousand records: every stop, cancel and reset of a desk whose disk is full.
RESERVE_BYTES = 4 * 1024 * 1024


class Opened(NamedTuple):
    """A journal that takes records, what it held (number and entry), and what is wrong with its past, or "".

    ``records`` is the same history as bytes in their chain. ``full()``: whether the disk is so full that what is left
    of it is the journal's alone.
    """

    journal: Journal
    entries: list[tuple[int, Entry]]
    damage: str
    records: tuple[Record, ...]
    full: Callable[[], bool] = lambda: False


def open_journal(
    folder: Path,
    witnesses: Sequence[Head],
    now: int,
    on_sync: Callable[[float, int], None] | None = None,
    on_full: Callable[[], None] = lambda: None,
) -> Opened:
    """Open or create the journal of ``folder``; ``now`` (microseconds UTC) names a file that is set aside.

    ``on_full()`` is told, in the journal's thread, when the disk is full and the journal's reserve is given up.

    :raises JournalFailed: the disk refuses. :raises StoreError: a newer program wrote some of it; it is left as it is.
    """
    path = folder / FILE
    reserve = Reserve(path.with_suffix(".reserve"), RESERVE_BYTES, on_full)
    opening = partial(Journal.open, path, epoch=secrets.token_bytes(16), on_sync=on_sync, io=reserve)
    try:
        journal = opening(witnesses=witnesses)
    except JournalDamaged as damage:
        return _begun_anew(path, damage, now, opening)._replace(full=reserve.full)
    note = folder / NOTE
    return _opened(journal, note.read_text() if note.exists() else "")._replace(full=reserve.full)


def settled(folder: Path) -> None:
    """The stop that follows from damage is on disk: its note may go."""
    (folder / NOTE).unlink(missing_ok=True)


def _begun_anew(path: Path, damage: JournalDamaged, now: int, opening: Callable[[], Journal]) -> Opened:
    note = path.with_name(NOTE)
    with note.open("w") as file:
        file.write(f"{damage}; it was set aside as *.corrupt-*")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
    aside = quarantine(path, now)
    journal = opening()
    names = ", ".join(name.name for name in aside) or "nothing, since nothing is left"
    return _opened(journal, f"{damage}; set aside as {names}, {journal.head.seq} sound records kept")


def _opened(journal: Journal, damage: str) -> Opened:
    records = journal.recovered
    # The journal's own copies are not needed beyond the start, and a long history is large.
    journal.recovered = ()
    try:
        return Opened(journal, [read(record)[:2] for record in records], damage, records)
    except StoreError:
        journal.close()
        raise


def runs_of(records: Sequence[AnyRecord]) -> int:
    """How often a desk has begun on this journal."""
    return sum(isinstance(record, Started) for record in records)


def epoch_of(records: Sequence[AnyRecord], damage: str) -> str:
    """The epoch of the streams: the journal's, and another one where some of it was lost."""
    known = "" if damage else next((row.epoch for row in reversed(records) if isinstance(row, Started)), "")
    return known or secrets.token_hex(8)
