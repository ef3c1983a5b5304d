"""INV9: the same seed gives the same reports to the last byte, in another process and under another hash seed too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.options import drawn
from tests.simulation.run import simulate

TWICE = (5, 12, 23)
ELSEWHERE = (12, 23)
CODE = "import sys; from tests.simulation.run import simulate; print(*(simulate(int(s)).digest for s in sys.argv[1:]))"


@pytest.mark.parametrize("seed", TWICE)
def test_a_day_lived_twice_is_the_same_to_the_last_byte(seed: int) -> None:
    assert simulate(seed) == simulate(seed)


def test_another_seed_is_another_day() -> None:
    assert simulate(TWICE[0], drawn(0)).digest != simulate(TWICE[1], drawn(0)).digest


def test_another_process_with_another_hash_seed_lives_the_same_day(repository: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", CODE, *map(str, ELSEWHERE)],
        cwd=repository,
        env={**os.environ, "PYTHONHASHSEED": "4711"},
        capture_output=True,
        text=True,
        check=True,
        timeout=150,
    )
    assert told.stdout.split() == [simulate(seed).digest for seed in ELSEWHERE]
