"""How sure a rate is: hits of trials, and the interval that holds the true one 19 times in 20."""

from __future__ import annotations

from math import nan, sqrt

#: The standard normal's 97.5 % point: intervals hold the true rate 19 times in 20.
_Z = 1.959963984540054


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a rate by Wilson (1927): honest where trials are few, or nearly all hit; NaN without any.

    >>> tuple(round(end, 4) for end in wilson(8, 10))
    (0.4902, 0.9433)
    """
    if not trials:
        return nan, nan
    rate, spread = hits / trials, _Z * _Z / trials
    middle = (rate + spread / 2.0) / (1.0 + spread)
    half = _Z * sqrt(rate * (1.0 - rate) / trials + spread / (4.0 * trials)) / (1.0 + spread)
    # At an end of the scale one end of the interval is the rate itself, but for its rounding.
    return max(0.0, min(rate, middle - half)), min(1.0, max(rate, middle + half))
