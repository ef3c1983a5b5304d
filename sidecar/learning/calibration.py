"""Margins into probabilities: Platt's sigmoid, fitted on rows that the model was not fitted on, for k classes.

J. Platt, *Probabilistic outputs for support vector machines* (2000): one slope and, for each class, a bias. The slope
is never negative, so a calibrated order is the model's order.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

from sidecar.domain.errors import InputError

Matrix = NDArray[np.float64]

#: Margins that differ by less than this from row to row say nothing.
_CONSTANT = 1e-9
NO_ROWS, ONE_CLASS, CONSTANT, NO_ORDER = (
    "no rows to calibrate on",
    "one class alone: the base rate",
    "the margins are constant: the base rate",
    "the margins do not order the classes: the base rate",
)


class Calibration(msgspec.Struct, frozen=True):
    """p = softmax(``slope`` × margin + ``biases``), the classes in the order of ``domain.models.CLASSES``.

    A class that the model does not know has no bias and probability 0. ``note`` says why ``slope`` is 0 where it is.
    ``rows`` is how many rows it was fitted on.
    """

    slope: float
    biases: tuple[float | None, float | None, float | None]
    rows: int = 0
    note: str = ""

    def apply(self, margins: NDArray[np.floating]) -> Matrix:
        """Probabilities (n, 3) of raw ``margins`` (n, 3); a row sums to 1."""
        known = [k for k, bias in enumerate(self.biases) if bias is not None]
        biases = np.array([bias for bias in self.biases if bias is not None])
        result = np.zeros(margins.shape)
        result[:, known] = softmax(self.slope * np.asarray(margins, dtype=np.float64)[:, known] + biases, axis=1)
        return result


def fit(margins: NDArray[np.floating], y: NDArray[np.int8], weights: Matrix | None = None) -> Calibration:
    """The calibration of raw ``margins`` (n, 3) on outcomes ``y`` (n,) in 0..2, each row with its weight.

    A class that the model does not know (winner or loser has no hold) has a margin of −∞ in every row. Targets are
    Platt's for k classes: (N_c + 1)/(N_c + k) for a row's own class and 1/(N_c + k) for each other, so that a class
    that these rows never saw keeps a chance. One class, constant margins or an order that is not there fall back to
    the base rate and say so. Deterministic. Raises :class:`InputError` on no rows or margins that are not numbers.
    """
    wide = np.asarray(margins, dtype=np.float64)
    known = [k for k in range(wide.shape[1]) if not np.all(np.isneginf(wide[:, k]))]
    m = wide[:, known]
    if y.size == 0:
        raise InputError("calibration", NO_ROWS)
    if not np.all(np.isfinite(m)):
        raise InputError("margins", "they are not all numbers")
    if not np.all(np.isin(y, known)):
        raise InputError("y", "a label is of a class that the model does not know")
    w = np.ones(y.size) if weights is None else weights / weights.mean()
    at = np.searchsorted(known, y)
    count = np.bincount(at, weights=w, minlength=len(known)).astype(np.float64)
    base = np.log((count + 1) / (count + 1).sum())
    m = m - m.mean(axis=1, keepdims=True)
    scale = float(m.std(axis=0).max())
    if np.count_nonzero(count) < 2 or scale < _CONSTANT:
        return _told(0.0, base, known, y.size, ONE_CLASS if np.count_nonzero(count) < 2 else CONSTANT)
    slope, biases = _descend(m / scale, _targets(at, count), w, base)
    return _told(slope / scale, biases, known, y.size, "" if slope > 0 else NO_ORDER)


def _targets(at: NDArray[np.intp], count: Matrix) -> Matrix:
    k = count.size
    result = np.repeat((1 / (count[at] + k))[:, None], k, axis=1)
    result[np.arange(at.size), at] = (count[at] + 1) / (count[at] + k)
    return result


def _descend(m: Matrix, t: Matrix, w: Matrix, base: Matrix) -> tuple[float, Matrix]:
    """Slope and biases of the least weighted cross-entropy; convex, so there is one."""

    def loss(x: Matrix) -> tuple[float, Matrix]:
        log_p = log_softmax(x[0] * m + x[1:], axis=1)
        off = w[:, None] * (np.exp(log_p) - t)
        value = -float(np.sum(w[:, None] * t * log_p)) / w.size
        return value, np.concatenate([[np.sum(off * m)], off.sum(axis=0)]) / w.size

    bounds = [(0.0, None)] + [(None, None)] * base.size
    from scipy.optimize import minimize  # half a second to import, which scoring does not need

    found = minimize(
        loss,
        np.concatenate([[1.0], base]),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 500},
    )
    return float(found.x[0]), np.asarray(found.x[1:], dtype=np.float64)


def _told(slope: float, biases: Matrix, known: list[int], rows: int, note: str) -> Calibration:
    centred = dict(zip(known, (biases - biases.mean()).tolist(), strict=True))
    return Calibration(slope, (centred.get(0), centred.get(1), centred.get(2)), rows, note)
