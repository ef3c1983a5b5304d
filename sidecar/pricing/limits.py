"""Greeks of European options with next to no time or volatility: what `black.greeks` tends to there.

The option is then the forward or nothing, but for the kink F = K. Symbols as in `black`.
"""
# ruff: noqa: N803, N806

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_ONE_OVER_ROOT_TWO_PI = 0.3989422804014327
_MOST = 1.7976931348623157e308  # in place of an infinite carry


@np.errstate(divide="ignore", over="ignore")
def greeks(
    F: Array, K: Array, T: Array, volatility: Array, r: Array, S: Array | None, call: NDArray[np.bool_]
) -> tuple[Array, ...]:
    """Price, delta, gamma, vega, theta, rho, vanna, volga and charm per 1.00 of volatility and rate and per year.

    All 1-D and of one length; the time or the deviation is below the least of `kernels`. Off the kink nothing is left
    of the density; on it d1 = -d2 = s/2 is as good as 0. There, without any time or volatility, gamma is +inf, theta
    and charm are -inf as the time runs out, and charm is infinite where the spot drifts.
    """
    T, volatility = T + 0.0, volatility + 0.0  # no minus zero to divide by
    w, kink = np.where(call, 1.0, -1.0), F == K
    D, root_T, unit = np.exp(-r * T), np.sqrt(T), F if S is None else S
    s = volatility * root_T
    share = 0.5 * (1.0 + np.sign(w * (F - K)))  # N(w d1) and N(w d2)
    density = D * F * np.where(kink, _ONE_OVER_ROOT_TWO_PI, 0.0)
    unit_density = density / unit
    fading = _quotient(density * volatility, 2.0 * root_T)
    value = D * np.maximum(w * (F - K), 0.0) + density * s
    forward_leg, strike_leg = w * D * F * share, w * D * K * share
    if S is None:
        bleed, rho, drift = r * value, -T * value, r * forward_leg / unit
    else:
        b = np.where(T > 0, np.clip(_quotient(np.log(F / S), T), -_MOST, _MOST), 0.0)
        bleed, rho = (r - b) * forward_leg - r * strike_leg, T * strike_leg
        drift = np.clip((r - b) * (forward_leg / unit), -_MOST, _MOST) - _quotient(unit_density * b, s)
    nil = np.where(np.isnan(F + K + T + volatility + r + unit), np.nan, 0.0)  # a NaN stays in its place
    made = (
        value,
        forward_leg / unit,
        _quotient(unit_density, s * unit),
        density * root_T,
        bleed - fading,
        rho,
        0.5 * unit_density * root_T,
        -0.25 * density * T * s,
        drift - 0.5 * fading / unit,
    )
    return tuple(each + nil for each in made)


def _quotient(a: Array, b: Array) -> Array:
    """a/b for b >= 0; 0 where a is, also over 0."""
    return np.divide(a, b, out=np.zeros_like(a), where=a != 0)
