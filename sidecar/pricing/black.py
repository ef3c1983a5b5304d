"""Black-76: prices and Greeks of European options on a forward.

Sources: F. Black, "The pricing of commodity contracts" (1976); E. G. Haug, "The Complete Guide to Option Pricing
Formulas" (1998, 2nd edition 2007), whose worked examples are the golden rows of the tests.

The symbols are the papers': F forward, K strike, T years, s = volatility x sqrt(T), D discount, w +1 call, -1 put.
"""
# ruff: noqa: N806

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sidecar.pricing import kernels, limits

Array = NDArray[np.float64]

PER_POINT = 0.01  # a volatility point, a percentage point of rate
PER_DAY = 1 / 365
_FLOAT64 = np.dtype(np.float64)
_UNITS = (1, 1, 1, PER_POINT, PER_DAY, PER_POINT, PER_POINT, PER_POINT**2, PER_DAY)


class Greeks(NamedTuple):
    """Price and sensitivities of one unit of the underlying, float64 arrays of the common shape of the inputs."""

    price: Array
    delta: Array  # d price per point
    gamma: Array  # d delta per point
    vega: Array  # d price per volatility point (0.01)
    theta: Array  # d price per calendar day that passes
    rho: Array  # d price per percentage point of the rate
    vanna: Array  # d delta per volatility point
    volga: Array  # d vega per volatility point
    charm: Array  # d delta per calendar day that passes


def price(
    forward: ArrayLike,
    strike: ArrayLike,
    time: ArrayLike,
    volatility: ArrayLike,
    discount: ArrayLike = 1.0,
    *,
    call: ArrayLike,
    out: Array | None = None,
) -> Array:
    """Black-76 price, discount x (F N(d1) - K N(d2)) for a call, in points of the forward.

    `time` in years, `volatility` per square root of a year, `call` boolean; everything broadcasts. At zero time or
    volatility the price is the discounted intrinsic value; a NaN gives NaN in its own place. The value of the option
    out of the money is found without a difference of near numbers: a few ulp of error, and d1² of them in its wing.
    ValueError names an argument out of its domain (forward and discount above 0; strike, time and volatility not below
    0; all finite). `out`: a float64 array of the common shape in C order to write to, of memory that no argument
    shares; what it holds after an error is not defined.

    Haug 1998 p. 2-8, an option on a future: F = K = 19, T = 0.75, volatility 0.28, rate 10 %, put:

    >>> round(float(price(19.0, 19.0, 0.75, 0.28, np.exp(-0.075), call=False)), 4)
    1.7011
    """
    shape, columns = _columns((forward, time, discount), (strike, volatility), call)
    made = np.empty(shape) if out is None else _writable(out, shape)
    F, T, D, K, vol, is_call = columns
    if kernels.prices(F, K, T, vol, D, is_call, made.reshape(-1)):
        _require(forward, strike, time, volatility)
        _within("discount", discount, above=0.0)
    return made


def greeks(
    forward: ArrayLike,
    strike: ArrayLike,
    time: ArrayLike,
    volatility: ArrayLike,
    rate: ArrayLike,
    *,
    call: ArrayLike,
    spot: ArrayLike | None = None,
    out: Greeks | None = None,
) -> Greeks:
    """Price and Greeks; domain, shapes and errors as in `price`, `rate` continuous per year and of either sign.

    Without `spot` (Black-76): delta, gamma, vanna and charm per point of the forward; theta and rho at a fixed forward.
    With `spot` (Black-Scholes-Merton, carry yield q = r - ln(F/S)/T): per point of the spot; theta, rho and charm at a
    fixed spot and q. At T = 0 no carry can be read from F/S, and none is assumed (q = r). `out`: arrays to write to.

    Zero time or volatility gives the limits. They are finite except on the kink F = K, where gamma is +inf and, as the
    time runs out, theta and charm are -inf.

    Haug 1998 p. 14, gamma of a call: S = 55, K = 60, T = 0.75, r = 10 %, q = 0, volatility 30 %:

    >>> g = greeks(55 * np.exp(0.075), 60.0, 0.75, 0.3, 0.1, call=True, spot=55.0)
    >>> round(float(g.gamma), 4)
    0.0278
    """
    carried = (forward, time, rate) if spot is None else (forward, time, rate, spot)
    shape, columns = _columns(carried, (strike, volatility), call)
    if out is None:
        rows = tuple(np.empty((9, math.prod(shape))))
        made = Greeks(*rows) if len(shape) == 1 else Greeks(*[row.reshape(shape) for row in rows])
    else:
        for each in out:
            _writable(each, shape)
        made, rows = out, tuple(out) if len(shape) == 1 else tuple([each.reshape(-1) for each in out])
    F, T, r, *S, K, vol, is_call = columns
    given = (F, K, T, vol, r, S[0] if S else None, is_call)
    if kernels.greeks(*given, rows):
        _require(forward, strike, time, volatility)
        _within("rate", rate)
        if spot is not None:
            _within("spot", spot, above=0.0)
        _take_limits(given, made)
    return made


def _columns(
    shared: tuple[ArrayLike, ...], each: tuple[ArrayLike, ...], call: ArrayLike
) -> tuple[tuple[int, ...], list[Any]]:
    """The common shape; and, of that size, `shared` (or as numbers, if all of them are), `each` and `call`."""
    if type(call) is bool and all([type(number) is float for number in shared + each]):  # noqa: C419 (one option)
        return (), [*shared, *[np.array((number,)) for number in each], np.array((call,))]
    is_call = np.asarray(call)
    if is_call.dtype != np.bool_:
        raise TypeError(f"call must be boolean, not {is_call.dtype}")
    first: list[Any] = [values if type(values) is float else np.asarray(values, dtype=_FLOAT64) for values in shared]
    arrays = [*[np.asarray(values, dtype=_FLOAT64) for values in each], is_call]
    numbers = all([type(array) is float or array.ndim == 0 for array in first])  # noqa: C419 (as above)
    if not numbers:
        first = [np.asarray(array) for array in first]
    shapes = {array.shape for array in (arrays if numbers else first + arrays)}
    shapes.discard(())
    shape = np.broadcast_shapes(*shapes) if len(shapes) > 1 else shapes.pop() if shapes else ()
    made: list[Any] = [float(array) for array in first] if numbers else [_column(array, shape) for array in first]
    made += [_column(array, shape) for array in arrays]
    return shape, made


def _column(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The array in one dimension of the shape's size: as it lies, or a copy. A kernel knows one kind of array only."""
    if array.shape == shape and array.flags.carray:
        return array if array.ndim == 1 else array.reshape(-1)
    made = np.empty(shape, array.dtype)
    made[...] = array
    return made.reshape(-1)


def _writable(out: Array, shape: tuple[int, ...]) -> Array:
    if out.shape != shape or out.dtype != _FLOAT64 or not out.flags.carray:
        raise ValueError(f"out must be writeable float64 in C order of shape {shape}, not {out.dtype} of {out.shape}")
    return out


def _take_limits(given: tuple[Any, ...], made: Greeks) -> None:
    """Write the limits where there is next to no time or no volatility."""
    size = made.price.size
    F, K, T, vol, r, S, is_call = (each if each is None or np.ndim(each) else np.full(size, each) for each in given)
    rows = np.flatnonzero((T < kernels.LEAST_TIME) | (vol * np.sqrt(T) < kernels.LEAST_DEVIATION))
    if rows.size:
        spot = None if S is None else S[rows]
        found = limits.greeks(F[rows], K[rows], T[rows], vol[rows], r[rows], spot, is_call[rows])
        for column, unit, values in zip(made, _UNITS, found, strict=True):
            column.reshape(-1)[rows] = values * unit


def _require(forward: ArrayLike, strike: ArrayLike, time: ArrayLike, volatility: ArrayLike) -> None:
    _within("forward", forward, above=0.0)
    _within("strike", strike, least=0.0)
    _within("time", time, least=0.0)
    _within("volatility", volatility, least=0.0)


def _within(name: str, values: ArrayLike, *, above: float = -np.inf, least: float = -np.inf) -> None:
    """ValueError unless every number (NaN apart) is finite, > above and >= least."""
    array = np.asarray(values, dtype=np.float64)
    lowest = np.fmin.reduce(array, axis=None, initial=np.inf)
    highest = np.fmax.reduce(array, axis=None, initial=-np.inf)
    if lowest <= above or lowest < least or highest == np.inf:
        rule = f"above {above:g}" if above > -np.inf else f"at least {least:g}" if least > -np.inf else "finite"
        worst = highest if highest == np.inf else lowest
        raise ValueError(f"{name} must be {rule} and finite (NaN where unknown), not {worst:g}")
