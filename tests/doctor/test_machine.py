"""What the doctor says of the machine, and of what is installed on it."""

import importlib.metadata
import resource
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from sidecar.doctor import machine
from sidecar.doctor.findings import Level
from sidecar.domain.clock import SECOND
from tests.backup_world import RECORDS, directory
from tests.doctor.world import scene


class Usage(NamedTuple):
    free: int
    total: int = 100 * machine.GIB


def lock(folder: Path, *lines: str) -> Path:
    path = folder / "requirements.txt"
    path.write_text("".join(f"{line} \\\n    --hash=sha256:00\n    # via deskwatch\n" for line in lines))
    return path


def test_what_is_installed_is_held_against_the_lock(tmp_path: Path, repository: Path) -> None:
    asked = dict(machine.locked(repository / "requirements.txt"))
    assert len(asked) > 50
    assert "duckdb" in asked
    mine = importlib.metadata.version("duckdb")
    at = scene(tmp_path)
    other = 'numpy==0.0.1 ; python_full_version < "3"'
    assert machine.libraries(at, lock(tmp_path, f"duckdb=={mine}", other)).says == "all 1 are the lock's"
    found = machine.libraries(at, lock(tmp_path, f"duckdb=={mine}", "msgspec==0.0.1", "numpy==0.0.2"))
    assert found.level is Level.WARNING
    assert found.says.startswith(
        f"2 of 3 are not the lock's: msgspec {importlib.metadata.version('msgspec')}, not 0.0.1"
    )
    missing = machine.libraries(at, lock(tmp_path, "no-such-package==1.0"))
    assert (missing.level, missing.says) == (Level.FAULT, "no-such-package 1.0 of the lock is not installed")
    assert machine.libraries(at, tmp_path / "none.txt").level is Level.WARNING


def test_the_interpreter_and_the_zone_are_named(tmp_path: Path) -> None:
    assert machine.python(scene(tmp_path)).level is Level.OK
    assert machine.zones(scene(tmp_path)).says.startswith("Asia/Kolkata is UTC+05:30, tzdata ")


def test_a_clock_that_was_set_back_behind_the_record_is_a_fault(tmp_path: Path) -> None:
    folder = directory(tmp_path / "data")
    newest = RECORDS[-1].wall_at
    found = machine.clocks(scene(folder, now=newest - 60 * SECOND))
    assert (found.level, found.says) == (Level.FAULT, "it is 60 s behind the journal's newest record")
    assert machine.clocks(scene(folder, now=newest)).level is not Level.FAULT


@pytest.mark.parametrize(("off_ms", "level"), [(None, Level.WARNING), (250.0, Level.WARNING), (1.5, Level.OK)])
def test_a_clock_that_nobody_keeps_wants_a_look(
    off_ms: float | None, level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_kept", lambda: off_ms)
    assert machine.clocks(scene(tmp_path)).level is level


def test_the_kernel_says_how_far_off_the_clock_may_be_or_nothing() -> None:
    off_ms = machine._kept()
    assert off_ms is None or 0.0 <= off_ms < 1e6


@pytest.mark.parametrize(
    ("free", "level"), [(10 * machine.GIB, Level.OK), (machine.GIB, Level.WARNING), (1024, Level.FAULT)]
)
def test_a_disk_that_grows_full_is_told_before_the_desk_stops(
    free: int, level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "disk_usage", lambda _: Usage(free))
    assert machine.disk(scene(tmp_path / "not" / "there")).level is level


def test_memory_and_files_are_told_in_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "GiB available" in machine.memory(scene(tmp_path)).says
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    found = machine.memory(scene(tmp_path))
    assert found.level is Level.WARNING
    assert "256 files may be open" in found.says
