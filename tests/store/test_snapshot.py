"""A copy of the database between two commits opens as what the desk had written by then."""

from pathlib import Path

import pytest

from sidecar.domain.errors import StoreError
from sidecar.store import schema, snapshot
from sidecar.store.writer import Writer
from tests.store.build import NOW, dump, entries, head_of, published, records_of, stopped, until

JOURNAL = entries(stopped())


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    made = Writer.open(tmp_path / snapshot.FILE, now=NOW, commit_s=0.01, report_every_s=0.0)
    made.catch_up(records_of(JOURNAL), head_of(JOURNAL))
    return made


def taken(writer: Writer) -> snapshot.Snapshot:
    with writer.between() as database:
        return snapshot.take(database)


def test_a_copy_has_what_was_committed_and_not_what_comes_after_it(writer: Writer, tmp_path: Path) -> None:
    writer.offer(published())
    until(lambda: writer.rows["reports"] == 1)
    made = taken(writer)
    writer.offer(published(2, NOW + 10))
    until(lambda: writer.rows["reports"] == 2)
    copy = tmp_path / made.folder / snapshot.FILE
    assert made.bytes == sum(file.stat().st_size for file in copy.parent.iterdir())
    assert made.journal_seq == 1
    assert {file.stat().st_mode & 0o777 for file in copy.parent.iterdir()} == {0o600}
    assert copy.parent.stat().st_mode & 0o777 == 0o700
    assert snapshot.proved(copy) == snapshot.Contents(len(schema.migrations()), head_of(JOURNAL))
    assert [file.name for file in copy.parent.iterdir()] == [snapshot.FILE]  # its log is folded into it
    assert len(dump(copy)["reports"]) == 1
    writer.close()


def test_the_next_copy_takes_the_place_of_one_that_nobody_took_away(writer: Writer, tmp_path: Path) -> None:
    first, second = taken(writer), taken(writer)
    assert first.folder != second.folder
    assert [path.name for path in tmp_path.glob("snapshot-*")] == [second.folder]
    writer.close()


def test_commits_wait_for_a_copy_and_nothing_that_was_offered_is_lost(writer: Writer) -> None:
    with writer.between():
        writer.offer(published())
        assert writer.rows["reports"] == 0
    until(lambda: writer.rows["reports"] == 1)
    writer.close()
    assert writer.dropped == 0


def test_where_there_is_no_room_nothing_is_left_of_it(writer: Writer, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="make room there"):
        snapshot.copied(tmp_path / snapshot.FILE, tmp_path / "missing" / "folder")
    writer.close()
    (tmp_path / snapshot.FILE).write_bytes(b"torn")
    with pytest.raises(StoreError, match=r"desk\.duckdb: cannot be opened as a database"):
        snapshot.proved(tmp_path / snapshot.FILE)


def test_a_copy_of_an_older_program_is_opened_and_its_head_read(tmp_path: Path) -> None:
    with schema.connect(tmp_path / snapshot.FILE) as older:
        older.execute(schema.migrations()[0])
        older.execute("UPDATE meta SET value = '1' WHERE key = 'schema'")
    assert snapshot.proved(tmp_path / snapshot.FILE) == snapshot.Contents(1, None)
