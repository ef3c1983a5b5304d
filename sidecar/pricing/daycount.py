"""Time to expiry: ACT/365 fixed, counted to the microsecond."""

from typing import overload

import numpy as np
from numpy.typing import NDArray

MICROSECONDS_PER_YEAR = 365 * 24 * 3600 * 1_000_000

Instants = int | NDArray[np.int64]


@overload
def years(at: int, expires_at: int) -> float: ...
@overload
def years(at: Instants, expires_at: NDArray[np.int64]) -> NDArray[np.float64]: ...
@overload
def years(at: NDArray[np.int64], expires_at: Instants) -> NDArray[np.float64]: ...
def years(at: Instants, expires_at: Instants) -> float | NDArray[np.float64]:
    """Years from `at` to `expires_at`, ACT/365 fixed (ISDA 2006 section 4.16(d)), never below zero.

    Both are microseconds since 1970 UTC, integers or int64 arrays that broadcast; a leap day counts as any other day.
    The difference is taken in integers, so a microsecond is not lost. Raises TypeError where a value is not an
    integer: a float of this size would already have been rounded.

    >>> years(0, 365 * 86_400 * 1_000_000)
    1.0
    """
    now, end = np.asarray(at), np.asarray(expires_at)
    for name, instants in (("at", now), ("expires_at", end)):
        if instants.dtype.kind != "i":
            raise TypeError(f"{name} must be integer microseconds since 1970 UTC, not {instants.dtype}")
    remaining = np.maximum(np.subtract(end, now, dtype=np.int64), 0) / MICROSECONDS_PER_YEAR
    return remaining if np.ndim(remaining) else float(remaining)
