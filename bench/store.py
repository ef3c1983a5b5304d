"""Rows a second into the database, by Arrow and by executemany, and commits while a desk's pace of quotes comes in.

    python -m bench.store [folder]

``folder`` (the current one by default) decides which disk is measured; what is written there is removed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
from rich.console import Console
from rich.table import Table

from sidecar.domain.breaker import BreakerState
from sidecar.domain.clock import SECOND, to_datetime
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.records import Audited, Entry, encode
from sidecar.domain.report import Chain, Counters, DeskReport, Published
from sidecar.store.database import Database
from sidecar.store.frames import Head, chained, genesis, link
from sidecar.store.reader import Reader
from sidecar.store.sampling import Sampler
from sidecar.store.writer import Writer

START = 1_787_000_000 * SECOND
CONTRACTS = tuple(Contract("NIFTY", Kind.OPTION, date(2026, 8, 18), 50.0 * n, Right.CALL) for n in range(2000))
RANDOM = np.random.default_rng(1)
MARKET = [name for name in Chain.__dataclass_fields__ if name not in ("contracts", "rows", "vol_quality", "at")]
SECONDS = 4.0


def sample(seq: int, count: int = len(CONTRACTS)) -> Published:
    """A report and a chain in which every contract has a new quote."""
    at = START + seq * SECOND // 10
    numbers = {name: RANDOM.uniform(1, 500, count) for name in MARKET}
    rows = {contract.id: row for row, contract in enumerate(CONTRACTS[:count])}
    chain = Chain(
        contracts=CONTRACTS[:count], rows=rows, at=np.full(count, at), vol_quality=np.zeros(count, np.int8), **numbers
    )
    report = DeskReport(
        seq, to_datetime(at), date(2026, 8, 18), True, None, None, True, "bench", True, "INR", 99, BreakerState(),
        False, (), (), (), (), (), (), (), (), (), (), Counters(0, {}, 0, 0, 0, 0, {}, 0, {}),
    )  # fmt: skip
    return Published(report, chain)


def by_arrow(path: Path, batch: int, batches: int) -> float:
    """Rows a second of the writer's own way: projection, registration, one transaction a batch."""
    database, sampler = Database(path, START), Sampler(quotes=True)
    samples = [sample(n) for n in range(batch * batches // len(CONTRACTS))]
    size = batch // len(CONTRACTS)
    before = time.perf_counter()
    for first in range(0, len(samples), size):
        database.write(sampler.tables(samples[first : first + size]).items(), None)
    took = time.perf_counter() - before
    database.close()
    return batch * batches / took


def by_executemany(path: Path, rows: int) -> float:
    """Rows a second of the same rows as Python tuples."""
    table = Sampler(quotes=True).tables([sample(1, rows)])["quotes"]
    values = [list(row.values()) for row in table.to_pylist()]
    database = Database(path, START)
    with database.cursor() as cursor:
        before = time.perf_counter()
        cursor.execute("BEGIN")
        cursor.executemany(f"INSERT INTO quotes VALUES ({','.join('?' * table.num_columns)})", values)
        cursor.execute("COMMIT")
        took = time.perf_counter() - before
    database.close()
    return rows / took


def paced(path: Path) -> tuple[Writer, list[float], list[float], float]:
    """20,000 quotes and 20 journal records a second beside a reader: commits, reads (seconds), CPU share of a core."""
    commits: list[float] = []
    reads: list[float] = []
    writer = Writer.open(
        path, now=START, commit_s=0.2, report_every_s=0.0, quotes=True, on_commit=lambda s, _: commits.append(s)
    )
    digest = genesis(bytes(16))
    writer.catch_up((), Head(0, digest))
    reader = Reader(writer.cursor, share_s=0.0)
    samples = [sample(n) for n in range(int(SECONDS * 10))]
    began, cpu = time.perf_counter(), time.process_time()
    for beat, each in enumerate(samples):
        writer.offer(each)
        records = [Entry(START, Audited(START, "ann", "note", "done", str(beat)))] * 2
        for record in records:
            digest = link(digest, encode(record))
        writer.offer_entries(2 * beat + 1, records, digest)
        asked = time.perf_counter()
        reader.audit(100)
        reads.append(time.perf_counter() - asked)
        time.sleep(max(0.0, began + (beat + 1) / 10 - time.perf_counter()))
    share = (time.process_time() - cpu) / (time.perf_counter() - began)
    writer.close()
    return writer, commits, reads, share


def catching_up(path: Path, count: int) -> float:
    """Journal records a second at a start without a database."""
    entries = (Entry(START, Audited(START, "ann", "note", "done", str(n))) for n in range(1, count + 1))
    records = chained(bytes(16), map(encode, entries))
    writer = Writer.open(path, now=START)
    before = time.perf_counter()
    writer.catch_up(records, Head(count, records[-1].digest))
    took = time.perf_counter() - before
    writer.close()
    return count / took


def main() -> None:
    parent = Path(sys.argv[1]) if len(sys.argv) > 1 else Path.cwd()
    console = Console()
    with tempfile.TemporaryDirectory(dir=parent) as name:
        folder = Path(name)
        table = Table(f"DuckDB {duckdb.__version__}: quotes of 16 columns", "rows/s")
        for batch, batches in ((2_000, 50), (20_000, 20)):
            rate = by_arrow(folder / f"{batch}.duckdb", batch, batches)
            table.add_row(f"Arrow registration, batches of {batch:,}", f"{rate:,.0f}")
        table.add_row("executemany, one batch of 2,000", f"{by_executemany(folder / 'many.duckdb', 2_000):,.0f}")
        table.add_row("journal records at a catch-up of 100,000", f"{catching_up(folder / 'up.duckdb', 100_000):,.0f}")
        console.print(table)
        writer, commits, reads, share = paced(folder / "paced.duckdb")
    for label, took in (("commit", commits), ("read of 100 audit lines beside it", reads)):
        p50, p99 = np.percentile(took, [50, 99]) * 1e3
        console.print(f"{label}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, of {len(took)}")
    rows = writer.rows.total()
    console.print(f"{rows:,} rows in {SECONDS:.0f} s, {writer.dropped} samples dropped, {share:.0%} of a core")


if __name__ == "__main__":
    main()
