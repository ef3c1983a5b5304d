"""Five readers beside a writer of 20,000 quotes a second: how long one waits for the positions, and what it costs.

    python -m bench.query [seconds]

The writer is the desk's own, with every contract quoted anew ten times a second. Each reader is a process of its own
that asks for the newest positions twenty times a second, and now and then for P&L and alerts. Ours is ``POST
/api/v1/query`` over HTTP as Arrow, with answers shared for a quarter of a second; the peers, in the same run: the same
without sharing; snapshots, files published by the writer and read by everyone; and open-write-close, where the writer
gives the file up after each commit so that readers can open it. ``writer late`` is how far the writer was behind at
most; ``stale`` how old the newest positions that a reader saw were, at the median.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import cycle
from pathlib import Path
from statistics import median
from subprocess import PIPE
from threading import Event, Thread
from typing import Any, NamedTuple

import duckdb
import msgspec
import numpy as np
from fastapi import FastAPI
from rich.console import Console

from bench.store import START, sample
from sidecar.domain.clock import to_datetime
from sidecar.domain.report import PositionLine, Published, Quality
from sidecar.servers import query
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.problems import install
from sidecar.store.database import Database
from sidecar.store.queries import Bounds, Queries
from sidecar.store.sampling import Sampler
from tests.servers.desk import Desk as Doors
from tests.servers.desk import serving

READERS, ROWS, PACE_S = 5, 2_000, 0.1
Write = Callable[[list[Published]], None]


class Way(NamedTuple):
    """One way to read beside a writer: it sets itself up in a folder and gives the writer, and a reader's arguments."""

    name: str
    opened: Callable[[Path], Any]


def held(n: int, at: int) -> PositionLine:
    """One of the book's positions at a time."""
    when = to_datetime(at)
    return PositionLine(
        f"p{n}", f"NIFTY-20260818-{24000 + 50 * n}-CE", "NIFTY", None, 24000.0 + 50 * n, None, 65, 1.0, 80.0, 81.0,
        65.0, 0.01, Decimal(0), Decimal(0), "demo", "main", when, when, Quality.LIVE, 0.5, 0.1, -1.0, 2.0, 0.1, 0.2,
        1000.0,
    )  # fmt: skip


def reports(seconds: float) -> list[Published]:
    """Ten a second, each with every contract quoted anew and thirty positions."""
    made = []
    for n in range(round(seconds / PACE_S)):
        one = sample(n, ROWS)
        at = START + n * round(PACE_S * 1e6)
        lines = tuple(held(row, at) for row in range(30))
        made.append(Published(msgspec.structs.replace(one.report, positions=lines), one.chain))
    return made


class Paced(Thread):
    """Writes samples at their pace, over and over, until ``stop``; ``late`` is how far behind it was at most."""

    def __init__(self, write: Write, samples: list[Published]) -> None:
        super().__init__(daemon=True)
        self.write, self.samples = write, samples
        self.stop, self.again, self.late = Event(), Event(), 0.0

    def run(self) -> None:
        """Beat after beat; with ``again`` the schedule begins anew."""
        self.again.set()
        due = 0.0
        for seq, one in enumerate(cycle(self.samples), start=1_000):
            if self.again.is_set():
                self.again.clear()
                due, self.late = time.perf_counter(), 0.0
            time.sleep(max(0.0, due - time.perf_counter()))
            if self.stop.is_set():
                return
            now = to_datetime(time.time_ns() // 1_000)
            self.write([Published(msgspec.structs.replace(one.report, seq=seq, timestamp=now), one.chain)])
            due += PACE_S
            self.late = max(self.late, time.perf_counter() - due)


@contextmanager
def over_http(folder: Path, share_s: float) -> Iterator[tuple[Write, list[str]]]:
    """The desk's own route on a socket."""
    database, sampler, keys = Database(folder / "desk.duckdb", START), Sampler(quotes=True), KeyStore(folder)
    secret = keys.add(Role.VIEWER, "bench")
    with Queries(database.cursor, Bounds(at_once=READERS), share_s=share_s) as queries:
        app = FastAPI()
        app.include_router(query.router(Doors().ports(), keys, queries.ask))
        install(app)
        with serving(app) as url:
            yield (lambda some: _put(database, sampler, some)), ["http", url, secret]
    database.close()


@contextmanager
def snapshots(folder: Path) -> Iterator[tuple[Write, list[str]]]:
    """A copy of the file, published once a second by renaming it."""
    path, public = folder / "desk.duckdb", folder / "public.duckdb"
    database, sampler = Database(path, START), Sampler(quotes=True)
    last = [0.0]

    def write(some: list[Published]) -> None:
        _put(database, sampler, some)
        if time.perf_counter() - last[0] < 1.0:
            return
        with database.cursor() as cursor:
            cursor.execute("CHECKPOINT")
        fresh = folder / "fresh.duckdb"
        fresh.write_bytes(path.read_bytes())
        fresh.replace(public)
        last[0] = time.perf_counter()

    write(reports(PACE_S))
    yield write, ["file", str(public)]
    database.close()


@contextmanager
def by_turns(folder: Path) -> Iterator[tuple[Write, list[str]]]:
    """The writer opens the file for each commit, and tries again while a reader has it."""
    path, sampler = folder / "desk.duckdb", Sampler(quotes=True)
    Database(path, START).close()

    def write(some: list[Published]) -> None:
        while True:
            try:
                database = Database(path, START)
                break
            except Exception:  # noqa: BLE001 - the lock of a reader, under whatever name it comes
                time.sleep(0.002)
        _put(database, sampler, some)
        database.close()

    write(reports(PACE_S))
    yield write, ["file", str(path)]


def _put(database: Database, sampler: Sampler, some: list[Published]) -> None:
    database.write(sampler.tables(some).items(), None)


WAYS = (
    Way("**HTTP + Arrow, shared (ours)**", lambda folder: over_http(folder, 0.25)),
    Way("HTTP + Arrow, each its own", lambda folder: over_http(folder, 0.0)),
    Way("snapshot files", snapshots),
    Way("open-write-close", by_turns),
)


def measured(way: Way, seconds: float) -> str:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as folder, way.opened(Path(folder)) as (write, arguments):
        writer = Paced(write, reports(4.0))
        writer.start()
        command = [sys.executable, "-m", "bench.query_reader", str(seconds), *arguments]
        readers = [subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) for _ in range(READERS)]
        for one in readers:
            assert one.stdout
            one.stdout.readline()  # it has imported what it needs, and seen the first rows
        cpu = resource.getrusage(resource.RUSAGE_SELF)
        writer.again.set()
        for one in readers:
            assert one.stdin
            one.stdin.write("go\n")
            one.stdin.flush()
        told = [json.loads(one.communicate()[0]) for one in readers]
        after = resource.getrusage(resource.RUSAGE_SELF)
        writer.stop.set()
        writer.join()
    waits = np.array([wait for row in told for wait in row[0]])
    used = after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime
    asked, failed = len(waits), sum(row[2] for row in told)
    p50, p99 = (np.percentile(waits, share) for share in (50, 99))
    stale = median([age for row in told for age in row[1]] or [float("nan")])
    return f"| {way.name} | {p50:.1f} / {p99:.0f} | {asked} | {failed} | {used:.1f} | {writer.late:.1f} | {stale:.2f} |"


def main() -> int:
    """Each way for some seconds, one after the other, as a Markdown table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 15.0
    console = Console(width=200, highlight=False, markup=False)
    pace = f"{READERS} readers beside {ROWS / PACE_S:,.0f} rows/s"
    console.print(f"{pace}, DuckDB {duckdb.__version__}, {seconds:g} s each\n")
    console.print("| way | positions p50 / p99 ms | answers | failed | server CPU s | writer late s | stale s |")
    console.print("| --- | --- | --- | --- | --- | --- | --- |")
    for way in WAYS:
        console.print(measured(way, seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
