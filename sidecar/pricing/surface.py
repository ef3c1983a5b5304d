"""An underlying's volatility surface: a raw SVI smile an expiry, free of butterfly and calendar arbitrage.

Each smile alone is free of butterfly arbitrage. What is served of an expiry is, at each log-moneyness k = ln(K/F), the
highest total variance of its own smile and those of earlier expiries. So it cannot fall with time; and as the price of
an option, in units of the forward, rises with total variance, the served price is the highest of several convex
functions of K/F, which is convex: no butterfly has a negative price either. Where smiles do not cross, each is itself.

Between expiries total variance is linear in time at fixed k; before the first it grows from
zero in proportion; beyond the last it grows by the forward variance between the last two at the money, at every k
(Gatheral and Jacquier 2014, section 5.4). Times are years, volatilities fractions a square root of a year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from sidecar.domain.analytics import FitQuality, SmileLine
from sidecar.pricing import svi

Array = NDArray[np.float64]
Sticky = Literal["strike", "delta"]

_TAIL = float(ndtri(0.25))  # the d1 of a 25-delta call
_HALVINGS = 60
_PROBED = 401


@dataclass(frozen=True, eq=False)
class Surface:
    """Fitted smiles by ascending ``years``, n of each array; those of a MISSING expiry are NaN and not read.

    ``parameters`` is (n, 5): a, b, rho, m, sigma. ``forward_error`` in points. ``rmse`` in volatility against
    the middle of two-sided quotes (NaN without one), ``inside`` the share of quotes whose smile lies within bid and ask
    (a side that nobody quotes excludes nothing), ``quotes`` how many were fitted; ``drawn`` how far (0 to 1) the best
    fit was drawn back to be free of arbitrage.
    """

    years: Array
    forward: Array
    forward_error: Array
    discount: Array
    parameters: Array
    rmse: Array
    inside: Array
    quotes: NDArray[np.int64]
    drawn: Array
    quality: tuple[FitQuality, ...]

    @property
    def fitted(self) -> NDArray[np.intp]:
        """Indices of the expiries that have a smile."""
        return np.flatnonzero(np.isfinite(self.parameters).all(axis=1))

    def forward_at(self, years: ArrayLike) -> Array:
        """The forward to any time, by shape: its log linear between expiries, and on at the carry of the nearest two.

        NaN where the surface has no smile.
        """
        time, at = self.years[self.fitted], np.asarray(years, dtype=np.float64)
        if not time.size:
            return np.full(at.shape, np.nan)
        log = np.log(self.forward[self.fitted])
        inside = np.interp(at, time, log)
        if time.size > 1:
            first, last = np.diff(log[:2]) / np.diff(time[:2]), np.diff(log[-2:]) / np.diff(time[-2:])
            inside += np.minimum(at - time[0], 0.0) * first + np.maximum(at - time[-1], 0.0) * last
        return np.asarray(np.where(np.isnan(at), np.nan, np.exp(inside)))

    def total_variance(self, k: ArrayLike, years: ArrayLike) -> Array:
        """Implied variance x time at log-moneyness `k` and time `years`, which broadcast.

        NaN where either is, and everywhere if no expiry has a smile; ValueError where `years` is below zero.
        """
        at_k, at_time = np.broadcast_arrays(np.asarray(k, dtype=np.float64), np.asarray(years, dtype=np.float64))
        if np.any(at_time < 0):
            raise ValueError("years must be at least 0")
        known = self.fitted
        if not known.size:
            return np.full(at_k.shape, np.nan)
        time, flat_k = self.years[known], at_k.reshape(-1)
        after = np.minimum(np.searchsorted(time, at_time, side="left"), time.size - 1)
        before = np.maximum(after - 1, 0)
        served, column = self._served(flat_k), np.arange(flat_k.size)
        far, near = (served[row.reshape(-1), column].reshape(at_k.shape) for row in (after, before))
        span = np.where(after > before, time[after] - time[before], 1.0)
        between = far - (far - near) * ((time[after] - at_time) / span)
        money = self._served(np.zeros(1))[:, 0]
        growth = (money[-1] - money[-2]) / (time[-1] - time[-2]) if time.size > 1 else money[-1] / time[-1]
        beyond = np.maximum(at_time - time[-1], 0.0) * growth
        later = np.where(at_time > time[-1], far + beyond, between)
        inside = np.where(at_time <= time[0], far * (at_time / time[0]), later)
        return np.asarray(np.where(np.isnan(at_time), np.nan, inside))

    def _served(self, k: Array) -> Array:
        """Total variance (fitted expiries, k.size) at each of 1-D `k`."""
        own = svi.total_variance(self.parameters[self.fitted][:, None, :], k)
        return np.asarray(np.maximum.accumulate(own, axis=0))

    def volatility(self, years: ArrayLike, *, strike: ArrayLike | None = None, k: ArrayLike | None = None) -> Array:
        """Implied volatility at `strike`, or at log-moneyness `k`, and time `years`; they broadcast.

        At `years` 0 it is the limit, the volatility of the first expiry. ValueError without exactly one of the two.
        """
        if (strike is None) == (k is None):
            raise ValueError("give strike or k, one of the two")
        time = np.maximum(np.asarray(years, dtype=np.float64), 1e-12)
        if np.any(np.asarray(years) < 0):
            raise ValueError("years must be at least 0")
        with np.errstate(divide="ignore", invalid="ignore"):
            at = np.asarray(k) if strike is None else np.log(np.asarray(strike) / self.forward_at(time))
            return np.asarray(np.sqrt(self.total_variance(np.where(np.isfinite(at), at, np.nan), time) / time))

    def shifted(self, factor: float, sticky: Sticky) -> Self:
        """The surface after every forward was multiplied by `factor`.

        Sticky "strike" keeps the volatility of each strike, sticky "delta" (of moneyness) that of each k. A smile held
        at its strikes while the forward moves is a way to read scenarios; it may hold arbitrage far from where it was
        fitted, and beyond the last expiry it grows by the variance at the new money.
        ValueError where `factor` is not above zero.
        """
        if not (np.isfinite(factor) and factor > 0):
            raise ValueError(f"factor must be finite and above 0, not {factor:g}")
        parameters = self.parameters.copy()
        if sticky == "strike":
            parameters[:, 3] -= np.log(factor)
        elif sticky != "delta":
            raise ValueError(f"sticky must be strike or delta, not {sticky!r}")
        return replace(self, forward=self.forward * factor, parameters=parameters)

    def scenario_volatility(self, strike: ArrayLike, years: ArrayLike, factors: ArrayLike, sticky: Sticky) -> Array:
        """Volatilities (n, m) of n legs (`strike` and `years`, 1-D) after the spot was multiplied by each of m factors.

        Equal to reading `shifted` at the leg's strike, for all factors in one pass.
        """
        legs = np.asarray(strike, dtype=np.float64)[:, None]
        time = np.maximum(np.asarray(years, dtype=np.float64), 1e-12)[:, None]
        moves = np.asarray(factors, dtype=np.float64)[None, :]
        if not np.all(moves > 0):
            raise ValueError("factors must be above 0")
        if sticky not in ("strike", "delta"):
            raise ValueError(f"sticky must be strike or delta, not {sticky!r}")
        with np.errstate(divide="ignore", invalid="ignore"):
            k = np.log(legs / self.forward_at(time)) - (np.log(moves) if sticky == "delta" else 0.0 * moves)
        return np.asarray(np.sqrt(self.total_variance(np.where(np.isfinite(k), k, np.nan), time) / time))

    @property
    def atm_volatility(self) -> Array:
        """Volatility at the forward, an expiry each."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.sqrt(self._at(np.zeros(self.fitted.size)) / self.years))

    @property
    def term_slope(self) -> Array:
        """Change of the at-the-money volatility per year from each fitted expiry to the next, NaN at the last."""
        slope, known = np.full(self.years.size, np.nan), self.fitted
        slope[known[:-1]] = np.diff(self.atm_volatility[known]) / np.diff(self.years[known])
        return slope

    @property
    def skew_25(self) -> Array:
        """Volatility of the 25-delta put less that of the 25-delta call (forward delta, no premium), an expiry each."""
        put, call = self._at_d1((-_TAIL, _TAIL))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.sqrt(put / self.years) - np.sqrt(call / self.years))

    def _at_d1(self, targets: Sequence[float]) -> Array:
        """Total variance, a row for each of ``targets``, where d1 = -k/s + s/2 has that value; it falls in k on a smile
        without butterfly arbitrage. All are halved together: this is done at every refit.
        """
        known = self.fitted
        a, b, rho, m, sigma = self.parameters[known].T[:, :, None]
        later = np.arange(known.size)[:, None] > np.tile(np.arange(known.size), len(targets))

        def served(k: Array) -> Array:
            x = k - m
            return np.asarray(
                np.where(later, -np.inf, a + b * (rho * x + np.hypot(x, sigma))).max(axis=0, initial=-np.inf)
            )

        d1 = np.repeat(targets, known.size)
        high = np.tile(40.0 * np.sqrt(self._served(np.zeros(1))[:, 0]) + 1.0, len(targets))
        low = -high
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            s = np.sqrt(served(middle))
            right = 0.5 * s - middle / s > d1
            low, high = np.where(right, middle, low), np.where(right, high, middle)
        out = np.full((len(targets), self.years.size), np.nan)
        out[:, known] = served(0.5 * (low + high)).reshape(len(targets), -1)
        return out

    def _at(self, k: Array) -> Array:
        """Total variance of every expiry at a k of its own, one for each fitted expiry; NaN for the others."""
        out = np.full(self.years.size, np.nan)
        out[self.fitted] = np.diagonal(self._served(k))
        return out

    def violations(self) -> tuple[int, int]:
        """Points of a dense grid, out to the far wings, where what is served has a butterfly or calendar arbitrage.

        The grid is every smile's `svi.probe`, at each expiry and half-way to the next. The density is that of what is
        served, its slopes by the smile that is highest; where two smiles cross it has a kink upwards, which is no
        arbitrage. Half-way, where no theorem helps, it is that of the mean of the two.
        """
        smiles = self.parameters[self.fitted]
        if not smiles.size:
            return 0, 0
        k = np.unique(np.concatenate([svi.probe(smile, _PROBED) for smile in smiles]))
        w, slope, bend = svi.shape(smiles[:, None, :], k)
        highest = np.maximum.accumulate(np.where(w >= np.maximum.accumulate(w, axis=0), np.arange(len(w))[:, None], 0))
        served = svi.Shape(*(np.take_along_axis(each, highest, axis=0) for each in (w, slope, bend)))
        between = svi.Shape(*(0.5 * (each[1:] + each[:-1]) for each in served))
        butterfly = sum(int(np.count_nonzero(~(svi.density_of(each, k) >= 0.0))) for each in (served, between))
        return butterfly, int(np.count_nonzero(~(np.diff(served.variance, axis=0) >= 0.0)))

    def lines(self, underlying: str, expiries: Sequence[date]) -> tuple[SmileLine, ...]:
        """A `SmileLine` an expiry; `expiries` are the dates, in the order of ``years``."""
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where(self.years > 0, -np.log(self.discount) / self.years, np.nan)
        atm, skew = self.atm_volatility, self.skew_25
        rows = zip(
            expiries, self.years.tolist(), self.forward.tolist(), self.forward_error.tolist(), rate.tolist(),
            self.parameters.tolist(), atm.tolist(), skew.tolist(), self.rmse.tolist(), self.inside.tolist(),
            self.quotes.tolist(), self.quality, strict=True,
        )  # fmt: skip
        return tuple(
            SmileLine(underlying, day, years, forward, error, rate, *smile, *rest)
            for day, years, forward, error, rate, smile, *rest in rows
        )
