"""What a training gives: the model's bytes and all that is needed to keep it, judge it and score with it."""

from __future__ import annotations

from typing import NamedTuple

from sidecar.domain.models import Verdict
from sidecar.learning.calibration import Calibration
from sidecar.learning.drift import DriftReference
from sidecar.learning.pairing import SessionLoss
from sidecar.learning.scorecard import Scorecard


class Trained(NamedTuple):
    """A fitted model. ``model`` is XGBoost's JSON, cut to the ``rounds`` that are scored with.

    ``calibration`` turns its margins (n, 3) into probabilities. ``base`` are the classes' shares in training, in the
    order of ``domain.models.CLASSES``; ``moves`` the mean move of each class, a fraction, NaN for a class never seen:
    what the classes are worth before costs. ``losses`` are those of the newest test sessions of all folds, for the
    comparison with the model before and the one after. ``drift`` is of the rows that it learnt from, and of
    its score out of sample, p(buy) − p(sell). ``parameters`` are the chosen set's. ``trained_from`` and
    ``trained_to`` are the closes of the first and last bar that a row was made of, ``labels_to`` the close of the last
    bar of any label; ``rows`` counts what was learnt from. ``trials`` counts every fit that saw the data.
    """

    model: bytes
    calibration: Calibration
    scorecard: Scorecard
    drift: DriftReference
    parameters: dict[str, float | int | str]
    rounds: int
    base: tuple[float, float, float]
    moves: tuple[float, float, float]
    trained_from: int
    trained_to: int
    labels_to: int
    rows: int
    trials: int
    losses: tuple[SessionLoss, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The scorecard's."""
        return self.scorecard.verdict
