"""How good probabilities were: accuracy, order, honesty; each beside what the base rate alone would have had.

Rows whose outcome is unknown (−1) count nowhere. "Direction" numbers look at rows whose outcome is not hold and at
q = p_buy / (p_buy + p_sell).
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from sidecar.learning.intervals import effective_n, wilson

Matrix = NDArray[np.float64]
Classes = NDArray[np.int8]
Base = tuple[float, float, float]

_LEAST = 1e-15
HOLD = 1


class Scores(msgspec.Struct, frozen=True):
    """The scores of ``n`` rows; None where a number is unknown.

    ``accuracy`` is that of the likeliest class, ``balanced_accuracy`` the mean recall of the classes that occur.
    ``auc`` is the chance that a buy has a greater q than a sell, ties half. ``brier`` is Σ (p − outcome)² over three
    classes, 0 to 2; skills are 1 − score / base rate's score. ``ece`` is the expected gap between confidence and hits.
    """

    n: int
    accuracy: float | None = None
    balanced_accuracy: float | None = None
    auc: float | None = None
    brier: float | None = None
    brier_skill: float | None = None
    direction_brier_skill: float | None = None
    log_loss: float | None = None
    ece: float | None = None


class ReliabilityBin(msgspec.Struct, frozen=True):
    """Rows whose confidence is in (``low``, ``high``]: how sure they were, how often right, and its 95 % interval."""

    low: float
    high: float
    n: int
    confidence: float | None = None
    hits: float | None = None
    hits_low: float | None = None
    hits_high: float | None = None


class Direction(NamedTuple):
    """The rows that moved: row numbers, q = p_buy / (p_buy + p_sell), and 1.0 where the outcome was buy."""

    rows: NDArray[np.int64]
    q: Matrix
    up: Matrix


def scores(y: Classes, p: NDArray[np.floating], base: Base) -> Scores:
    """Every score of probabilities ``p`` (n, 3) on outcomes ``y`` (n,), with ``base`` the training rows' class shares.

    The log-loss takes no probability for less than 1e-15.
    """
    known = y >= 0
    y, p = y[known], np.asarray(p, dtype=np.float64)[known]
    n = int(y.size)
    if n == 0:
        return Scores(0)
    ours, theirs = brier(y, p), brier(y, np.broadcast_to(base, p.shape))
    way = direction(y, p)
    return Scores(
        n=n,
        accuracy=float(np.mean(hits(y, p))),
        balanced_accuracy=float(np.mean([np.mean(p[y == k].argmax(axis=1) == k) for k in np.unique(y)])),
        auc=_known(auc(way.q, way.up)),
        brier=ours,
        brier_skill=_skill(ours, theirs),
        direction_brier_skill=_known(direction_skill(way.q, way.up, upward(base))),
        log_loss=float(-np.mean(np.log(np.maximum(p[np.arange(n), y], _LEAST)))),
        ece=calibration_error(y, p),
    )


def hits(y: Classes, p: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Where the likeliest class is the outcome, (n,); of equally likely classes the first is taken."""
    return np.asarray(p.argmax(axis=1) == y, dtype=np.bool_)


def direction(y: Classes, p: NDArray[np.floating]) -> Direction:
    """The rows of ``y`` (n,) that are neither hold nor unknown, and their q; 0.5 where neither side has a chance."""
    rows = np.flatnonzero((y >= 0) & (y != HOLD)).astype(np.int64)
    side = p[rows, 0] + p[rows, 2]
    q = np.divide(p[rows, 2], side, out=np.full(rows.size, 0.5), where=side > 0)
    return Direction(rows, np.asarray(q, dtype=np.float64), (y[rows] == 2).astype(np.float64))


def auc(q: Matrix, up: Matrix) -> float:
    """The chance that an up row outranks a down row, ties half (Mann and Whitney); NaN where one side is missing."""
    ups = float(up.sum())
    downs = up.size - ups
    if not ups or not downs:
        return float("nan")
    _, place, count = np.unique(q, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((ranks[up > 0].sum() - ups * (ups + 1) / 2) / (ups * downs))


def direction_skill(q: Matrix, up: Matrix, base: float) -> float:
    """1 − mean (q − up)² / mean (base − up)²; NaN where there is no row or the base rate was never wrong."""
    theirs = float(np.mean((base - up) ** 2)) if up.size else 0.0
    return 1 - float(np.mean((q - up) ** 2)) / theirs if theirs > 0 else float("nan")


def upward(base: Base) -> float:
    """The base rate's q; 0.5 where neither side ever came."""
    return base[2] / (base[0] + base[2]) if base[0] + base[2] > 0 else 0.5


def brier(y: Classes, p: NDArray[np.floating]) -> float:
    """Mean Σ over the classes of (p − outcome)², 0 to 2: G. W. Brier (1950)."""
    return float(np.mean(np.sum((p - np.eye(3)[y]) ** 2, axis=1)))


def calibration_error(y: Classes, p: NDArray[np.floating], bins: int = 10) -> float:
    """Σ over equal bins of confidence of (share of rows) × |mean confidence − share of hits|."""
    return sum(
        b.n / y.size * abs(b.confidence - b.hits)
        for b in reliability(y, p, bins)
        if b.confidence is not None and b.hits is not None
    )


def reliability(y: Classes, p: NDArray[np.floating], bins: int = 10, horizon: int = 1) -> tuple[ReliabilityBin, ...]:
    """Confidence of the likeliest class against hits, in equal ``bins`` of [0, 1]; empty bins stay, with n = 0.

    The interval is Wilson's on as many independent rows as the bin's rows are worth where labels span ``horizon`` bars.
    """
    known = y >= 0
    y, p = y[known], np.asarray(p)[known]
    edges = np.linspace(0.0, 1.0, bins + 1)
    right, sure = hits(y, p), p.max(axis=1, initial=0.0)
    worth = effective_n(right, 2 * horizon) / y.size if y.size and horizon > 1 else 1.0
    at = np.clip(np.searchsorted(edges, sure, "left") - 1, 0, bins - 1)
    return tuple(_bin(float(edges[k]), float(edges[k + 1]), sure[at == k], right[at == k], worth) for k in range(bins))


def _bin(low: float, high: float, sure: NDArray[np.floating], right: NDArray[np.bool_], worth: float) -> ReliabilityBin:
    n = int(right.size)
    if not n:
        return ReliabilityBin(low, high, 0)
    share = float(right.mean())
    n_eff = max(1.0, n * worth)
    return ReliabilityBin(low, high, n, float(sure.mean()), share, *wilson(share * n_eff, n_eff))


def _skill(ours: float, theirs: float) -> float | None:
    return 1 - ours / theirs if theirs > 0 else None


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
