"""Journal appends by group size, beside one-row durable commits of SQLite and DuckDB in the same folder and run.

    python -m bench.journal [folder]

``folder`` (the current one by default) decides which disk is measured; what is written there is removed.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
from rich.console import Console
from rich.table import Table

from sidecar.store.disk import Disk
from sidecar.store.frames import SLOT_BYTES
from sidecar.store.journal import Journal
from sidecar.store.recovery import verified

SECONDS = 1.2
PAYLOAD = os.urandom(300)
DDL = "CREATE TABLE events (seq BIGINT, payload BLOB)"
ROW = "INSERT INTO events VALUES (?, ?)"


class HeadUnsynced(Disk):
    """Leaves the head to the page cache: what its sync costs is the difference to the real disk."""

    def __init__(self) -> None:
        self.head_last = False

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        self.head_last = len(data) == SLOT_BYTES
        return super().pwrite(fd, data, offset)

    def fdatasync(self, fd: int) -> None:
        if not self.head_last:
            super().fdatasync(fd)


def measure(commit: Callable[[], object], rows: int) -> tuple[float, float, float]:
    """Commits for a while; rows a second, median and 99th percentile of one commit in milliseconds."""
    commit()
    took: list[float] = []
    started = time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        before = time.perf_counter()
        commit()
        took.append(time.perf_counter() - before)
    p50, p99 = np.percentile(took, [50, 99]) * 1e3
    return rows * len(took) / (time.perf_counter() - started), float(p50), float(p99)


def journal(folder: Path, rows: int, io: Disk) -> tuple[float, float, float]:
    """``rows`` separate appends, then the wait for the last: what so many callers at once get."""
    path = folder / "journal.log"
    with Journal.open(path, epoch=os.urandom(16), io=io) as opened:

        def commit() -> None:
            futures = [opened.append(PAYLOAD) for _ in range(rows)]
            futures[-1].result()

        measured = measure(commit, rows)
    path.unlink()
    path.with_suffix(".head").unlink()
    return measured


def sqlite(folder: Path) -> tuple[float, float, float]:
    connection = sqlite3.connect(folder / "sqlite.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(DDL)
    measured = measure(lambda: connection.execute(ROW, (1, PAYLOAD)), 1)
    connection.close()
    return measured


def duck(folder: Path) -> tuple[float, float, float]:
    connection = duckdb.connect(folder / "duck.db")
    connection.execute(DDL)
    measured = measure(lambda: connection.execute(ROW, (1, PAYLOAD)), 1)
    connection.close()
    return measured


def reading(folder: Path) -> tuple[int, float]:
    """Records and seconds of one verification."""
    path = folder / "long.log"
    with Journal.open(path, epoch=os.urandom(16)) as opened:
        for _ in range(20):
            opened.append_many([PAYLOAD] * 5000)
    before = time.perf_counter()
    return verified(path).scan.head.seq, time.perf_counter() - before


def main() -> None:
    parent = Path(sys.argv[1]) if len(sys.argv) > 1 else Path.cwd()
    table = Table("durable appends of 300 bytes", "rows/s", "commit p50 ms", "p99 ms")
    with tempfile.TemporaryDirectory(dir=parent) as name:
        folder = Path(name)
        rows: list[tuple[str, tuple[float, float, float]]] = [
            *((f"journal, groups of {size:,}", journal(folder, size, Disk())) for size in (1, 10, 100, 1000)),
            *((f"  head not synced, {size:,}", journal(folder, size, HeadUnsynced())) for size in (1, 100)),
            ("SQLite WAL synchronous=FULL, one row", sqlite(folder)),
            (f"DuckDB {duckdb.__version__}, one row", duck(folder)),
        ]
        records, seconds = reading(folder)
    for label, (rate, p50, p99) in rows:
        table.add_row(label, f"{rate:,.0f}", f"{p50:.2f}", f"{p99:.2f}")
    console = Console()
    console.print(table)
    console.print(f"verify: {records:,} records in {seconds:.2f} s ({records / seconds:,.0f} records/s)")


if __name__ == "__main__":
    main()
