"""Bugs that are put in on purpose are found, soon, and by the invariant whose business they are."""

import pytest

from tests.simulation.day import Failed
from tests.simulation.planted import PLANTED, found
from tests.simulation.run import simulate

#: A bug that so many days do not show would not be found in continuous integration.
SOON = 25


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found_within_a_few_days(name: str) -> None:
    plant, invariant = PLANTED[name]
    told = found(plant, range(SOON), simulate)
    assert told is not None, f"{name}: not found in {SOON} days"
    seed, failure = told
    assert failure.invariant == invariant, str(failure)
    assert f"seed={seed} options=" in str(failure)
    simulate(seed)  # the same day without the bug


def test_the_same_bug_is_found_at_the_same_event_again() -> None:
    plant, _ = PLANTED["gate unwired"]
    told = found(plant, range(SOON), simulate)
    assert told is not None
    seed, first = told
    with plant(), pytest.raises(Failed) as again:
        simulate(seed)
    assert str(again.value) == str(first)
