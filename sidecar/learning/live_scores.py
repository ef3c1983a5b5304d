"""The words of the live scorecard: matured predictions, what validation promised, and the scores of each part."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from sidecar.domain.models import Verdict
from sidecar.learning.scorecard import Interval, Part
from sidecar.learning.scores import Base, ReliabilityBin, Scores


class Flag(StrEnum):
    """Live against promised: ``amber`` where the promise is outside the live interval, ``red`` where a leak is likely.

    ``unknown`` where there is nothing to compare.
    """

    UNKNOWN = "unknown"
    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class Outcomes(NamedTuple):
    """Matured predictions of one family, arrays (n,) in order of ``bar_at`` (microseconds UTC); ``p`` is (n, 3).

    ``y`` is the label, 0 sell, 1 hold, 2 buy, −1 where it can never be known. ``last`` is the return over the horizon
    before the bar, NaN unknown; ``session`` a number of each session's own, ``hour`` the exchange's hour, ``regime`` a
    word.
    """

    model_id: NDArray[np.object_]
    bar_at: NDArray[np.int64]
    p: NDArray[np.float64]
    y: NDArray[np.int8]
    last: NDArray[np.float64]
    session: NDArray[np.int64]
    hour: NDArray[np.int64]
    regime: NDArray[np.object_]

    def of(self, rows: NDArray[np.bool_]) -> Outcomes:
        """Some of the rows."""
        return Outcomes(
            self.model_id[rows],
            self.bar_at[rows],
            self.p[rows],
            self.y[rows],
            self.last[rows],
            self.session[rows],
            self.hour[rows],
            self.regime[rows],
        )


class Promise(msgspec.Struct, frozen=True):
    """What validation promised of a model. ``base`` are the classes' shares in its training."""

    model_id: str
    verdict: Verdict
    accuracy: float | None
    accuracy_low: float | None
    accuracy_high: float | None
    direction_accuracy: float | None
    auc: float | None
    brier_skill: float | None
    base: Base
    expected_edge: float


class LiveScore(msgspec.Struct, frozen=True):
    """The scores of one part of the live record; ``name`` is ``*`` for all of it.

    ``matured`` are the rows with a label, of so many ``sessions``, ``unknowable`` those that can never have one.
    Intervals are of 95 %; None where there is none. ``direction_accuracy`` is the likelier side where the label is not
    hold. ``skill`` is the interval of ``scores.direction_brier_skill``. ``baselines`` are the majority of the training
    and persistence.
    """

    name: str
    matured: int
    unknowable: int
    effective_n: float
    scores: Scores
    sessions: int = 0
    accuracy: Interval | None = None
    direction_accuracy: float | None = None
    direction: Interval | None = None
    skill: Interval | None = None
    auc: Interval | None = None
    baselines: tuple[Part, ...] = ()
    reliability: tuple[ReliabilityBin, ...] = ()


class FamilyScore(msgspec.Struct, frozen=True):
    """The live record of a family and its parts, beside what validation promised of its champion.

    ``pending`` predictions wait for their horizon to end and count nowhere. ``required`` is how many independent
    outcomes it takes to tell the expected edge from a coin. ``says`` is the record in a sentence.
    """

    family: str
    horizon: int
    champion: str
    pending: int
    required: int
    flag: Flag
    says: str
    total: LiveScore
    parts: tuple[LiveScore, ...] = ()
    promised: Promise | None = None
