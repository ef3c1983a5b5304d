"""The predictions whose outcome is open, and what became of the newest of the others."""

from __future__ import annotations

from typing import NamedTuple

from sidecar.domain.clock import MINUTE
from sidecar.domain.models import Prediction, PredictionOutcome

#: Predictions whose outcome may be open at once, and how many of the others are remembered.
MOST_OPEN, MOST_DONE = 5_000, 5_000

#: What is predicted once: a model's id, and when the bar closed.
Bar = tuple[str, int]


class Done(NamedTuple):
    """What is remembered of a prediction that has an outcome: the newest version."""

    bar: Bar
    outcome: PredictionOutcome


class PredictionBook:
    """``open`` and ``done`` are by id, oldest first; ``count`` is of all that were ever made, and numbers the next one.

    ``given_up`` counts those whose outcome was never told and which had to make room.
    """

    def __init__(self) -> None:
        self.count = 0
        self.given_up = 0
        self.open: dict[str, Prediction] = {}
        self.done: dict[str, Done] = {}
        self._bars: set[Bar] = set()
        self._told: dict[str, int] = {}
        self._lines: tuple[Prediction, ...] | None = ()

    @property
    def lines(self) -> tuple[Prediction, ...]:
        """Those whose outcome is open, oldest first; the same tuple as long as none has changed."""
        if self._lines is None:
            self._lines = tuple(self.open.values())
        return self._lines

    def has(self, model_id: str, bar_at: int) -> bool:
        """Whether a model has predicted on a bar already."""
        return (model_id, bar_at) in self._bars

    def keep(self, prediction: Prediction) -> Prediction | None:
        """Take one that is on record; returns the oldest, if that had to make room."""
        self.count += 1
        self._bars.add((prediction.model_id, prediction.bar_at))
        self.open[prediction.id] = prediction
        self._lines = None
        if len(self.open) <= MOST_OPEN:
            return None
        oldest = self.open.pop(next(iter(self.open)))
        self._bars.discard((oldest.model_id, oldest.bar_at))
        self.given_up += 1
        return oldest

    def conclude(self, outcome: PredictionOutcome) -> None:
        """Take what became of one: the first outcome, or a later version; of one that is not known, nothing."""
        prediction = self.open.pop(outcome.prediction_id, None)
        before = self.done.pop(outcome.prediction_id, None)
        if prediction is not None:
            self._lines = None
            self.done[outcome.prediction_id] = Done((prediction.model_id, prediction.bar_at), outcome)
        elif before is not None:
            self.done[outcome.prediction_id] = before._replace(outcome=outcome)
        if len(self.done) > MOST_DONE:
            self._bars.discard(self.done.pop(next(iter(self.done))).bar)

    def tell(self, now: int, reason: str) -> bool:
        """Whether a reason to refuse is to be said now: each at most once a minute."""
        if now - self._told.get(reason, now - MINUTE) < MINUTE:
            return False
        self._told[reason] = now
        return True
