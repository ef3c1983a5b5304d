"""What the doctor says of a data directory: fresh, in order, and with each thing wrong in turn."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from sidecar import backup
from sidecar.doctor import data
from sidecar.doctor.findings import Found, Level
from sidecar.doctor.scene import Scene
from sidecar.domain.clock import DAY, iso
from sidecar.domain.errors import JournalDamaged
from sidecar.domain.models import ModelRole
from sidecar.domain.records import ModelRecorded
from sidecar.servers.keys import KeyStore
from sidecar.store.lock import DataDirectoryLock
from sidecar.store.writer import Writer
from tests.backup_world import RECORDS, directory
from tests.doctor.world import scene
from tests.store.build import NOW, entries, head_of, records_of
from tests.store.learnt import model

CHECKS = (data.folder, data.permissions, data.keys, data.journal, data.database, data.stop_file, data.leftovers)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = directory(tmp_path_factory.mktemp("doctor") / "data")
    (made / "STOP.witness").unlink()
    (made / "desk.duckdb.corrupt-1").unlink()
    (made / "login").chmod(0o700)
    return made


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "data"))


@pytest.mark.parametrize("look", [*CHECKS, data.backups], ids=lambda look: look.__name__)
def test_a_directory_that_is_not_there_is_well_and_stays_away(look: Callable[[Scene], Found], tmp_path: Path) -> None:
    assert look(scene(tmp_path / "new")).level is Level.OK
    assert list(tmp_path.iterdir()) == []


def test_one_in_order_is_well_in_everything(folder: Path) -> None:
    said = {look.__name__: look(scene(folder)) for look in CHECKS}
    assert {name: found.says for name, found in said.items() if found.level is not Level.OK} == {}
    assert said["journal"].says.startswith(f"{len(RECORDS)} records (0.0 MiB), every link holds")
    assert said["database"].says.endswith("agrees with the journal")
    assert said["keys"].says == "0 viewer, 0 trader, 1 admin"
    assert "no sidecar runs there" in said["folder"].says


def test_what_others_may_read_is_named_with_the_command_that_shuts_it(folder: Path) -> None:
    (folder / "keys.json").chmod(0o644)
    found = data.permissions(scene(folder))
    assert (found.level, found.says) == (Level.FAULT, "keys.json may be read by others")
    assert found.remedy == f"chmod go= {folder / 'keys.json'}"
    folder.chmod(0o700)
    assert data.permissions(scene(folder)).level is Level.OK  # nobody comes as far as its files


def test_a_directory_that_others_may_write_wants_a_look(folder: Path) -> None:
    folder.chmod(0o777)
    assert data.folder(scene(folder)).level is Level.WARNING


def test_a_desk_that_runs_is_named_and_its_database_left_to_it(folder: Path) -> None:
    with DataDirectoryLock(folder):
        assert f"process {os.getpid()} runs there" in data.folder(scene(folder)).says
        assert "open by the sidecar" in data.database(scene(folder)).says


def test_without_an_admin_nobody_could_reset(folder: Path) -> None:
    store = KeyStore(folder)
    store.revoke(store.list()[0].id)
    found = data.keys(scene(folder))
    assert (found.level, found.says) == (Level.WARNING, "0 viewer, 0 trader, 0 admin: nobody can reset the desk")


def test_a_broken_link_is_told_by_its_record(folder: Path) -> None:
    journal = bytearray((folder / "journal.log").read_bytes())
    journal[-3] ^= 1
    (folder / "journal.log").write_bytes(journal)
    with pytest.raises(JournalDamaged, match="record 4"):
        data.journal(scene(folder))


def test_damage_whose_stop_is_not_on_record_wants_a_start(folder: Path) -> None:
    (folder / "journal.damaged").touch()
    assert data.journal(scene(folder)).level is Level.WARNING


def test_a_database_that_says_something_else_is_a_fault_and_one_that_lags_is_none(tmp_path: Path) -> None:
    behind = directory(tmp_path / "behind", known=2)
    assert data.database(scene(behind)).says.endswith("agrees with the journal, 2 records behind")
    ahead = directory(tmp_path / "ahead", RECORDS[:2], known=0)
    (ahead / "desk.duckdb").unlink()
    writer = Writer.open(ahead / "desk.duckdb", now=NOW)
    writer.catch_up(records_of(RECORDS), head_of(RECORDS))
    writer.close()
    found = data.database(scene(ahead))
    assert found.level is Level.FAULT
    assert "its head is record 4, which the journal does not have" in found.says
    assert "audit rebuild" in found.remedy


def test_a_stop_that_lies_there_makes_the_next_start_a_stopped_one(folder: Path) -> None:
    (folder / "STOP").write_text("fire\n")
    found = data.stop_file(scene(folder))
    assert (found.level, found.says) == (Level.WARNING, "the next start is a stopped one: fire")


def test_what_was_set_aside_as_damaged_wants_a_look_and_the_rest_is_counted(folder: Path) -> None:
    (folder / "desk.duckdb.replaced-20260818T000000Z").write_bytes(b"x")
    assert data.leftovers(scene(folder)).says == "1 files set aside (0.0 MiB), to be removed"
    (folder / "journal.log.corrupt-20260818T000000Z").touch()
    assert data.leftovers(scene(folder)).level is Level.WARNING


def test_a_backup_is_wanted_and_a_late_one_too(folder: Path) -> None:
    assert data.backups(scene(folder)).says == "none was ever made of this directory"
    (folder / backup.LAST).write_bytes(msgspec.json.encode(backup.Last(iso(NOW - 2 * DAY), "b/a.tar.zst")))
    found = data.backups(scene(folder))
    assert (found.level, found.says) == (Level.OK, "the last 2.0 days ago, b/a.tar.zst")
    assert data.backups(scene(folder, now=NOW + 6 * DAY)).level is Level.WARNING


def test_a_model_in_use_must_be_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_LEARNING__ENABLED", "true")
    retired, leads = model("m1", ModelRole.RETIRED), model("m1", ModelRole.CHAMPION)
    folder = directory(tmp_path / "data", entries(ModelRecorded(NOW, retired), ModelRecorded(NOW + 1, leads)))
    found = data.models(scene(folder))
    assert found.level is Level.FAULT
    assert "model m1:" in found.says
    other = directory(tmp_path / "other", entries(ModelRecorded(NOW, leads), ModelRecorded(NOW + 1, retired)))
    assert data.models(scene(other)).says == "1 on record, 0 in use and sound, none leads yet"
    monkeypatch.setenv("DESK_LEARNING__ENABLED", "false")
    assert data.models(scene(folder)).says == "learning is turned off"
