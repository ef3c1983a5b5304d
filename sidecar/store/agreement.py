"""Whether a database says what the journal says: heads, and every payload and digest of its audit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from sidecar.domain.errors import StoreError
from sidecar.store.frames import Record
from sidecar.store.reader import connect_read_only
from sidecar.store.schema import Connection, first_line

_HEAD = """
SELECT (SELECT value::BIGINT FROM meta WHERE key = 'journal_seq'),
    (SELECT value FROM meta WHERE key = 'journal_digest')
"""
_ROWS = "SELECT seq, payload, digest FROM audit ORDER BY seq"
_CHUNK = 10_000


class Agreement(NamedTuple):
    """How far a database follows a journal.

    ``reached``: the journal record its head names. ``without``: how many of its rows an older program wrote, which
    have no digest. ``problem``: the first thing that is not as in the journal, or "".
    """

    reached: int
    without: int
    problem: str


def agreement(path: Path, records: Sequence[Record]) -> Agreement:
    """Compares the database at ``path``, which no sidecar has open, with all ``records`` of the journal.

    :raises StoreError: it cannot be read.
    """
    connection = connect_read_only(path)
    try:
        ((reached, digest),) = connection.execute(_HEAD).fetchall()
        if reached > len(records):
            return Agreement(reached, 0, f"its head is record {reached}, which the journal does not have")
        if reached and records[reached - 1].digest.hex() != digest:
            return Agreement(reached, 0, f"its head, record {reached}, has another digest than the journal's")
        without, problem = _compare(connection, records[:reached])
        return Agreement(reached, without, problem)
    except duckdb.Error as problem:
        raise StoreError(f"{path}: cannot be read ({first_line(problem)}); start the sidecar to repair it") from problem
    finally:
        connection.close()


def _compare(connection: Connection, records: Sequence[Record]) -> tuple[int, str]:
    rows = connection.execute(_ROWS)
    at, without = 0, 0
    while chunk := rows.fetchmany(_CHUNK):
        for (seq, payload, digest), record in zip(chunk, records[at : at + len(chunk)], strict=False):
            if (seq, payload.encode()) != (record.seq, record.payload):
                return without, f"its row of record {record.seq} is not what the journal says"
            if digest is not None and digest != record.digest.hex():
                return without, f"its digest of record {record.seq} is not the journal's"
            without += digest is None
        at += len(chunk)
    return without, "" if at == len(records) else f"it has {at} rows of {len(records)} records"
