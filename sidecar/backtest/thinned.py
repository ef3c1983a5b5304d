"""The equity curve as it is shown and sent: few points, and none that matters left out."""

from __future__ import annotations

from math import ceil

import numpy as np

from sidecar.backtest.curve import Curve, Whole
from sidecar.backtest.statistics import drawdowns
from sidecar.domain.backtest_result import EquityPoint

#: The most points of a curve.
MOST = 2000


def equity_points(curve: Curve, most: int = MOST) -> tuple[EquityPoint, ...]:
    """At most ``most`` points: both ends, the highest, the lowest, the deepest drawdown with the peak before it, and
    each session's last; then marks between, evenly. With more sessions than that, every second, third, … of them.

    The drawdown is that of all marks, and so never looks smaller for points that are left out.
    """
    if not curve.equity.size:
        return ()
    below = drawdowns(curve.equity, curve.capital)
    kept = _kept(curve, below, most)
    return tuple(EquityPoint(int(curve.at[one]), float(curve.equity[one]), float(below[one])) for one in kept)


def _kept(curve: Curve, below: np.ndarray, most: int) -> Whole:
    n, equity = curve.equity.size, curve.equity
    deepest = int(np.argmax(below))
    peak = int(np.argmax(equity[: deepest + 1]))
    always = np.array([0, n - 1, int(np.argmax(equity)), int(np.argmin(equity)), deepest, peak])
    room = max(most - always.size, 1)
    kept = np.union1d(always, curve.last[:: max(1, ceil(curve.last.size / room))])
    left = most - kept.size
    if left <= 0 or kept.size == n:
        return np.asarray(kept, np.int64)
    others = np.setdiff1d(np.arange(n), kept, assume_unique=True)
    between = others[np.unique(np.linspace(0, others.size - 1, min(left, others.size)).astype(np.int64))]
    return np.asarray(np.union1d(kept, between), np.int64)
