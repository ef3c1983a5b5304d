"""The Parquet file of a day that leaves the database: written beside its place, synced, renamed into it.

Where one is there already, the new one has the rows of both, each once.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sidecar.domain.clock import from_datetime
from sidecar.store.disk import sync_folder

UNFINISHED = ".unfinished"
#: What the time of a row is called: the first of these that there is.
_TIMES = ("at", "timestamp")


class DayFile:
    """The new file at ``path``; give it every slice of the day, in order, and :meth:`finish` it. A context."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._fresh = path.with_name(path.name + UNFINISHED)
        self._before = pq.ParquetFile(path) if path.exists() else None
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._writer, self._before):
            if each is not None:
                each.close()
        self._fresh.unlink(missing_ok=True)

    def spans(self) -> list[tuple[int, int]]:
        """The first and the last instant of each part of the file before, microseconds UTC."""
        groups = range(self._before.num_row_groups if self._before is not None else 0)
        return [_span(self._statistics(group)) for group in groups]

    def take(self, since: int, until: int, rows: pa.Table) -> None:
        """Add a slice (microseconds UTC): its ``rows``, and what the file before had in it besides."""
        old = self._old(since, until, rows.schema)
        whole = _once(old, rows) if old is not None and len(old) else rows
        if not len(whole):
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._fresh, rows.schema, compression="zstd")
        self._writer.write_table(whole)

    def finish(self) -> None:
        """Put it on the disk under its name."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            placed(self._fresh, self._path)

    def _old(self, since: int, until: int, schema: pa.Schema) -> pa.Table | None:
        """The rows of a slice that the file before has, with the columns of the new ones."""
        if self._before is None:
            return None
        names = self._before.schema_arrow.names
        time = next(name for name in _TIMES if name in names)
        spans = enumerate(self.spans())
        found = self._before.read_row_groups([group for group, (low, high) in spans if low < until and high >= since])
        at = found[time].cast(pa.int64())
        mine = found.filter(pc.and_(pc.greater_equal(at, since), pc.less(at, until)))
        columns = [mine[one.name] if one.name in names else pa.nulls(len(mine), one.type) for one in schema]
        return pa.Table.from_arrays(
            [column.cast(one.type) for column, one in zip(columns, schema, strict=True)], schema=schema
        )

    def _statistics(self, group: int) -> Any:
        assert self._before is not None  # noqa: S101 (asked for its own groups alone)
        names = self._before.schema_arrow.names
        time = next(name for name in _TIMES if name in names)
        return self._before.metadata.row_group(group).column(names.index(time)).statistics


def put(path: Path, table: pa.Table) -> None:
    """Writes a whole small file: after a crash it is the old one or the new one."""
    fresh = path.with_name(path.name + UNFINISHED)
    pq.write_table(table, fresh, compression="zstd")
    placed(fresh, path)


def placed(fresh: Path, path: Path) -> None:
    """Gives a file that was written its name, once its bytes are on the disk."""
    descriptor = os.open(fresh, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fresh.replace(path)
    sync_folder(path.parent)


def _span(statistics: Any) -> tuple[int, int]:
    low, high = statistics.min, statistics.max
    return (from_datetime(low), from_datetime(high)) if isinstance(low, datetime) else (int(low), int(high))


def _once(old: pa.Table, new: pa.Table) -> pa.Table:
    """The rows of both, each once, in the order of time."""
    time = next(name for name in _TIMES if name in new.column_names)
    both = pa.concat_tables([old, new])
    return both.group_by(both.column_names, use_threads=False).aggregate([]).sort_by(time).cast(new.schema)
