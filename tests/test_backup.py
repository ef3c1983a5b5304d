"""A backup holds all that a desk needs to live again, and nothing else; it is read back before it has its name."""

import os
from pathlib import Path

import pytest

from sidecar import backup
from sidecar.domain.errors import InputError, JournalDamaged, StoreError
from sidecar.domain.records import Audited, encode
from sidecar.store.journal import Journal
from tests.backup_world import BESIDES, RECORDS, backed, copy_of, directory
from tests.store.build import NOW, entries, head_of

HOUR = 3_600_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return directory(tmp_path_factory.mktemp("backup") / "data")


def test_it_holds_what_a_desk_needs_to_live_again_and_nothing_that_passes(folder: Path, tmp_path: Path) -> None:
    manifest = backed(folder, tmp_path / "one.tar.zst")
    assert [member.name for member in manifest.members][:3] == ["journal.log", "journal.head", "desk.duckdb"]
    assert {member.name for member in manifest.members[3:]} == {"keys.json", *BESIDES}
    assert manifest.journal_seq == manifest.database_seq == len(RECORDS)
    assert manifest.journal_digest == head_of(RECORDS).digest.hex()
    assert backup.checked(tmp_path / "one.tar.zst") == manifest
    assert (tmp_path / "one.tar.zst").stat().st_mode & 0o777 == 0o600
    assert not list(folder.glob("snapshot-*"))
    assert [path.name for path in tmp_path.iterdir()] == ["one.tar.zst"]


def test_archive_history_and_tapes_may_be_left_out(folder: Path, tmp_path: Path) -> None:
    manifest = backup.made(folder, tmp_path / "small.tar.zst", copy_of(folder), NOW, backup.LARGE)
    tops = {member.name.split("/")[0] for member in manifest.members}
    assert tops.isdisjoint(backup.LARGE)
    assert {"models", "backtests", "keys.json"} <= tops


def test_without_a_copy_the_database_is_left_out_and_the_manifest_says_so(folder: Path, tmp_path: Path) -> None:
    manifest = backup.made(folder, tmp_path / "journal.tar.zst", lambda: None, NOW)
    assert manifest.database_seq is None
    assert "desk.duckdb" not in {member.name for member in manifest.members}


def test_the_last_backup_is_remembered_with_its_place(folder: Path, tmp_path: Path) -> None:
    manifest = backed(folder, tmp_path / "one.tar.zst")
    last = backup.last_of(folder)
    assert last is not None
    assert (last.made_at, last.file) == (manifest.made_at, str(tmp_path / "one.tar.zst"))
    assert backup.last_of(tmp_path) is None


def test_records_behind_the_head_which_nobody_was_told_of_do_not_come_in(tmp_path: Path) -> None:
    folder = directory(tmp_path / "data")
    slots = (folder / "journal.head").read_bytes()
    size = (folder / "journal.log").stat().st_size
    with Journal.open(folder / "journal.log", epoch=os.urandom(16)) as journal:
        journal.append(encode(entries(Audited(NOW, "ann", "late", "done"))[0])).result(5)
    (folder / "journal.head").write_bytes(slots)
    manifest = backed(folder, tmp_path / "one.tar.zst")
    assert manifest.journal_seq == len(RECORDS)
    assert next(member.bytes for member in manifest.members if member.name == "journal.log") == size


def test_a_database_ahead_of_the_journal_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    folder = directory(tmp_path / "data", RECORDS[:2], known=0)
    other = directory(tmp_path / "other")
    with pytest.raises(StoreError, match="its head, record 4, is not the journal's"):
        backup.made(folder, tmp_path / "one.tar.zst", copy_of(other), NOW)
    assert not list(tmp_path.glob("*.tar.zst*"))


def test_a_damaged_journal_or_copy_is_no_backup(tmp_path: Path) -> None:
    folder = directory(tmp_path / "data")
    database = (folder / "desk.duckdb").read_bytes()
    (folder / "desk.duckdb").write_bytes(b"\0" * len(database))
    with pytest.raises(StoreError, match=r"desk\.duckdb: cannot be opened as a database"):
        backed(folder, tmp_path / "one.tar.zst")
    (folder / "desk.duckdb").write_bytes(database)
    journal = bytearray((folder / "journal.log").read_bytes())
    journal[len(journal) // 2] ^= 1
    (folder / "journal.log").write_bytes(journal)
    with pytest.raises(JournalDamaged):
        backed(folder, tmp_path / "one.tar.zst")
    assert not list(tmp_path.glob("*.tar.zst*"))
    assert not list(folder.glob("snapshot-*"))


def test_a_journal_that_has_not_begun_has_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing to back up"):
        backup.made(tmp_path, tmp_path / "one.tar.zst", lambda: None, NOW)


def test_its_place_is_a_file_that_is_not_there_or_a_folder_that_may_be(tmp_path: Path) -> None:
    named = backup.place_of(tmp_path / "backups", NOW)
    assert named == tmp_path / "backups" / "deskwatch-20260818T034500Z.tar.zst"
    assert named.parent.stat().st_mode & 0o777 == 0o700
    assert backup.place_of(tmp_path / "mine.tar.zst", NOW) == tmp_path / "mine.tar.zst"
    named.touch()
    with pytest.raises(InputError, match="exists"):
        backup.place_of(tmp_path / "backups", NOW)


def test_the_newest_stay_and_what_is_called_otherwise_is_left_alone(tmp_path: Path) -> None:
    places = [backup.place_of(tmp_path, NOW + hours * HOUR) for hours in (3, 1, 2, 0)]
    for place in (*places, tmp_path / "deskwatch-mine.tar.zst", tmp_path / "other.tar.zst"):
        place.touch()
    assert backup.thinned(tmp_path, 2) == [places[3], places[1]]
    assert {path.name for path in tmp_path.iterdir()} == {
        places[0].name, places[2].name, "deskwatch-mine.tar.zst", "other.tar.zst"
    }  # fmt: skip
    assert backup.thinned(tmp_path, 5) == []


def test_two_backups_of_one_directory_are_not_made_at_once(tmp_path: Path) -> None:
    refused = pytest.raises(StoreError, match="another backup of it is being made")
    with backup.alone(tmp_path), refused, backup.alone(tmp_path):
        pass
    with backup.alone(tmp_path):
        pass
