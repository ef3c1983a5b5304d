"""The days of continuous integration, in chunks so that each core has its own."""

from __future__ import annotations

import pytest

from tests.simulation.day import Day
from tests.simulation.run import simulate

#: How many seeds are tried in all, and how many chunks they make.
SEEDS = 200
CHUNKS = 4


def seeds(chunk: int) -> range:
    """The seeds of one chunk."""
    return range(chunk, SEEDS, CHUNKS)


def lived(seed: int) -> Day:
    """The day of a seed; pytest shows the seed, the options and the last events of one that failed."""
    day = simulate(seed)
    assert day.reports > 50, f"seed {seed} hardly lived: {day}"
    return day


def days(chunk: int) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("seed", seeds(chunk))
