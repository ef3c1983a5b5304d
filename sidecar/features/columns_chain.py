"""Features of the option chain: implied volatility, its term and skew, and who holds and trades what."""

from __future__ import annotations

from math import nan

import numpy as np

from sidecar.features import window as of
from sidecar.features.feature import (
    CHAIN,
    COMPLETED,
    FRACTION,
    INTEREST,
    LOG,
    NUMBER,
    QUOTES,
    SAME_EXPIRY,
    SAME_SESSION,
    VOLATILITY,
    feature,
    inline,
)
from sidecar.features.window import Window, ago, mean

_MONTH = 30.0 / 365.0
_BACK = 15


@inline
def traded(w: Window, ring: int) -> float:
    """Units traded in the last 15 minutes of the session; before the open nothing was.

    Minutes, not bars: where the one to subtract is missing, it is unknown.
    """
    minute = w.bar[of.MINUTE] - _BACK
    if minute < 0.0:
        return ago(w, ring, 0)
    for k in range(1, _BACK + 1):
        same = ago(w, of.SESSIONS_SEEN, k) == w.bar[of.SESSION] and ago(w, of.EXPIRIES, k) == w.bar[of.EXPIRY]
        if same and ago(w, of.MINUTES_SEEN, k) == minute:
            return ago(w, ring, 0) - ago(w, ring, k)
    return nan


@feature(VOLATILITY, CHAIN, QUOTES)
def atm_iv(w: Window) -> float:
    """Volatility at the money forward, of the nearest expiry."""
    return w.bar[of.ATM_IV]


@feature(VOLATILITY, SAME_EXPIRY, QUOTES, 16)
def d_atm_iv_15(w: Window) -> float:
    """atm_iv - atm_iv[t-15]."""
    same = ago(w, of.EXPIRIES, _BACK) == w.bar[of.EXPIRY]
    return w.bar[of.ATM_IV] - ago(w, of.IVS, _BACK) if same else nan


@feature(LOG, CHAIN, QUOTES)
def iv_term(w: Window) -> float:
    """ln(atm_iv of the next expiry / atm_iv of the nearest)."""
    return np.log(w.bar[of.ATM_IV2] / w.bar[of.ATM_IV])


@feature(VOLATILITY, CHAIN, QUOTES)
def iv30(w: Window) -> float:
    """sqrt(w / T) at T = 30/365, w = atm_iv² T on a line through both expiries, beyond them too; unknown below 0."""
    t1, t2 = w.bar[of.T1], w.bar[of.T2]
    if not 0.0 < t1 < t2:
        return nan
    w1, w2 = w.bar[of.ATM_IV] ** 2 * t1, w.bar[of.ATM_IV2] ** 2 * t2
    variance = w1 + (w2 - w1) * (_MONTH - t1) / (t2 - t1)
    return np.sqrt(variance / _MONTH) if variance > 0.0 else nan


@feature(VOLATILITY, CHAIN, QUOTES)
def rr25(w: Window) -> float:
    """IV of the 25-delta call - IV of the 25-delta put."""
    return w.bar[of.RR25]


@feature(VOLATILITY, CHAIN, QUOTES)
def bf25(w: Window) -> float:
    """Mean IV of the 25-delta call and put - atm_iv."""
    return w.bar[of.BF25]


@feature(FRACTION, COMPLETED, QUOTES, 1, 20)
def iv_rank(w: Window) -> float:
    """The share of the last 20 sessions' closing atm_iv that is below atm_iv, ties by half."""
    now, below = w.bar[of.ATM_IV], 0.0
    for i in range(of.DAYS_KEPT):
        then = w.days[of.DAY_IV, i]
        if not np.isfinite(then + now):
            return nan
        below += 1.0 if then < now else 0.5 if then == now else 0.0
    return below / 20.0


@feature(NUMBER, CHAIN, INTEREST)
def pcr_oi(w: Window) -> float:
    """Open interest of puts / of calls, |ln(K/S)| < 10 %."""
    return w.bar[of.OI_PUT] / w.bar[of.OI_CALL]


@feature(NUMBER, SAME_SESSION, INTEREST)
def pcr_vol(w: Window) -> float:
    """Puts traded / calls traded in the last 15 minutes of the session."""
    return traded(w, of.PUTS_TRADED) / traded(w, of.CALLS_TRADED)


@feature(LOG, SAME_SESSION, INTEREST, 16)
def oi_chg_15(w: Window) -> float:
    """ln(OI / OI[t-15]), puts and calls together."""
    same = ago(w, of.EXPIRIES, _BACK) == w.bar[of.EXPIRY] and ago(w, of.SESSIONS_SEEN, _BACK) == w.bar[of.SESSION]
    return np.log(ago(w, of.INTERESTS, 0) / ago(w, of.INTERESTS, _BACK)) if same else nan


@feature(LOG, CHAIN, INTEREST)
def max_pain_dist(w: Window) -> float:
    """ln(C / the strike at which expiring options would pay least)."""
    return np.log(w.bar[of.CLOSE] / w.bar[of.MAX_PAIN])


@feature(NUMBER, COMPLETED, INTEREST, 1, 20)
def gex_n(w: Window) -> float:
    """Gamma of dealers by convention: Σ Γ (OI call - OI put) S² 0.01 / (mean volume of 20 sessions × C)."""
    return w.bar[of.GAMMA_OI] / (mean(w.days[of.DAY_VOLUME], of.DAYS_KEPT) * w.bar[of.CLOSE])
