"""What the desk works out beyond marks: the fitted smile, tail risk, and why the P&L moved. Unknown numbers are NaN."""

from __future__ import annotations

from datetime import date
from enum import IntEnum, StrEnum

import msgspec


class VolQuality(IntEnum):
    """What a contract's volatility, and so each of its Greeks, rests on; the best first."""

    QUOTED = 0  # implied by a two-sided quote of the strike's out-of-the-money option
    TRADED = 1  # implied by a last trade or one side alone
    FITTED = 2  # read off the expiry's fitted smile
    INTERPOLATED = 3  # between neighbouring strikes, where no fit stands
    MISSING = 4  # not known


class FitQuality(StrEnum):
    """How far a fitted smile may be trusted."""

    GOOD = "good"  # fitted, free of butterfly arbitrage
    COARSE = "coarse"  # fitted to fewer or worse quotes than a full fit wants
    FLAT = "flat"  # one volatility for every strike: too few quotes for a shape
    MISSING = "missing"  # nothing to fit


class SmileLine(msgspec.Struct, frozen=True):
    """One expiry's fitted smile: raw SVI, w(k) = a + b (rho (k - m) + sqrt((k - m)² + sigma²)), k = ln(K/F).

    ``w`` is total variance. ``forward_error`` is the forward's standard error in points. ``skew_25`` is the volatility
    of the 25-delta put less that of the 25-delta call. ``rmse`` is in volatility (0.01 is a point); ``inside`` the
    share of fitted quotes whose model price lies within bid and ask.
    """

    underlying: str
    expiry: date
    years: float
    forward: float
    forward_error: float
    rate: float
    a: float
    b: float
    rho: float
    m: float
    sigma: float
    atm_iv: float
    skew_25: float
    rmse: float
    inside: float
    quotes: int
    quality: FitQuality


class TailLine(msgspec.Struct, frozen=True):
    """One scope's one-day tail risk by full revaluation; losses are positive, in account currency.

    ``…_error`` are standard errors of the estimate. ``method`` is ``historical``, ``filtered`` (rescaled to today's
    volatility) or ``implied`` (no history: a model's moves at today's implied volatility); ``days`` is how many moves.
    ``worst`` is the largest loss of the scenario grid, ``worst_case`` says where.
    """

    fund_id: str
    var_95: float
    var_99: float
    es_975: float
    var_95_error: float
    var_99_error: float
    es_975_error: float
    method: str
    days: int
    worst: float
    worst_case: str


class ExplainLine(msgspec.Struct, frozen=True):
    """Why one leg's P&L of the day is what it is, in account currency; the parts sum to ``total`` to the paisa.

    ``id`` is the position's; totals of a strategy, a fund and the desk have ``*`` for what they add up. ``fees`` are
    negative. ``unpriced`` is how much of ``unexplained`` came while a mark, a forward or a volatility was unknown.
    """

    id: str
    symbol: str
    underlying: str
    strategy: str
    fund_id: str
    theta: float
    delta: float
    gamma: float
    vega: float
    vanna: float
    volga: float
    trades: float
    fees: float
    unexplained: float
    total: float
    unpriced: float = 0.0
