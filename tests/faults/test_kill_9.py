"""kill -9 at random moments, under load and on the way up: nothing that was told is lost, and the state is kept."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
#: Two hundred kills, in parts that two cores can share.
PLANS = {
    "load": {"load": 60},
    "more load": {"load": 40, "start": 20},
    "files": {"checkpoint": 20, "migration": 20},
    "recovery": {"recovery": 20, "damage": 20},
}


def killed(plan: dict[str, int], seed: int, folder: Path, repository: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.faults.killing", json.dumps(plan), str(seed), str(folder)]
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # no threads that a fork would lose
    done = subprocess.run(command, cwd=repository, env=alone, capture_output=True, text=True, check=False, timeout=170)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", PLANS)
def test_what_was_told_before_a_kill_is_there_after_it_once_and_the_state_is_the_one_that_was_left(
    name: str, tmp_path: Path, repository: Path
) -> None:
    found = killed(PLANS[name], 7, tmp_path, repository)
    assert found["kills"] == PLANS[name]
    assert found["lost"] == []
    assert found["told"]["records"] > sum(PLANS[name].values())
    # What is there beyond: no more than what was being written, which nobody had been told of yet.
    assert found["most_extra"] <= 40
    assert max(found["ready_s"]) < 15.0
