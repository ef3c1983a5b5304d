"""Implied volatility of European options on a forward: the inverse of `black.price`.

Each price is moved to its out-of-the-money side by put-call parity and divided by sqrt(F K), which leaves two numbers
(P. Jäckel, "By Implication", 2006, and "Let's Be Rational", 2015): x = -|ln(F/K)| and

    b(x, s) = exp(x/2) N(x/s + s/2) - exp(-x/2) N(x/s - s/2),   0 < b < exp(x/2),   s = volatility x sqrt(T).

`implied_kernel` solves it for s in two steps. What it gives back (strikes beyond 1e-100 to 1e100, and the like) is
solved here, by steps that may not leave a bracket of the root: a hundred times as slow, and it holds everywhere.
"""
# ruff: noqa: N803, N806

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfcx, ndtri

from sidecar.pricing.implied_kernel import implied_lanes

Array = NDArray[np.float64]

_SPAN = 8192  # options at a time where an argument is one number for all
_STEPS = 100  # a guard: two to four are taken
_CLOSE = 1e-5  # a fourth-order step this small leaves an error far below rounding
_SHORT = 0.05  # below this s/2 a Taylor series is more exact than a difference
_ROOT_HALF = 0.7071067811865476
_ROOT_HALF_PI = 1.2533141373155003
_LN_ROOT_TWO_PI = 0.9189385332046727


class Reason(IntEnum):
    """Why there is a volatility, or none."""

    OK = 0
    NOT_FINITE = 1  # an input is NaN or infinite
    OUT_OF_DOMAIN = 2  # forward or discount not above zero, strike or time below zero
    NO_TIME = 3  # expired: the price says nothing about volatility
    BELOW_INTRINSIC = 4  # an arbitrage, or a stale quote
    NO_TIME_VALUE = 5  # at intrinsic value, to rounding
    ABOVE_BOUND = 6  # a call at or above the discounted forward, a put at or above the discounted strike
    NOT_SOLVED = 7  # the iteration ran out of steps


def implied_volatility(
    price: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    time: ArrayLike,
    discount: ArrayLike = 1.0,
    *,
    call: ArrayLike,
    out: Array | None = None,
) -> tuple[Array, NDArray[np.int8]]:
    """The volatility per square root of a year at which `black.price` gives `price`, and a `Reason` code, elementwise.

    Units and shapes as in `black.price`. Where no volatility exists it is NaN and the code says why; the first reason
    that holds is given, in the order of their numbers. No value raises; TypeError where `call` is not boolean,
    ValueError where `out`, a float64 array in C order of the common shape to write to, cannot be.

    Exact to rounding times the condition of the problem: an in-the-money price close to intrinsic value holds only the
    digits of its time value, and no method can find more.

    >>> volatility, reason = implied_volatility(1.7010507252362, 19.0, 19.0, 0.75, np.exp(-0.075), call=False)
    >>> round(float(volatility), 10), Reason(reason).name
    (0.28, 'OK')
    """
    is_call = np.asarray(call)
    if is_call.dtype != np.bool_:
        raise TypeError(f"call must be boolean, not {is_call.dtype}")
    given = [*(np.asarray(each, dtype=np.float64) for each in (price, forward, strike, time, discount)), is_call]
    shape = np.broadcast(*given).shape
    volatility = np.empty(shape) if out is None else _apart(out, shape, given)
    reason = np.empty(shape, np.int8)
    flat, codes = volatility.reshape(-1), reason.reshape(-1)
    span = min(flat.size, _SPAN) if min(each.size for each in given) == 1 else flat.size
    columns = [_column(each, shape, span) for each in given]
    if span == flat.size:
        _solve(columns, flat, codes)
    else:
        for start in range(0, flat.size, span):
            rows = slice(start, min(start + span, flat.size))
            some = [each[rows] if each.size == flat.size else each[: rows.stop - start] for each in columns]
            _solve(some, flat[rows], codes[rows])
    if out is not None and out is not volatility:
        out[...] = volatility
    return volatility if out is None else out, reason


def _apart(out: Array, shape: tuple[int, ...], given: list[NDArray[Any]]) -> Array:
    """`out`, or room of its shape where it lies upon an argument, which may be read again."""
    if out.shape != shape or out.dtype != np.float64 or not (out.flags.c_contiguous and out.flags.writeable):
        raise ValueError(f"out must be writeable float64 in C order of shape {shape}, not {out.dtype} of {out.shape}")
    return np.empty(shape) if any(np.may_share_memory(out, each) for each in given) else out


def _column(each: NDArray[Any], shape: tuple[int, ...], span: int) -> NDArray[Any]:
    """Flat: one for each option, as it lies or a copy, or `span` times the one of all. The kernel knows one kind."""
    if each.shape == shape and each.flags.carray:
        return each.reshape(-1)
    if each.size == 1:
        return np.full(span, each.item())
    made = np.empty(shape, each.dtype)
    made[...] = each
    return made.reshape(-1)


def _solve(columns: list[NDArray[Any]], volatility: Array, reason: NDArray[np.int8]) -> None:
    """Fill both; what the kernel leaves NOT_SOLVED is solved slowly, where it has a solution."""
    if not implied_lanes(*columns, volatility, reason):
        return
    rest = np.flatnonzero(reason == Reason.NOT_SOLVED)
    P, F, K, T, D, call = (each[rest] for each in columns)
    with np.errstate(all="ignore"):
        value = P / D - np.maximum(np.where(call, F - K, K - F), 0.0)
        s = _deviation(-np.abs(_log_moneyness(F, K)), np.log(value) - 0.5 * (np.log(F) + np.log(K)))
        volatility[rest] = s / np.sqrt(T)
    reason[rest[~np.isnan(s)]] = Reason.OK


def _log_moneyness(F: Array, K: Array) -> Array:
    """The log of F/K; near the money F - K is exact and the rounding of F/K is not let in."""
    gap = (F - K) / K
    return np.where(np.abs(gap) < 0.5, np.log1p(gap), np.log(F) - np.log(K))


def _deviation(x: Array, ln_b: Array, steps: int = _STEPS) -> Array:
    """The s > 0 with ln b(x, s) = ln_b, for x <= 0 and ln_b < x/2, both flat; NaN where `steps` do not suffice."""
    s = _first_guess(x, ln_b)
    low, high = np.zeros_like(s), np.full_like(s, np.inf)
    found = np.full_like(s, np.nan)
    open_ = np.arange(s.size)
    for _ in range(steps):
        error, step = _householder(x[open_], ln_b[open_], s)
        low, high = np.where(error < 0, s, low), np.where(error > 0, s, high)
        proposed = s + step
        inside = (proposed >= low) & (proposed <= high)
        halved = np.where(high == np.inf, 2 * s, np.where(low == 0, 0.5 * s, np.sqrt(low * high)))
        following = np.where(error == 0, s, np.where(inside, proposed, halved))
        done = np.abs(following - s) <= _CLOSE * s
        found[open_[done]] = following[done]
        if done.all():
            break
        going = ~done
        open_, s, low, high = open_[going], following[going], low[going], high[going]
    return found


def _householder(x: Array, ln_b: Array, s: Array) -> tuple[Array, Array]:
    """The error ln b(x, s) - ln_b, and the step in s that should end it (Householder's method of third order)."""
    h, t = x / s, 0.5 * s
    tails = _difference_of_tails(h, t)
    error = np.log(tails) - 0.5 * (h * h + t * t) - _LN_ROOT_TWO_PI - ln_b
    slope = 1.0 / tails  # d ln b / ds, for db/ds is the normal density that b shares
    bend = h * h / s - 0.25 * s  # b''/b'
    second = bend - slope
    third = bend * bend - 3 * h * h / (s * s) - 0.25 - 3 * bend * slope + 2 * slope * slope
    newton = -error / slope
    step = newton * (1 + 0.5 * newton * second) / (1 + newton * (second + newton * third / 6))
    return error, step


def _difference_of_tails(h: Array, t: Array) -> Array:
    """Y(h + t) - Y(h - t) for Y = N/n, the normal distribution over its density.

    For small t by the odd terms of Taylor's series, whose derivatives follow from Y' = 1 + h Y.
    """
    wide = _ROOT_HALF_PI * (erfcx(-_ROOT_HALF * (h + t)) - erfcx(-_ROOT_HALF * (h - t)))
    short = t < _SHORT
    if not short.any():
        return wide
    y = _ROOT_HALF_PI * erfcx(-_ROOT_HALF * h)
    derivatives = [y, 1 + h * y]
    for order in range(1, 9):
        derivatives.append(order * derivatives[order - 1] + h * derivatives[order])
    t2 = t * t
    _, y1, _, y3, _, y5, _, y7, _, y9 = derivatives
    series = 2 * t * (y1 + t2 / 6 * (y3 + t2 / 20 * (y5 + t2 / 42 * (y7 + t2 / 72 * y9))))
    return np.where(short, series, wide)


def _first_guess(x: Array, ln_b: Array) -> Array:
    """Exact at x = 0, at the inflection s = sqrt(2|x|) and to leading order at both ends of the price."""
    size = -x
    turn = np.sqrt(2 * size)
    b = np.exp(ln_b)
    share_at_turn = 0.5 - 0.5 * erfcx(np.sqrt(size))  # of the upper bound exp(x/2)
    ln_b_at_turn = np.log(share_at_turn) - 0.5 * size
    upper = turn + _at_the_money(b * np.exp(0.5 * size)) - _at_the_money(share_at_turn)
    lower = size / np.sqrt(0.5 * size + 2 * (ln_b_at_turn - ln_b))
    return np.where((ln_b >= ln_b_at_turn) | (x == 0), upper, np.maximum(lower, 2 * _ROOT_HALF_PI * b))


def _at_the_money(share: Array) -> Array:
    """The s at which b(0, s) = 2 N(s/2) - 1 is `share`."""
    return np.where(share < 1e-4, 2 * _ROOT_HALF_PI * share, -2 * ndtri(0.5 * (1 - share)))
