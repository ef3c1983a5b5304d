# ruff: noqa: N803, N806
"""Hard sets for implied volatility: true volatilities are drawn, and their prices are computed to 50 digits.

`limit` is what one rounding of the price makes in the volatility: 2^-52 times the condition, d ln volatility / d ln
price, or one rounding of the volatility itself where the condition is below 1. No method can promise less.
"""

from typing import Any, NamedTuple

import mpmath
import numpy as np
from mpmath import mpf
from numpy.typing import NDArray

Array = NDArray[np.float64]

DIGITS = 50
EPS = 2.0**-52
FORWARD = 24600.0
MINUTE = 1 / 525_600
LEAST = 1e-290  # of a price: below it float64 begins to lose digits
HELD = 1e-2  # of the volatility: where one rounding makes more of it, the price does not hold it

# set: deviations, their logarithms' base 10 if below zero; distances ln(F/K)/s out of the money; years
SETS: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "normal": ((0.01, 0.4), (-3.0, 3.0), (7 / 365, 2.0)),
    "deep out of the money": ((-2.0, 0.0), (5.0, 35.0), (1 / 365, 1.0)),
    "one minute": ((-4.2, -2.5), (-5.0, 10.0), (MINUTE, MINUTE)),
    "near intrinsic": ((0.01, 0.4), (-7.0, -3.0), (1 / 365, 1.0)),
    "price 1e-8": ((-3.0, -0.5), (0.0, 0.0), (0.01, 10.0)),
    "deviation 1 to 5": ((1.0, 5.0), (-2.0, 3.0), (1.0, 5.0)),
    "five to thirty years": ((0.2, 3.0), (-3.0, 3.0), (5.0, 30.0)),
}


class Drawn(NamedTuple):
    """Arrays of one length."""

    price: Array
    forward: Array
    strike: Array
    time: Array
    call: NDArray[np.bool_]
    volatility: Array
    limit: Array


def drawn(name: str, count: int, seed: int = 1) -> Drawn:
    rng = np.random.default_rng(seed)
    deviations, distances, times = SETS[name]
    s = rng.uniform(*deviations, count)
    s = 10**s if deviations[0] < 0 else s
    T = rng.uniform(*times, count)
    w = np.where(rng.random(count) < 0.5, 1, -1)
    distance = distance_of(1e-8 / FORWARD, s) if name == "price 1e-8" else rng.uniform(*distances, count)
    K, volatility = FORWARD * np.exp(w * distance * s), s / np.sqrt(T)
    rows = zip(w.tolist(), K.tolist(), T.tolist(), volatility.tolist(), strict=True)
    price, condition = (np.array(column) for column in zip(*(exactly(*row) for row in rows), strict=True))
    limit = EPS * np.maximum(condition, 1.0)
    kept = (price > LEAST) & (limit < HELD)
    return Drawn(*(each[kept] for each in (price, np.full(count, FORWARD), K, T, w > 0, volatility, limit)))


def distance_of(share: float, s: Array) -> Array:
    """How far from the money, in deviations, an option is worth about that share of the forward (Bachelier's tail)."""
    d = np.full(s.shape, 5.0)
    for _ in range(50):
        d = np.sqrt(np.maximum(2 * np.log(s / (share * 2.5 * (1 + d * d))), 0.0))
    return np.asarray(d)


def exactly(w: int, K: float, T: float, v: float) -> tuple[float, float]:
    """The price as rounded to float64, and its condition."""
    with mpmath.workdps(DIGITS):
        s = mpf(v) * mpmath.sqrt(mpf(T))
        d1 = mpmath.log(mpf(FORWARD) / mpf(K)) / s + s / 2

        def tail(z: Any) -> Any:
            return mpmath.erfc(-z / mpmath.sqrt(2)) / 2

        price = w * (FORWARD * tail(w * d1) - K * tail(w * (d1 - s)))
        return float(price), float(price / (FORWARD * mpmath.npdf(d1) * s))
