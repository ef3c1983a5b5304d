"""Greeks of European options without time or without volatility: what `black.greeks` tends to there.

The option is then the forward or nothing, but for the kink F = K. Symbols as in `black`.
"""
# ruff: noqa: N803, N806

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_ONE_OVER_ROOT_TWO_PI = 0.3989422804014327


def greeks(
    F: Array, K: Array, T: Array, volatility: Array, r: Array, S: Array | None, call: NDArray[np.bool_]
) -> tuple[Array, ...]:
    """Price, delta, gamma, vega, theta, rho, vanna, volga and charm per 1.00 of volatility and rate and per year.

    All 1-D and of one length; T or the volatility is zero. Finite except on the kink: there gamma is +inf, theta and
    charm are -inf as the time runs out, and charm is infinite where the spot drifts.
    """
    w, kink = np.where(call, 1.0, -1.0), F == K
    D, root_T, unit = np.exp(-r * T), np.sqrt(T), F if S is None else S
    share = 0.5 * (1.0 + np.sign(w * (F - K)))  # N(w d1) and N(w d2)
    density = D * F * np.where(kink, _ONE_OVER_ROOT_TWO_PI, 0.0)
    fading = np.where(kink & (volatility > 0) & (T == 0), np.inf, 0.0)  # volatility/(2 sqrt T)
    value = D * np.maximum(w * (F - K), 0.0)
    forward_leg, strike_leg = w * D * F * share, w * D * K * share
    if S is None:
        bleed, rho, drift = r * value, -T * value, r * forward_leg / unit
    else:
        b = np.zeros_like(T)
        np.divide(np.log(F / S), T, out=b, where=T > 0)
        bleed, rho = (r - b) * forward_leg - r * strike_leg, T * strike_leg
        drift = (r - b) * forward_leg / unit - np.where(kink & (b != 0), np.copysign(np.inf, b), 0.0)
    nil = np.where(np.isnan(F + K + T + volatility + r + unit), np.nan, 0.0)  # a NaN stays in its place
    made = (
        value,
        forward_leg / unit,
        np.where(kink, np.inf, 0.0),
        density * root_T,
        bleed - fading,
        rho,
        0.5 * density / unit * root_T,  # d2 is -s/2 on the way to the kink
        np.zeros_like(value),
        drift - fading,
    )
    return tuple(each + nil for each in made)
