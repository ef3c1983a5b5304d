"""A book of European options over a grid of moves of the forward and shifts of the volatility, by Black-76.

What legs share in a scenario, and scenarios in a leg, is computed once. Symbols and units as in `black`.
"""
# ruff: noqa: N806

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sidecar.pricing import kernels

Array = NDArray[np.float64]


def values(
    forward: ArrayLike,
    strike: ArrayLike,
    time: ArrayLike,
    volatility: ArrayLike,
    discount: ArrayLike,
    *,
    call: ArrayLike,
    forward_factors: ArrayLike,
    vol_shifts: ArrayLike,
    out: Array | None = None,
) -> Array:
    """(n, m, k) prices in points: n legs, forwards times each of m factors, volatilities plus each of k shifts.

    Legs are columns of length n, or numbers that all share: `time` in years, `volatility` a year, `call` boolean.
    `volatility` may be (n, m), one for each leg and factor, where it moves with the spot; the shifts are in the same
    unit (0.01 is a volatility point), and what falls below zero is taken as zero. A NaN stays in its leg, factor or
    shift. `out`: a float64 array of that shape in C order to write to.

    ValueError names an argument of a wrong shape or domain (forward, discount and factors above 0; strike, time and
    volatility not below 0; all finite).
    """
    legs, scenarios, shape = _book(forward, strike, time, volatility, discount, call, forward_factors, vol_shifts)
    made = np.empty(shape) if out is None else _writable(out, shape)
    kernels.grid(*legs, *scenarios, made.reshape(shape[0], shape[1] * shape[2]))
    return made


def totals(
    forward: ArrayLike,
    strike: ArrayLike,
    time: ArrayLike,
    volatility: ArrayLike,
    discount: ArrayLike,
    *,
    call: ArrayLike,
    quantity: ArrayLike,
    forward_factors: ArrayLike,
    vol_shifts: ArrayLike,
) -> Array:
    """(m, k) sums over the legs of `quantity` (n, signed units) times `values`, in money; arguments as there.

    Added in the order of the legs, so that equal books have equal totals to the last bit; a leg held at 0 adds nothing
    unless it is NaN.
    """
    legs, scenarios, shape = _book(forward, strike, time, volatility, discount, call, forward_factors, vol_shifts)
    made = np.zeros(shape[1] * shape[2])
    kernels.grid_totals(*legs, *scenarios, _column("quantity", quantity, shape[0]), made)
    return made.reshape(shape[1:])


def _book(
    forward: ArrayLike,
    strike: ArrayLike,
    time: ArrayLike,
    volatility: ArrayLike,
    discount: ArrayLike,
    call: ArrayLike,
    forward_factors: ArrayLike,
    vol_shifts: ArrayLike,
) -> tuple[tuple[Any, ...], tuple[Array, ...], tuple[int, int, int]]:
    """The legs and the scenarios as the kernels take them, and the shape of the values."""
    is_call = np.asarray(call)
    if is_call.dtype != np.bool_:
        raise TypeError(f"call must be boolean, not {is_call.dtype}")
    vol = np.asarray(volatility, dtype=np.float64)
    n = max(np.size(each) for each in (forward, strike, time, discount, is_call)) if vol.ndim < 2 else len(vol)
    n = max(n, vol.size) if vol.ndim == 1 else n
    F = _column("forward", forward, n, above=0.0)
    K = _column("strike", strike, n, least=0.0)
    T = _column("time", time, n, least=0.0)
    D = _column("discount", discount, n, above=0.0)
    factors = _column("forward_factors", forward_factors, np.size(forward_factors), above=0.0)
    shifts = _column("vol_shifts", vol_shifts, np.size(vol_shifts))
    if is_call.shape not in ((), (n,)):
        raise ValueError(f"call must be of shape ({n},), not {is_call.shape}")
    if vol.ndim == 2 and vol.shape != (n, factors.size):
        raise ValueError(f"volatility must be of shape ({n},) or ({n}, {factors.size}), not {vol.shape}")
    vols = _column("volatility", vol if vol.ndim < 2 else vol.reshape(-1), n if vol.ndim < 2 else vol.size, least=0.0)
    every = np.repeat(factors, shifts.size)
    with np.errstate(invalid="ignore"):
        logs = np.log(every)
    legs = (F, K, T, vols.reshape(n, -1) if n else np.empty((0, 1)), D, np.array(np.broadcast_to(is_call, (n,))))
    return legs, (every, logs, np.tile(shifts, factors.size)), (n, factors.size, shifts.size)


def _column(name: str, given: ArrayLike, size: int, *, above: float = -np.inf, least: float = -np.inf) -> Array:
    """A column of its own memory; ValueError if its length is another, or a number (NaN apart) out of its domain."""
    array = np.asarray(given, dtype=np.float64)
    if array.shape not in ((), (size,)):
        raise ValueError(f"{name} must be of shape ({size},), not {array.shape}")
    if np.any((array <= above) | (array < least) | np.isinf(array)):
        rule = f"above {above:g}" if above > -np.inf else f"at least {least:g}" if least > -np.inf else "finite"
        raise ValueError(f"{name} must be {rule} and finite (NaN where unknown)")
    return np.array(np.broadcast_to(array, (size,)))


def _writable(out: Array, shape: tuple[int, ...]) -> Array:
    if out.shape != shape or out.dtype != np.float64 or not (out.flags.c_contiguous and out.flags.writeable):
        raise ValueError(f"out must be writeable float64 in C order of shape {shape}, not {out.dtype} of {out.shape}")
    return out
