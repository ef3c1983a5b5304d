"""What signals would have made after costs, session by session, one position at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.models import LabelKind
from sidecar.learning.dataset import Dataset
from sidecar.learning.scorecard import Money
from sidecar.learning.selection import deflated_sharpe, overfitting_probability

Floats = NDArray[np.float64]
#: Fewer sessions than two a part make no estimate of overfitting.
_PARTS = 10


class Nets(NamedTuple):
    """``sessions`` (S,) ascending and the ``net`` (S,) of each, fractions of the price; ``signals`` that were taken."""

    sessions: NDArray[np.int64]
    net: Floats
    signals: int


def class_moves(dataset: Dataset, rows: NDArray[np.int64]) -> Floats:
    """The mean move of each class over ``rows``, (3,); 0 for a class that is not among them."""
    y, move = dataset.y[rows], np.nan_to_num(dataset.move[rows])
    count = np.bincount(y, minlength=3)
    return np.asarray(np.bincount(y, weights=move, minlength=3) / np.maximum(count, 1), np.float64)


def nets(dataset: Dataset, rows: NDArray[np.int64], p: Floats, moves: Floats) -> Nets:
    """Trade ``p`` (n, 3) of ``rows``: a side is taken where its expected move, Σ p × ``moves``, is more than the cost.

    A position is held from the row's decision to its label's end, and meanwhile no other is taken. A trade of a
    strategy (its outcome is the label) is taken or left, never turned round.
    """
    expected = p @ moves
    cost = np.nan_to_num(dataset.cost[rows])
    side = np.where(np.abs(expected) > cost, np.sign(expected), 0.0)
    if dataset.spec.kind is LabelKind.TRADE_OUTCOME:
        side = np.maximum(side, 0.0)
    days, at = np.unique(dataset.sessions[rows], return_inverse=True)
    made, busy, taken = np.zeros(days.size), -1, 0
    for k in np.flatnonzero((side != 0) & np.isfinite(dataset.move[rows])):
        row = rows[k]
        if dataset.begins[row] >= busy:
            made[at[k]] += side[k] * dataset.move[row] - cost[k]
            busy, taken = dataset.ends[row], taken + 1
    return Nets(days, made, taken)


def sharpe(net: Floats) -> float | None:
    """Mean over deviation of one session's net; None where it never varies."""
    spread = float(np.std(net)) if net.size > 1 else 0.0
    return float(np.mean(net)) / spread if spread > 0 else None


def money(found: Nets, inner: Floats, trials: int) -> Money:
    """The account of the out-of-sample ``found``, with what it takes off that ``trials`` were made.

    ``inner`` (sessions, sets) are the nets of the searched parameter sets on the rows that chose among them. The
    trials' ratios vary as those sets' do; where there is one set, as the ratios of worthless signals do, by 1/sessions.
    """
    ratio, sessions = sharpe(found.net), found.net.size
    deflated = None
    if ratio is not None:
        z = (found.net - found.net.mean()) / np.std(found.net)
        ratios = [each for each in map(sharpe, inner.T) if each is not None]
        spread = float(np.var(ratios, ddof=1)) if len(ratios) > 1 else 0.0
        variance = max(spread, 1 / sessions)
        deflated = deflated_sharpe(ratio, sessions, float(np.mean(z**3)), float(np.mean(z**4)), trials, variance)
    enough = inner.ndim == 2 and inner.shape[1] > 1 and len(inner) >= 2 * _PARTS
    overfitting = overfitting_probability(inner, _PARTS) if enough else None
    mean = float(np.mean(found.net)) if sessions else 0.0
    return Money(found.signals, mean, ratio, deflated, overfitting)
