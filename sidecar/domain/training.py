"""A training as it can be watched: asked for, running, or ended."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from sidecar.domain.models import RunResult, TrainingRun


class JobState(StrEnum):
    """Where a training is; the last three are its :class:`~sidecar.domain.models.RunResult`."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = RunResult.DONE.value
    FAILED = RunResult.FAILED.value
    SKIPPED = RunResult.SKIPPED.value

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


class TrainingJob(msgspec.Struct, frozen=True):
    """One training of this desk, newest state; times are market microseconds UTC, 0 where it has not happened.

    ``step`` is what it is doing or did last, ``note`` how that went, and ``fraction`` how much of the whole is behind
    it. ``reason`` says why it failed or was skipped, or what place its model was given. ``search`` and ``seed`` are
    what was asked for, None as the settings have it. ``strategy`` is whose trades it learns from, empty for the market.
    """

    id: str
    kind: str
    actor: str
    state: JobState = JobState.QUEUED
    session: str = ""
    late: bool = False
    step: str = ""
    note: str = ""
    fraction: float = 0.0
    asked_at: int = 0
    started_at: int = 0
    ended_at: int = 0
    seconds: float = 0.0
    trials: int = 0
    reason: str = ""
    model_id: str = ""
    search: int | None = None
    seed: int | None = None
    strategy: str = ""


def strategy_of(family: str) -> str:
    """The strategy whose trades a family's models tell of; empty where they tell of the market itself.

    >>> strategy_of("NIFTY/demo trade_outcome 1"), strategy_of("NIFTY fixed_horizon 15")
    ('demo', '')
    """
    return family.partition(" ")[0].partition("/")[2]


def run_of(job: TrainingJob, family: str) -> TrainingRun:
    """A training that is over, as it goes on record."""
    return TrainingRun(
        id=job.id,
        kind=job.kind,
        session=job.session,
        family=family,
        actor=job.actor,
        result=RunResult(job.state.value),
        started_at=job.started_at,
        ended_at=job.ended_at,
        seconds=job.seconds,
        reason=job.reason,
        model_id=job.model_id,
        trials=job.trials,
        late=job.late,
    )


def job_of(run: TrainingRun) -> TrainingJob:
    """A run of the record as a training that can be looked at: the opposite of :func:`run_of`."""
    done = run.result is RunResult.DONE
    return TrainingJob(
        id=run.id,
        kind=run.kind,
        actor=run.actor,
        state=JobState(run.result.value),
        session=run.session,
        late=run.late,
        fraction=1.0 if done else 0.0,
        asked_at=run.started_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        seconds=run.seconds,
        trials=run.trials,
        reason=run.reason,
        model_id=run.model_id,
        strategy=strategy_of(run.family),
    )
