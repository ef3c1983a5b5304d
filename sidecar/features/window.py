"""What the feature kernel remembers of the bars so far, and the sums that features make of it.

Rings hold the last bars twice, so that the bars up to now are always one stretch of memory in the order of time: each
sum is made afresh, oldest first, and does not depend on where the series began. What has not been seen is NaN, so a
window that is not full, or has a hole, has no sum.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.bars import INPUTS
from sidecar.features.feature import inline

Array = NDArray[np.float64]

#: Columns of a bar row.
OPEN, HIGH, LOW, CLOSE, VOLUME = map(INPUTS.index, ("open", "high", "low", "close", "volume"))
MINUTE, MINUTES, SESSION = map(INPUTS.index, ("minute", "minutes", "session"))
DTE, IS_EXPIRY, EXPIRY, T1, T2 = map(INPUTS.index, ("dte", "is_expiry", "expiry", "t1", "t2"))
ATM_IV, ATM_IV2, RR25, BF25 = map(INPUTS.index, ("atm_iv", "atm_iv2", "rr25", "bf25"))
OI_PUT, OI_CALL, VOLUME_PUT, VOLUME_CALL = map(INPUTS.index, ("oi_put", "oi_call", "volume_put", "volume_call"))
GAMMA_OI, MAX_PAIN, VIX = map(INPUTS.index, ("gamma_oi", "max_pain", "vix"))
FUTURE, FUTURE_T = map(INPUTS.index, ("future", "future_t"))

#: Rings of the last bars.
CLOSES, HIGHS, LOWS, RETURNS, VOLUMES, LOG_VOLUMES, RANGES, ILLIQUIDITY = range(8)
MINUTES_SEEN, SESSIONS_SEEN, EXPIRIES, IVS, INTERESTS, PUTS_TRADED, CALLS_TRADED = range(8, 15)
RINGS, KEPT = 15, 64  # the longest window but one is 62 bars
KEPT_SQUARES = 512  # of returns: 375 bars

#: Carried from bar to bar: recursions, how often each was fed, and sums of the session.
BARS_SEEN, EMA12, EMA20, EMA26, EMA50, SIGNAL, PRICES_FED, TRUE_RANGE, RANGES_FED, GAIN, LOSS, MOVES_FED = range(12)
FIRST_OPEN, TRADED_PRICE, TRADED, LAST_CLOSE, LAST_VIX, LAST_IV, LAST_SESSION, LAST_MINUTE = range(12, 20)
CARRIED = 20

#: Of each completed session.
DAY_CLOSE, DAY_SQUARE, DAY_VIX, DAY_IV, DAY_VOLUME = range(5)  # close to close, the squared log return
DAYS, DAYS_KEPT = 5, 20


class Window(NamedTuple):
    """One bar and what came before it: ``end`` is one past the bar in the rings, ``squares_end`` in that of r²."""

    bar: Array
    rings: Array
    squares: Array
    carried: Array
    days: Array
    end: int
    squares_end: int


@inline
def last(w: Window, ring: int, count: int) -> Array:
    """The last `count` of a ring, the oldest first."""
    return w.rings[ring, w.end - count : w.end]


@inline
def ago(w: Window, ring: int, bars: int) -> float:
    """A ring's value some bars before this one."""
    return w.rings[ring, w.end - 1 - bars]


@inline
def total(x: Array, n: int, base: float = 0.0) -> float:
    """The sum of x - base, of four sums in turn: a processor adds to four at once, and always in the same order."""
    a = b = c = d = 0.0
    whole = n // 4 * 4
    for i in range(0, whole, 4):
        a += x[i] - base
        b += x[i + 1] - base
        c += x[i + 2] - base
        d += x[i + 3] - base
    for i in range(whole, n):
        a += x[i] - base
    return (a + b) + (c + d)


@inline
def mean(x: Array, n: int) -> float:
    """Reckoned from the last value, so that it is exact where all are equal."""
    return x[n - 1] + total(x, n, x[n - 1]) / n


@inline
def together(x: Array, y: Array, n: int, mean_x: float, mean_y: float) -> float:
    """The sum of (x - its mean)(y - its mean), for a multiple of four."""
    a = b = c = d = 0.0
    for i in range(0, n, 4):
        a += (x[i] - mean_x) * (y[i] - mean_y)
        b += (x[i + 1] - mean_x) * (y[i + 1] - mean_y)
        c += (x[i + 2] - mean_x) * (y[i + 2] - mean_y)
        d += (x[i + 3] - mean_x) * (y[i + 3] - mean_y)
    return (a + b) + (c + d)


@inline
def variance(x: Array, n: int, centre: float) -> float:
    """Of the population, for a multiple of four."""
    return together(x, x, n, centre, centre) / n
