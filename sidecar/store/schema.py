"""The database file: how it is opened, brought to this program's schema, proved whole, and set aside when it is not.

A file that this program may not touch (a newer schema, another process's lock, no permission, a full disk) is refused
with a sentence. A file that cannot be read as a database is set aside; its rows come back from the journal.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import duckdb

from sidecar.domain.clock import to_datetime
from sidecar.domain.errors import SchemaTooNew, StoreError
from sidecar.store.disk import sync_folder

Connection = duckdb.DuckDBPyConnection

_MIGRATIONS = Path(__file__).parent / "migrations"
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "storage_compatibility_version": "v1.5.0",  # so that the release before can read what this one wrote
    "enable_external_access": "false",  # the desk's connection reads and writes its own file, nothing else
    "python_enable_replacements": "false",  # a table name never means a Python variable
    "autoload_known_extensions": "false",
    "memory_limit": "1GB",  # a reader's query may fail; it may not starve the desk
    "max_temp_directory_size": "1GB",  # nor may it fill the disk
}
#: What is set once it is open: every reader sees the same times, and no later statement changes a setting.
_SETTLED = "SET GLOBAL TimeZone = 'UTC'; SET lock_configuration = true"
_LOCKED = "SELECT current_setting('lock_configuration')"
#: What DuckDB says when the file is not at fault.
_NOT_THE_FILE = (
    "Could not set lock",
    "No space left",
    "File too large",
    "Permission denied",
    "Read-only file system",
    "Too many open files",
    "No such file or directory",
    "does not exist",
    "version number",
    "newer version",
    "Out of Memory",
    "not a desk's",
)


_PROVEN_HEAD = """
SELECT (SELECT value::BIGINT FROM meta WHERE key = 'journal_seq'),
    (SELECT value FROM meta WHERE key = 'journal_digest')
"""


@cache
def migrations() -> tuple[str, ...]:
    """The SQL of every migration, in order; number n stands at n - 1."""
    files = sorted(_MIGRATIONS.glob("[0-9]*.sql"))
    for number, file in enumerate(files, 1):
        if int(file.name[:4]) != number:
            raise StoreError(f"{file.name}: the migrations are not numbered without a gap")
    return tuple(file.read_text(encoding="utf-8") for file in files)


def connect(path: Path, *, read_only: bool = False) -> Connection:
    """Opens the file with the desk's settings, which nobody can change then. :raises duckdb.Error: as DuckDB does."""
    connection = duckdb.connect(path, read_only=read_only, config=_CONFIG)
    if _one(connection, _LOCKED) == (False,):
        connection.execute(_SETTLED)
    return connection


def version(connection: Connection) -> int:
    """The schema of an open database; 0 for an empty one. :raises StoreError: tables that are not the desk's."""
    tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if not tables:
        return 0
    found = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchall() if "meta" in tables else []
    if not found:
        raise StoreError("the database is not a desk's: it has tables, but no schema number")
    return int(found[0][0])


def migrate(connection: Connection) -> int:
    """Brings the database to this program's schema and returns its number; each migration is whole or not there.

    Afterwards no table definition is left in the write-ahead log, which an older release might read differently.

    :raises SchemaTooNew: a newer program wrote it; nothing is changed.
    """
    steps, found = migrations(), version(connection)
    if found > len(steps):
        raise SchemaTooNew(_file_of(connection), found, len(steps))
    for number in range(found + 1, len(steps) + 1):
        connection.execute("BEGIN")
        connection.execute(steps[number - 1])
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", [str(number)])
        connection.execute("COMMIT")
    if found < len(steps):
        connection.execute("CHECKPOINT")
    return len(steps)


def prove(connection: Connection) -> None:
    """Reads every row that follows from the journal and counts them against the head that was written with them.

    DuckDB opens a truncated write-ahead log without a word, so the count is what shows that rows are missing. What is
    read is checked against the checksum of its block.

    :raises StoreError: rows are missing. :raises duckdb.Error: rows cannot be read.
    """
    count, last, _ = _one(connection, "SELECT count(*), coalesce(max(seq), 0), bit_xor(hash(audit)) FROM audit")
    head, digest = _one(connection, _PROVEN_HEAD)
    if not count == last == head:
        raise StoreError(f"{count} of {head} journal records are there, the last of them number {last}")
    (newest,) = _one(connection, "SELECT max(digest) FROM audit WHERE seq = (SELECT max(seq) FROM audit)")
    if newest not in (None, digest):
        raise StoreError(f"the chain ends in another value at record {head} than the head says")
    for query in (
        "SELECT bit_xor(hash(orders)) FROM orders",
        "SELECT bit_xor(hash(fills)) FROM fills",
        "SELECT bit_xor(hash(breaker_events)) FROM breaker_events",
        "SELECT bit_xor(hash(instruments)) FROM instruments",
        "SELECT bit_xor(hash(alerts)) FROM alerts",
        "SELECT bit_xor(hash(signals)) FROM signals",
        "SELECT bit_xor(hash(predictions)) FROM predictions",
        "SELECT bit_xor(hash(prediction_outcomes)) FROM prediction_outcomes",
        "SELECT bit_xor(hash(models)) FROM models",
        "SELECT bit_xor(hash(training_runs)) FROM training_runs",
        "SELECT bit_xor(hash(backtests)) FROM backtests",
    ):
        _one(connection, query)


def open_database(path: Path, now: int) -> tuple[Connection, str]:
    """The database at ``path``, made or migrated and proved, and a note ("" as a rule).

    A file that is damaged is set aside as ``*.corrupt-<time>`` with its log (``now`` is the time, microseconds UTC) and
    an empty one takes its place: the note says so, and the journal fills it again.

    :raises SchemaTooNew: untouched. :raises StoreError: it cannot be opened, and the file is not the reason.
    """
    try:
        return _opened(path), ""
    except SchemaTooNew:
        raise
    except (duckdb.Error, StoreError) as problem:
        if not is_damage(problem):
            raise StoreError(f"{path}: cannot be opened ({first_line(problem)})") from problem
        moved = set_aside(path, now)
        note = f"{path}: damaged ({first_line(problem)}); set aside as {moved[0].name} and rebuilt from the journal"
        return _opened(path), note


def is_damage(problem: Exception) -> bool:
    """Whether an error of DuckDB means that the file is bad, rather than the disk, a lock or a permission."""
    if isinstance(problem, duckdb.ParserException | duckdb.BinderException):
        return False  # a fault of this program's SQL
    return not any(words in str(problem) for words in _NOT_THE_FILE)


def first_line(problem: Exception) -> str:
    """The part of DuckDB's message that fits a log line."""
    return str(problem).partition("\n")[0][:200]


def set_aside(path: Path, now: int, why: str = "corrupt") -> tuple[Path, ...]:
    """Renames the database and its logs to ``*.<why>-<time>``, the database first; never over an older one."""
    stamp = to_datetime(now).strftime("%Y%m%dT%H%M%S.%fZ")
    moved: list[Path] = []
    for each in (path, *sorted(path.parent.glob(f"{path.name}.wal*"))):
        if f".{why}-" in each.name or not each.exists():
            continue
        aside, count = each.with_name(f"{each.name}.{why}-{stamp}"), 1
        while aside.exists():
            count += 1
            aside = each.with_name(f"{each.name}.{why}-{stamp}-{count}")
        moved.append(each.rename(aside))
    sync_folder(path.parent)
    return tuple(moved)


def _opened(path: Path) -> Connection:
    if path.exists():
        if not os.access(path, os.R_OK | os.W_OK):
            raise StoreError("Permission denied")
        _refuse_newer(path)
    connection = connect(path)
    try:
        migrate(connection)
        prove(connection)
    except BaseException:
        connection.close()
        raise
    path.chmod(0o600)
    return connection


def _refuse_newer(path: Path) -> None:
    """Looked at read-only: to open a file for writing already changes it."""
    with connect(path, read_only=True) as connection:
        found = version(connection)
    if found > len(migrations()):
        raise SchemaTooNew(str(path), found, len(migrations()))


def _file_of(connection: Connection) -> str:
    (found,) = _one(connection, "SELECT coalesce(path, 'memory') FROM duckdb_databases() WHERE NOT internal")
    return str(found)


def _one(connection: Connection, query: str) -> tuple[object, ...]:
    """The only row of an answer. All is fetched: one read in part keeps its transaction open, and checkpoints out."""
    (row,) = connection.execute(query).fetchall()
    return tuple(row)
