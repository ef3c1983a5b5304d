"""The systemd units: systemd itself reads them, and what they name is there. No systemd runs them here."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.settings import Settings, _known_environment, load_settings
from sidecar.terminal.parser import build

SERVICES = ("deskwatch.service", "deskwatch-app.service", "deskwatch-backup.service")
#: The most that `systemd-analyze security` may give each, of 10.
EXPOSED = {"deskwatch.service": 1.2, "deskwatch-app.service": 1.1, "deskwatch-backup.service": 1.1}

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")


@pytest.fixture
def units(repository: Path) -> Path:
    return repository / "deploy" / "systemd"


def read(unit: Path) -> dict[str, list[str]]:
    """What a unit sets, by name; a name may stand more than once."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        name, parted, value = line.partition("=")
        if parted and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def seconds(text: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(s|min)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"s": 1, "min": 60}[unit]


@needs_systemd
def test_systemd_finds_no_fault_in_them(units: Path, repository: Path, tmp_path: Path) -> None:
    for unit in units.iterdir():
        if unit.suffix in (".service", ".timer"):
            here = unit.read_text().replace("/opt/deskwatch/.venv/bin/python", sys.executable)
            (tmp_path / unit.name).write_text(here.replace("/opt/deskwatch", str(repository)))
    command = ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("name", SERVICES)
def test_they_may_do_little(units: Path, name: str) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(units / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    assert float(found[1]) <= EXPOSED[name]


@needs_systemd
def test_the_timer_names_a_moment_that_comes(units: Path) -> None:
    (when,) = read(units / "deskwatch-backup.timer")["OnCalendar"]
    done = subprocess.run(["systemd-analyze", "calendar", when], capture_output=True, text=True, check=False)
    assert "Next elapse" in done.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_each_starts_a_program_that_is_there_with_arguments_that_it_takes(
    units: Path, repository: Path, name: str
) -> None:
    (command,) = read(units / name)["ExecStart"]
    python, module, *arguments = shlex.split(command)[0:1] + shlex.split(command)[2:]
    assert python == "/opt/deskwatch/.venv/bin/python"
    if module == "sidecar":
        assert build().parse_args(arguments).command == arguments[0]
    else:
        assert (repository / f"{module.replace('.', '/')}.py").is_file()


@pytest.mark.parametrize("name", SERVICES)
def test_each_names_settings_that_there_are(units: Path, name: str) -> None:
    unit = read(units / name)
    variables = [one.partition("=")[0] for line in unit["Environment"] for one in line.split()]
    ours = [name.removeprefix("DESK_").lower() for name in variables if name.startswith("DESK_")]
    assert ours
    assert set(ours) <= _known_environment()
    credentials = [line.partition(":")[0] for line in unit.get("LoadCredential", ())]
    assert {one.removeprefix("desk_") for one in credentials if one.startswith("desk_")} <= set(Settings.model_fields)


def test_a_loop_that_hangs_is_stopped_on_record_before_it_is_restarted(units: Path) -> None:
    unit = read(units / "deskwatch.service")
    assert unit["Type"] == ["notify"]
    assert seconds(unit["WatchdogSec"][0]) >= 2 * load_settings().desk.watchdog_s
    # A sign of life comes four times in that: a machine that is slow for a moment is not taken for one that hangs.
    assert seconds(unit["WatchdogSec"][0]) / 4 > 5.0
    assert unit["RestartPreventExitStatus"] == ["2"]
    assert "MemoryDenyWriteExecute" not in unit  # numba compiles


def test_what_they_may_not_do_is_the_same_for_all(units: Path) -> None:
    blocks = set()
    for name in SERVICES:
        _, block = (units / name).read_text().split("# What it may not do.")
        blocks.add(block.partition("RestrictAddressFamilies")[0])
    assert len(blocks) == 1


def test_they_run_as_the_user_that_is_made_for_them(units: Path) -> None:
    (made,) = (line for line in (units / "deskwatch.sysusers").read_text().splitlines() if not line.startswith("#"))
    kind, user, *_ = made.split()
    assert kind == "u"
    for name in SERVICES:
        unit = read(units / name)
        assert unit["User"] == unit["Group"] == [user]
        assert unit["StateDirectoryMode"] == ["0700"]
