"""Which backtest waits, which runs, and what is remembered of those that are over."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from sidecar.domain.backtests import BacktestJob, BacktestRequest, BacktestState
from sidecar.proving.job import ID
from sidecar.proving.jobs import MOST_WAITING, Backtests

NOW = 1_788_753_600_000_000
REQUEST = BacktestRequest(("NIFTY",), "sma_cross", date(2026, 8, 3), date(2026, 8, 17))


@pytest.fixture
def told() -> list[BacktestJob]:
    return []


@pytest.fixture
def backtests(told: list[BacktestJob]) -> Backtests:
    return Backtests(lambda: NOW, told.append)


def queued(backtests: Backtests, actor: str = "ann") -> BacktestJob:
    made = backtests.made(actor, REQUEST)
    assert backtests.queue(made)
    return made


def ended(backtests: Backtests, job: BacktestJob, at: int = NOW) -> BacktestJob:
    return backtests.tell(replace(job, state=BacktestState.DONE, ended_at=at))


def test_they_run_in_the_order_in_which_they_were_asked_for_one_at_a_time(
    backtests: Backtests, told: list[BacktestJob]
) -> None:
    first, second = queued(backtests), queued(backtests)
    running = backtests.take()
    assert running is not None
    assert (running.id, running.state, running.started_at) == (first.id, BacktestState.RUNNING, NOW)
    assert [job.id for job in backtests.standing()] == [first.id, second.id]
    ended(backtests, running)
    assert [job.id for job in backtests.standing()] == [second.id]
    assert [job.state.value for job in told] == ["queued", "queued", "running", "done"]
    assert (backtests.take() or first).id == second.id
    assert backtests.take() is None


def test_an_id_is_a_name_that_no_path_can_be_made_of(backtests: Backtests) -> None:
    made = {backtests.made("ann", REQUEST).id for _ in range(50)}
    assert len(made) == 50  # of one instant, and yet told apart
    assert all(ID.fullmatch(name) for name in made)


def test_one_more_than_may_wait_is_refused_and_changes_nothing(backtests: Backtests, told: list[BacktestJob]) -> None:
    for _ in range(MOST_WAITING):
        queued(backtests)
    assert backtests.full
    assert not backtests.queue(backtests.made("bert", REQUEST))
    assert len(told) == len(backtests.standing()) == MOST_WAITING
    backtests.take()
    queued(backtests, "bert")


def test_one_that_waits_is_taken_out_and_one_that_runs_is_broken_off(backtests: Backtests) -> None:
    first, second = queued(backtests), queued(backtests)
    running = backtests.take()
    assert (backtests.cancel(second.id, "bert") or first).state is BacktestState.QUEUED
    assert not backtests.broken.is_set()
    assert backtests.take() is None
    assert backtests.cancel(first.id, "bert") == running
    assert (backtests.broken.is_set(), backtests.cancelled_by) == (True, "bert")


def test_a_cancel_is_for_one_alone(backtests: Backtests) -> None:
    first, _ = queued(backtests), queued(backtests)
    backtests.take()
    backtests.cancel(first.id, "bert")
    ended(backtests, first)
    backtests.take()
    assert (backtests.broken.is_set(), backtests.cancelled_by) == (False, "")
    assert (
        backtests.cancel(first.id, "bert") is backtests.cancel("none", "bert") is backtests.cancel("", "bert") is None
    )


def test_those_that_are_over_are_told_newest_first_and_the_oldest_go(backtests: Backtests) -> None:
    standing = queued(backtests)
    made = [ended(backtests, backtests.made("ann", REQUEST), NOW + number) for number in range(205)]
    assert [job.ended_at for job in backtests.over()[:2]] == [NOW + 204, NOW + 203]
    assert backtests.job(made[0].id) is None
    assert backtests.job(made[-1].id) == made[-1]
    assert backtests.job(standing.id) == standing
