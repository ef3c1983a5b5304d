"""The one read-write connection: rows and the journal's head go in together, or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa

from sidecar.domain.breaker import BreakerState
from sidecar.domain.records import BreakerRecorded, decode
from sidecar.store.disk import sync_folder
from sidecar.store.frames import Head, Record
from sidecar.store.projection import Line, entry_tables, read
from sidecar.store.schema import Connection, connect, open_database, prove, set_aside

#: How the rows of each table enter it. Where a key may come again, its newest state stands; but a fill counts once, the
#: first bar of a minute stands, and a prediction and a version of its outcome never change.
_INSERTS = {
    "audit": "INSERT INTO audit BY NAME SELECT * FROM incoming",
    "instruments": "INSERT OR REPLACE INTO instruments BY NAME SELECT * FROM incoming",
    "orders": "INSERT OR REPLACE INTO orders BY NAME SELECT * FROM incoming",
    "fills": "INSERT OR IGNORE INTO fills BY NAME SELECT * FROM incoming",
    "breaker_events": "INSERT INTO breaker_events BY NAME SELECT * FROM incoming",
    "alerts": "INSERT OR REPLACE INTO alerts BY NAME SELECT * FROM incoming",
    "signals": "INSERT OR REPLACE INTO signals BY NAME SELECT * FROM incoming",
    "reports": "INSERT INTO reports BY NAME SELECT * FROM incoming",
    "pnl": "INSERT INTO pnl BY NAME SELECT * FROM incoming",
    "greeks": "INSERT INTO greeks BY NAME SELECT * FROM incoming",
    "positions": "INSERT INTO positions BY NAME SELECT * FROM incoming",
    "quotes": "INSERT INTO quotes BY NAME SELECT * FROM incoming",
    "performance": "INSERT INTO performance BY NAME SELECT * FROM incoming ANTI JOIN performance "
    "USING (timestamp, fund_id)",  # after a failed commit it comes again
    "system_status": "INSERT INTO system_status BY NAME SELECT * FROM incoming",
    "bars": "INSERT OR IGNORE INTO bars BY NAME SELECT * FROM incoming",
    "predictions": "INSERT OR IGNORE INTO predictions BY NAME SELECT * FROM incoming",
    "prediction_outcomes": "INSERT OR IGNORE INTO prediction_outcomes BY NAME SELECT * FROM incoming",
    "models": "INSERT OR REPLACE INTO models BY NAME SELECT * FROM incoming",
    "training_runs": "INSERT OR REPLACE INTO training_runs BY NAME SELECT * FROM incoming",
    "backtests": "INSERT OR REPLACE INTO backtests BY NAME SELECT * FROM incoming",
}
_CHUNK = 10_000
_META = "UPDATE meta SET value = ? WHERE key = ?"
_HEAD = "SELECT value FROM meta WHERE key IN ('journal_seq', 'journal_digest') ORDER BY key DESC"
_BREAKER = "SELECT payload FROM audit WHERE seq = (SELECT max(seq) FROM breaker_events)"


class Database:
    """An open desk database. One thread at a time may write; ``cursor`` may be called from any."""

    def __init__(self, path: Path, now: int) -> None:
        """Opens, makes, migrates or sets aside the file, see :func:`open_database`; ``note`` says what was unusual."""
        self.path = path
        self._now = now
        self._root, self.note = open_database(path, now)
        self._writing = self._root.cursor()
        self.head = self._read_head()

    def cursor(self) -> Connection:
        """A connection of the caller's own to the same file; to be closed by the caller, and only read from."""
        return self._root.cursor()

    def write(self, parts: Iterable[tuple[str, pa.Table]], head: Head | None) -> Counter[str]:
        """Puts rows into their tables and, where the journal went on, its ``head`` too, in one transaction.

        Returns the rows by table, of bars those that were new.

        :raises duckdb.Error: nothing of it is there, and :meth:`revive` may be needed.
        """
        rows: Counter[str] = Counter()
        self._writing.execute("BEGIN")
        try:
            for table, incoming in parts:
                self._writing.register("incoming", incoming)
                ((entered,),) = self._writing.execute(_INSERTS[table]).fetchall()
                self._writing.unregister("incoming")
                rows[table] += entered if table == "bars" else incoming.num_rows
            if head is not None:
                self._writing.execute(_META, [str(head.seq), "journal_seq"])
                self._writing.execute(_META, [head.digest.hex(), "journal_digest"])
            self._writing.execute("COMMIT")
        except BaseException:
            with suppress(duckdb.Error):  # a commit that failed has already rolled back
                self._writing.execute("ROLLBACK")
            with suppress(duckdb.Error):
                self._writing.unregister("incoming")
            raise
        self.head = head or self.head
        return rows

    def revive(self) -> None:
        """Opens the file anew if need be: DuckDB refuses all work once an instance has failed badly.

        :raises duckdb.Error: it cannot be opened now. :raises StoreError: rows are missing from it.
        """
        try:
            self.head = self._read_head()
        except duckdb.Error:
            self.close()
            self._root = connect(self.path)
            self._writing = self._root.cursor()
            prove(self._root)
            self.head = self._read_head()

    def start_anew(self) -> None:
        """Sets the file aside, because it is not this journal's, and begins with an empty one."""
        self.close()
        moved = set_aside(self.path, self._now)
        self._root, _ = open_database(self.path, self._now)
        self._writing, self.head = self._root.cursor(), None
        self.note = f"{self.path}: not of this journal; set aside as {moved[0].name} and rebuilt from the journal"

    def last_breaker(self) -> BreakerState | None:
        """The state after the newest breaker record that was projected."""
        with self.cursor() as cursor:
            row = cursor.execute(_BREAKER).fetchone()
        if row is None:
            return None
        record = decode(row[0].encode()).record
        assert isinstance(record, BreakerRecorded)  # noqa: S101 (written in one transaction with its audit row)
        return record.state

    def size_bytes(self) -> int:
        """The bytes of the file and its write-ahead log."""
        files = (self.path, self.path.with_name(self.path.name + ".wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def close(self) -> None:
        """Gives the file up; DuckDB then folds the write-ahead log into it."""
        self._writing.close()
        self._root.close()

    def _read_head(self) -> Head | None:
        (seq,), (digest,) = self._writing.execute(_HEAD).fetchall()
        return Head(int(seq), bytes.fromhex(digest)) if int(seq) else None


def projected(lines: Iterable[Line], told: Callable[[int], None] = lambda _: None) -> Iterator[tuple[str, pa.Table]]:
    """The tables of ``lines``, some thousands at a time; ``told`` hears how many lines each of those was."""
    rest = iter(lines)
    while chunk := list(islice(rest, _CHUNK)):
        yield from entry_tables(chunk).items()
        told(len(chunk))


def rebuild(
    path: Path, records: Iterable[Record], head: Head, now: int, told: Callable[[int], None] = lambda _: None
) -> Counter[str]:
    """Makes a fresh database at ``path`` from the whole journal; returns its rows by table.

    The caller owns the data directory. A database that is there is set aside first (``*.replaced-<time>``), with the
    samples of reports and quotes and the bars, which no journal keeps. ``told`` hears of each some thousand records
    when it is in.
    """
    fresh = path.with_name(f"{path.name}.rebuilding")
    for left in (fresh, fresh.with_name(f"{fresh.name}.wal")):
        left.unlink(missing_ok=True)
    database = Database(fresh, now)
    try:
        rows = database.write(projected(map(read, records), told), head if head.seq else None)
    finally:
        database.close()
    if path.exists():
        set_aside(path, now, "replaced")
    fresh.replace(path)
    sync_folder(path.parent)
    return rows
