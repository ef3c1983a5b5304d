"""How a fund has done: one line a fund, from the equity on record."""

from __future__ import annotations

from datetime import datetime

import msgspec


class PerformanceLine(msgspec.Struct, frozen=True):
    """One fund's performance at ``timestamp``; the desk's is the line whose ``fund_id`` is ``*``.

    Returns, drawdowns and ratios are fractions; NaN where there is too little on record. ``total_return`` is since the
    book began, free of flows (time-weighted); ``daily_return`` since the session's open, on capital. ``sharpe_ratio``
    and ``sortino_ratio`` are annualised: of ``observations`` returns over ``interval``, times the root of
    ``periods_per_year``, over a risk-free rate of zero. ``win_rate`` and ``profit_factor`` are of round trips after
    fees.
    """

    fund_id: str
    timestamp: datetime
    portfolio_value: float
    total_return: float
    daily_return: float
    active_positions: int
    sharpe_ratio: float
    sortino_ratio: float
    volatility: float
    drawdown: float
    max_drawdown: float
    win_rate: float
    profit_factor: float
    trades: int
    interval: str
    periods_per_year: float
    observations: int
