from __future__ import annotations

import time
from pathlib import Path
from threading import Event as Flag
from threading import Timer

import pytest

from sidecar.child import Child
from sidecar.learning.plan import Progress


def worked(
    folder: Path, program: str, timeout_s: float = 20.0, stopped: Flag | None = None
) -> tuple[str, list[Progress]]:
    steps: list[Progress] = []
    child = Child(folder, begins=("-c", f"import os, sys, time\n{program}"))
    return child.work(timeout_s, stopped or Flag(), steps.append), steps


def test_its_steps_are_heard_and_its_noise_is_not(tmp_path: Path) -> None:
    why, steps = worked(tmp_path, """print('a library warns')\nprint('["fold",1,5,"x"]')\nprint('["last",5,5,""]')""")
    assert why == ""
    assert steps == [Progress("fold", 1, 5, "x"), Progress("last", 5, 5)]


def test_it_is_told_its_folder_and_to_use_few_quiet_threads(tmp_path: Path) -> None:
    program = "open(sys.argv[1] + '/seen', 'w').write(os.environ['OMP_WAIT_POLICY'] + os.environ['OMP_NUM_THREADS'])"
    assert worked(tmp_path, program) == ("", [])
    assert (tmp_path / "seen").read_text() == "passive1"


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("raise ValueError('the reason')", "ended with 1: ValueError: the reason"),
        ("sys.exit(3)", "ended with 3: it said nothing"),
        ("os.kill(os.getpid(), 9)", "killed (signal 9): out of memory?"),
        ("os.abort()", "aborted (signal 6)"),
        ("sys.stderr.write('x' * 100_000); sys.exit(1)", "ended with 1: xxx"),
    ],
)
def test_a_crash_is_told_in_a_line(tmp_path: Path, program: str, words: str) -> None:
    why, _ = worked(tmp_path, program)
    assert words in why
    assert len(why) < 400


@pytest.mark.parametrize(
    "hang", ["time.sleep(60)", "os.close(1); time.sleep(60)", "print('x' * 10, flush=True)\nwhile 1: pass"]
)
def test_a_hang_is_ended_when_its_time_is_over(tmp_path: Path, hang: str) -> None:
    began = time.monotonic()
    why, _ = worked(tmp_path, hang, timeout_s=0.5)
    assert why == "it took longer than learning.timeout_s allows"
    assert time.monotonic() - began < 5.0


def test_a_stop_ends_it_at_once(tmp_path: Path) -> None:
    stopped = Flag()
    Timer(0.2, stopped.set).start()
    began = time.monotonic()
    assert worked(tmp_path, "time.sleep(60)", 50.0, stopped)[0] == "the desk was stopped"
    assert time.monotonic() - began < 5.0


def test_what_never_ends_a_line_does_not_fill_the_memory(tmp_path: Path) -> None:
    assert worked(tmp_path, "sys.stdout.write('[' * 5_000_000)") == ("", [])
