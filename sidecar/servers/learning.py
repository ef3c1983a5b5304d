"""The shapes of what is learnt: predictions, what became of them, a training that is watched. NaN is ``null``.

REST and the topics show the same rows.
"""

from __future__ import annotations

from typing import Any

from sidecar.domain import wire
from sidecar.domain.clock import iso
from sidecar.domain.models import ModelLine, Prediction, PredictionOutcome
from sidecar.domain.training import TrainingJob

Row = dict[str, Any]
_SHARES = ("p_sell", "p_hold", "p_buy")


def _time(at: int) -> str | None:
    return iso(at) if at else None


def model(line: ModelLine) -> Row:
    """One model as the desk knows it."""
    return {
        **wire.fields(line),
        **{name: iso(getattr(line, name)) for name in ("trained_at", "trained_from", "trained_to")},
    }


def prediction(row: Prediction) -> Row:
    """One prediction without the vector that was scored, its probabilities flat; ``timestamp`` is when it was made."""
    times = {name: iso(getattr(row, name)) for name in ("bar_at", "known_at", "due_at")}
    shares = dict(zip(_SHARES, row.probabilities, strict=True))
    told = {**wire.fields(row), **times, **shares, "timestamp": iso(row.decided_at)}
    del told["probabilities"], told["features"], told["decided_at"]
    return told


def outcome(row: PredictionOutcome) -> Row:
    """What became of a prediction, whose ``id`` it has; ``timestamp`` is when it went on record."""
    told = {**wire.fields(row), "id": row.prediction_id, "timestamp": iso(row.matured_at)}
    del told["prediction_id"], told["matured_at"]
    return told


def training(job: TrainingJob) -> Row:
    """A training that runs, or that ran last; what has not come yet is ``null``."""
    times = {name: _time(getattr(job, name)) for name in ("asked_at", "started_at", "ended_at")}
    return {**wire.fields(job), **times, "seconds": job.seconds if job.state.over else None}
