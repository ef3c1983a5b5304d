"""One model of a stretch of the past, as a fold of a training makes it: fitted, stopped and calibrated, and no more.

It is for whoever needs many models and tests them himself: no search, no folds, no proofs that the data are clean.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.learning.baselines import Majority
from sidecar.learning.calibration import Calibration
from sidecar.learning.dataset import Dataset
from sidecar.learning.fit import Task, boosted, margins
from sidecar.learning.grid import FIRST
from sidecar.learning.plan import Plan
from sidecar.learning.splits import last_parts
from sidecar.learning.validation import calibrated, classes_of, held_out, material_of


class Refit(NamedTuple):
    """A fitted model. ``model`` is XGBoost's JSON, cut to the ``rounds`` that are scored with.

    ``trained_from`` and ``trained_to`` are the closes of the first and the last of its ``rows``, ``labels_to`` the
    close of the last bar that any label of them uses: nothing later is in it. ``taught`` (F,) says which features it
    ever knew.
    """

    model: bytes
    calibration: Calibration
    rounds: int
    rows: int
    trained_from: int
    trained_to: int
    labels_to: int
    taught: NDArray[np.bool_]

    def probabilities(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities (n, 3) of rows ``x`` (n, F) float32, in the order of ``domain.models.CLASSES``."""
        return self.calibration.apply(margins(self.model, x))


def refit(dataset: Dataset, plan: Plan) -> Refit:
    """The model of all rows of ``dataset``: the same dataset, plan and libraries give the same bytes.

    The last fifth of the sessions calibrates it and those before stop it, each purged against what follows; the rest
    fits it, with the first parameter set of the grid. Raises :class:`InputError` where a part has no rows.
    """
    parts = last_parts(dataset.begins, dataset.ends, dataset.sessions)
    task = Task(parts.fit, parts.stop, FIRST, classes_of(dataset), plan.rounds, plan.patience, plan.seed, plan.threads)
    fitted = boosted(material_of(dataset), task)
    rows = np.concatenate(parts)
    base = Majority.fit(dataset.y[rows], dataset.weights[rows]).base
    return Refit(
        model=fitted.model,
        calibration=calibrated(dataset, held_out(parts), fitted.model, base, plan),
        rounds=fitted.rounds,
        rows=int(rows.size),
        trained_from=int(dataset.closes[rows].min()),
        trained_to=int(dataset.closes[rows].max()),
        labels_to=int(dataset.ends[rows].max()),
        taught=np.asarray(~np.isnan(dataset.x[rows]).all(axis=0)),
    )
