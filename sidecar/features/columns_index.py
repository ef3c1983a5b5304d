"""Features of what trades beside the chain: the volatility index and the nearest future."""

from __future__ import annotations

from math import nan

import numpy as np

from sidecar.features import window as of
from sidecar.features.feature import ALONE, COMPLETED, INDEX, LOG, POINTS, TOGETHER, VARIANCE, feature
from sidecar.features.window import Window, mean

_SESSIONS_A_YEAR = 252.0


@feature(POINTS, ALONE, INDEX)
def vix(w: Window) -> float:
    """VIX."""
    return w.bar[of.VIX]


@feature(LOG, COMPLETED, INDEX, 1, 1)
def vix_chg(w: Window) -> float:
    """ln(VIX / VIX at the previous session's close)."""
    return np.log(w.bar[of.VIX] / w.days[of.DAY_VIX, -1])


@feature(VARIANCE, COMPLETED, INDEX, 1, 21)
def vrp(w: Window) -> float:
    """(VIX / 100)² - 252 × mean of the squared log return from close to close over the last 20 sessions."""
    return (w.bar[of.VIX] / 100.0) ** 2 - _SESSIONS_A_YEAR * mean(w.days[of.DAY_SQUARE], of.DAYS_KEPT)


@feature("fraction per year", ALONE, TOGETHER)
def basis(w: Window) -> float:
    """(F / C - 1) / T of the nearest future."""
    years = w.bar[of.FUTURE_T]
    return (w.bar[of.FUTURE] / w.bar[of.CLOSE] - 1.0) / years if years > 0.0 else nan
