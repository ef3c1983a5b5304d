"""The file under the writer: it survives kills and DuckDB's own refusals, and can be made anew from the journal."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from sidecar.domain.records import Audited, FillRecorded, OrderRecorded, decode, encode
from sidecar.store.database import rebuild
from sidecar.store.journal import Journal
from sidecar.store.writer import Writer
from tests.store.build import EPOCH, NOW, OPTION, dump, entries, fill, head_of, order, records_of, stopped, until

JOURNAL = entries(OrderRecorded(NOW, order(), OPTION), FillRecorded(NOW, fill()), stopped())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.duckdb"


def opened(path: Path) -> Writer:
    return Writer.open(path, now=NOW, commit_s=0.01, report_every_s=0.0)


def test_a_rebuild_sets_the_old_file_aside_and_gives_the_same_tables(path: Path) -> None:
    writer = opened(path)
    writer.catch_up(records_of(JOURNAL), head_of(JOURNAL))
    writer.close()
    before = dump(path)
    rows = rebuild(path, records_of(JOURNAL), head_of(JOURNAL), NOW)
    assert rows["audit"] == 3
    assert dump(path) == before
    assert [file.name for file in path.parent.iterdir() if "replaced" in file.name] == [
        "desk.duckdb.replaced-20260818T034500.000000Z"
    ]


def test_an_instance_that_duckdb_gives_up_is_opened_anew_and_nothing_owed_is_lost(path: Path) -> None:
    """A checkpoint that fails makes DuckDB refuse all further work on the open file."""
    writer = opened(path)
    filler = entries(*(Audited(NOW, "ann", "note", "done", os.urandom(500).hex()) for _ in range(400)))
    writer.catch_up(records_of(filler), head_of(filler))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size // 8, hard))
    try:
        with writer.cursor() as cursor, pytest.raises(duckdb.FatalException):
            cursor.execute("CHECKPOINT")
        journal = [*filler, *JOURNAL]
        writer.offer_entries(len(filler) + 1, JOURNAL, head_of(journal).digest)
        until(lambda: writer.failure is not None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    until(lambda: writer.head() == head_of(journal) and writer.failure is None)
    assert writer.last_breaker() == stopped().state
    writer.close()
    assert len(dump(path)["audit"]) == len(journal)


CHILD = """
import os, sys
from pathlib import Path
from sidecar.domain.records import encode
from sidecar.store.journal import Journal
from sidecar.store.writer import Writer
from sidecar.domain.records import Audited, Entry, FillRecorded, OrderRecorded
from tests.store.build import *
folder = Path(sys.argv[1])
writer = Writer.open(folder / "desk.duckdb", now=NOW, commit_s=0.005, report_every_s=0.0)
journal = Journal.open(folder / "journal.log", epoch=EPOCH)
writer.catch_up((), journal.head)
for n in range(1, 100_000):
    record = OrderRecorded(NOW + n, order(f"o{n % 50}"), OPTION) if n % 2 else FillRecorded(NOW + n, fill(f"f{n}"))
    entry = Entry(NOW, record)
    seq = journal.append(encode(entry)).result()
    writer.offer_entries(seq, [entry], journal.head.digest)
    if n % 10 == 0:
        writer.offer(published(n, NOW + n, contracts(100)))
    if n == 20:
        print("under way", flush=True)
"""


@pytest.mark.parametrize("after_s", [0.0, 0.11, 0.37])
def test_after_a_kill_in_mid_write_the_head_is_the_journals_and_the_rest_is_caught_up(
    tmp_path: Path, repository: Path, after_s: float
) -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], cwd=repository, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"under way\n"
    time.sleep(after_s)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    path = tmp_path / "desk.duckdb"
    writer = opened(path)
    assert writer.note == ""
    witness = writer.head()
    with Journal.open(tmp_path / "journal.log", epoch=EPOCH, witnesses=[witness] if witness else []) as journal:
        head, records = journal.head, journal.recovered
    assert witness is None or witness.seq <= head.seq
    assert [record.payload for record in records] == [encode(decode(record.payload)) for record in records]
    assert writer.catch_up(records, head) == head.seq - (witness.seq if witness else 0)
    assert writer.head() == head
    writer.close()
    rebuild(tmp_path / "fresh.duckdb", records, head, NOW)
    for table in ("audit", "orders", "fills", "breaker_events", "meta"):
        assert dump(path)[table] == dump(tmp_path / "fresh.duckdb")[table]


def test_no_row_goes_in_by_executemany(repository: Path) -> None:
    """It is two hundred times slower than an Arrow table."""
    sources = sorted((repository / "sidecar" / "store").glob("*.py"))
    assert len(sources) > 5
    assert [source.name for source in sources if "executemany" in source.read_text(encoding="utf-8")] == []
