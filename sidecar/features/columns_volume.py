"""Features of volume. A symbol whose volume nobody tells has none of them."""

from __future__ import annotations

import numpy as np

from sidecar.features import window as of
from sidecar.features.feature import BARS, CLOSE, FRACTION, NUMBER, SESSION, feature
from sidecar.features.window import Window, last, mean, total, variance


@feature(NUMBER, BARS, CLOSE, 20)
def v_ratio20(w: Window) -> float:
    """V / mean of V over 20 bars."""
    return w.bar[of.VOLUME] / mean(last(w, of.VOLUMES, 20), 20)


@feature(NUMBER, BARS, CLOSE, 60)
def v_z60(w: Window) -> float:
    """(ln V - mean) / population deviation of ln V over 60 bars; unknown where a bar traded nothing."""
    x = last(w, of.LOG_VOLUMES, 60)
    m = mean(x, 60)
    return (x[-1] - m) / np.sqrt(variance(x, 60, m))


@feature(FRACTION, BARS, CLOSE, 21)
def sv_20(w: Window) -> float:
    """Σ sign(r) V / Σ V over 20 bars."""
    r, v, a = last(w, of.RETURNS, 20), last(w, of.VOLUMES, 20), 0.0
    for i in range(20):
        a += np.sign(r[i]) * v[i]
    return a / total(v, 20)


@feature(FRACTION, SESSION, CLOSE)
def d_vwap(w: Window) -> float:
    """C / (Σ (H + L + C)/3 V / Σ V over the session) - 1."""
    return w.bar[of.CLOSE] / (w.carried[of.TRADED_PRICE] / w.carried[of.TRADED]) - 1.0


@feature("10⁻⁹ log return per rupee", BARS, CLOSE, 61)
def amihud_60(w: Window) -> float:
    """Mean of |r| / (C V) over 60 bars, × 10⁹ (Amihud, 2002); unknown where a bar traded nothing."""
    return total(last(w, of.ILLIQUIDITY, 60), 60) / 60.0
