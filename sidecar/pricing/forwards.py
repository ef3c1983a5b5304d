"""The forwards of a whole chain, each expiry's from the best source that it has.

A future of the expiry where one trades, else put-call parity of the expiry's own options, else the carry of its
neighbours, else the spot at the configured rate; symbols as in `curve`.
"""

# ruff: noqa: N803, N806
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sidecar.pricing.curve import ImpliedForward

Array = NDArray[np.float64]


class ForwardSource(IntEnum):
    """What an expiry's forward rests on; the best first."""

    FUTURE = 0  # a future of that expiry trades
    PARITY = 1  # put-call parity of the expiry's own options
    CARRY = 2  # the carry of its neighbours, between them or beyond the last
    RATE = 3  # the spot grown at the configured rate: no expiry says anything
    MISSING = 4


class Forwards(NamedTuple):
    """One forward an expiry, its standard error in points (NaN where not known) and its `ForwardSource`."""

    forward: Array
    standard_error: Array
    source: NDArray[np.int8]


def forwards(
    years: ArrayLike,
    parity: Sequence[ImpliedForward],
    spot: float,
    *,
    future: ArrayLike | None = None,
    future_error: ArrayLike = 0.0,
    rate: float = np.nan,
    widest: float = 0.005,
) -> Forwards:
    """The forwards to expiries in ascending `years` (n,), each from the best source that it has.

    `parity` is what each expiry's own pairs imply; it counts where its error is at most `widest` of it. `future` (n,)
    is a future's price, NaN where none trades, `future_error` its error in points. The others take the log of F/S
    linear in time between the known ones (and the spot, at 0), and at the last's carry beyond; their error is that of
    the neighbours, and as much again as the neighbours' carries differ. A `spot` that is not known is done without
    where two expiries are known. ValueError where lengths differ or `years` does not ascend.
    """
    T = np.asarray(years, dtype=np.float64)
    if T.ndim != 1 or len(parity) != T.size:
        raise ValueError(f"years must be 1-D and parity as long, not {T.shape} and {len(parity)}")
    if np.any(np.diff(T) < 0):
        raise ValueError("years must ascend")
    F = np.array([each.forward for each in parity], dtype=np.float64)
    error = np.array([each.standard_error for each in parity], dtype=np.float64)
    with np.errstate(invalid="ignore"):
        good = (F > 0) & (error <= widest * F)
        traded = np.full(T.shape, np.nan) if future is None else np.broadcast_to(np.asarray(future, float), T.shape)
        trades = np.isfinite(traded) & (traded > 0)
    F = np.where(trades, traded, np.where(good, F, np.nan))
    error = np.where(trades, future_error, np.where(good, error, np.nan))
    source = np.select([trades, good], [ForwardSource.FUTURE, ForwardSource.PARITY], ForwardSource.MISSING)
    for index in np.flatnonzero(np.isnan(F) & np.isfinite(T)):
        F[index], error[index], source[index] = _carried(float(T[index]), T, F, error, source, spot, rate)
    return Forwards(F, error, source.astype(np.int8))


def _carried(
    time: float, T: Array, F: Array, error: Array, source: NDArray[np.int_], spot: float, rate: float
) -> tuple[float, float, ForwardSource]:
    """The forward to `time` from what other expiries say, its error, and which source that is."""
    known = source <= ForwardSource.PARITY
    times, logs, errors = T[known], np.log(F[known]), error[known] / F[known]
    if spot > 0 and np.isfinite(spot):
        times, logs, errors = (np.concatenate(([first], rest)) for first, rest in
                               ((0.0, times), (np.log(spot), logs), (0.0, errors)))  # fmt: skip
    if times.size >= 2 and times[-1] > times[0]:
        right = int(np.clip(np.searchsorted(times, time), 1, times.size - 1))
        left = right - 1
        share = (time - times[left]) / max(times[right] - times[left], 1e-12)
        value = float(np.exp(logs[left] + share * (logs[right] - logs[left])))
        carries = np.diff(logs) / np.maximum(np.diff(times), 1e-12)
        near = carries[max(left - 1, 0) : right + 1]
        apart = float(near.max() - near.min()) * abs(time - times[left if share < 0.5 else right])
        deviation = np.hypot((1 - share) * errors[left], share * errors[right])
        return value, value * float(np.hypot(deviation, apart)), ForwardSource.CARRY
    if spot > 0 and np.isfinite(rate):
        return float(spot * np.exp(rate * time)), np.nan, ForwardSource.RATE
    return np.nan, np.nan, ForwardSource.MISSING
