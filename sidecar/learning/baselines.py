"""What a model must beat: the base rate, persistence, and a logistic regression on five features.

Each is ``fit(columns, y)`` and then ``.probabilities(columns)``, (n, 3) in the order of ``domain.models.CLASSES``; each
sees the rows that the model was fitted on and no others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

from sidecar.domain.errors import InputError
from sidecar.learning.scores import HOLD, Base

Matrix = NDArray[np.float64]
Columns = NDArray[np.floating]
Classes = NDArray[np.int8]

#: The five features of the logistic regression, by name: two returns, volatility, an oscillator and the hour.
FEATURES = ("ret_5", "ret_60", "vol_ratio", "rsi_14", "to_close")
#: A feature further from its mean than this many deviations is taken for one this far.
_FURTHEST = 8.0


@dataclass(frozen=True)
class Majority:
    """The base rate: every row has the class shares of the rows it was fitted on."""

    base: Base

    @classmethod
    def fit(cls, y: Classes, weights: Matrix | None = None) -> Majority:
        """The weighted class shares of ``y`` (n,); raises :class:`InputError` where no outcome is known."""
        known = y >= 0
        if not known.any():
            raise InputError("y", "no outcome is known")
        count = np.bincount(y[known], weights=None if weights is None else weights[known], minlength=3)
        sell, hold, buy = (count / count.sum()).tolist()
        return cls((sell, hold, buy))

    def probabilities(self, rows: int) -> Matrix:
        return np.tile(np.array(self.base), (rows, 1))


@dataclass(frozen=True)
class Persistence:
    """What went up over the last horizon goes up again, as often as it did on the rows it was fitted on (``hit``)."""

    base: Base
    hit: float

    @classmethod
    def fit(cls, last: Columns, y: Classes, weights: Matrix | None = None) -> Persistence:
        """From the ``last`` return over the horizon (n,) and outcomes ``y`` (n,); an unknown return counts nowhere."""
        base = Majority.fit(y, weights).base
        sided = (y >= 0) & (y != HOLD) & np.isfinite(last) & (last != 0)
        if not sided.any():
            return cls(base, 0.5)
        same = (np.sign(last[sided]) > 0) == (y[sided] == 2)
        return cls(base, float(np.average(same, weights=None if weights is None else weights[sided])))

    def probabilities(self, last: Columns) -> Matrix:
        """(n, 3) of the ``last`` returns (n,); the base rate where the return is 0 or unknown."""
        moved = np.isfinite(last) & (last != 0)
        side = (1 - self.base[HOLD]) * np.where(last[moved] > 0, self.hit, 1 - self.hit)
        result = np.tile(np.array(self.base), (last.size, 1))
        result[moved, 0], result[moved, 2] = 1 - self.base[HOLD] - side, side
        return result


@dataclass(frozen=True)
class Logistic:
    """Multinomial logistic regression with an L2 penalty on standardised columns; what is unknown is the mean."""

    mean: Matrix
    scale: Matrix
    weights: Matrix
    biases: Matrix
    classes: tuple[int, ...]

    @classmethod
    def fit(cls, x: Columns, y: Classes, weights: Matrix | None = None, penalty: float = 1e-3) -> Logistic:
        """From columns ``x`` (n, k) and outcomes ``y`` (n,): mean cross-entropy + penalty/2 Σ w², by L-BFGS.

        Means and deviations are those of these rows. Raises :class:`InputError` where no outcome is known.
        """
        known = y >= 0
        if not known.any():
            raise InputError("y", "no outcome is known")
        x, y = np.asarray(x, dtype=np.float64)[known], y[known]
        w = np.ones(y.size) if weights is None else weights[known] / weights[known].mean()
        mean, scale = _moments(x)
        classes = tuple(int(k) for k in np.unique(y))
        z = _standard(x, mean, scale)
        slopes, biases = _descend(z, np.searchsorted(classes, y), w, len(classes), penalty)
        return cls(mean, scale, slopes, biases, classes)

    def probabilities(self, x: Columns) -> Matrix:
        """(n, 3) of columns ``x`` (n, k); a class that was never seen has 0."""
        z = _standard(np.asarray(x, dtype=np.float64), self.mean, self.scale)
        result = np.zeros((len(z), 3))
        result[:, list(self.classes)] = softmax(z @ self.weights + self.biases, axis=1)
        return result


def _moments(x: Matrix) -> tuple[Matrix, Matrix]:
    seen = np.isfinite(x)
    n = np.maximum(seen.sum(axis=0), 1)
    mean = np.where(seen, x, 0.0).sum(axis=0) / n
    scale = np.sqrt(np.where(seen, (x - mean) ** 2, 0.0).sum(axis=0) / n)
    return mean, np.where(scale > 0, scale, 1.0)


def _standard(x: Matrix, mean: Matrix, scale: Matrix) -> Matrix:
    z = np.where(np.isfinite(x), (x - mean) / scale, 0.0)
    return np.asarray(np.clip(z, -_FURTHEST, _FURTHEST), dtype=np.float64)


def _descend(z: Matrix, at: NDArray[np.intp], w: Matrix, k: int, penalty: float) -> tuple[Matrix, Matrix]:
    features = z.shape[1]
    outcome = np.eye(k)[at] * w[:, None]

    def loss(flat: Matrix) -> tuple[float, Matrix]:
        slopes, biases = flat[: features * k].reshape(features, k), flat[features * k :]
        log_p = log_softmax(z @ slopes + biases, axis=1)
        off = (np.exp(log_p) * w[:, None] - outcome) / w.size
        value = -float(np.sum(outcome * log_p)) / w.size + penalty / 2 * float(np.sum(slopes**2))
        return value, np.concatenate([(z.T @ off + penalty * slopes).ravel(), off.sum(axis=0)])

    from scipy.optimize import minimize  # half a second to import, which scoring does not need

    found = minimize(loss, np.zeros((features + 1) * k), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return found.x[: features * k].reshape(features, k), np.asarray(found.x[features * k :], dtype=np.float64)
