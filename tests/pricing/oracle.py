# ruff: noqa: N803, N806
"""Prices, Greeks and implied volatilities of one option to 50 digits, and what float64 inputs can tell of them.

Formulas of Haug 2007, chapters 1 and 2, in mpmath; nothing is shared with the product. Inputs are taken as the exact
numbers that float64 holds. F forward, K strike, T years, v volatility, D discount, r rate, w +1 call, -1 put.
"""

import math
from collections.abc import Sequence
from itertools import cycle, product
from typing import Any, NamedTuple

import mpmath
import numpy as np
from mpmath import mpf

DIGITS = 50
EPS = 2.0**-52
NAMES = ("price", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm")
NUDGE = mpf(10) ** -20
PER_POINT, PER_DAY = mpf(1) / 100, mpf(1) / 365

YEAR = 365 * 86_400.0  # seconds
TIMES = (1e-6 / YEAR, 60 / YEAR, 1 / 8760, 1 / 365, 30 / 365, 1.0, 30.0)  # from a microsecond to thirty years
RATES = (0.065, 0.0, -0.02, 0.1, 0.3)
NEAR = (0.0, 0.1, -0.1, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0)
WING = (4.0, -4.0, 6.0, -6.0, 8.0, -8.0)
DEEP = (12.0, -12.0, 17.0, -17.0, 22.0, -22.0, 29.0, -29.0, 36.5, -36.5)  # the last is worth 1e-290 of the forward

# region: deviations s = volatility x sqrt(T), and distances ln(F/K)/s from the money
REGIONS: dict[str, tuple[Sequence[float], Sequence[float]]] = {
    "near the money": ((0.003, 0.01, 0.03, 0.1, 0.3, 1.0), NEAR),
    "wings": ((0.01, 0.03, 0.1, 0.3, 1.0), WING),
    "deep wings, to 1e-290": ((0.01, 0.1, 0.3, 1.0), DEEP),
    "deviation 1e-9 to 1e-4": ((1e-9, 1e-7, 1e-6, 1e-5, 1e-4), (*NEAR, *WING, *DEEP)),
    "deviation 2 to 8": ((2.0, 3.0, 5.0, 8.0), (*NEAR, *WING, *DEEP[:6])),
}

MINUTE = 60 / YEAR
# set: deviations, distances from the money on the option's side (above 0 is in the money), times
QUOTES: dict[str, tuple[Sequence[float], Sequence[float], Sequence[float]]] = {
    "normal": ((0.01, 0.03, 0.1, 0.3), (0.0, 0.3, -0.3, 1.0, -1.0, -2.0), (7 / 365, 0.25, 2.0)),
    "deep out of the money": ((0.01, 0.03, 0.1, 0.3), (-4.0, -6.0, -9.0, -12.0), (1 / 365, 0.25)),
    "down to 1e-290": ((0.01, 0.1, 1.0), DEEP[1::2], (1 / 365, 0.25)),
    "a minute to a microsecond": ((1e-9, 1e-7, 1e-5, 5e-4), (0.0, 0.5, -0.5, -3.0, -8.0), (MINUTE, 1e-6 / YEAR)),
    "near intrinsic": ((0.01, 0.1, 0.3), (2.0, 3.0, 4.0, 5.0, 6.0, 7.0), (7 / 365, 0.25)),
    "deviation 1 to 8": ((1.0, 2.0, 3.0, 5.0, 8.0), (0.0, 0.5, -0.5, -2.0, -6.0), (1.0, 30.0)),
}
ONE_PRICE = "price 1e-8"

Number = Any  # mpf, or mpc where a complex step is taken


class Option(NamedTuple):
    """The arguments of `black.greeks`; `spot` None for Black-76."""

    w: int
    forward: float
    strike: float
    time: float
    volatility: float
    rate: float = 0.0
    spot: float | None = None


def tail(x: Number) -> Number:
    """N(x), the normal distribution; erfc keeps every digit of a small one, and fails beyond 1e150."""
    if abs(x) > mpf(10) ** 150:
        return mpf(x.real > 0)
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def density(x: Number) -> Number:
    return mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi)


def spot_formulas(
    w: int, S: Number, K: Number, T: Number, v: Number, r: Number, b: Number, nudged: int = -1
) -> dict[str, Number]:
    """Black-Scholes-Merton at the cost of carry b = r - q; per 1.00 of volatility and rate, per year; rho at fixed q.

    With `nudged`, N(d1), N(d2) or n(d1) is NUDGE off, in itself and in the exponent that it is made of; in the money
    the tails, which are then complements of the other side's, by NUDGE of 1.
    """
    root = mpmath.sqrt(T)
    s = v * root
    d1 = (mpmath.log(S / K) + b * T) / s + s / 2
    d2 = d1 - s
    N1, N2, n = tail(w * d1), tail(w * d2), density(d1)
    if nudged >= 0:
        inside = w * (d1 + d2) > -NUDGE
        sizes = [N * (1 + (0 if w * d > 0 else d * d / 2)) for N, d in ((N1, d1), (N2, d2))]
        sizes = [*([mpf(1)] * 2 if inside else sizes), n * (1 + d1 * d1 / 2)]
        N1, N2, n = (each + NUDGE * sizes[place] if place == nudged else each for place, each in enumerate((N1, N2, n)))
    D, carry = mpmath.exp(-r * T), mpmath.exp((b - r) * T)
    return {
        "price": w * (S * carry * N1 - K * D * N2),
        "delta": w * carry * N1,
        "gamma": carry * n / (S * s),
        "vega": S * carry * n * root,
        "theta": -S * carry * n * v / (2 * root) - w * ((b - r) * S * carry * N1 + r * K * D * N2),
        "rho": w * T * K * D * N2,
        "vanna": -carry * n * d2 / v,
        "volga": S * carry * n * root * d1 * d2 / v,
        "charm": -carry * (n * (b / s - d2 / (2 * T)) + w * (b - r) * N1),
    }


def formulas(option: Option | tuple[Number, ...], nudged: int = -1) -> dict[str, Number]:
    """The nine numbers in the product's units, at mpmath's present precision."""
    w, F, K, T, v, r, S = option
    if S is None:
        greek = spot_formulas(w, F, K, T, v, r, mpf(0), nudged)
        greek["rho"] = -T * greek["price"]  # the forward does not move with the rate
    else:
        greek = spot_formulas(w, S, K, T, v, r, mpmath.log(F / S) / T, nudged)
    for name in ("vega", "rho", "vanna"):
        greek[name] *= PER_POINT
    for name in ("theta", "charm"):
        greek[name] *= PER_DAY
    greek["volga"] *= PER_POINT**2
    return greek


def exactly(option: Option) -> tuple[Number, ...]:
    return (option.w, *(None if each is None else mpf(each) for each in option[1:]))


def greeks(option: Option) -> dict[str, mpf]:
    with mpmath.workdps(DIGITS):
        return formulas(exactly(option))


def price(w: int, F: float, K: float, T: float, v: float, D: float = 1.0) -> mpf:
    with mpmath.workdps(DIGITS):
        return mpf(D) * formulas(exactly(Option(w, F, K, T, v)))["price"]


def region(name: str, *, with_spot: bool = False, forward: float = 24600.0) -> list[Option]:
    """Calls and puts of a region, over the times and rates; the spot grew to the forward at 3 % a year."""
    times, rates = cycle(TIMES), cycle(RATES)
    made = []
    for s, distance, w in product(*REGIONS[name], (1, -1)):
        T = next(times)
        spot = forward * math.exp(-0.03 * T) if with_spot else None
        made.append(Option(w, forward, forward * math.exp(-distance * s), T, s / math.sqrt(T), next(rates), spot))
    return made


def columns(options: Sequence[Option]) -> dict[str, Any]:
    """The arguments of `black.greeks` for all of them at once."""
    w, *numbers, spot = zip(*options, strict=True)
    names = ("forward", "strike", "time", "volatility", "rate")
    arguments: dict[str, Any] = {name: np.array(each) for name, each in zip(names, numbers, strict=True)}
    return arguments | {"call": np.array(w) > 0, "spot": None if spot[0] is None else np.array(spot)}


def quotes(name: str, forward: float = 24600.0) -> list[tuple[int, float, float, float, float]]:
    """Side, price as rounded, forward, strike and time of a set of QUOTES; or options of ONE_PRICE."""
    if name == ONE_PRICE:
        strikes = (forward * math.exp(x) for x in (-0.5, -0.1, -0.01, -1e-4, 0.0, 1e-6, 1e-3, 0.05, 0.3, 1.0))
        return [(1 if forward <= K else -1, 1e-8, forward, K, T) for K, T in product(strikes, (MINUTE, 0.1, 5.0))]
    made = []
    for s, distance, T, w in product(*QUOTES[name], (1, -1)):
        strike = forward * math.exp(-w * distance * s)
        made.append((w, float(price(w, forward, strike, T, s / math.sqrt(T))), forward, strike, T))
    return made


def with_rounding(option: Option) -> tuple[dict[str, mpf], dict[str, float]]:
    """The nine numbers; and the sum of what each moves by when an input, a tail or the density is one rounding off.

    A rounding is 2^-52 of the value, and of the exponent of what is exponential. Formulas in float64 can promise no
    less: near the money one rounding of the forward times delta, in the wings one that grows with d squared.
    """
    with mpmath.workdps(DIGITS):
        given = exactly(option)
        exact = formulas(given)
        ways = [formulas(given, nudged=place) for place in range(3)]
        for place, value in enumerate(given[1:], start=1):
            if value:
                ways.append(formulas((*given[:place], value * (1 + NUDGE), *given[place + 1 :])))
        moved = {name: sum(abs(way[name] - exact[name]) for way in ways) / NUDGE for name in NAMES}
        return exact, {name: float((moved[name] + abs(exact[name])) * EPS) for name in NAMES}


def volatility(w: int, P: float, F: float, K: float, T: float, D: float = 1.0) -> mpf:
    """The root of ln b(s) = ln(time value), by Newton's method from its left.

    b is the out-of-the-money price over sqrt(F K). Its logarithm is concave in s, so that no step passes the root.
    ValueError where the price is not between its bounds.
    """
    with mpmath.workdps(DIGITS):
        P, F, K, T, D = (mpf(each) for each in (P, F, K, T, D))
        value = P / D - max(w * (F - K), mpf(0))
        if not 0 < value < min(F, K):
            raise ValueError("the price has no volatility")
        side = 1 if F <= K else -1
        x, target, s = mpmath.log(F / K), mpmath.log(value), mpf(1)

        def error_and_slope(s: mpf) -> tuple[mpf, mpf]:
            d1 = x / s + s / 2
            b = side * (F * tail(side * d1) - K * tail(side * (d1 - s)))
            return mpmath.log(b) - target, F * density(d1) / b

        while error_and_slope(s)[0] > 0:
            s /= 2
        step = s
        while abs(step) > s * mpf(10) ** -35:
            error, slope = error_and_slope(s)
            step = -error / slope
            s += step
        return s / mpmath.sqrt(T)


def volatility_rounding(w: int, P: float, F: float, K: float, T: float, v: float) -> float:
    """The share of the volatility that it moves by when its price or an input is one rounding (2^-52) off."""
    with mpmath.workdps(DIGITS):
        F_, K_, T_, v_ = (mpf(each) for each in (F, K, T, v))
        s = v_ * mpmath.sqrt(T_)
        d1 = mpmath.log(F_ / K_) / s + s / 2
        moved = P + F_ * tail(w * d1) + K_ * tail(w * (d1 - s))
        return float(EPS * (1 + moved / (F_ * density(d1) * s)))
