"""Samples that are old leave the database for Parquet files, one a day and table; nothing is lost on the way.

A day is read a few minutes at a time into a file, and only when that has its name its rows are deleted, slice by slice,
between two commits. Cut off anywhere, it is done again: what stands in the file already is not put there twice. Journal
and audit are never touched.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sidecar.domain.clock import MINUTE, from_datetime, local_date
from sidecar.domain.errors import StoreError
from sidecar.store.archive import CONTRACT_SCHEMA, CONTRACTS, QUOTES, day_folder
from sidecar.store.retention_file import DayFile, put
from sidecar.store.schema import Connection, first_line
from sidecar.store.writer import Writer

#: Where the days of tables stand in the data directory, those of quotes apart, and what the file of a day is called.
HISTORY, ARCHIVE, ROWS = "history", "archive", "rows.parquet"
#: How much of a day is read at once; there are many quotes.
_SLICE, _SLICE_OF_QUOTES = 60 * MINUTE, 5 * MINUTE
#: Less free disk than this is the journal's.
_ROOM_BYTES = 128 * 1024 * 1024
_PART = "__part"
_BETWEEN = "timestamp >= make_timestamptz($since::BIGINT) AND timestamp < make_timestamptz($until::BIGINT)"
#: As the archive has quotes: their time in microseconds, and parted by underlying.
_UNDERLYING = "coalesce(underlying, split_part(symbol, '-', 1))"
_QUOTES = f"""
SELECT symbol, epoch_us(timestamp) AS "at", quotes.* EXCLUDE (symbol, timestamp), {_UNDERLYING} AS {_PART}
FROM quotes LEFT JOIN instruments ON instruments.id = symbol WHERE {_BETWEEN} ORDER BY "at", symbol
"""  # noqa: S608 (names of this program's own)
_QUOTED = f"""
SELECT id AS symbol, underlying, kind, expiry, strike, option_type AS "right", epoch_us(expires_at) AS expires_at,
    lot_size, tick_size, freeze_quantity
FROM instruments WHERE id IN (SELECT symbol FROM quotes WHERE {_BETWEEN}) ORDER BY id
"""  # noqa: S608


class Kept(NamedTuple):
    """A table whose old days leave: the ``setting`` that says after how many; ``wall`` if its times are the wall's."""

    table: str
    setting: str
    wall: bool = False


#: Add a table here. What follows from the journal never leaves.
KEPT: tuple[Kept, ...] = (
    Kept("quotes", "quotes_days"),
    Kept("reports", "reports_days"),
    Kept("positions", "reports_days"),
    Kept("greeks", "greeks_days"),
    Kept("pnl", "pnl_days"),
    Kept("performance", "pnl_days"),
    Kept("bars", "bars_days"),
    Kept("system_status", "system_days", wall=True),
)


class Move(NamedTuple):
    """What is moved where: the ``writer`` of the data directory ``folder``, whose quotes are of ``source``; its zone.

    ``rest`` is called between two slices; where it says True the move ends there, to be gone on with another time.
    """

    writer: Writer
    folder: Path
    source: str
    zone: ZoneInfo
    rest: Callable[[], bool] = lambda: False


class Slice(NamedTuple):
    """A stretch of time: from ``since`` (included) to ``until`` (not), microseconds UTC."""

    since: int
    until: int


def moved(move: Move, table: str, before: date) -> int:
    """Moves all days of ``table`` earlier than ``before``, the oldest first; returns the rows that left.

    :raises StoreError: the database cannot answer or delete. :raises OSError: the disk refuses.
    """
    count, since = 0, 0
    while not move.rest() and (day := _oldest(move, table, since)) is not None and day < before:
        count += _deleted(move, table, _written(move, table, day))
        since = _midnight(day + timedelta(days=1), move.zone)  # rows that stay do not hold up the days after them
    return count


def checkpoint(writer: Writer) -> None:
    """Gives the room of deleted rows back to the file, for new ones; where a reader is in the way, another time."""
    with writer.between() as database, database.cursor() as cursor:
        try:
            cursor.execute("CHECKPOINT")
        except duckdb.TransactionException:
            return


def _written(move: Move, table: str, day: date) -> dict[Slice, int]:
    """Puts the rows of a day into their files; gives how many lie in each slice. None, where it is to rest."""
    if shutil.disk_usage(move.folder).free < _ROOM_BYTES:
        raise StoreError(f"{move.folder}: there is no room to move old rows to; make room there")
    whole = Slice(_midnight(day, move.zone), _midnight(day + timedelta(days=1), move.zone))
    found: dict[Slice, int] = {}
    with ExitStack() as opened:
        parts = _parts(move, table, whole)
        files = {part: opened.enter_context(DayFile(_place(move, table, part, day))) for part in parts}
        for one in _slices(move, table, whole, files.values()):
            rows = _rows(move, table, one)
            for part, file in files.items():
                file.take(one.since, one.until, rows.filter(pc.equal(rows[_PART], part)).drop_columns([_PART]))
            found[one] = len(rows)
            if move.rest():
                return {}
        for file in files.values():
            file.finish()
    if table == "quotes":
        _list_contracts(move, whole, day)
    return found


def _slices(move: Move, table: str, whole: Slice, files: Iterable[DayFile]) -> Iterator[Slice]:
    """The slices of a day in which there are rows, in the database or in the files before."""
    size = _SLICE_OF_QUOTES if table == "quotes" else _SLICE
    query = f"SELECT DISTINCT (epoch_us(timestamp) - $since) // {size} FROM {table} WHERE {_BETWEEN}"  # noqa: S608
    with _asking(move.writer) as cursor:
        numbers = {number for (number,) in cursor.execute(query, whole._asdict()).fetchall()}
    for low, high in (span for file in files for span in file.spans()):
        numbers.update(range((low - whole.since) // size, (high - whole.since) // size + 1))
    for since in (whole.since + number * size for number in sorted(numbers)):
        yield Slice(since, min(since + size, whole.until))


def _deleted(move: Move, table: str, written: Mapping[Slice, int]) -> int:
    """Deletes what was written, slice by slice; one into which rows came meanwhile waits for the next time."""
    query, count = f"DELETE FROM {table} WHERE {_BETWEEN}", 0  # noqa: S608
    for one, wanted in written.items():
        if move.rest():
            break
        with move.writer.between() as database, database.cursor() as cursor, _answering():
            cursor.execute("BEGIN")
            ((rows,),) = cursor.execute(query, one._asdict()).fetchall()
            cursor.execute("COMMIT" if rows == wanted else "ROLLBACK")
        count += rows if rows == wanted else 0
    return count


def _list_contracts(move: Move, whole: Slice, day: date) -> None:
    """The contracts of a day's quotes beside them, with those that stand there already."""
    with _asking(move.writer) as cursor:
        listed = cursor.sql(_QUOTED, params=whole._asdict()).to_arrow_table().cast(CONTRACT_SCHEMA)
    for part in listed["underlying"].unique().to_pylist():
        path = day_folder(move.folder / ARCHIVE, move.source, part, day) / CONTRACTS
        mine = listed.filter(pc.equal(listed["underlying"], part))
        if path.exists():
            old = pq.read_table(path, schema=CONTRACT_SCHEMA)
            known = pc.is_in(old["symbol"], value_set=mine["symbol"])
            mine = pa.concat_tables([old.filter(pc.invert(known)), mine])
        put(path, mine)


def _place(move: Move, table: str, part: str, day: date) -> Path:
    if table == "quotes":
        return day_folder(move.folder / ARCHIVE, move.source, part, day) / QUOTES
    return move.folder / HISTORY / table / f"date={day.isoformat()}" / ROWS


def _parts(move: Move, table: str, whole: Slice) -> list[str]:
    if table != "quotes":
        return [""]
    query = f"""
        SELECT DISTINCT {_UNDERLYING} FROM (SELECT DISTINCT symbol FROM quotes WHERE {_BETWEEN})
        LEFT JOIN instruments ON instruments.id = symbol ORDER BY 1
    """  # noqa: S608
    with _asking(move.writer) as cursor:
        found = cursor.execute(query, whole._asdict()).fetchall()
    return [part for (part,) in found]


def _rows(move: Move, table: str, one: Slice) -> pa.Table:
    other = f"SELECT *, '' AS {_PART} FROM {table} WHERE {_BETWEEN} ORDER BY timestamp"  # noqa: S608
    query = _QUOTES if table == "quotes" else other
    with _asking(move.writer) as cursor:
        return cursor.sql(query, params=one._asdict()).to_arrow_table()


def _oldest(move: Move, table: str, since: int) -> date | None:
    query = f"SELECT epoch_us(min(timestamp)) FROM {table} WHERE timestamp >= make_timestamptz($since::BIGINT)"  # noqa: S608
    with _asking(move.writer) as cursor:
        ((at,),) = cursor.execute(query, {"since": since}).fetchall()
    return None if at is None else local_date(at, move.zone)


def _midnight(day: date, zone: ZoneInfo) -> int:
    return from_datetime(datetime.combine(day, time(), zone))


@contextmanager
def _asking(writer: Writer) -> Iterator[Connection]:
    with _answering(), writer.cursor() as cursor:
        yield cursor


@contextmanager
def _answering() -> Iterator[Any]:
    try:
        yield
    except duckdb.Error as problem:
        raise StoreError(f"old rows cannot be moved ({first_line(problem)})") from problem
