"""The command line: help that shows an example, and mistakes that are one line."""

import argparse
import shlex
from pathlib import Path

import pytest

from sidecar import __version__
from sidecar.domain.errors import StoreError
from sidecar.terminal.parser import COMMANDS, build, main
from tests.wiring import free_port, sidecar

NAMES = [command.name for command in COMMANDS]


def leave(arguments: list[str]) -> int:
    """The exit status, whether returned or raised."""
    try:
        return main(arguments)
    except SystemExit as left:
        return int(left.code or 0)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_explains_itself_and_shows_an_example_that_parses(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leave([name, "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    command = next(row for row in COMMANDS if row.name == name)
    assert f"example: python -m sidecar {command.example}" in told
    options = build().parse_args(shlex.split(command.example))
    assert options.chosen is command


@pytest.mark.parametrize("name", ["up", "serve", "replay"])
def test_help_shows_how_to_run_a_strategy_of_ones_own(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert leave([name, "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "--strategy NAME|none|FILE" in told
    assert "--strategy mine.py" in told


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("DESK_DESK__EXCHANGE", "LSE", "desk.exchange: 'LSE' is not known; use one of NSE, BSE"),
        ("DESK_SIMULATION__START_DATE", "2027-02-01", "simulation.start_date: no session"),
        ("DESK_LIMITS", "notjson", "DESK_LIMITS: is not JSON"),
        ("DESK_SIMULATION__UNDERLYINGS", '["DAX"]', "simulation.underlyings: "),
        ("DESK_LIMITS__BOGUS", "1", "limits.bogus: is not a limit"),
        ("DESK_LIMITS__POSITIONS", "2.5", "limits.positions: "),
        ("DESK_DESK__VOLATILITY_INDEX", "ZZZ", "desk.volatility_index: "),
        ("DESK_SERVER__ALLOWED_HOSTS", "[]", "server.allowed_hosts: "),
        ("DESK_STRATEGY", "gone.py", "strategy: gone.py"),
    ],
)
def test_a_wrong_setting_leaves_with_2_and_one_line_that_names_it(
    name: str, value: str, told: str, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv(name, value)
    assert leave(["serve", "--port", str(free_port()), "--data-dir", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"deskwatch: {told}")
    assert error.count("\n") == 1


def test_help_and_version_leave_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert leave(["--help"]) == 0
    told = capsys.readouterr().out
    assert all(name in told for name in NAMES)
    assert leave(["--version"]) == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["serve", "--port"],
        ["serve", "--port", "eighty"],
        ["serve", "--port", "99999"],
        ["serve", "--speed", "nan"],
        ["serve", "--speed", "0"],
        ["serve", "--seed", "-1"],
        ["serve", "--market", "mars"],
        ["serve", "--tempo", "3"],
        ["serve", "--host", "0.0.0.0"],
        ["serve", "--host", "example.org"],
        ["up", "--ui-port", "0"],
        ["replay"],
        ["import"],
        ["import", "x.csv", "--expiry", "soon"],
        ["import", "x.csv", "--format", "papyrus"],
        ["import", "x.csv", "--zone", "Mars/Olympus"],
        ["stop"],
        ["keys"],
        ["keys", "add"],
        ["keys", "add", "king"],
        ["keys", "revoke"],
    ],
)
def test_wrong_usage_leaves_with_2_and_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESK_DATA_DIR", str(tmp_path))
    assert leave(arguments) == 2
    told = capsys.readouterr()
    assert told.err.startswith("deskwatch: ")
    assert told.err.count("\n") == 1
    assert told.out == ""


def test_a_fault_of_the_desk_leaves_with_1_and_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: argparse.Namespace) -> int:
        raise StoreError("the disk is gone")

    monkeypatch.setattr("sidecar.terminal.asking.status", fails)
    assert main(["status"]) == 1
    assert capsys.readouterr().err == "deskwatch: the disk is gone\n"


def test_a_data_directory_that_is_a_file_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    assert main(["keys", "list", "--data-dir", str(path)]) == 1
    assert capsys.readouterr().err == f"deskwatch: {path}: File exists\n"


def test_ctrl_c_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("sidecar.terminal.asking.status", interrupted)
    assert main(["status"]) == 130


@pytest.mark.slow
def test_the_real_command_line_says_the_same() -> None:
    done = sidecar("serve", "--speed", "nan")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "speed" in done.stderr
