"""One expiry's smile as Gatheral's raw SVI: its value, slope, density, and whether it can be arbitraged.

Total implied variance w = volatility² x time at log-moneyness k = ln(K/F) is

    w(k) = a + b (rho (k - m) + sqrt((k - m)² + sigma²)),   b >= 0, |rho| < 1, sigma > 0

(J. Gatheral, "A parsimonious arbitrage-free implied volatility parameterization", 2004). The state price density of the
smile is g(k) times a positive number (Gatheral and Jacquier, "Arbitrage-free SVI volatility surfaces", 2014, eq. 2.1):

    g = (1 - k w'/(2w))² - w'²/4 (1/w + 1/4) + w''/2

so a butterfly spread of negative price exists where g < 0. Calls at infinite strikes must be worth nothing, for which
R. Lee's moment formula (2004) bounds the wings' slopes in k of total variance: b (1 + |rho|) <= 2. (Written for the
volatility's square, a = w/T, the same bound is 2/T; Gatheral's 4/T is that of a sufficient, older condition.)

A smile is passed as an array whose last axis is (a, b, rho, m, sigma).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

#: Lee's bound on the slope of total variance in either wing.
STEEPEST = 2.0
_FARTHEST = 1e4  # in the smile's own widths: beyond it the wings are straight to rounding
_POINTS = 801


class Shape(NamedTuple):
    """Total variance and its first two derivatives in log-moneyness."""

    variance: Array
    slope: Array
    bend: Array


def shape(parameters: ArrayLike, k: ArrayLike) -> Shape:
    """w, w' and w'' at log-moneyness `k`: the parameters' leading axes broadcast with `k`. NaN gives NaN."""
    a, b, rho, m, sigma = _split(parameters)
    x = np.asarray(k, dtype=np.float64) - m
    root = np.hypot(x, sigma)
    return Shape(a + b * (rho * x + root), b * (rho + x / root), b * sigma * sigma / root**3)


def total_variance(parameters: ArrayLike, k: ArrayLike) -> Array:
    """Total variance at log-moneyness `k`: the parameters' leading axes broadcast with `k`.

    >>> float(total_variance([0.04, 0.1, 0.0, 0.0, 0.2], 0.0))
    0.06
    """
    a, b, rho, m, sigma = _split(parameters)
    x = np.asarray(k, dtype=np.float64) - m
    return np.asarray(a + b * (rho * x + np.hypot(x, sigma)))


def density(parameters: ArrayLike, k: ArrayLike) -> Array:
    """Gatheral's g, no unit: below zero where a butterfly spread has a negative price. Shapes as `total_variance`."""
    return density_of(shape(parameters, k), k)


def density_of(of: Shape, k: ArrayLike) -> Array:
    """Gatheral's g of any smile from its total variance and derivatives at `k`; -inf where w is not above zero."""
    w, slope, bend = of
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = 1.0 - np.asarray(k) * slope / (2.0 * w)
        g = ratio * ratio - 0.25 * slope * slope * (1.0 / w + 0.25) + 0.5 * bend
    return np.asarray(np.where(w > 0, g, np.where(np.isnan(w), np.nan, -np.inf)))


def wings(parameters: ArrayLike) -> tuple[Array, Array]:
    """Slopes of total variance far left, b (1 - rho), and far right, b (1 + rho), both as numbers above zero."""
    _, b, rho, _, _ = _split(parameters)
    return b * (1.0 - rho), b * (1.0 + rho)


def lowest(parameters: ArrayLike) -> Array:
    """The least total variance of the smile, a + b sigma sqrt(1 - rho²)."""
    a, b, rho, _, sigma = _split(parameters)
    return np.asarray(a + b * sigma * np.sqrt(1.0 - rho * rho))


def probe(parameters: ArrayLike, points: int = _POINTS) -> Array:
    """Log-moneyness at which one smile (5,) is to be looked at: dense at its bend and at the money, out to its wings.

    Half the points lie about m in units of sigma, half about 0 in units of the at-the-money deviation; ascending.
    """
    a, b, rho, m, sigma = (float(each) for each in np.asarray(parameters, dtype=np.float64))
    deviation = float(np.sqrt(max(a + b * (np.hypot(m, sigma) - rho * m), 1e-12)))
    spread = np.sinh(np.linspace(-1.0, 1.0, points // 2) * np.arcsinh(_FARTHEST))
    return np.sort(np.concatenate((m + sigma * spread, deviation * spread)))


def butterfly_violations(parameters: ArrayLike, k: ArrayLike | None = None) -> int:
    """How many points of `k` (of `probe` without one) have a negative density, and one more for each wing too steep.

    The example of Axel Vogt (Gatheral and Jacquier 2014, section 2.3), whose variance is positive everywhere:

    >>> butterfly_violations([-0.0410, 0.1331, 0.3060, 0.3586, 0.4153]) > 0
    True
    """
    left, right = wings(parameters)
    at = probe(parameters) if k is None else np.asarray(k, dtype=np.float64)
    return int(np.count_nonzero(~(density(parameters, at) >= 0.0))) + int(left > STEEPEST) + int(right > STEEPEST)


def calendar_violations(near: ArrayLike, far: ArrayLike, k: ArrayLike | None = None, rounding: float = 1e-12) -> int:
    """How many points have less total variance in the `far` smile than in the `near`, and one for each wing that will.

    Total variance that falls with expiry at one log-moneyness is a calendar arbitrage. `k` is both smiles' `probe`
    without one. Falls below `rounding` of the far variance are not counted.
    """
    points = np.concatenate((probe(near), probe(far))) if k is None else np.asarray(k, dtype=np.float64)
    before, after = total_variance(near, points), total_variance(far, points)
    steeper = sum(int(x > y * (1 + rounding) + rounding) for x, y in zip(wings(near), wings(far), strict=True))
    return int(np.count_nonzero(~(after - before >= -rounding * after))) + steeper


def _split(parameters: ArrayLike) -> tuple[Array, Array, Array, Array, Array]:
    given = np.asarray(parameters, dtype=np.float64)
    if given.ndim == 0 or given.shape[-1] != 5:
        raise ValueError(f"parameters must end in an axis of 5 (a, b, rho, m, sigma), not {given.shape}")
    return given[..., 0], given[..., 1], given[..., 2], given[..., 3], given[..., 4]
