"""Opening the journal of a data directory: what it holds, or what is left of it when it is damaged.

A damaged journal is set aside as ``*.corrupt-<time>`` and a new one is begun with the records that are sound up to the
damage. The desk then starts stopped, since nobody can say what stood in the rest; but it starts: no boot loop. Until
that stop is on disk (``settled``) a note stands in the directory, so that a crash in between cannot lose it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from sidecar.domain.errors import JournalDamaged
from sidecar.domain.records import Entry, decode
from sidecar.store.disk import sync_folder
from sidecar.store.frames import Head, scan
from sidecar.store.journal import Journal
from sidecar.store.recovery import quarantine

FILE = "journal.log"
NOTE = "journal.damaged"


class Opened(NamedTuple):
    """A journal that takes records, what it held (number and entry), and what is wrong with its past, or ""."""

    journal: Journal
    entries: list[tuple[int, Entry]]
    damage: str


def open_journal(
    folder: Path, witnesses: Sequence[Head], now: int, on_sync: Callable[[float, int], None] | None = None
) -> Opened:
    """Open or create the journal of ``folder``; ``now`` (microseconds UTC) names a file that is set aside.

    :raises JournalFailed: the disk refuses.
    """
    path = folder / FILE
    try:
        journal = Journal.open(path, epoch=secrets.token_bytes(16), witnesses=witnesses, on_sync=on_sync)
    except JournalDamaged as damage:
        return _begun_anew(path, damage, now, on_sync)
    entries = [(record.seq, decode(record.payload)) for record in journal.recovered]
    # The journal's own copies are not needed again, and a long history is large.
    journal.recovered = ()
    note = folder / NOTE
    return Opened(journal, entries, note.read_text() if note.exists() else "")


def settled(folder: Path) -> None:
    """The stop that follows from damage is on disk: its note may go."""
    (folder / NOTE).unlink(missing_ok=True)


def _begun_anew(path: Path, damage: JournalDamaged, now: int, on_sync: Callable[[float, int], None] | None) -> Opened:
    sound = [record.payload for record in scan(path.read_bytes()).records] if path.exists() else []
    note = path.with_name(NOTE)
    with note.open("w") as file:
        file.write(f"{damage}; it was set aside as *.corrupt-*")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
    aside = quarantine(path, now)
    journal = Journal.open(path, epoch=secrets.token_bytes(16), on_sync=on_sync)
    if sound:
        journal.append_many(sound).result()
    entries = [(seq, decode(payload)) for seq, payload in enumerate(sound, start=1)]
    names = ", ".join(name.name for name in aside) or "nothing, since nothing is left"
    return Opened(journal, entries, f"{damage}; set aside as {names}, {len(sound)} sound records kept")
