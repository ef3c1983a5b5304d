"""How far the figures of a run may be from what its strategy is worth: 95 % intervals that respect serial dependence.

Sessions are drawn again in runs of geometric length, wrapped round: Politis and Romano, *The stationary bootstrap*
(1994). The mean length of a run is that of :func:`block_length`, for the returns or for their squares, whichever is
longer, since volatility hangs together where returns do not. Plain percentiles are too narrow for few blocks; these lie
as much further out as Student's t does: Hesterberg, *What teachers should know about the bootstrap* (2015).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, log10, nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from sidecar.backtest.curve import Curve, Floats
from sidecar.book.performance import DAYS_A_YEAR, FEWEST
from sidecar.domain.backtest_result import BacktestTrade, Estimate
from sidecar.domain.clock import DAY
from sidecar.learning.intervals import wilson

Indices = NDArray[np.int64]
#: With fewer sessions than this there is no interval: half a year's noise cannot be learnt from a fortnight.
LEAST = FEWEST
#: Returns that differ by less are one return and the rounding of it.
_NOISE = 1e-12
#: Resampled sessions that are held at a time.
_AT_ONCE = 400_000


class Inside(NamedTuple):
    """What happened inside each session, (n,): the lowest and the highest mark over what the session began with (1 at
    the most and at the least), and the deepest drawdown from a peak of the session itself.
    """

    low: Floats
    high: Floats
    drawdown: Floats


def inside(curve: Curve) -> Inside:
    """The sessions of a curve from within, which make the drawdown of any order of them exact, mark by mark."""
    starts, base = np.searchsorted(curve.session, np.arange(curve.days.size)), curve.base()
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = curve.equity / base[curve.session]
        if not relative.size:
            return Inside(relative, relative, relative)
        high, low = np.maximum.reduceat(relative, starts), np.minimum.reduceat(relative, starts)
        ends = np.append(starts[1:], relative.size)
        peaks = (np.maximum.accumulate(np.append(1.0, relative[a:b]))[1:] for a, b in zip(starts, ends, strict=True))
        deep = 1.0 - relative / np.concatenate(list(peaks))
    return Inside(np.minimum(low, 1.0), np.maximum(high, 1.0), np.maximum.reduceat(deep, starts))


def intervals(
    returns: Floats, trades: Sequence[BacktestTrade], seed: int, draws: int = 1000, within: Inside | None = None
) -> dict[str, Estimate]:
    """95 % intervals by the name of the figure, the same for the same ``seed``.

    ``returns`` (n,) are the sessions', fractions; ``within`` makes the drawdown one of marks, without it it is one of
    sessions' ends. NaN ends with fewer than :data:`LEAST` sessions, or where the returns do not vary or are not all
    known; a figure that is unknown in more than half of the draws has none either. ``win_rate`` has Wilson's interval
    for as many trades as theirs are worth that ended on one day, ``avg_trade`` (money after fees) is drawn by day.
    """
    shape = within or _ends_only(returns)
    values = _figures(returns[None, :], Inside(*(column[None, :] for column in shape)))
    enough = returns.size >= LEAST and bool(np.isfinite(returns).all()) and float(np.std(returns)) > _NOISE
    found = {name: Estimate(float(column[0]) if enough or returns.size else nan) for name, column in values.items()}
    if enough:
        block = max(block_length(returns), block_length(returns**2))
        drawn = _redrawn(returns, shape, seed, draws, block)
        found = {name: _estimate(found[name].value, column, returns.size / block) for name, column in drawn.items()}
    return {**found, **_of_trades(trades, seed, draws)}


def block_length(values: Floats) -> float:
    """The mean length of the runs that suits the dependence of ``values`` (n,), at least 1.

    Politis and White, *Automatic block-length selection for the dependent bootstrap* (2004), as corrected by Patton,
    Politis and White (2009): (2 G² / D)^(1/3) n^(1/3) with a flat-top window up to twice the first lag m after which
    the correlations stay small. A long AR(1) with coefficient ρ has (2ρ / (1 − ρ²))^(2/3) n^(1/3): 12.1 for 0.5 and
    n = 1000. At most min(3 √n, n/3), rounded up.
    """
    n = values.size
    off = values - values.mean()
    variance = float(off @ off) / n
    if n < 4 or variance <= _NOISE**2:
        return 1.0
    run = max(5, ceil(log10(n)))
    lags = min(ceil(sqrt(n)) + run, n - 1)
    R = np.array([off[: n - lag] @ off[lag:] for lag in range(lags + 1)]) / n  # noqa: N806  the paper's symbol
    small = np.abs(R[1:]) < 2 * sqrt(log10(n) / n) * variance
    quiet = [lag for lag in range(max(lags - run + 1, 0)) if small[lag : lag + run].all()]
    loud = np.flatnonzero(~small) + 1
    m = quiet[0] if quiet else int(loud[-1]) if loud.size else 0
    M = min(2 * max(m, 1), lags)  # noqa: N806  the paper's symbol
    lag = np.arange(1, M + 1)
    window = np.clip(2 * (1 - lag / M), 0.0, 1.0)
    G = 2 * float((window * lag * R[1 : M + 1]).sum())  # noqa: N806  the paper's symbol
    g = float(R[0] + 2 * (window * R[1 : M + 1]).sum())
    if not g * g > 0.0:
        return 1.0
    return float(np.clip((G * G / (g * g) * n) ** (1 / 3), 1.0, ceil(min(3 * sqrt(n), n / 3))))


def _ends_only(returns: Floats) -> Inside:
    growth = 1.0 + returns
    return Inside(np.minimum(growth, 1.0), np.maximum(growth, 1.0), np.maximum(1.0 - growth, 0.0))


def _redrawn(returns: Floats, within: Inside, seed: int, draws: int, block: float) -> dict[str, Floats]:
    """Each figure of ``draws`` resampled histories, (draws,)."""
    rng, parts = np.random.default_rng(seed), list[dict[str, Floats]]()
    for rows in _spans(draws, max(1, _AT_ONCE // returns.size)):
        drawn = runs(rng, rows, returns.size, block)
        parts.append(_figures(returns[drawn], Inside(*(column[drawn] for column in within))))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _spans(whole: int, most: int) -> Iterator[int]:
    for begun in range(0, whole, most):
        yield min(most, whole - begun)


def runs(rng: np.random.Generator, rows: int, n: int, block: float) -> Indices:
    """Places of ``n`` sessions, (rows, n): runs begin anywhere and go on with probability 1 − 1/``block``."""
    fresh = rng.random((rows, n)) < 1.0 / max(block, 1.0)
    fresh[:, 0] = True
    begin = np.maximum.accumulate(np.where(fresh, np.arange(n), 0), axis=1)
    first = np.take_along_axis(rng.integers(0, n, size=(rows, n)), begin, axis=1)
    return np.asarray((first + np.arange(n) - begin) % n, np.int64)


def _figures(returns: Floats, within: Inside) -> dict[str, Floats]:
    """The figures of each row of sessions, (k,), as :mod:`sidecar.backtest.statistics` has them."""
    n = returns.shape[1]
    if n == 0:
        return {name: np.full(len(returns), nan) for name in NAMES}
    with np.errstate(all="ignore"):
        growth = np.cumprod(1.0 + returns, axis=1)
        total = growth[:, -1] - 1.0
        annual = np.where((growth > 0).all(axis=1) & (n >= FEWEST), (1.0 + total) ** (DAYS_A_YEAR / n) - 1.0, nan)
        mean = returns.mean(axis=1)
        spread = returns.std(axis=1, ddof=1) if n >= FEWEST else np.full(len(returns), nan)
        downside = np.sqrt((np.minimum(returns, 0.0) ** 2).mean(axis=1)) if n >= FEWEST else spread
        before = np.concatenate([np.ones((len(returns), 1)), growth[:, :-1]], axis=1)
        peak = np.maximum.accumulate(np.maximum(before, before * within.high), axis=1)
        ahead = np.concatenate([np.ones((len(returns), 1)), peak[:, :-1]], axis=1)
        deepest = np.maximum(1.0 - before * within.low / ahead, within.drawdown).max(axis=1)
        year = sqrt(DAYS_A_YEAR)
        ratios = (
            total, annual, _over(spread, 1.0, spread) * year, _over(mean, spread, spread) * year,
            _over(mean, downside, downside) * year, deepest, _over(annual, deepest, deepest),
        )  # fmt: skip
    return dict(zip(NAMES, ratios, strict=True))


#: The figures of sessions that have an interval.
NAMES = (
    "total_return", "annualized_return", "volatility", "sharpe_ratio", "sortino_ratio", "max_drawdown", "calmar_ratio",
)  # fmt: skip


def _over(above: Floats, below: Floats | float, sure: Floats) -> Floats:
    return np.where(sure > _NOISE, above / below, nan)


def _estimate(value: float, drawn: Floats, blocks: float) -> Estimate:
    known = drawn[np.isfinite(drawn)]
    if 2 * known.size < drawn.size or not known.size:
        return Estimate(value)
    n = max(blocks, 2.0)
    tail = float(ndtr(-sqrt(n / (n - 1)) * stdtrit(n - 1, 0.975)))
    low, high = np.quantile(known, (tail, 1 - tail))
    return Estimate(value, float(low), float(high))


def _of_trades(trades: Sequence[BacktestTrade], seed: int, draws: int) -> dict[str, Estimate]:
    """The share that won and the mean net, where trades that end on one day are one piece of news."""
    if not trades:
        return {"win_rate": Estimate(), "avg_trade": Estimate()}
    net = np.array([float(trade.net_pnl) for trade in trades])
    _, day = np.unique([trade.closed_at // DAY for trade in trades], return_inverse=True)
    count, won, made = (np.bincount(day, column).astype(np.float64) for column in (np.ones(net.size), net > 0, net))
    rate, mean = float((net > 0).mean()), Estimate(float(net.mean()))
    if count.size >= LEAST:
        drawn = runs(np.random.default_rng(seed), draws, count.size, 1.0)
        mean = _estimate(mean.value, made[drawn].sum(axis=1) / count[drawn].sum(axis=1), count.size)
    worth = _worth(rate, won, count)
    return {"win_rate": Estimate(rate, *wilson(rate * worth, worth)), "avg_trade": mean}


def _worth(rate: float, won: Floats, count: Floats) -> float:
    """How many independent trades those of so many days are worth: by the spread of their days' hits, at most all."""
    n, days = float(count.sum()), count.size
    if days < 2 or not 0.0 < rate < 1.0:
        return float(days)
    spread = days / (days - 1) * float(((won - rate * count) ** 2).sum()) / n**2
    return float(np.clip(rate * (1 - rate) / spread, 1.0, n)) if spread > 0 else n
