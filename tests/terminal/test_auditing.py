"""``audit verify`` and ``audit rebuild`` against real files."""

import secrets
from pathlib import Path

import pytest

from sidecar.domain.records import AnyRecord, Audited, Entry, FillRecorded, OrderRecorded, encode
from sidecar.store.frames import FRAME_BYTES, HEADER_BYTES, Record
from sidecar.store.journal import Journal
from sidecar.store.lock import DataDirectoryLock
from sidecar.store.schema import connect
from sidecar.store.writer import Writer
from sidecar.terminal.parser import main
from tests.store.build import NOW, OPTION, dump, fill, order, published, stopped

RECORDS: list[AnyRecord] = [
    OrderRecorded(NOW, order(), OPTION),
    FillRecorded(NOW, fill()),
    stopped(),
    *(Audited(NOW, "ann", "note", "done", str(n)) for n in range(20)),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A desk's directory after it was closed: a journal, and a database with all of it and a sample."""
    with Journal.open(tmp_path / "journal.log", epoch=secrets.token_bytes(16)) as journal:
        journal.append_many([encode(Entry(NOW, record)) for record in RECORDS]).result(10)
    writer = Writer.open(tmp_path / "desk.duckdb", now=NOW)
    writer.catch_up(records(tmp_path), journal.head)
    writer.offer(published())
    writer.close()
    return tmp_path


def records(folder: Path) -> tuple[Record, ...]:
    with Journal.open(folder / "journal.log", epoch=bytes(16)) as journal:
        return journal.recovered


def audit(folder: Path, what: str, *more: str) -> int:
    return main(["audit", what, "--data-dir", str(folder), *more])


def change(folder: Path, statement: str) -> None:
    with connect(folder / "desk.duckdb") as connection:
        connection.execute(statement)


def test_a_sound_journal_and_its_database_agree(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest = records(folder)[-1].digest.hex()
    before = (folder / "journal.log").read_bytes()
    assert audit(folder, "verify") == 0
    told = capsys.readouterr().out
    assert "23 records, every link holds (" in told
    assert f"head      {digest}, record 23" in told
    assert "agrees with the journal up to record 23\n" in told
    assert (folder / "journal.log").read_bytes() == before


def test_a_broken_link_is_named_with_its_record_and_byte(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "journal.log"
    data = bytearray(path.read_bytes())
    data[HEADER_BYTES + FRAME_BYTES + 5] ^= 1
    path.write_bytes(data)
    assert audit(folder, "verify") == 1
    told = capsys.readouterr().err
    assert "the record does not continue the SHA-256 chain" in told
    assert "at byte 32, record 1" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE audit SET payload = replace(payload, 'ann', 'bob') WHERE seq = 9", "its row of record 9 is not what"),
        ("UPDATE audit SET digest = repeat('0', 64) WHERE seq = 9", "its digest of record 9 is not the journal's"),
        ("DELETE FROM audit WHERE seq = 9", "its row of record 9 is not what the journal"),
        ("DELETE FROM audit WHERE seq = 23", "it has 22 rows of 23 records"),
        ("UPDATE meta SET value = '99' WHERE key = 'journal_seq'", "its head is record 99, which the journal does not"),
        ("UPDATE meta SET value = 'ab' WHERE key = 'journal_digest'", "its head, record 23, has another digest"),
    ],
)
def test_a_database_that_says_something_else_is_named_and_a_rebuild_mends_it(
    folder: Path, capsys: pytest.CaptureFixture[str], statement: str, words: str
) -> None:
    change(folder, statement)
    assert audit(folder, "verify") == 1
    assert words in capsys.readouterr().out
    assert audit(folder, "rebuild", "--yes") == 0
    assert audit(folder, "verify") == 0


def test_rows_of_an_older_program_have_no_digest_until_a_rebuild(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(folder, "UPDATE audit SET digest = NULL WHERE seq < 5")
    assert audit(folder, "verify") == 0
    assert "4 rows of an older program have no digest" in capsys.readouterr().out
    assert audit(folder, "rebuild", "--yes") == 0
    capsys.readouterr()
    assert audit(folder, "verify") == 0
    assert "older program" not in capsys.readouterr().out


def test_a_rebuild_says_what_is_lost_keeps_the_old_file_and_gives_what_follows_from_the_journal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = dump(folder / "desk.duckdb")
    assert audit(folder, "rebuild", "--yes") == 0
    told = capsys.readouterr().out
    assert "What the journal does not keep is not in it" in told
    assert "1 reports" in told
    assert "made anew from 23 records: 23 audit" in told
    after = dump(folder / "desk.duckdb")
    for table in ("audit", "orders", "fills", "breaker_events", "meta"):
        assert after[table] == before[table]
    assert (before["reports"], after["reports"]) != ([], before["reports"])
    (aside,) = folder.glob("desk.duckdb.replaced-*")
    assert dump(aside) == before


def test_nobody_asked_nothing_changes(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / "desk.duckdb").read_bytes()
    assert audit(folder, "rebuild") == 2
    assert capsys.readouterr().err == "deskwatch: yes: nobody is here to agree; run it with --yes\n"
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    for answer, status in (("n", 1), ("", 1), ("y", 0)):
        monkeypatch.setattr("builtins.input", lambda *_, answer=answer: answer)
        assert audit(folder, "rebuild") == status
        assert (b"" if status == 0 else before) == (b"" if status == 0 else (folder / "desk.duckdb").read_bytes())


def test_beside_a_running_sidecar_the_journal_alone_is_verified_and_a_rebuild_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with DataDirectoryLock(folder):
        assert audit(folder, "verify") == 0
        assert "not compared: a sidecar (process" in capsys.readouterr().out
        assert audit(folder, "rebuild", "--yes") == 1
        assert capsys.readouterr().err.count("\n") == 1


def test_a_directory_without_a_journal_or_a_database_is_said(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "desk.duckdb").unlink()
    assert audit(folder, "verify") == 0
    assert "the next start makes it" in capsys.readouterr().out
    for what in ("verify", "rebuild"):
        assert audit(tmp_path / "none", what) == 1
        assert "there is no journal" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
