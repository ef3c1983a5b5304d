"""One model's prediction on one bar."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from math import isfinite, nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.bars import Bar
from sidecar.domain.calendar import Calendar
from sidecar.domain.models import Prediction
from sidecar.learning.drift import DriftReference
from sidecar.learning.manifest import Manifest
from sidecar.learning.model import Model
from sidecar.learning.signals import Basis, Moment, basis_of, decide


class Place(NamedTuple):
    """Where a prediction stands: its horizon ends ``due_at``; ``sessions_old`` counts the sessions from the model's
    last bar to this one; ``suspended`` says why its signals are held back, empty where they are not; ``replayed`` marks
    a tape's.
    """

    due_at: int
    sessions_old: int
    suspended: str = ""
    replayed: bool = False


def forecast(model: Model, bar: Bar, vector: NDArray[np.float32], place: Place) -> Prediction:
    """What ``model`` expects after ``bar``, by its features ``vector`` (F,) float32.

    The id and the time of the decision are the desk's to give.

    :raises InputError: the vector is not one of the model's features.
    """
    line, scored = model.line, model.score(vector)
    moment = Moment(bar.cost, unknown_share(model.manifest.drift, vector), place.sessions_old)
    decision = decide(scored.probabilities, _basis(model.manifest, place.suspended), moment)
    return Prediction(
        model_id=line.id,
        family=line.family,
        role=line.role,
        symbol=line.symbol,
        bar_at=bar.closes_at,
        known_at=bar.known_at,
        due_at=place.due_at,
        horizon=model.manifest.horizon,
        feature_hash=model.manifest.feature_hash,
        vector_hash=sha256(vector.tobytes()).hexdigest(),
        features=tuple(value if isfinite(value) else None for value in vector.tolist()),
        probabilities=scored.probabilities,
        signal=decision.signal,
        confidence=decision.confidence,
        price=bar.close,
        abstained=decision.abstained,
        expected_value=decision.expected_value,
        explained=scored.explained,
        simulated=bar.simulated,
        replayed=place.replayed,
    )


def unknown_share(reference: DriftReference, vector: NDArray[np.float32]) -> float:
    """The share of unknown features among those that training ever knew; 1.0 where it knew none."""
    taught = np.array([len(one.edges) > 0 for one in reference.features])
    return float(np.mean(np.isnan(vector[taught]))) if taught.any() else 1.0


def sessions_old(calendar: Calendar, trained_to: int, at: int) -> int:
    """How many sessions began after the day of ``trained_to``, up to the one of ``at``.

    A day before the sessions table is as old as the table. :raises CalendarBeyond: ``at`` is outside of it.
    """
    first = max(calendar.local_date(trained_to), calendar.first)
    return len(calendar.sessions_between(min(first + timedelta(days=1), calendar.last), calendar.local_date(at)))


def _basis(manifest: Manifest, suspended: str) -> Basis:
    sell, hold, buy = (nan if move is None else move for move in manifest.moves)
    return basis_of(manifest.scorecard, manifest.base, (sell, hold, buy), suspended)
