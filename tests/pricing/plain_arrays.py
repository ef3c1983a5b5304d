"""A third implementation of `sidecar.pricing.black`: NumPy and scipy, nothing shared with the product."""
# ruff: noqa: N806, N815

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

Array = NDArray[np.float64]

PER_POINT = 0.01  # a volatility point, a percentage point of rate
PER_DAY = 1 / 365
_FAR = 40.0  # beyond it the normal density and tail are exactly zero in float64
_ROOT_TWO_PI = 2.5066282746310002


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


class _Terms(NamedTuple):
    """What price and Greeks share."""

    w: Array
    F: Array
    K: Array
    T: Array
    volatility: Array
    root_T: Array
    s: Array
    d1: Array
    d2: Array
    N1: Array  # N(w d1)
    N2: Array  # N(w d2)


def price(
    forward: ArrayLike,
    strike: ArrayLike,
    time: ArrayLike,
    volatility: ArrayLike,
    discount: ArrayLike = 1.0,
    *,
    call: ArrayLike,
) -> Array:
    """Black-76 price, discount x (F N(d1) - K N(d2)) for a call, in points of the forward.

    `time` in years, `volatility` per square root of a year, `call` boolean; everything broadcasts. At zero time or
    volatility the price is the discounted intrinsic value; a NaN gives NaN in its own place. The error is that of one
    rounding of the forward: about 2e-16 x forward x delta. ValueError names an argument out of its domain (forward and
    discount above 0; strike, time and volatility not below 0; all finite).

    Haug 1998 p. 2-8, an option on a future: F = K = 19, T = 0.75, volatility 0.28, rate 10 %, put:

    >>> round(float(price(19.0, 19.0, 0.75, 0.28, np.exp(-0.075), call=False)), 4)
    1.7011
    """
    D = _within("discount", discount, above=0.0)
    terms = _terms(forward, strike, time, volatility, call, D)
    return np.asarray(D * _undiscounted(terms))


def greeks(
    forward: ArrayLike,
    strike: ArrayLike,
    time: ArrayLike,
    volatility: ArrayLike,
    rate: ArrayLike,
    *,
    call: ArrayLike,
    spot: ArrayLike | None = None,
) -> Greeks:
    """Price and Greeks; domain, shapes and errors as in `price`, `rate` continuous per year and of either sign.

    Without `spot` (Black-76): delta, gamma, vanna and charm per point of the forward; theta and rho at a fixed forward.
    With `spot` (Black-Scholes-Merton, carry yield q = r - ln(F/S)/T): per point of the spot; theta, rho and charm at a
    fixed spot and q. At T = 0 no carry can be read from F/S, and none is assumed (q = r).

    Zero time or volatility gives the limits. They are finite except on the kink F = K, where gamma is +inf and, as the
    time runs out, theta and charm are -inf.

    Haug 1998 p. 14, gamma of a call: S = 55, K = 60, T = 0.75, r = 10 %, q = 0, volatility 30 %:

    >>> g = greeks(55 * np.exp(0.075), 60.0, 0.75, 0.3, 0.1, call=True, spot=55.0)
    >>> round(float(g.gamma), 4)
    0.0278
    """
    r = _within("rate", rate)
    S = None if spot is None else _within("spot", spot, above=0.0)
    terms = _terms(forward, strike, time, volatility, call, r, 1.0 if S is None else S)
    w, F, K, T, _, root_T, _, d1, _, N1, N2 = terms
    with np.errstate(all="ignore"):
        density, over_s, decay, d2_over_vol, d2_over_2T = _density_terms(terms)
        D = np.exp(-r * T)
        stretch = 1.0 if S is None else F / S  # dF/dS
        D_stretch, F_density = D * stretch, D * F * density
        value = D * _undiscounted(terms)
        delta = D_stretch * w * N1
        if S is None:
            bleed, rho, drift = r * value, -T * value, r * delta
        else:
            b = np.where(T > 0, np.log(stretch) / T, 0.0)
            q, strike_leg = r - b, w * K * D * N2
            bleed, rho = q * delta * S - r * strike_leg, T * strike_leg
            drift = q * delta - D_stretch * density * np.where(b == 0, 0.0, b * over_s)
        greek = Greeks(
            price=value,
            delta=delta,
            gamma=D_stretch * stretch * density * over_s / F,
            vega=F_density * root_T * PER_POINT,
            theta=(bleed - F_density * decay) * PER_DAY,
            rho=rho * PER_POINT,
            vanna=-D_stretch * density * d2_over_vol * PER_POINT,
            volga=F_density * root_T * d1 * d2_over_vol * PER_POINT**2,
            charm=(drift + D_stretch * density * d2_over_2T) * PER_DAY,
        )
    return Greeks(*(np.asarray(each + 0.0) for each in greek))  # + 0.0: no minus zero reaches a reader


def _terms(
    forward: ArrayLike, strike: ArrayLike, time: ArrayLike, volatility: ArrayLike, call: ArrayLike, *others: ArrayLike
) -> _Terms:
    F = _within("forward", forward, above=0.0)
    K = _within("strike", strike, least=0.0)
    T = _within("time", time, least=0.0)
    vol = _within("volatility", volatility, least=0.0)
    is_call = np.asarray(call)
    if is_call.dtype != np.bool_:
        raise TypeError(f"call must be boolean, not {is_call.dtype}")
    shapes = (np.shape(each) for each in (F, K, T, vol, is_call, *others))
    F = np.broadcast_to(F, np.broadcast_shapes(*shapes))  # all that follows takes its shape from F
    w = np.where(is_call, 1.0, -1.0)
    with np.errstate(all="ignore"):
        root_T = np.sqrt(T)
        s = vol * root_T
        x = np.log(F / K)
        h = np.where(x == 0, 0.0, x / s)
        d1 = np.minimum(np.maximum(h + 0.5 * s, -_FAR), _FAR)
        d2 = np.minimum(np.maximum(h - 0.5 * s, -_FAR), _FAR)
        return _Terms(w, F, K, T, vol, root_T, s, d1, d2, ndtr(w * d1), ndtr(w * d2))


def _undiscounted(terms: _Terms) -> Array:
    """Floored at the intrinsic value, which rounding could undercut by one unit in the last place."""
    w, F, K = terms.w, terms.F, terms.K
    return np.maximum(w * (F * terms.N1 - K * terms.N2), np.maximum(w * (F - K), 0.0))


def _density_terms(terms: _Terms) -> tuple[Array, Array, Array, Array, Array]:
    """n(d1), and what multiplies it: 1/s, vol/(2 sqrt T), d2/vol, d2/(2 T)."""
    _, _, _, T, vol, root_T, s, d1, d2, _, _ = terms
    density = np.exp(-0.5 * d1 * d1) / _ROOT_TWO_PI
    nil = density == 0  # any finite factor will do, and 0 * inf must not be met
    over_s = 1.0 / np.where(nil, 1.0, s)
    decay = 0.5 * vol / np.where(nil, 1.0, root_T)
    d2_over_vol = d2 / np.where(nil, 1.0, vol)
    d2_over_2T = 0.5 * d2 / np.where(nil, 1.0, T)
    kink = (s == 0) & ~nil
    if np.any(kink):  # F = K and no deviation left: d2 = -s/2 on the way there
        decay = np.where(kink, np.where(vol == 0, 0.0, np.inf), decay)
        d2_over_vol = np.where(kink, -0.5 * root_T, d2_over_vol)
        d2_over_2T = np.where(kink, -0.5 * decay, d2_over_2T)
    return density, over_s, decay, d2_over_vol, d2_over_2T


def _within(name: str, values: ArrayLike, *, above: float = -np.inf, least: float = -np.inf) -> Array:
    """As float64; ValueError unless every number (NaN apart) is finite, > above and >= least."""
    array = np.asarray(values, dtype=np.float64)
    lowest = np.fmin.reduce(array, axis=None, initial=np.inf)
    highest = np.fmax.reduce(array, axis=None, initial=-np.inf)
    if lowest <= above or lowest < least or highest == np.inf:
        rule = f"above {above:g}" if above > -np.inf else f"at least {least:g}" if least > -np.inf else "finite"
        worst = highest if highest == np.inf else lowest
        raise ValueError(f"{name} must be {rule} and finite (NaN where unknown), not {worst:g}")
    return array
