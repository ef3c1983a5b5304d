"""The forward that the options of one expiry imply, its carry, and the discount curve.

European options of one expiry fix its forward, and hardly the discount: in C - P = D (F - K) that is the slope in K,
and one tick of 0.05 over strikes 1,200 points apart moves it by 4e-5, or 5 basis points of a one-month
rate, where real spreads are tens of ticks. So the rate is a setting (`Curve`); what the market says is the carry
b = ln(F/S)/T. Rate and dividend yield apart are not identified: whatever r is set, q = r - b.
"""

# ruff: noqa: N806
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_LEAST_PAIRS = 2
_NEAREST = 6  # strikes: three each side of the money, where both options trade
_DEVIATIONS = 3.0
_MAD_TO_DEVIATION = 1.4826  # of a normal distribution
_MEDIAN_TO_MEAN = 1.2533  # standard error of the median over that of the mean, normal distribution
_NARROWEST = 0.1  # of the median width: a locked quote is not infinitely sure
_LOCKED = 1e-9  # of the median strike, where all quotes are locked


class ImpliedForward(NamedTuple):
    """NaN, NaN and the count where fewer than two strikes can be used, or what they imply is not above zero."""

    forward: float
    standard_error: float
    n_used: int


@dataclass(frozen=True)
class Curve:
    """Continuously compounded zero rates, linear between `years` and flat beyond them; rates are fractions."""

    years: tuple[float, ...]
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse nodes that make no curve."""
        if not self.years or len(self.years) != len(self.rates):
            raise ValueError("years and rates must be as many as each other, and at least one")
        if not np.all(np.isfinite(self.years + self.rates)):
            raise ValueError("years and rates must be finite")
        if self.years[0] < 0 or any(a >= b for a, b in zip(self.years, self.years[1:], strict=False)):
            raise ValueError("years must rise, from zero or more")

    @classmethod
    def flat(cls, rate: float) -> "Curve":
        """One rate for every maturity."""
        return cls((0.0,), (rate,))

    def rate(self, years: ArrayLike) -> Array:
        """Zero rate per year to each time in `years`, any shape."""
        return np.asarray(np.interp(np.asarray(years, dtype=np.float64), self.years, self.rates))

    def discount(self, years: ArrayLike) -> Array:
        """Value today of 1 paid after `years`, any shape."""
        return discount_factor(self.rate(years), years)


def discount_factor(rate: ArrayLike, years: ArrayLike) -> Array:
    """Value today of 1 paid after `years` at a continuously compounded `rate`: exp(-rate x years), broadcast.

    NaN gives NaN; ValueError where `years` is below zero.

    >>> round(float(discount_factor(0.065, 1.0)), 6)
    0.937067
    """
    time = np.asarray(years, dtype=np.float64)
    if np.any(time < 0):
        raise ValueError(f"years must be at least 0, not {np.nanmin(time):g}")
    return np.asarray(np.exp(-np.asarray(rate, dtype=np.float64) * time))


def forward_by_parity(
    strikes: ArrayLike,
    call_bid: ArrayLike,
    call_ask: ArrayLike,
    put_bid: ArrayLike,
    put_ask: ArrayLike,
    discount: float,
) -> ImpliedForward:
    """The forward at which put-call parity holds, F = K + (C - P)/D, over the strikes of one expiry (1-D arrays).

    A strike is used if its four quotes are above zero and not crossed. No arbitrage then holds F within half of the
    two spreads of K + (mid C - mid P)/D; strikes are weighted by that width to the power -2. A strike is left out if
    it differs from the weighted median by more than its width and by more than three robust deviations of the chain.
    `standard_error`, in points, takes F as uniform within each width, or the strikes' own disagreement if larger.
    ValueError where the shapes differ or `discount` is not above zero.
    """
    strike, cb, ca, pb, pa = _columns(strikes, call_bid, call_ask, put_bid, put_ask)
    _require_discount(discount)
    quotes = np.stack((cb, ca, pb, pa))
    usable = (
        (strike > 0)
        & np.isfinite(strike)
        & np.all(np.isfinite(quotes) & (quotes > 0), axis=0)
        & (ca >= cb)
        & (pa >= pb)
    )
    if np.count_nonzero(usable) < _LEAST_PAIRS:
        return _unknown(usable)
    strike, cb, ca, pb, pa = (each[usable] for each in (strike, cb, ca, pb, pa))
    forwards = strike + 0.5 * ((cb + ca) - (pb + pa)) / discount
    widths = 0.5 * ((ca - cb) + (pa - pb)) / discount
    widths = np.maximum(widths, max(_NARROWEST * float(np.median(widths)), _LOCKED * float(np.median(strike))))

    deviations = np.abs(forwards - _weighted_median(forwards, widths**-2)) / widths
    kept = deviations <= max(1.0, _DEVIATIONS * _MAD_TO_DEVIATION * float(np.median(deviations)))
    n = int(np.count_nonzero(kept))
    if n < _LEAST_PAIRS:
        return ImpliedForward(np.nan, np.nan, n)
    forwards, weights = forwards[kept], 3 * widths[kept] ** -2  # a uniform error of half-width h has variance h²/3
    forward = float(np.average(forwards, weights=weights))
    disagreement = float(np.sum(weights * (forwards - forward) ** 2)) / (n - 1)
    return _positive(forward, float(np.sqrt(max(1.0, disagreement) / np.sum(weights))), n)


def forward_by_parity_from_marks(
    strikes: ArrayLike, call_mark: ArrayLike, put_mark: ArrayLike, spot: float, discount: float
) -> ImpliedForward:
    """The forward by put-call parity where only last prices are known: the median over the six strikes nearest `spot`.

    A strike is used if both marks are above zero. Last prices are of different moments, so a median and no weights;
    `standard_error`, in points, is that of a median, from the median absolute deviation. Unknown (NaN) where `spot` is.
    ValueError where the shapes differ or `discount` is not above zero.
    """
    strike, call, put = _columns(strikes, call_mark, put_mark)
    _require_discount(discount)
    usable = (
        (strike > 0)
        & np.isfinite(strike)
        & np.isfinite(call)
        & np.isfinite(put)
        & (call > 0)
        & (put > 0)
        & np.isfinite(spot)
    )
    if np.count_nonzero(usable) < _LEAST_PAIRS:
        return _unknown(usable)
    strike, call, put = (each[usable] for each in (strike, call, put))
    nearest = np.argsort(np.abs(strike - spot), kind="stable")[:_NEAREST]
    forwards = strike[nearest] + (call[nearest] - put[nearest]) / discount
    forward = float(np.median(forwards))
    deviation = _MAD_TO_DEVIATION * float(np.median(np.abs(forwards - forward)))
    return _positive(forward, _MEDIAN_TO_MEAN * deviation / float(np.sqrt(nearest.size)), int(nearest.size))


class Carry(NamedTuple):
    """The yield b = ln(F/S)/T a year, continuous, and its standard error; arrays of the inputs' shape."""

    rate: Array
    standard_error: Array


def carry(
    forward: ArrayLike, spot: ArrayLike, years: ArrayLike, forward_error: ArrayLike = 0.0, spot_error: ArrayLike = 0.0
) -> Carry:
    """The carry that a forward implies, free of any assumption on dividends, and how uncertain it is; broadcasts.

    Errors are in points, independent, and propagated to first order. NaN where `years`, `forward` or `spot` is not
    above zero or not known.

    >>> round(float(carry(101.0, 100.0, 0.5).rate), 6)
    0.019901
    """
    F, S, T, dF, dS = (np.asarray(each, dtype=np.float64) for each in (forward, spot, years, forward_error, spot_error))
    with np.errstate(all="ignore"):
        known = (F > 0) & (S > 0) & (T > 0) & np.isfinite(F + S + T)
        rate = np.where(known, np.log(F / S) / T, np.nan)
        return Carry(rate, np.where(known, np.hypot(dF / F, dS / S) / T, np.nan))


def _columns(*columns: ArrayLike) -> list[Array]:
    arrays = [np.asarray(each, dtype=np.float64) for each in columns]
    if arrays[0].ndim != 1 or any(each.shape != arrays[0].shape for each in arrays):
        raise ValueError(f"strikes and prices must be 1-D and of one length, not {[each.shape for each in arrays]}")
    return arrays


def _require_discount(discount: float) -> None:
    if not (np.isfinite(discount) and discount > 0):
        raise ValueError(f"discount must be finite and above 0, not {discount:g}")


def _positive(forward: float, standard_error: float, n: int) -> ImpliedForward:
    return ImpliedForward(forward, standard_error, n) if forward > 0 else ImpliedForward(np.nan, np.nan, n)


def _unknown(usable: NDArray[np.bool_]) -> ImpliedForward:
    return ImpliedForward(np.nan, np.nan, int(np.count_nonzero(usable)))


def _weighted_median(values: Array, weights: Array) -> float:
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(cumulative, 0.5 * cumulative[-1])])
