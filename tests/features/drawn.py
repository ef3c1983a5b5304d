"""Bars that look like a market's: drawn from a seed, of sessions of any length."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.bars import INPUTS

Array = NDArray[np.float64]
AT = {name: i for i, name in enumerate(INPUTS)}
FIRST_DAY = 739_000


def bars(lengths: list[int], seed: int = 1, *, holes: float = 0.0) -> Array:
    """(n, inputs): sessions of so many minutes each, an expiry every fifth; a share of inputs unknown, one by one."""
    draw = np.random.default_rng(seed)
    rows = np.concatenate([_session(draw, i, minutes) for i, minutes in enumerate(lengths)])
    n = len(rows)
    close = 24_000.0 * np.exp(np.cumsum(draw.normal(0, 4e-4, n)))
    first = rows[:, AT["minute"]] == 0
    opened = np.concatenate([[24_000.0], close[:-1]]) * np.exp(draw.normal(0, np.where(first, 4e-3, 5e-5)))
    put(rows, "open", opened)
    put(rows, "close", close)
    put(rows, "high", np.maximum(opened, close) * np.exp(draw.exponential(1e-4, n)))
    put(rows, "low", np.minimum(opened, close) * np.exp(-draw.exponential(1e-4, n)))
    put(rows, "future", close * np.exp(0.06 * rows[:, AT["future_t"]] + draw.normal(0, 1e-5, n)))
    put(rows, "max_pain", np.round(close / 50.0) * 50.0)
    unknown = draw.random(rows.shape) < holes
    unknown[:, [AT["session"], AT["minute"], AT["minutes"]]] = False
    rows[unknown] = np.nan
    return rows


def put(rows: Array, name: str, values: Any) -> None:
    rows[:, AT[name]] = values


def _session(draw: np.random.Generator, day: int, minutes: int) -> Array:
    rows, m = np.empty((minutes, len(INPUTS))), np.arange(minutes)
    weeks, left = divmod(day, 5)
    t1 = (5 - left - (m + 1) / minutes + 1e-6) / 365.0
    walks = {
        "atm_iv": 0.13, "atm_iv2": 0.14, "vix": 13.0, "oi_put": 5e6, "oi_call": 6e6,
    }  # fmt: skip
    for name, level in walks.items():
        put(rows, name, level * np.exp(draw.normal(0, 0.1) + np.cumsum(draw.normal(0, 2e-3, minutes))))
    for name in ("volume_put", "volume_call"):
        put(rows, name, np.cumsum(draw.integers(1, 90, minutes)) * 75.0)
    columns = {
        "volume": draw.integers(1, 400, minutes) * 75.0, "minute": m, "minutes": minutes, "session": FIRST_DAY + day,
        "dte": t1 * 365.0, "is_expiry": float(left == 4), "expiry": 20260100 + weeks, "t1": t1, "t2": t1 + 7.0 / 365.0,
        "rr25": draw.normal(-0.01, 2e-3, minutes), "bf25": draw.normal(4e-3, 1e-3, minutes),
        "gamma_oi": draw.normal(0, 1e9, minutes), "future_t": t1 + 14.0 / 365.0,
    }  # fmt: skip
    for name, values in columns.items():
        put(rows, name, values)
    return rows
