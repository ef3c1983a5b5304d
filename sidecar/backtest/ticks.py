"""Prices as whole ticks, a column at a time; one price at a time is :mod:`sidecar.domain.ticks`, with the same bits."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sidecar.domain.errors import InputError
from sidecar.domain.ticks import NEAR

Ticks = NDArray[np.int64]
#: Beyond any price in ticks; a larger one would not be exact.
MOST = 1 << 40


def nearest(prices: ArrayLike, tick: Decimal, field: str = "close") -> Ticks:
    """The whole ticks nearest to prices (n,), half a tick up; 0 where a price is NaN. :raises InputError: no price."""
    return _whole(np.floor(_in_ticks(prices, tick, field) + (0.5 + NEAR)))


def whole_below(prices: ArrayLike, tick: Decimal, field: str = "bid") -> Ticks:
    """The largest whole ticks not above prices (n,); 0 where one is NaN. :raises InputError: no price."""
    return _whole(np.floor(_in_ticks(prices, tick, field) + NEAR))


def whole_above(prices: ArrayLike, tick: Decimal, field: str = "ask") -> Ticks:
    """The least whole ticks not below prices (n,); 0 where one is NaN. :raises InputError: no price."""
    return _whole(np.ceil(_in_ticks(prices, tick, field) - NEAR))


def _in_ticks(prices: ArrayLike, tick: Decimal, field: str) -> NDArray[np.float64]:
    found = np.asarray(prices, np.float64) / float(tick)
    if not (np.isnan(found) | ((found >= 0.0) & (found < MOST))).all():
        place = int(np.argmin(np.isnan(found) | ((found >= 0.0) & (found < MOST))))
        given = np.asarray(prices, np.float64)[place]
        raise InputError(field, f"{given} at bar {place} is no price", "give prices from 0 up, NaN where unknown")
    return found


def _whole(ticks: NDArray[np.float64]) -> Ticks:
    return np.nan_to_num(ticks, nan=0.0).astype(np.int64)
