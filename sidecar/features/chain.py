"""What one snapshot of an option chain says of volatility and interest: the chain's fields of a bar.

Symbols as in `pricing`: F forward, K strike, T years, D discount, S spot, k = ln(K/F). Unknown is NaN, never 0.
"""
# ruff: noqa: N803, N806

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import exp, isfinite, nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sidecar.domain.clock import DAY
from sidecar.pricing.black import greeks
from sidecar.pricing.daycount import years
from sidecar.pricing.implied import implied_volatility

Array = NDArray[np.float64]

WIDEST_TICKS = 2.0  # a quote is usable with a spread of at most these many ticks,
WIDEST_SHARE = 0.2  # or of this share of its middle
NEAR = 0.10  # open interest counts within this of the money: |ln(K/S)|
WING_DELTA = 0.25


class Expiry(NamedTuple):
    """The chain of one expiry, arrays (n,) by ascending ``strike``. The caller makes NaN of what is too old.

    ``expiry`` is its day as YYYYMMDD, ``expires_at`` the close of its session, microseconds UTC. Prices in points, open
    interest and volume in units of the underlying, ``volume`` cumulative since the session's open.
    """

    expiry: int
    expires_at: int
    strike: Array
    call_bid: Array
    call_ask: Array
    call_last: Array
    put_bid: Array
    put_ask: Array
    put_last: Array
    call_oi: Array
    put_oi: Array
    call_volume: Array
    put_volume: Array
    tick: float


class Smile(NamedTuple):
    """One expiry's volatilities out of the money: those strikes that have one, by ascending strike."""

    forward: float
    years: float
    atm: float
    k: Array
    volatility: Array


def chain_inputs(at: int, spot: float, rate: float, expiries: Sequence[Expiry], session: int) -> dict[str, float]:
    """The chain's fields of a :class:`~sidecar.domain.bars.Bar`, from the snapshot known at ``at``.

    ``rate`` is continuous per year, ``session`` the trading day's proleptic ordinal. Of ``expiries``, in any order, the
    nearest two that have not expired count; without one every field is NaN. At the money is IV linear in k at k = 0.
    ``rr25`` and ``bf25`` are IV at 25 delta, linear in the forward delta N(d1) over strikes out of the money. None of
    them is carried beyond the strikes that have a volatility.

    ``gamma_oi`` is Σ Γ (OI call − OI put) S² 0.01 within 10 % of the money, Γ at the smile's volatility, which past its
    ends is that of the end. Customers are taken to have sold calls and bought puts from nobody in particular: the sign
    is a convention and says nothing of who is hedged.
    """
    found = dict.fromkeys(FIELDS, nan)
    alive = sorted((each for each in expiries if each.expires_at > at), key=lambda each: each.expires_at)[:2]
    if not alive:
        return found
    near = alive[0]
    smile = smile_of(near, years(at, near.expires_at), rate)
    right, left = wings(smile)
    found.update(_interest(near, spot))
    found.update(
        dte=(near.expires_at - at) / DAY,
        is_expiry=float(_ordinal(near.expiry) == session),
        expiry=float(near.expiry),
        t1=smile.years,
        atm_iv=smile.atm,
        rr25=right - left,
        bf25=0.5 * (right + left) - smile.atm,
        gamma_oi=_gamma_interest(near, smile, spot, rate),
        max_pain=_max_pain(near),
    )
    if len(alive) > 1:
        later = smile_of(alive[1], years(at, alive[1].expires_at), rate)
        found.update(t2=later.years, atm_iv2=later.atm)
    return found


FIELDS = (
    "dte", "is_expiry", "expiry", "t1", "t2", "atm_iv", "atm_iv2", "rr25", "bf25", "oi_put", "oi_call", "volume_put",
    "volume_call", "gamma_oi", "max_pain",
)  # fmt: skip


def smile_of(chain: Expiry, T: float, rate: float) -> Smile:
    """The smile of one expiry, ``T`` years away: F = K* + e^{rT}(C − P) at K* = argmin |C − P|, OTM middles inverted.

    Puts below F, calls from F on. A smile without a forward has no strikes.
    """
    call, put = _marks(chain)
    F = _forward(chain.strike, call, put, exp(rate * T))
    none = np.empty(0)
    if not F > 0.0:
        return Smile(nan, T, nan, none, none)
    is_call = chain.strike >= F
    volatility, _ = implied_volatility(np.where(is_call, call, put), F, chain.strike, T, exp(-rate * T), call=is_call)
    known = np.isfinite(volatility)
    k, volatility = np.log(chain.strike[known] / F), volatility[known]
    return Smile(F, T, _between(0.0, k, volatility), k, volatility)


def wings(smile: Smile) -> tuple[float, float]:
    """Volatility of the call and of the put at 25 delta, each linear in delta between the strikes about it.

    Where a rough smile crosses 25 delta more than once, the crossing nearest the money counts.
    """
    k, volatility = smile.k, smile.volatility
    deviation = volatility * smile.years**0.5
    call_delta = ndtr(-k / deviation + 0.5 * deviation)
    calls, puts = k >= 0.0, k < 0.0
    right = _between(-WING_DELTA, -call_delta[calls], volatility[calls])
    left = _between(-WING_DELTA, call_delta[puts][::-1] - 1.0, volatility[puts][::-1])
    return right, left


def _marks(chain: Expiry) -> tuple[Array, Array]:
    """Calls' and puts': the middle of a usable quote, else NaN; last trades where the whole source has no quotes."""
    quotes = (chain.call_bid, chain.call_ask, chain.put_bid, chain.put_ask)
    if not any(np.isfinite(each).any() for each in quotes):
        call, put = chain.call_last, chain.put_last
        return np.where(call > 0.0, call, nan), np.where(put > 0.0, put, nan)
    return _middle(chain.call_bid, chain.call_ask, chain.tick), _middle(chain.put_bid, chain.put_ask, chain.tick)


def _middle(bid: Array, ask: Array, tick: float) -> Array:
    middle, spread = 0.5 * (bid + ask), ask - bid
    with np.errstate(invalid="ignore"):
        # A hair more than the limit: 2 ticks of 0.05 are not two ticks in binary.
        most = np.maximum(WIDEST_TICKS * tick, WIDEST_SHARE * middle) * (1.0 + 1e-9)
        return np.where((bid > 0.0) & (spread >= 0.0) & (spread <= most), middle, nan)


def _forward(strike: Array, call: Array, put: Array, growth: float) -> float:
    gap = call - put
    both = np.flatnonzero(np.isfinite(gap))
    if both.size == 0:
        return nan
    at = both[int(np.argmin(np.abs(gap[both])))]
    return float(strike[at] + growth * gap[at])


def _between(x: float, xs: Array, values: Array) -> float:
    """``values`` at ``x``, linear between the first two neighbours of ``xs`` about it; NaN where none are."""
    hits = np.flatnonzero(xs == x)
    if hits.size:
        return float(values[hits[0]])
    crossed = np.flatnonzero((xs[:-1] < x) & (xs[1:] > x))
    if crossed.size == 0:
        return nan
    i = int(crossed[0])
    share = (x - xs[i]) / (xs[i + 1] - xs[i])
    return float(values[i] + share * (values[i + 1] - values[i]))


def _near(strike: Array, spot: float) -> NDArray[np.bool_]:
    if not (spot > 0.0 and isfinite(spot)):
        return np.zeros(strike.shape, np.bool_)
    return np.abs(np.log(strike / spot)) < NEAR


def _interest(chain: Expiry, spot: float) -> dict[str, float]:
    """Sums by side. Interest over near strikes of which both sides are known, so that the sides can be compared."""
    pairs = _near(chain.strike, spot) & np.isfinite(chain.call_oi + chain.put_oi)
    return {
        "oi_put": _sum(chain.put_oi[pairs]),
        "oi_call": _sum(chain.call_oi[pairs]),
        "volume_put": _sum(chain.put_volume),
        "volume_call": _sum(chain.call_volume),
    }


def _sum(values: Array) -> float:
    """The sum of what is known; NaN where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.sum()) if known.size else nan


def _gamma_interest(chain: Expiry, smile: Smile, spot: float, rate: float) -> float:
    pairs = _near(chain.strike, spot) & np.isfinite(chain.call_oi + chain.put_oi)
    if smile.k.size == 0 or smile.years <= 0.0 or not pairs.any():
        return nan
    strike = chain.strike[pairs]
    volatility = np.interp(np.log(strike / smile.forward), smile.k, smile.volatility)
    gamma = greeks(
        smile.forward, strike, smile.years, volatility, rate, call=np.ones(strike.shape, np.bool_), spot=spot
    )
    return float(gamma.gamma @ (chain.call_oi - chain.put_oi)[pairs]) * spot * spot * 0.01


def _max_pain(chain: Expiry) -> float:
    """The listed strike at which the options now open would pay their holders least; NaN where a side is not known."""
    calls, puts = chain.call_oi, chain.put_oi
    if np.isnan(calls).all() or np.isnan(puts).all() or not np.nansum(calls) + np.nansum(puts) > 0.0:
        return nan
    gap = chain.strike[:, None] - chain.strike[None, :]
    pain = np.maximum(gap, 0.0) @ np.nan_to_num(calls) + np.maximum(-gap, 0.0) @ np.nan_to_num(puts)
    return float(chain.strike[int(np.argmin(pain))])


def _ordinal(day: int) -> int:
    return date(day // 10_000, day // 100 % 100, day % 100).toordinal()
