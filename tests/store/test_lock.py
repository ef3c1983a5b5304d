"""One sidecar to a data directory."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.domain.errors import AlreadyRunning
from sidecar.store.lock import DataDirectoryLock, owner

HOLD = """
import sys, time
from pathlib import Path
from sidecar.store.lock import DataDirectoryLock, owner
lock = DataDirectoryLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def start_holder(folder: Path, repository: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], cwd=repository, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def end(holder: subprocess.Popen[str], how: signal.Signals) -> None:
    holder.send_signal(how)
    holder.communicate()


def test_a_second_process_is_refused_with_the_first_ones_number_in_one_line(tmp_path: Path, repository: Path) -> None:
    holder = start_holder(tmp_path, repository)
    try:
        with pytest.raises(AlreadyRunning) as refused:
            DataDirectoryLock(tmp_path)
    finally:
        end(holder, signal.SIGTERM)
    assert (refused.value.pid, refused.value.folder) == (holder.pid, str(tmp_path))
    assert "\n" not in str(refused.value)


def test_a_killed_owner_leaves_nothing_that_blocks_the_next(tmp_path: Path, repository: Path) -> None:
    end(start_holder(tmp_path, repository), signal.SIGKILL)
    with DataDirectoryLock(tmp_path):
        assert (tmp_path / "sidecar.lock").read_text() == f"{os.getpid()}\n"


def test_a_refused_attempt_leaves_the_owners_lock_and_number_alone(tmp_path: Path) -> None:
    with DataDirectoryLock(tmp_path):
        for _ in range(2):
            with pytest.raises(AlreadyRunning) as refused:
                DataDirectoryLock(tmp_path)
            assert refused.value.pid == os.getpid()


def test_a_released_directory_can_be_taken_again_and_release_twice_is_harmless(tmp_path: Path) -> None:
    first = DataDirectoryLock(tmp_path)
    first.release()
    with DataDirectoryLock(tmp_path):
        first.release()
        with pytest.raises(AlreadyRunning):
            DataDirectoryLock(tmp_path)


def test_two_directories_have_two_locks_readable_by_their_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with DataDirectoryLock(tmp_path / "one"), DataDirectoryLock(tmp_path / "two"):
        assert (tmp_path / "one" / "sidecar.lock").stat().st_mode & 0o077 == 0


def test_a_missing_directory_is_an_error_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        DataDirectoryLock(tmp_path / "missing")
    assert not (tmp_path / "missing").exists()


def test_who_holds_a_directory_can_be_asked_without_holding_it(tmp_path: Path) -> None:
    assert owner(tmp_path / "none") is None
    assert owner(tmp_path) is None
    with DataDirectoryLock(tmp_path):
        assert owner(tmp_path) == os.getpid()
        (tmp_path / "sidecar.lock").write_text("not yet")
        assert owner(tmp_path) == 0
    assert owner(tmp_path) is None
