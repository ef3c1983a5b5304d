"""Minute bars whose truth is known: a martingale with wandering volatility, or one with a drift that rr25 tells of."""

from __future__ import annotations

from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sidecar.domain.bars import Bar
from sidecar.domain.clock import DAY, MINUTE, SECOND
from sidecar.domain.models import LabelKind
from sidecar.features.labels import LabelSpec

Columns = dict[str, NDArray[Any]]

MINUTES = 375
HORIZON = 15
FIXED = LabelSpec(LabelKind.FIXED_HORIZON, HORIZON)
#: 2025-01-06, a Monday.
FIRST = 739_257
_EPOCH = 719_163
_OPENS = 225 * MINUTE
#: The planted drift keeps its side for this many minutes.
_RUN = 125
_FREE = {"oi_put": 4e6, "oi_call": 5e6, "gamma_oi": 1e6, "volume_put": 1e3, "volume_call": 1e3}


class Market(NamedTuple):
    """Bars as ``columns``; of each bar's minute the ``drift`` and the deviation ``sigma`` of its log return."""

    columns: Columns
    drift: NDArray[np.float64]
    sigma: NDArray[np.float64]

    def upward(self, horizon: int = HORIZON) -> NDArray[np.float64]:
        """The chance, given every drift, that a bar's label without costs is buy; NaN at the end."""
        drift, variance = (np.r_[0.0, np.cumsum(each)] for each in (self.drift, self.sigma**2))
        t = np.arange(len(self.drift) - horizon)
        mean, spread = (each[t + horizon + 1] - each[t + 1] for each in (drift, variance))
        return np.asarray(np.r_[ndtr(mean / np.sqrt(spread)), np.full(horizon, np.nan)])


def market(seed: int, sessions: int, accuracy: float = 0.5, minutes: int = MINUTES, cost: float = 0.0004) -> Market:
    """``sessions`` of ``minutes`` bars; knowing the drift, its side is right in ``accuracy`` of ``HORIZON`` bars."""
    rng = np.random.default_rng(seed)
    n = sessions * minutes
    day, minute = np.divmod(np.arange(n), minutes)
    level = np.zeros(sessions)
    for k in range(1, sessions):
        level[k] = 0.9 * level[k - 1] + 0.25 * rng.standard_normal()
    shape = 1 + 0.8 * (2 * minute / minutes - 1) ** 2
    sigma = 0.0004 * np.exp(level[day]) * shape
    side = np.repeat(rng.choice((-1.0, 1.0), n // _RUN + 1), _RUN)[:n]
    drift = side * sigma * float(ndtri(accuracy)) / sqrt(HORIZON)
    steps = rng.standard_normal((n, 4)) * sigma[:, None] / 2 + drift[:, None] / 4
    path = np.log(20_000) + np.cumsum(steps).reshape(n, 4)
    start = np.r_[np.log(20_000), path[:-1, 3]]
    night = np.cumsum(0.004 * rng.standard_normal(sessions))[day]
    path, start = path + night[:, None], start + night
    price = np.exp(np.column_stack([start, path]))
    ordinal = FIRST + day // 5 * 7 + day % 5
    at = (ordinal - _EPOCH) * DAY + _OPENS + minute * MINUTE
    return Market(_columns(rng, price, at, ordinal, minute, minutes, side * float(accuracy > 0.5), cost), drift, sigma)


def _columns(
    rng: np.random.Generator,
    price: NDArray[np.float64],
    at: NDArray[np.int64],
    ordinal: NDArray[np.int64],
    minute: NDArray[np.int64],
    minutes: int,
    side: NDArray[np.float64],
    cost: float,
) -> Columns:
    n = len(at)
    columns: Columns = {name: np.full(n, np.nan) for name in Bar.__struct_fields__}
    wander = {name: np.cumsum(rng.standard_normal(n)) / sqrt(n) for name in ("atm_iv", "atm_iv2", "vix", "bf25", "oi")}
    columns |= {
        "symbol": np.full(n, "NIFTY", object), "source": np.full(n, "made", object), "simulated": np.ones(n, np.bool_),
        "at": at, "closes_at": at + MINUTE, "known_at": at + MINUTE + SECOND,
        "open": price[:, 0], "high": price.max(axis=1), "low": price.min(axis=1), "close": price[:, 4],
        "volume": rng.lognormal(10, 0.5, n), "minute": minute.astype(float), "minutes": np.full(n, float(minutes)),
        "session": ordinal.astype(float), "dte": (2.0 - ordinal) % 7, "is_expiry": (ordinal % 7 == 2).astype(float),
        "expiry": np.full(n, 20_250_130.0), "t1": np.full(n, 0.02), "t2": np.full(n, 0.04),
        "atm_iv": 0.15 * np.exp(0.1 * wander["atm_iv"]), "atm_iv2": 0.15 * np.exp(0.1 * wander["atm_iv2"]),
        "vix": 15 * np.exp(0.1 * wander["vix"]), "bf25": 0.01 + 0.001 * wander["bf25"],
        "rr25": 0.01 * side + 0.002 * rng.standard_normal(n), "max_pain": price[:, 4].round(-2),
        "future": price[:, 4] * (1.001 + 0.0001 * rng.standard_normal(n)), "future_t": np.full(n, 0.05),
        "cost": np.full(n, cost),
    }  # fmt: skip
    grown = np.exp(0.1 * wander["oi"])
    return columns | {name: level * grown * rng.lognormal(0, 0.05, n) for name, level in _FREE.items()}
