"""Which training is queued, which runs, and what is remembered of those that are over."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from sidecar.domain.clock import to_datetime
from sidecar.domain.models import RunResult
from sidecar.domain.training import JobState, TrainingJob
from sidecar.trainings import Trainings

NOW = 1_788_753_600_000_000


@pytest.fixture
def told() -> list[TrainingJob]:
    return []


@pytest.fixture
def trainings(told: list[TrainingJob]) -> Trainings:
    return Trainings(lambda: NOW, told.append)


def test_what_is_asked_for_waits_until_it_is_taken_and_is_told(trainings: Trainings, told: list[TrainingJob]) -> None:
    made = trainings.ask("anna", search=3, seed=11, strategy="demo")
    assert (made.state, made.kind, made.actor, made.asked_at) == (JobState.QUEUED, "asked", "anna", NOW)
    assert (made.search, made.seed, made.strategy) == (3, 11, "demo")
    assert told == [made]
    assert trainings.standing() == trainings.take() == made
    assert trainings.take() is None
    assert trainings.standing() == made  # it runs


def test_while_one_stands_it_answers_for_the_next(trainings: Trainings, told: list[TrainingJob]) -> None:
    first = trainings.ask("anna")
    assert trainings.ask("bert") == first
    trainings.take()
    assert trainings.ask("bert") == first
    trainings.tell(replace(first, state=JobState.DONE))
    assert trainings.ask("bert").id != first.id
    assert [job.actor for job in told] == ["anna", "anna", "bert"]


def test_only_what_is_over_is_a_run_and_only_of_the_market(trainings: Trainings) -> None:
    done = trainings.begin("first")
    trainings.tell(replace(done, state=JobState.SKIPPED, reason="too few"))
    mine = trainings.ask("anna", strategy="demo")
    trainings.tell(replace(mine, state=JobState.DONE))
    trainings.begin("daily", "2026-09-07", late=True)
    (run,) = trainings.runs("a family")
    assert (run.id, run.kind, run.family, run.result, run.reason) == (
        done.id, "first", "a family", RunResult.SKIPPED, "too few",
    )  # fmt: skip


def test_one_that_was_broken_off_never_was(trainings: Trainings) -> None:
    made = trainings.begin("daily", "2026-09-07")
    trainings.forget(made.id)
    assert trainings.job(made.id) is None
    assert trainings.standing() is None
    assert trainings.runs("a family") == ()


def test_the_newest_two_hundred_are_remembered(trainings: Trainings) -> None:
    made = [trainings.begin("daily") for _ in range(201)]
    assert len({job.id for job in made}) == 201  # of one instant, and yet told apart
    assert {job.id[:13] for job in made} == {f"T{to_datetime(NOW):%y%m%d%H%M%S}"}
    assert trainings.job(made[0].id) is None
    assert trainings.job(made[1].id) == made[1]
