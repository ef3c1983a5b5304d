"""The database file: made, brought up to date, refused, or set aside."""

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from sidecar.domain.errors import SchemaTooNew, StoreError
from sidecar.domain.records import FillRecorded, OrderRecorded
from sidecar.store import schema
from sidecar.store.columns import SCHEMAS
from sidecar.store.database import Database, rebuild
from sidecar.store.schema import connect, migrate, migrations, open_database, set_aside, version
from sidecar.store.writer import Writer
from tests.store.build import NOW, OPTION, dump, entries, fill, head_of, order, records_of, stopped

TABLES = {
    "instruments", "quotes", "orders", "fills", "positions", "reports", "pnl", "greeks", "breaker_events", "audit",
    "alerts", "signals", "performance", "system_status", "bars", "predictions", "prediction_outcomes", "models",
    "training_runs", "backtests", "meta",
}  # fmt: skip
JOURNAL = entries(OrderRecorded(NOW, order(), OPTION), FillRecorded(NOW, fill()), stopped())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.duckdb"


def filled(path: Path) -> None:
    rebuild(path, records_of(JOURNAL), head_of(JOURNAL), NOW)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file()}


def test_a_fresh_file_has_every_table_and_no_more_in_the_storage_version_of_the_release_before(path: Path) -> None:
    connection, note = open_database(path, NOW)
    assert note == ""
    assert {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()} == TABLES
    (tags,) = connection.execute("SELECT tags FROM duckdb_databases() WHERE NOT internal").fetchone() or ({},)
    assert tags["storage_version"] == "v1.5.0+"
    assert not path.with_name("desk.duckdb.wal").exists()  # no table definition is left in the log
    assert path.stat().st_mode & 0o777 == 0o600
    connection.close()


def test_the_tables_have_the_columns_of_the_projection_money_exact_and_times_with_a_zone(path: Path) -> None:
    with Database(path, NOW).cursor() as cursor:
        for table, columns in SCHEMAS.items():
            query = "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index"
            found = dict(cursor.execute(query, [table]).fetchall())
            assert list(found) == columns.names
            for field in columns:
                wanted = {
                    "string": "VARCHAR", "int64": "BIGINT", "double": "DOUBLE", "bool": "BOOLEAN",
                    "date32[day]": "DATE", "decimal128(18, 4)": "DECIMAL(18,4)",
                    "timestamp[us, tz=UTC]": "TIMESTAMP WITH TIME ZONE",
                }[str(field.type)]  # fmt: skip
                assert found[field.name] == wanted, (table, field.name)


def test_migrations_run_once_and_a_second_opening_changes_nothing(path: Path) -> None:
    filled(path)
    before = dump(path)
    connection, _ = open_database(path, NOW)
    assert migrate(connection) == version(connection) == len(migrations())
    connection.close()
    assert dump(path) == before


def test_a_later_migration_is_applied_to_an_older_file_and_keeps_its_rows(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(path)
    more = (*migrations(), "ALTER TABLE fills ADD COLUMN venue VARCHAR")
    monkeypatch.setattr(schema, "migrations", lambda: more)
    connection, note = open_database(path, NOW)
    assert note == ""
    assert version(connection) == len(more)
    assert connection.execute("SELECT id, venue FROM fills").fetchall() == [("f1", None)]
    connection.close()


def test_a_migration_that_fails_leaves_the_old_schema_whole_and_the_file_where_it_is(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(path)
    before = dump(path)
    more = (*migrations(), "ALTER TABLE fills ADD COLUMN venue VARCHAR; SELEKT 1")
    monkeypatch.setattr(schema, "migrations", lambda: more)
    with pytest.raises(StoreError, match="syntax error"):
        open_database(path, NOW)
    assert dump(path) == before
    assert [file.name for file in path.parent.iterdir()] == ["desk.duckdb"]


def test_a_newer_file_is_refused_with_both_numbers_and_left_byte_for_byte(path: Path) -> None:
    filled(path)
    known = len(migrations())
    with connect(path) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", [str(known + 1)])
        copy = path.parent / "live"  # as a kill would leave it: the change is in the log alone
        copy.mkdir()
        shutil.copy(path, copy)
        shutil.copy(f"{path}.wal", copy)
    for folder in (path.parent / "live", path.parent):
        before = contents(folder)
        with pytest.raises(SchemaTooNew, match=f"schema {known + 1} is newer than this program's {known}"):
            Writer.open(folder / "desk.duckdb", now=NOW)
        assert contents(folder) == before


def damaged(data: bytes, how: str) -> bytes:
    third = len(data) // 3
    return {
        "garbage": b"not a database " * 999,
        "cut": data[:third],
        "empty": b"",
        "flipped header": data[:4200] + bytes([data[4200] ^ 1]) + data[4201:],
        "zeroed": data[:third] + bytes(third) + data[2 * third :],
    }[how]


@pytest.mark.parametrize("how", ["garbage", "cut", "empty", "flipped header", "zeroed"])
def test_a_damaged_file_is_set_aside_with_a_note_and_the_journal_fills_a_new_one(path: Path, how: str) -> None:
    filled(path)
    whole = dump(path)
    bad = damaged(path.read_bytes(), how)
    path.write_bytes(bad)
    writer = Writer.open(path, now=NOW)
    assert "set aside as desk.duckdb.corrupt-20260818T034500.000000Z and rebuilt from the journal" in writer.note
    assert writer.catch_up(records_of(JOURNAL), head_of(JOURNAL)) == 3
    writer.close()
    assert dump(path) == whole
    assert path.with_name("desk.duckdb.corrupt-20260818T034500.000000Z").read_bytes() == bad
    again = Writer.open(path, now=NOW)
    assert again.note == ""
    again.close()


def test_rows_that_are_missing_though_the_file_opens_are_noticed(path: Path) -> None:
    filled(path)
    with connect(path) as connection:
        connection.execute("DELETE FROM audit WHERE seq = 2")
    connection, note = open_database(path, NOW)
    assert "2 of 3 journal records are there" in note
    connection.close()


def test_a_cut_log_loses_rows_silently_but_the_head_says_so_and_the_journal_gives_them_back(path: Path) -> None:
    writer = Writer.open(path, now=NOW)
    writer.catch_up(records_of(JOURNAL, 1), head_of(JOURNAL, 1))
    one = path.with_name("desk.duckdb.wal").stat().st_size
    writer.catch_up(records_of(JOURNAL), head_of(JOURNAL))
    crashed = path.parent / "crashed"
    crashed.mkdir()
    shutil.copy(path, crashed)
    log = path.with_name("desk.duckdb.wal").read_bytes()
    (crashed / "desk.duckdb.wal").write_bytes(log[: one + (len(log) - one) // 2])
    writer.close()
    again = Writer.open(crashed / "desk.duckdb", now=NOW)
    assert again.head() == head_of(JOURNAL, 1)
    assert again.catch_up(records_of(JOURNAL), head_of(JOURNAL)) == 2
    again.close()
    assert dump(crashed / "desk.duckdb") == dump(path)


def test_a_file_that_another_process_holds_is_refused_and_not_set_aside(path: Path, repository: Path) -> None:
    filled(path)
    code = f"import duckdb; c = duckdb.connect({str(path)!r}); print('held', flush=True); input()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    with pytest.raises(StoreError, match="Could not set lock"):
        open_database(path, NOW)
    child.communicate(b"\n")
    assert [file.name for file in path.parent.iterdir()] == ["desk.duckdb"]


def test_a_folder_that_is_not_there_and_a_foreign_database_are_told_apart(path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        open_database(path.parent / "none" / "desk.duckdb", NOW)
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x INTEGER)")
    with pytest.raises(StoreError, match="not a desk's"):
        open_database(path, NOW)
    assert [file.name for file in path.parent.iterdir()] == ["desk.duckdb"]


def test_a_file_set_aside_twice_in_one_instant_keeps_both(path: Path) -> None:
    for _ in range(2):
        path.write_bytes(b"x")
        path.with_name("desk.duckdb.wal").write_bytes(b"y")
        assert len(set_aside(path, NOW)) == 2
    assert len(list(path.parent.iterdir())) == 4


def test_a_chain_that_ends_elsewhere_than_the_head_says_is_noticed(path: Path) -> None:
    filled(path)
    with connect(path) as connection:
        connection.execute("UPDATE audit SET digest = repeat('0', 64) WHERE seq = 3")
    connection, note = open_database(path, NOW)
    assert "the chain ends in another value at record 3" in note
    connection.close()
