"""Old days leave the database whole and once, wherever the move is cut off, and what follows from the journal stays."""

import os
import shutil
import signal
import time
from collections import Counter
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sidecar.archived import archived_day, days_of
from sidecar.domain import clock
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.errors import StoreError
from sidecar.domain.records import Audited
from sidecar.store import snapshot
from sidecar.store.columns import SCHEMAS, tabulate
from sidecar.store.projection import instrument
from sidecar.store.retention import KEPT, Move, checkpoint, moved
from sidecar.store.writer import Writer
from tests.nursery import Nursery
from tests.store.build import NOW, dump, entries, head_of, measured, performance, published, records_of

pytestmark = pytest.mark.slow
ZONE = ZoneInfo("Asia/Kolkata")
DAY = date(2026, 8, 18)  # of NOW
LISTED = (
    Contract("NIFTY", Kind.INDEX),
    Contract("NIFTY", Kind.OPTION, DAY, 24_600.0, Right.CALL, NOW, 65),
    Contract("SENSEX", Kind.INDEX),
)
#: Quotes a day: over an hour and a half, so that they lie in many slices.
QUOTES = 1_200
_GAP = 5 * clock.SECOND
FILE = "archive/desk/{}/date={}/quotes.parquet"


def at(days: int, number: int = 0, gap: int = _GAP) -> int:
    return NOW + days * clock.DAY + number * gap


def quotes(days: int, rows: int = QUOTES, first: int = 0, gap: int = _GAP) -> pa.Table:
    """Quotes of the three contracts in turn, no two alike, an unknown number in each."""
    random = np.random.default_rng(days + 100)
    names = [LISTED[number % 3].id for number in range(rows)]
    columns: dict[str, Any] = {name: pa.nulls(rows, pa.float64()) for name in SCHEMAS["quotes"].names}
    columns["timestamp"] = pa.array([at(days, first + n, gap) for n in range(rows)], pa.int64()).cast(
        pa.timestamp("us", "UTC")
    )
    columns |= {"symbol": pa.array(names), "bid": pa.array(random.uniform(1, 500, rows))}
    return pa.table(columns, schema=SCHEMAS["quotes"])


def put(writer: Writer, table: str, rows: pa.Table) -> None:
    with writer.between() as database:
        database.write([(table, rows)], None)


def opened(folder: Path) -> Writer:
    folder.mkdir(exist_ok=True)
    writer = Writer.open(folder / snapshot.FILE, now=NOW, commit_s=0.01)
    writer.catch_up(records_of(JOURNAL), head_of(JOURNAL))
    return writer


JOURNAL = entries(Audited(at(-5), "ann", "note", "done"))


def filled(folder: Path, days: int = 3) -> Writer:
    """A database with quotes of the last days, up to ``DAY``."""
    writer = opened(folder)
    put(writer, "instruments", tabulate("instruments", [instrument(one) for one in LISTED]))
    for back in range(days):
        put(writer, "quotes", quotes(-back))
    return writer


def move(writer: Writer, folder: Path, **more: Any) -> Move:
    return Move(writer, folder, "desk", ZONE, **more)


def left(writer: Writer, table: str = "quotes") -> Counter[tuple[Any, ...]]:
    columns = "epoch_us(timestamp), symbol, bid, ask" if table == "quotes" else "*"
    with writer.cursor() as cursor:
        return Counter(cursor.execute(f"SELECT {columns} FROM {table}").fetchall())


def gone(folder: Path) -> Counter[tuple[Any, ...]]:
    """The rows in files: none that is still being written counts."""
    found: Counter[tuple[Any, ...]] = Counter()
    for path in folder.glob("archive/*/*/*/quotes.parquet"):
        rows = pq.read_table(path, columns=["at", "symbol", "bid", "ask"]).to_pylist()
        found.update((row["at"], row["symbol"], row["bid"], row["ask"]) for row in rows)
    return found


def test_what_is_old_leaves_by_underlying_and_day_and_the_rest_stays(tmp_path: Path) -> None:
    writer = filled(tmp_path)
    before = left(writer)
    assert moved(move(writer, tmp_path), "quotes", DAY) == 2 * QUOTES
    assert Counter(at // clock.DAY for at, *_ in left(writer).elements()).total() == QUOTES
    assert left(writer) + gone(tmp_path) == before
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.glob("archive/**/*.*")}
    days = [DAY - timedelta(days=back) for back in (2, 1)]
    wanted = {FILE.format(name, day) for name in ("NIFTY", "SENSEX") for day in days}
    assert files == wanted | {name.replace("quotes", "contracts") for name in wanted}
    assert moved(move(writer, tmp_path), "quotes", DAY) == 0
    writer.close()
    assert dump(tmp_path / snapshot.FILE)["audit"]


def test_backtests_and_trainings_find_the_days_in_the_archive(tmp_path: Path) -> None:
    writer = filled(tmp_path)
    moved(move(writer, tmp_path), "quotes", DAY)
    writer.close()
    day = DAY - timedelta(days=1)
    assert days_of(tmp_path / "archive", "NIFTY") == [day - timedelta(days=1), day]
    found = archived_day(tmp_path / "archive", day, "NIFTY")
    assert found.source == "desk"
    assert list(found.contracts) == list(LISTED[:2])
    assert len(found.quotes) == QUOTES * 2 // 3
    assert found.quotes["at"].is_monotonic_increasing


def test_every_other_table_leaves_as_it_is_one_file_a_day(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    for back in (2, 1, 0):
        then = at(-back)
        report = published(3 - back, then, performance=(performance(then),))
        writer.offer(report)
        writer.offer_system(measured(then))
        time.sleep(0.05)
    writer.close()
    before = texts(tmp_path / snapshot.FILE)
    writer = opened(tmp_path)
    for kept in KEPT:
        if kept.table not in ("quotes", "bars"):
            assert moved(move(writer, tmp_path), kept.table, DAY) == 2, kept.table
            path = str(tmp_path / "history" / kept.table / "*" / "rows.parquet")
            with duckdb.connect() as other, writer.cursor() as cursor:
                other.execute("SET TimeZone = 'UTC'")
                names = ", ".join(f"{name}::VARCHAR" for name in SCHEMAS[kept.table].names)
                rows = other.execute(f"SELECT {names} FROM read_parquet(?)", [path]).fetchall()
                rows += cursor.execute(f"SELECT {names} FROM {kept.table}").fetchall()
            assert sorted(rows, key=str) == sorted(before[kept.table], key=str)
            assert len(rows) == 3
    writer.close()


def test_rows_that_come_late_join_their_day_and_those_in_the_file_already_do_not_come_twice(tmp_path: Path) -> None:
    writer = filled(tmp_path, 2)
    before = left(writer)
    moved(move(writer, tmp_path), "quotes", DAY)
    late = quotes(-1, 90, first=QUOTES - 30)
    put(writer, "quotes", late)  # some fall into slices that the file has rows in
    put(writer, "quotes", quotes(-1).slice(0, 200))  # as after a crash, before the deletion
    total = before + Counter(left(writer) - before)
    assert moved(move(writer, tmp_path), "quotes", DAY) == 290
    everything = left(writer) + gone(tmp_path)
    assert set(everything) == set(total) | set(before)
    assert max(everything.values()) == 1
    assert pq.read_table(tmp_path / FILE.format("NIFTY", DAY - timedelta(days=1)))["at"].to_pylist() == sorted(
        at for at, symbol, *_ in gone(tmp_path) if symbol.startswith("NIFTY")
    )
    writer.close()


def test_rows_that_come_while_a_day_is_written_stay_for_the_next_time(tmp_path: Path) -> None:
    writer = filled(tmp_path, 2)
    asked = iter(range(10_000))

    def rest() -> bool:
        if next(asked) == 1:  # the first slice is written
            put(writer, "quotes", quotes(-1, 3, first=1).set_column(2, "bid", pa.array([-1.0, -2.0, -3.0])))
        return False

    before = left(writer)
    count = moved(move(writer, tmp_path, rest=rest), "quotes", DAY)
    assert 0 < count < QUOTES
    assert set(left(writer)) >= {row for row in left(writer) if row[2] in (-1.0, -2.0, -3.0)} != set()
    assert moved(move(writer, tmp_path), "quotes", DAY) == QUOTES + 3 - count
    everything = left(writer) + gone(tmp_path)
    assert set(before) < set(everything)
    assert len(everything) == everything.total() == before.total() + 3
    writer.close()


def test_a_move_that_is_to_rest_ends_there_and_is_gone_on_with(tmp_path: Path) -> None:
    writer = filled(tmp_path)
    before = left(writer)
    for asked in range(0, 60, 7):
        left_to_ask = iter([False] * asked)
        moved(move(writer, tmp_path, rest=lambda answers=left_to_ask: next(answers, True)), "quotes", DAY)
        assert set(left(writer)) | set(gone(tmp_path)) == set(before)
    moved(move(writer, tmp_path), "quotes", DAY)
    assert left(writer) + gone(tmp_path) == before
    assert not list(tmp_path.rglob("*.unfinished"))
    writer.close()


def texts(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table as text, with the columns in the order in which rows are put in."""
    with duckdb.connect(path, read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        names = {table: ", ".join(f"{name}::VARCHAR" for name in schema.names) for table, schema in SCHEMAS.items()}
        query = "SELECT {} FROM {}"
        return {table: connection.execute(query.format(names[table], table)).fetchall() for table in names}


CHILD = """
import sys
from pathlib import Path
from tests.store.test_retention import DAY, move, opened
from sidecar.store.retention import moved
import time
folder = Path(sys.argv[1])
writer = opened(folder)
moved(move(writer, folder, rest=lambda: time.sleep(0.004)), "quotes", DAY)
writer.close()
print("done")
"""


def test_killed_at_any_moment_nothing_is_lost_and_nothing_comes_twice(tmp_path: Path) -> None:
    folder, random = tmp_path / "data", Random(11)
    writer = filled(folder)
    before = left(writer)
    writer.close()
    nursery = Nursery(tmp_path, "import duckdb, pyarrow, pyarrow.parquet, tests.store.build")
    kills = 0
    try:
        while True:
            pid = nursery.begin(CHILD, folder)
            if kills < 12:
                time.sleep(random.uniform(0.15, 0.6))
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            done = nursery.end()
            if done.returncode == 0:
                break
            assert done.returncode == -signal.SIGKILL, done.stderr
            kills += 1
    finally:
        nursery.close()
    assert kills
    writer = opened(folder)
    assert left(writer).total() == QUOTES
    assert left(writer) + gone(folder) == before
    writer.close()


def test_the_room_of_deleted_rows_is_used_again_and_the_file_does_not_grow(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    sizes = []
    for day in range(5):
        put(writer, "quotes", quotes(day, 60_000, gap=clock.SECOND // 20))
        moved(move(writer, tmp_path), "quotes", DAY + timedelta(days=day))
        checkpoint(writer)
        sizes.append(writer.size_bytes)
    writer.close()
    assert max(sizes[2:]) <= 1.3 * sizes[1], sizes


def test_where_the_disk_refuses_the_rows_stay(tmp_path: Path) -> None:
    writer = filled(tmp_path, 2)
    before = left(writer)
    (tmp_path / "archive").write_text("in the way")
    with pytest.raises(OSError):  # noqa: PT011
        moved(move(writer, tmp_path), "quotes", DAY)
    assert left(writer) == before
    with pytest.raises(StoreError, match="old rows cannot be moved"):
        moved(move(writer, tmp_path), "nothing", DAY)
    writer.close()


def test_the_last_room_of_a_disk_is_left_to_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = filled(tmp_path, 2)
    nearly = shutil.disk_usage(tmp_path)._replace(free=1024)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: nearly)
    with pytest.raises(StoreError, match="there is no room to move old rows to"):
        moved(move(writer, tmp_path), "quotes", DAY)
    assert left(writer).total() == 2 * QUOTES
    assert not (tmp_path / "archive").exists()
    writer.close()
