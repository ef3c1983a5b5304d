"""The bar: what was known of one underlying and its chain when one minute of trading had ended.

A bar is a fact on record; every feature and every label is a function of bars alone. So live and training cannot differ
in what they see, only in when. Unknown is NaN, never 0; what is older than its limit is unknown.
"""

from __future__ import annotations

from math import nan

import msgspec

#: The fields of a :class:`Bar` that are numbers, in the order of a row of the feature kernel's input.
INPUTS = (
    "open", "high", "low", "close", "volume", "minute", "minutes", "session", "dte", "is_expiry", "expiry", "t1", "t2",
    "atm_iv", "atm_iv2", "rr25", "bf25", "oi_put", "oi_call", "volume_put", "volume_call", "gamma_oi", "max_pain",
    "vix", "future", "future_t",
)  # fmt: skip


class Bar(msgspec.Struct, frozen=True):
    """One closed bar of ``symbol``, [``at``, ``closes_at``), microseconds UTC.

    It is made of what was seen before ``closes_at`` and was complete at ``known_at``, the first beat at or after it:
    nothing decided on it can be earlier. ``source`` says who saw it: ``live``, ``history`` (the simulator's past) or
    the name of an archive; ``simulated`` data says so wherever it is shown.

    ``volume`` is units traded in the bar, of the nearest future where the symbol is an index that has one. ``minute``
    counts the session's bars from 0, ``minutes`` is how many this session has, ``session`` its day's proleptic ordinal.
    ``dte`` is days to the close of the nearest expiry's session, ``is_expiry`` 1.0 on its day, ``expiry`` its date as
    YYYYMMDD; ``t1`` and ``t2`` are years to the nearest and the next expiry. Volatilities are fractions per √year;
    ``rr25`` and ``bf25`` risk reversal and butterfly at 25 delta. Open interest and traded volume are units: interest
    within 10 % of the money, volume since the session's open over the nearest expiry. ``gamma_oi`` is Σ Γ (OI call −
    OI put) S² 0.01. ``vix`` is in points, ``future`` the nearest future's price and ``future_t`` its years to expiry.
    ``cost`` is a round trip in what is traded on the signal, a fraction of the price, by the tariff of the day.
    """

    symbol: str
    at: int
    closes_at: int
    known_at: int
    source: str
    simulated: bool
    open: float
    high: float
    low: float
    close: float
    volume: float = nan
    minute: float = nan
    minutes: float = nan
    session: float = nan
    dte: float = nan
    is_expiry: float = nan
    expiry: float = nan
    t1: float = nan
    t2: float = nan
    atm_iv: float = nan
    atm_iv2: float = nan
    rr25: float = nan
    bf25: float = nan
    oi_put: float = nan
    oi_call: float = nan
    volume_put: float = nan
    volume_call: float = nan
    gamma_oi: float = nan
    max_pain: float = nan
    vix: float = nan
    future: float = nan
    future_t: float = nan
    cost: float = nan
