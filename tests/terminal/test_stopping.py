"""``stop`` through the API, through the stop file, and when neither works. Real processes: ``test_outside.py``."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sidecar.servers.keys import Role
from sidecar.stop_file import StopFile
from sidecar.store.lock import DataDirectoryLock
from sidecar.terminal import stopping
from sidecar.terminal.parser import main
from tests.servers.desk import Stand, serving
from tests.wiring import free_port


def ask(url: str, folder: Path, *more: str) -> int:
    return main(["stop", "--reason", "fat finger", "--url", url, "--data-dir", str(folder), *more])


@contextmanager
def deaf() -> Iterator[str]:
    """A port where somebody listens and nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def owned(tmp_path: Path) -> Iterator[Path]:
    """A data directory that a process owns: this one."""
    with DataDirectoryLock(tmp_path):
        yield tmp_path


def taken(folder: Path) -> threading.Thread:
    """A desk that takes the stop file when it comes."""

    def take() -> None:
        while not (folder / "STOP").exists():
            time.sleep(0.01)
        (folder / "STOP").rename(folder / "STOP.taken-now")

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    return thread


def test_a_stop_goes_out_with_the_local_key_and_one_without_a_key_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DESK_KEY", raising=False)
    folder = tmp_path / "desk"
    folder.mkdir()
    stand = Stand(folder)
    with serving(stand.app) as url:
        assert ask(url, tmp_path) == 1
        assert "401" in capsys.readouterr().err
        (tmp_path / "ui.key").write_text(stand.secrets[Role.TRADER] + "\n")
        assert ask(url, tmp_path) == 0
        assert '"emergency_stop"' in capsys.readouterr().out
    assert not (tmp_path / "STOP").exists()


def test_where_no_desk_runs_nothing_is_stopped_and_no_file_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert ask(url, tmp_path) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert url in told
    assert "python -m sidecar up" in told
    DataDirectoryLock(tmp_path).release()
    assert ask(url, tmp_path) == 1
    assert not (tmp_path / "STOP").exists()


def test_an_api_that_does_not_answer_gives_way_to_the_stop_file(
    owned: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "API_WAIT_S", 0.2)
    thread = taken(owned)
    with deaf() as url:
        assert ask(url, owned, "--flatten") == 0
    thread.join()
    told = capsys.readouterr()
    assert "no answer within 0.2 s" in told.err
    assert "cannot flatten" in told.err
    assert f"through the stop file: process {os.getpid()} has it on disk" in told.out
    assert (owned / "STOP.taken-now").read_text() == "fat finger\n"


def test_a_file_that_nobody_takes_is_no_stop_and_lies_on_for_the_next_start(
    owned: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "FILE_WAIT_S", 0.2)
    assert ask(f"http://127.0.0.1:{free_port()}", owned) == 1
    told = capsys.readouterr().err
    assert "not confirmed" in told
    assert f"kill -9 {os.getpid()}" in told
    assert (owned / "STOP").read_text() == "fat finger\n"


def test_the_file_is_for_a_desk_here_and_not_for_one_elsewhere(
    owned: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "API_WAIT_S", 0.2)
    assert ask("http://desk.example.invalid:8000", owned) == 1
    assert "stop file" not in capsys.readouterr().err
    assert not (owned / "STOP").exists()


def test_a_directory_that_takes_no_file_is_said(
    owned: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(StopFile, "give", refuse)
    assert ask(f"http://127.0.0.1:{free_port()}", owned) == 1
    assert "Read-only file system" in capsys.readouterr().err
