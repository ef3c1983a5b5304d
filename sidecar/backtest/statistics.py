"""The statistics of one equity curve: growth, ratios of its sessions' returns, drawdown, tail and trading.

A year has 252 sessions. What needs a distribution of returns (ratios, the annual rate, the tail) is unknown with fewer
than twenty of them, and where the account once held nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, expm1, log1p, nan

import numpy as np

from sidecar.backtest.curve import Curve, Floats, curve_of, session_returns
from sidecar.backtest.executed import Executed
from sidecar.backtest.trips import SETTLEMENT
from sidecar.book.performance import DAYS_A_YEAR, FEWEST, deviation, sharpe, sortino, volatility
from sidecar.domain.backtest_result import Figures
from sidecar.domain.calendar import Calendar
from sidecar.domain.orders import Fill

__all__ = ["figures", "figures_of", "session_returns"]

#: Returns that differ by less are one return and the rounding of it.
_NOISE = 1e-12
#: A rate a year whose growth no float holds.
_ENDLESS = 700.0


def figures(run: Executed, capital: float, calendar: Calendar) -> Figures:
    """The statistics of a run that began with ``capital``; ``sessions`` counts the days that have a mark."""
    return figures_of(curve_of(run, capital, calendar), run.fills)


def figures_of(curve: Curve, fills: Iterable[Fill]) -> Figures:
    """The statistics of a curve, and of the ``fills`` that were made in its time.

    Ratios are those of :mod:`sidecar.book.performance`. The drawdown is taken mark by mark from a peak that begins with
    the capital, and is a positive fraction.
    """
    returns = curve.returns()
    sessions = returns.size
    total = float(curve.equity[-1]) / curve.capital - 1.0 if sessions and curve.capital > 0 else nan
    solvent = bool((curve.equity > 0).all())
    annual = annualized(total, sessions) if solvent else nan
    deepest = deepest_drawdown(curve)
    third, fourth = moments(returns)
    return Figures(
        total_return=total,
        annualized_return=annual,
        volatility=volatility(returns, DAYS_A_YEAR),
        sharpe_ratio=sharpe(returns, DAYS_A_YEAR),
        sortino_ratio=sortino(returns, DAYS_A_YEAR),
        calmar_ratio=annual / deepest if deepest > _NOISE else nan,
        max_drawdown=deepest,
        sessions=sessions,
        exposure=exposure(curve),
        turnover=turnover(fills, curve.capital, sessions),
        var_95=-float(np.quantile(returns, 0.05)) if sessions >= FEWEST else nan,
        expected_shortfall_975=shortfall(returns, 0.025),
        skew=third,
        kurtosis=fourth,
        longest_drawdown=longest_drawdown(curve),
        best_session=float(returns.max()) if sessions else nan,
        worst_session=float(returns.min()) if sessions else nan,
    )


def annualized(total: float, sessions: int) -> float:
    """The geometric rate a year of a ``total`` return; NaN with too few sessions, or where nothing is left."""
    if sessions < FEWEST or not total > -1.0:
        return nan
    rate = log1p(total) * DAYS_A_YEAR / sessions
    return expm1(rate) if rate < _ENDLESS else nan


def drawdowns(equity: Floats, capital: float) -> Floats:
    """How far each mark is below the highest so far, the capital among them, (n,): fractions of that peak, from 0 up.

    More than 1 where the account owes money; NaN where there never was a peak above nothing.
    """
    peak = np.maximum(np.maximum.accumulate(equity), capital) if equity.size else equity
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(peak > 0.0, 1.0 - equity / peak, nan)


def deepest_drawdown(curve: Curve) -> float:
    """The largest drawdown, mark by mark; NaN without a mark."""
    return float(drawdowns(curve.equity, curve.capital).max()) if curve.equity.size else nan


def longest_drawdown(curve: Curve) -> int:
    """The most sessions in a row that ended below the highest end so far, the capital among them."""
    below = drawdowns(curve.equity[curve.last], curve.capital) > 0.0
    longest = running = 0
    for one in below:
        running = running + 1 if one else 0
        longest = max(longest, running)
    return longest


def exposure(curve: Curve) -> float:
    """The share of marks with a position; NaN where no mark says."""
    known = np.isfinite(curve.notional)
    return float((curve.notional[known] > 0.0).mean()) if known.any() else nan


def turnover(fills: Iterable[Fill], capital: float, sessions: int) -> float:
    """Traded value over capital, a year of sessions: quantity times price of orders' fills, settlements left out."""
    if not sessions or not capital > 0.0:
        return nan
    traded = sum(abs(fill.quantity) * float(fill.price) for fill in fills if fill.note != SETTLEMENT)
    return traded / capital * DAYS_A_YEAR / sessions


def shortfall(returns: Floats, share: float) -> float:
    """The mean loss of the worst ``share`` of sessions, at least one; NaN with too few."""
    if returns.size < FEWEST:
        return nan
    worst = np.sort(returns)[: max(1, ceil(returns.size * share - 1e-9))]
    return -float(worst.mean())


def moments(returns: Floats) -> tuple[float, float]:
    """Skew and kurtosis (3 for the normal) of the returns, by their population's moments; NaN with too few."""
    if not deviation(returns) > _NOISE:
        return nan, nan
    off = (returns - returns.mean()) / returns.std()
    return float((off**3).mean()), float((off**4).mean())
