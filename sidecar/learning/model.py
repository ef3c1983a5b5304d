"""A model that can be scored with: one row of features in, probabilities and their reasons out."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import xgboost
from numpy.typing import NDArray

from sidecar.domain.errors import InputError, ModelUnreadable
from sidecar.domain.models import ModelLine
from sidecar.learning.fit import widened
from sidecar.learning.manifest import Manifest
from sidecar.learning.trees import fault

#: How many of a prediction's reasons are told.
REASONS = 6


class Scored(NamedTuple):
    """What a model says of one row. ``margins`` are the booster's, −∞ for a class it does not know; both in the order
    of ``domain.models.CLASSES``. ``explained`` are the features that move it most, greatest first: exact SHAP values
    (Lundberg et al. 2020, TreeExplainer) of ln(p buy / p sell), positive towards buy.
    """

    probabilities: tuple[float, float, float]
    margins: tuple[float, float, float]
    explained: tuple[tuple[str, float], ...]


class Model:
    """An opened model. One thread scores; the booster runs on that thread alone."""

    def __init__(self, line: ModelLine, manifest: Manifest, booster: xgboost.Booster) -> None:
        self.line = line
        self.manifest = manifest
        self._booster = booster

    def score(self, vector: NDArray[np.float32], *, explain: bool = True) -> Scored:
        """Probabilities of one row, ``vector`` (F,) float32 in the manifest's order; NaN is unknown.

        Without ``explain`` there are no reasons, which are most of the time that it takes.

        :raises InputError: another length or type, or a value that is infinite.
        """
        if vector.shape != (len(self.manifest.features),):
            raise InputError("features", f"{vector.shape}, expected ({len(self.manifest.features)},)")
        row = self._checked(vector[None, :])
        margins = margins_of(self._booster, row)
        p, m = self.manifest.calibration.apply(margins)[0].tolist(), margins[0].tolist()
        return Scored((p[0], p[1], p[2]), (m[0], m[1], m[2]), self._explained(row) if explain else ())

    def probabilities(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities (n, 3) of many rows, ``matrix`` (n, F) float32: row by row those of :meth:`score`."""
        return self.manifest.calibration.apply(margins_of(self._booster, self._checked(matrix)))

    @cached_property
    def importance(self) -> dict[str, float]:
        """Each feature's share of what all splits gained, in sum 1; a feature that is never asked is 0."""
        gained = self._booster.get_score(importance_type="total_gain")
        gains = {name: _number(gained.get(name, 0.0)) for name in self.manifest.features}
        total = sum(gains.values())
        return {name: gain / total if total > 0.0 else 0.0 for name, gain in gains.items()}

    def _checked(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        if rows.ndim != 2 or rows.shape[1] != len(self.manifest.features):
            raise InputError("features", f"{rows.shape}, expected (n, {len(self.manifest.features)})")
        if rows.dtype != np.float32:
            raise InputError("features", f"{rows.dtype}, expected float32")
        if np.isinf(rows).any():
            raise InputError("features", "a value is infinite", "unknown is NaN")
        return rows

    def _explained(self, row: NDArray[np.float32]) -> tuple[tuple[str, float], ...]:
        pull = self.manifest.calibration.slope * contributions_of(self._booster, row)[0]
        most = np.argsort(-np.abs(pull), kind="stable")[:REASONS]
        return tuple((self.manifest.features[i], float(pull[i])) for i in most if pull[i] != 0.0)


def margins_of(booster: xgboost.Booster, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """The booster's raw margins (n, 3) in the order of ``domain.models.CLASSES``; NaN in ``rows`` (n, F) is missing."""
    return widened(booster.inplace_predict(rows, predict_type="margin", missing=np.nan))


def contributions_of(booster: xgboost.Booster, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """What each feature adds to margin buy − margin sell, (n, F): exact SHAP, without the bias."""
    matrix = xgboost.DMatrix(rows, missing=np.nan, nthread=1)
    found: NDArray[Any] = booster.predict(matrix, pred_contribs=True, validate_features=False)
    return np.asarray(found[:, -1, :-1] - found[:, 0, :-1])


def opened(line: ModelLine, manifest: Manifest, data: bytes) -> Model:
    """The model of ``model.json``'s bytes, whose hash was checked before.

    :raises ModelUnreadable: they are no model, or not the one that the manifest describes.
    """
    if problem := fault(data, manifest.features, (2, 3)):
        raise ModelUnreadable(line.id, f"model.json is no model: {_one_line(problem)}")
    booster = xgboost.Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(data))
    except (xgboost.core.XGBoostError, ValueError, TypeError) as error:
        raise ModelUnreadable(line.id, f"model.json is no model: {_one_line(str(error))}") from error
    booster.set_param({"nthread": 1})
    model = Model(line, manifest, booster)
    found = model.score(np.full(len(manifest.features), np.nan, dtype=np.float32))
    if not np.isfinite(found.probabilities).all():
        raise ModelUnreadable(line.id, "model.json gives probabilities that are not numbers")
    return model


def _number(gain: float | list[float]) -> float:
    return float(gain) if isinstance(gain, int | float) else float(sum(gain))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]
