"""The process that trains, as a real one: small jobs, and everything that can befall it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from sidecar.domain.models import ModelRole, RunResult
from sidecar.learning.bar_file import save_bars
from sidecar.learning.job import BARS_FILE, Job, Result, progress_of, read_result, write_job
from sidecar.learning.plan import Plan
from sidecar.learning.registry import Registry
from tests.learning.market import FIXED, market
from tests.nursery import Nursery

pytestmark = pytest.mark.slow

PROGRAM = [sys.executable, "-m", "sidecar.training"]
#: What such a process loads first; pyarrow imports pandas when it is first used.
LOADED = """
import pandas, sidecar.training_run
from sidecar.features import labels, matrix
labels.warm()
matrix.warm()
"""
#: The same where all that is loaded.
FORKED = "import sys; from sidecar.training import main; sys.exit(main(sys.argv[1:]))"
#: As small as a training can be.
PLAN = Plan(folds=2, rounds=8, patience=4, draws=20)


def folder_of(place: Path, name: str = "T1", sessions: int = 24, **changes: object) -> Path:
    columns = market(5, sessions, minutes=60).columns
    symbols = {"symbol": np.full(len(columns["at"]), "NIFTY", object)}
    job = Job(name, int(columns["closes_at"][-1]), "NIFTY", FIXED, PLAN, str(place / "models"))
    write_job(place / name, replace(job, **changes))
    save_bars(place / name / BARS_FILE, {**symbols, **columns})
    return place / name


def worked(folder: Path) -> tuple[Result, list[str]]:
    process = subprocess.run([*PROGRAM, str(folder)], capture_output=True, check=False, timeout=120)
    assert process.returncode == 0, process.stderr.decode()
    return ended(folder, process.stdout)


def forked(nursery: Nursery, folder: Path) -> Result:
    child = nursery.run(FORKED, folder)
    assert child.returncode == 0, child.stderr
    return ended(folder, child.stdout.encode())[0]


def comes_to(nursery: Nursery, step: str) -> None:
    until = time.monotonic() + 60.0
    while f'["{step}"' not in (nursery.out.read_text() if nursery.out.exists() else ""):
        assert time.monotonic() < until, "it never came so far"
        time.sleep(0.002)


def ended(folder: Path, told: bytes) -> tuple[Result, list[str]]:
    result = read_result(folder)
    assert result is not None
    steps = [progress_of(line) for line in told.splitlines()]
    assert all(step is not None for step in steps)
    return result, [step.step for step in steps if step is not None]


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    made = Nursery(tmp_path_factory.mktemp("nursery"), LOADED)
    yield made
    made.close()


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result, list[str]]:
    place = tmp_path_factory.mktemp("done")
    return place, *worked(folder_of(place))


def test_a_job_becomes_a_model_that_can_be_loaded_and_a_place_by_the_rule(done: tuple[Path, Result, list[str]]) -> None:
    place, result, _ = done
    assert result.result is RunResult.DONE
    assert result.model is not None
    assert result.model.role in (ModelRole.CHAMPION, ModelRole.CANDIDATE)
    assert result.reason == result.model.reason != ""
    assert result.trials > 0
    assert Registry(place / "models").load(result.model).line == result.model


def test_it_tells_of_its_steps(done: tuple[Path, Result, list[str]]) -> None:
    assert done[2][0] == "features"
    assert done[2][-1] == "scorecard"


def test_the_same_job_gives_the_same_model_bytes(
    done: tuple[Path, Result, list[str]], nursery: Nursery, tmp_path: Path
) -> None:
    again = forked(nursery, folder_of(tmp_path, "T2"))
    assert again.model is not None
    assert done[1].model is not None
    assert again.model.model_hash == done[1].model.model_hash
    assert again.model.id != done[1].model.id


def test_too_few_bars_are_skipped_with_the_reason_and_no_failure(nursery: Nursery, tmp_path: Path) -> None:
    result = forked(nursery, folder_of(tmp_path, sessions=4))
    assert result.result is RunResult.SKIPPED
    assert "needed" in result.reason
    assert result.model is None
    assert not (tmp_path / "models").exists()


def test_memory_beyond_its_bound_is_a_failure_that_says_so(nursery: Nursery, tmp_path: Path) -> None:
    result = forked(nursery, folder_of(tmp_path, memory_mb=1))
    assert result.result is RunResult.FAILED
    assert "ran out of the 1 MB" in result.reason
    assert not (tmp_path / "models").exists()


def test_a_disk_that_refuses_the_model_is_a_failure_and_leaves_nothing(nursery: Nursery, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("not a folder")
    result = forked(nursery, folder_of(tmp_path))
    assert result.result is RunResult.FAILED
    assert "the model was not kept" in result.reason
    assert (tmp_path / "models").read_text() == "not a folder"


@pytest.mark.parametrize("step", ["features", "scorecard"])
def test_a_kill_at_any_step_leaves_no_result_and_no_model_that_is_half(
    nursery: Nursery, tmp_path: Path, step: str
) -> None:
    folder = folder_of(tmp_path)
    process = nursery.begin(FORKED, folder)
    comes_to(nursery, step)
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    assert nursery.end().returncode in (-signal.SIGKILL, 0)
    result = read_result(folder)
    models = tmp_path / "models"
    Registry(models).tidy()
    held = sorted(one.name for one in models.iterdir()) if models.is_dir() else []
    for name in held:  # what is there under its name is whole
        assert sorted(one.name for one in (models / name).iterdir()) == ["manifest.json", "model.json"]
    assert result is None or (result.model is not None and held == [result.model.id])


PARENT = """
import msgspec, os, pathlib, sys, time
from sidecar.learning.job import read_job, write_job
from sidecar.training import main
folder = pathlib.Path(sys.argv[1])
write_job(folder, msgspec.structs.replace(read_job(folder), parent=os.getpid()))
if not os.fork():
    (folder / "child").write_text(str(os.getpid()))
    os._exit(main([str(folder)]))
time.sleep(60)
"""


def test_it_ends_with_its_parent(nursery: Nursery, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, sessions=60, plan=Plan())
    parent = nursery.begin(PARENT, folder)
    comes_to(nursery, "features")
    os.kill(parent, signal.SIGKILL)
    assert nursery.end().returncode == -signal.SIGKILL
    child = int((folder / "child").read_text())
    until = time.monotonic() + 10.0
    while _lives(child):
        assert time.monotonic() < until, "it outlived its parent"
        time.sleep(0.05)
    assert read_result(folder) is None


def test_a_folder_that_is_no_job_is_refused_in_a_line(tmp_path: Path) -> None:
    told = subprocess.run([*PROGRAM, str(tmp_path)], capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "job.json" in told.stderr
    assert "Traceback" not in told.stderr


def _lives(pid: int) -> bool:
    try:
        with Path(f"/proc/{pid}/stat").open() as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
    finally:
        os.sched_yield()
