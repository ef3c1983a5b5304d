"""Every check is told in a line, and what cannot be looked at is told once."""

from pathlib import Path

import pytest

from sidecar.doctor import checks
from sidecar.doctor.checks import CHECKS, Check
from sidecar.doctor.findings import Found, Level
from sidecar.doctor.scene import Scene
from tests.backup_world import directory
from tests.doctor.world import findings, scene


def test_every_check_is_told_once_under_a_name_of_its_own(tmp_path: Path) -> None:
    found = findings(scene(tmp_path / "new"))
    assert list(found) == [check.name for check in CHECKS]
    assert len(set(found)) == len(CHECKS) == 20
    for finding in found.values():
        assert "\n" not in str(finding)
        assert bool(finding.remedy) is (finding.level is not Level.OK), finding


def test_a_damaged_journal_is_one_fault_with_its_remedy_and_the_rest_says_why_it_was_not_looked_at(
    tmp_path: Path,
) -> None:
    folder = directory(tmp_path / "data")
    (folder / "journal.head").unlink()
    (folder / "journal.log").write_bytes((folder / "journal.log").read_bytes()[:-2])
    found = findings(scene(folder))
    assert found["journal"].level is Level.FAULT
    assert "restore a backup" in found["journal"].remedy
    assert found["database"].says == "not looked at, for a fault above"
    assert [name for name, one in found.items() if "record 4" in one.says] == ["journal"]


def test_settings_that_cannot_be_read_are_one_fault_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_NO_SUCH", "1")
    found = findings(scene(tmp_path))
    assert (found["settings"].level, found["settings"].says) == (
        Level.FAULT, "DESK_NO_SUCH: is no setting of this program"
    )  # fmt: skip
    assert found["ports"].says == "not looked at, for a fault above"
    assert found["data"].level is Level.OK


def test_a_check_that_stumbles_is_a_fault_and_the_others_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(_: Scene) -> Found:
        raise ZeroDivisionError("by\nnought")

    monkeypatch.setattr(checks, "CHECKS", (Check("first", stumble), *CHECKS[:1]))
    found = findings(scene(tmp_path))
    assert found["first"].says == "cannot be looked at (ZeroDivisionError: by nought)"
    assert found["first"].level is Level.FAULT
    assert found["python"].level is Level.OK
