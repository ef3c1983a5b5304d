"""Drift: whether what a model sees today is still what it was trained on.

PSI = Σ (live share − training share) ln(live share / training share) over the bins that the training's deciles make,
and one more for what is unknown: the population stability index of credit scoring (Siddiqi 2006, Credit Risk
Scorecards, chapter 10), which is Jeffreys' divergence of the shares and near 1 for a normal that moved by one standard
deviation. Its usual limits of 0.1 and 0.25 are useless here: slow features pass them on most days without drift. So
every feature has a limit of its own, what its windows of the same length had inside the training.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from sidecar.domain.errors import InputError

#: Sessions in a window, the shortest first: one that tells a standard deviation's shift from a quiet day is taken.
WINDOWS = (20, 60)
#: A limit above this hides a mean that moved by half a standard deviation or so: a longer window is tried.
SHARP = 0.3
#: A limit rests on this many windows beside one another, or there is none.
LEAST_WINDOWS = 4
#: The name of the model's own line: p(buy) − p(sell).
SCORE = "score"
_TAIL = 0.99
_LEAST_SHARE = 0.002
_DECILES = np.linspace(0.1, 0.9, 9)


class FeatureReference(msgspec.Struct, frozen=True):
    """What one feature was in training.

    Bin k is (``edges[k-1]``, ``edges[k]``], the first and the last are open, and a last one holds the unknown; so
    ``shares`` is two longer than ``edges``, none of them less than 0.002. ``threshold`` is the PSI that a window of
    ``window`` sessions does not pass in 99 of 100 without drift; None where the training is too short to say.
    """

    name: str
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    window: int
    threshold: float | None


class DriftReference(msgspec.Struct, frozen=True):
    """What a model's features were in training: ``sessions`` of them, in ``rows`` rows; ``score`` its own, p(buy) −
    p(sell), where it was tried out of sample.
    """

    features: tuple[FeatureReference, ...]
    sessions: int
    rows: int
    score: FeatureReference | None = None


class DriftLine(msgspec.Struct, frozen=True):
    """One feature of today against training. ``psi`` is of the last ``window`` sessions, or of the ``sessions`` there
    are; None without a row. ``enough`` says that both the window and the limit are whole: only then can it ``alarm``.
    """

    name: str
    psi: float | None
    threshold: float | None
    alarm: bool
    sessions: int
    window: int
    enough: bool


def reference(values: NDArray[np.floating[Any]], sessions: NDArray[np.int64], names: Sequence[str]) -> DriftReference:
    """The reference of a training's matrix.

    ``values``: (n, F), NaN is unknown. ``sessions``: (n,) any number that is one session's own, in order of time.
    ``names``: F of them. The score's is :func:`score_reference`'s, since only some rows were scored out of sample.

    :raises InputError: no rows, or shapes that do not fit.
    """
    if values.ndim != 2 or values.shape != (len(sessions), len(names)) or not len(sessions):
        raise InputError("features", f"{values.shape} for {len(sessions)} sessions and {len(names)} names")
    days, day = np.unique(sessions, return_inverse=True)
    features = tuple(_feature(name, values[:, i], day, len(days)) for i, name in enumerate(names))
    return DriftReference(features, len(days), len(sessions))


def score_reference(scores: NDArray[np.floating[Any]], sessions: NDArray[np.int64]) -> FeatureReference:
    """The reference of a model's out-of-sample scores, p(buy) − p(sell), (n,), with each one's session.

    :raises InputError: no rows, or shapes that do not fit.
    """
    return reference(scores[:, None], sessions, (SCORE,)).features[0]


def psi(reference: FeatureReference, values: NDArray[np.floating[Any]]) -> float | None:
    """The population stability index of ``values`` (n,) against the training; None for no values.

    >>> half = FeatureReference("f", (0.0,), (0.499, 0.499, 0.002), 20, None)
    >>> round(psi(half, np.array([-1.0, -1.0, -1.0, 1.0])), 2)
    0.27
    """
    if not len(values):
        return None
    counts = np.bincount(_bins(np.asarray(reference.edges), values), minlength=len(reference.shares))
    return float(_psi(_shares(counts), np.asarray(reference.shares)))


def drift(
    reference: DriftReference,
    values: NDArray[np.floating[Any]],
    sessions: NDArray[np.int64],
    scores: NDArray[np.floating[Any]] | None = None,
) -> tuple[DriftLine, ...]:
    """Each feature's last window against training: a line per column of ``values`` (n, F), in the reference's order.

    Rows are in order of time. ``scores`` (n,), NaN where a row was not scored, give a last line named ``score`` if the
    reference has one. Fewer sessions than the window's are unknown, never an alarm.

    :raises InputError: ``values`` has not the reference's columns, or there is not a row per session and score.
    """
    if values.ndim != 2 or values.shape != (len(sessions), len(reference.features)):
        raise InputError("features", f"{values.shape}, expected {(len(sessions), len(reference.features))}")
    lines = [_line(f, values[:, i], sessions) for i, f in enumerate(reference.features)]
    if scores is not None and reference.score is not None:
        if scores.shape != sessions.shape:
            raise InputError("scores", f"{scores.shape}, expected {sessions.shape}")
        known = ~np.isnan(scores)
        lines.append(_line(reference.score, scores[known], sessions[known]))
    return tuple(lines)


def _line(feature: FeatureReference, values: NDArray[np.floating[Any]], sessions: NDArray[np.int64]) -> DriftLine:
    used = np.unique(sessions)[-feature.window :]
    found = psi(feature, values[sessions >= used[0]]) if len(used) else None
    enough = feature.threshold is not None and len(used) == feature.window
    alarm = enough and found is not None and feature.threshold is not None and found > feature.threshold
    return DriftLine(feature.name, found, feature.threshold, alarm, len(used), feature.window, enough)


def _feature(name: str, values: NDArray[np.floating[Any]], day: NDArray[np.int64], days: int) -> FeatureReference:
    edges = _edges(values)
    bins = len(edges) + 2
    counts = np.bincount(day * bins + _bins(edges, values), minlength=days * bins).reshape(days, bins)
    window, threshold = _limit(counts)
    shares = _shares(counts.sum(axis=0))
    return FeatureReference(name, tuple(edges.tolist()), tuple(shares.tolist()), window, threshold)


def _limit(counts: NDArray[np.int64]) -> tuple[int, float | None]:
    """The shortest window whose limit is sharp, else the longest that the training can say anything of."""
    window, threshold = WINDOWS[0], None
    for length in WINDOWS:
        if len(counts) < LEAST_WINDOWS * length:
            break
        window, threshold = length, _threshold(counts, length)
        if threshold <= SHARP:
            break
    return window, threshold


def _threshold(counts: NDArray[np.int64], length: int) -> float:
    """What 99 % of further windows of ``length`` sessions stay below.

    Every rolling window is measured against the training without it. They overlap, so only as many count as fit beside
    one another, and a plain 99th percentile of so few would alarm on one quiet window in twenty. PSI without drift is
    near a scaled χ² of at most bins − 1 degrees of freedom, and of fewer where neighbouring bins move together: a
    gamma with the windows' mean, one standard error greater, and a shape between those bounds.
    """
    sums = np.cumsum(np.vstack([np.zeros_like(counts[:1]), counts]), axis=0)
    inside = sums[length:] - sums[:-length]
    found = _psi(_shares(inside), _shares(sums[-1] - inside))
    apart = len(counts) / length
    mean, variance = float(np.mean(found)), float(np.var(found)) * apart / (apart - 1.0)
    shape = min(max(mean * mean / variance, 1.0), len(_DECILES) / 2.0) if variance > 0.0 else len(_DECILES) / 2.0
    bound = mean * (1.0 + (shape * apart) ** -0.5) * float(gammaincinv(shape, _TAIL)) / shape
    return float(max(bound, np.quantile(found, _TAIL)))


def _edges(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The deciles of what is known; where the least value is one of them, what lies below it has a bin of its own."""
    known = values[~np.isnan(values)]
    if not len(known):
        return np.zeros(0)
    edges = np.unique(np.quantile(known, _DECILES, method="lower")).astype(np.float64)
    least = float(known.min())
    return np.concatenate([[np.nextafter(least, -np.inf)], edges]) if edges[0] == least else edges


def _bins(edges: NDArray[np.float64], values: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values.astype(np.float64), side="left"))


def _shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Shares by the last axis, an empty bin's being a little more than none, so that its logarithm is finite."""
    return np.asarray(np.maximum(counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1), _LEAST_SHARE))


def _psi(live: NDArray[np.float64], training: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(((live - training) * np.log(live / training)).sum(axis=-1))
