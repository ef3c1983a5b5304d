"""A copy of the database while the desk runs, taken between two commits.

DuckDB lets one process in, so a copy is the sidecar's to make. Between two commits nothing writes: file and write-ahead
log are then what a kill would leave at that moment, which every start can open. The copy lies in a folder of its own in
the data directory, ``snapshot-<id>``, for whoever asked to take it away.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb

from sidecar.domain.errors import StoreError
from sidecar.store.database import Database
from sidecar.store.frames import Head
from sidecar.store.schema import Connection, connect, first_line, migrations, prove, version

FILE = "desk.duckdb"
#: How the folders of copies are called, and what stands in each.
FOLDERS = "snapshot-"
_HEAD = "SELECT value FROM meta WHERE key IN ('journal_seq', 'journal_digest') ORDER BY key DESC"


class Snapshot(NamedTuple):
    """A copy in ``folder`` of the data directory: its ``bytes``, and the journal record that it reaches."""

    folder: str
    bytes: int
    journal_seq: int


class Contents(NamedTuple):
    """What a copied database is: its ``schema``, and the head of the journal that it names (None: of no record)."""

    schema: int
    head: Head | None


def take(database: Database) -> Snapshot:
    """Copies a database that nobody writes to meanwhile; older copies are removed. :raises StoreError: no room."""
    folder = database.path.parent
    tidy(folder)
    place = folder / f"{FOLDERS}{secrets.token_hex(4)}"
    size = copied(database.path, place)
    return Snapshot(place.name, size, database.head.seq if database.head else 0)


def copied(path: Path, place: Path) -> int:
    """Copies the file at ``path`` and its log into the new folder ``place``; returns the bytes. 0700, 0600."""
    size = 0
    try:
        place.mkdir(mode=0o700)
        for each in (path, path.with_name(f"{path.name}.wal")):
            if each.exists():
                made = place / each.name
                os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                shutil.copyfile(each, made)
                size += made.stat().st_size
    except OSError as problem:
        shutil.rmtree(place, ignore_errors=True)
        raise StoreError(f"{path}: cannot be copied to {place} ({problem.strerror}); make room there") from problem
    return size


def tidy(folder: Path) -> None:
    """Removes the copies that nobody took away."""
    for left in folder.glob(f"{FOLDERS}*"):
        shutil.rmtree(left, ignore_errors=True)


def proved(path: Path) -> Contents:
    """Opens a copy that nobody else has, folds its log into it and reads what follows from the journal.

    A copy of an older program is opened, and its head read; to bring it to this one's schema is the next start's.

    :raises StoreError: it is damaged, or a newer program's.
    """
    with _opened(path) as connection:
        found = version(connection)
        if found > len(migrations()):
            raise StoreError(f"{path.name}: schema {found} is newer than this program's {len(migrations())}; upgrade")
        if found == len(migrations()):
            prove(connection)
        (seq,), (digest,) = connection.execute(_HEAD).fetchall()
        connection.execute("CHECKPOINT")
    return Contents(found, Head(int(seq), bytes.fromhex(digest)) if int(seq) else None)


@contextmanager
def _opened(path: Path) -> Iterator[Connection]:
    try:
        with connect(path, read_only=True) as looked:  # to open a newer one for writing would already change it
            newer = version(looked) > len(migrations())
        with connect(path, read_only=newer) as connection:
            yield connection
    except duckdb.Error as problem:
        raise StoreError(f"{path.name}: cannot be opened as a database ({first_line(problem)})") from problem
