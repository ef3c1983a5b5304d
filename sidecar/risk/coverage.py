"""Whether past forecasts of tail risk held: tests of how many losses exceeded them, when, and by how much."""

from __future__ import annotations

from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, xlogy

from sidecar.risk.legs import Flags, Floats


class Ratio(NamedTuple):
    """A likelihood-ratio statistic, its asymptotic p-value and the degrees of freedom of its chi-square."""

    statistic: float
    p_value: float
    freedom: int


def exceptions(loss: ArrayLike, var: ArrayLike) -> Flags:
    """Days (n,) on which the loss was above the VaR forecast for it; ValueError where either is NaN."""
    lost, forecast = np.asarray(loss, dtype=np.float64), np.asarray(var, dtype=np.float64)
    for name, values in (("loss", lost), ("var", forecast)):
        if np.isnan(values).any():
            raise ValueError(f"{name} must be known on every day: a day without it is neither a hit nor a miss")
    return np.asarray(lost > forecast)


def kupiec(hits: Flags, rate: float) -> Ratio:
    """Proportion of failures: is the share of ``hits`` (n,) the ``rate`` that the VaR promised (0.01 for 99 %)?

    P. Kupiec, "Techniques for verifying the accuracy of risk measurement models", Journal of Derivatives 3 (1995).
    Two-sided: too few exceptions are a failure too. NaN without days.

    57 exceptions in 1,043 days of a 95 % VaR (MathWorks, Risk Management Toolbox, ``varbacktest``): 0.46147, p 0.49694.
    """
    _checked(rate)
    n, x = len(hits), int(np.count_nonzero(hits))
    if n == 0:
        return Ratio(nan, nan, 1)
    return _ratio(_likelihood(n - x, x, x / n) - _likelihood(n - x, x, rate), 1)


def christoffersen(hits: Flags) -> Ratio:
    """Independence: is an exception no likelier after an exception than after none?

    P. Christoffersen, "Evaluating interval forecasts", International Economic Review 39 (1998), against a first-order
    Markov chain. It sees only neighbours. Without an exception nothing can be said: statistic 0, p 1. NaN without two
    days.

    The example of :func:`kupiec`, with 4 exceptions that follow one: 0.25866, p 0.61104.
    """
    flags = np.asarray(hits, dtype=bool)
    if len(flags) < 2:
        return Ratio(nan, nan, 1)
    before, after = flags[:-1], flags[1:]
    n00, n01 = int(np.sum(~before & ~after)), int(np.sum(~before & after))
    n10, n11 = int(np.sum(before & ~after)), int(np.sum(before & after))
    chain = _likelihood(n00, n01, _share(n01, n00)) + _likelihood(n10, n11, _share(n11, n10))
    return _ratio(chain - _likelihood(n00 + n10, n01 + n11, _share(n01 + n11, n00 + n10)), 1)


def conditional(hits: Flags, rate: float) -> Ratio:
    """Both at once: the right share and independence, the sum of :func:`kupiec` and :func:`christoffersen`.

    The example of :func:`kupiec`: 0.72013, p 0.69763.
    """
    return _chi_square(kupiec(hits, rate).statistic + christoffersen(hits).statistic, 2)


def shortfall(loss: ArrayLike, var: ArrayLike, es: ArrayLike, level: float) -> float:
    """Z₂ of C. Acerbi and B. Szekely ("Backtesting expected shortfall", Risk, December 2014), all (n,).

    1 - mean(loss x [loss > var] / ((1 - ``level``) es)): 0 on average under a right model, negative where the shortfall
    was understated (-1: the tail lost twice what was forecast). At 97.5 % and 250 days below -0.70 happens to a right
    model one time in twenty, whatever its tail; the spread shrinks with the square root of the days. NaN without days;
    ValueError where ``es`` is not positive.
    """
    _checked(1 - level)
    hits = exceptions(loss, var)
    forecast: Floats = np.asarray(es, dtype=np.float64)
    if not np.all(forecast > 0):
        raise ValueError("es must be positive on every day: a book that cannot lose has no shortfall to test")
    if len(hits) == 0:
        return nan
    return float(1.0 - np.mean(np.where(hits, np.asarray(loss) / forecast, 0.0)) / (1 - level))


def _checked(rate: float) -> None:
    if not 0 < rate < 1:
        raise ValueError(f"rate must lie between 0 and 1, not {rate:g}")


def _likelihood(misses: int, hits: int, rate: float) -> float:
    """Log-likelihood of independent days, 0 log 0 being 0."""
    return float(xlogy(misses, 1 - rate) + xlogy(hits, rate))


def _share(hits: int, misses: int) -> float:
    return hits / (hits + misses) if hits + misses else 0.0


def _ratio(gain: float, freedom: int) -> Ratio:
    return _chi_square(max(2 * gain, 0.0), freedom)  # rounding may leave -1e-16


def _chi_square(statistic: float, freedom: int) -> Ratio:
    return Ratio(statistic, float(chdtrc(freedom, statistic)), freedom)
