"""Intervals that hold what they promise, the same for the same seed, and none where nothing can be known."""

from __future__ import annotations

from decimal import Decimal
from math import isnan, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from sidecar.backtest.curve import curve_of
from sidecar.backtest.statistics import figures
from sidecar.backtest.uncertainty import LEAST, NAMES, block_length, inside, intervals, runs
from sidecar.domain.backtest_result import BacktestTrade, Estimate
from sidecar.domain.clock import DAY, MINUTE
from tests.backtest.runs import CALENDAR, FUTURE, grown, open_at, run_of

Floats = NDArray[np.float64]


def autoregressive(rng: np.random.Generator, n: int, rho: float, mean: float = 0.001, spread: float = 0.01) -> Floats:
    """An AR(1) of that mean and deviation, from its own law at the start."""
    shocks = rng.standard_normal(n + 100) * sqrt(1 - rho * rho)
    return np.asarray(mean + spread * lfilter([1.0], [1.0, -rho], shocks)[100:], np.float64)


def won(net: int, day: int) -> BacktestTrade:
    money = Decimal(net)
    at = day * DAY + 5 * 60 * MINUTE
    return BacktestTrade(FUTURE, "hand", "buy", 75, at, at, 1.0, 1.0, money, Decimal(0), money)


def covers(found: Estimate, truth: float) -> bool:
    return found.low <= truth <= found.high


def test_nominal_95_percent_covers_at_least_88_where_returns_hang_together() -> None:
    rng, n, mean, spread, hits = np.random.default_rng(11), 250, 0.001, 0.01, np.zeros(3)
    truths = {
        "sharpe_ratio": mean / spread * sqrt(252),
        "volatility": spread * sqrt(252),
        "total_return": (1 + mean) ** n - 1,
    }
    worlds = 100
    for world in range(worlds):
        found = intervals(autoregressive(rng, n, 0.3, mean, spread), (), world, draws=200)
        hits += [covers(found[name], truth) for name, truth in truths.items()]
    assert (hits / worlds >= 0.88).all(), hits / worlds


def test_independent_draws_of_dependent_returns_would_cover_too_little() -> None:
    rng = np.random.default_rng(12)
    widths = []
    for world in range(20):
        returns = autoregressive(rng, 400, 0.6)
        shuffled = rng.permutation(returns)
        one, other = (intervals(each, (), world, draws=200)["sharpe_ratio"] for each in (returns, shuffled))
        widths.append((one.high - one.low) / (other.high - other.low))
    assert np.median(widths) > 1.3


def test_the_block_length_is_that_of_the_published_rule_for_an_ar1() -> None:
    found = [block_length(autoregressive(np.random.default_rng(seed), 20_000, 0.5)) for seed in range(10)]
    assert np.median(found) == pytest.approx((2 * 0.5 / (1 - 0.25)) ** (2 / 3) * 20_000 ** (1 / 3), rel=0.15)


def test_the_block_of_independent_returns_is_short_and_of_constant_ones_one() -> None:
    assert block_length(np.random.default_rng(5).standard_normal(1000)) < 8
    assert block_length(np.full(100, 0.01)) == 1.0


def test_a_block_is_never_longer_than_the_rules_bound() -> None:
    assert block_length(np.cumsum(np.random.default_rng(6).standard_normal(60))) <= 20


def test_runs_have_the_asked_mean_length_and_wrap_round() -> None:
    drawn = runs(np.random.default_rng(7), 200, 500, 10.0)
    fresh = (np.diff(drawn, axis=1) % 500) != 1
    assert drawn.shape == (200, 500)
    assert (drawn.min(), drawn.max()) == (0, 499)
    assert 1 / fresh.mean() == pytest.approx(10, rel=0.05)


def test_the_same_seed_gives_the_same_intervals_and_another_one_others() -> None:
    returns = np.random.default_rng(1).normal(0.001, 0.01, 100)
    trades = [won(day % 3 - 1, day) for day in range(40)]
    first = intervals(returns, trades, 7)
    assert intervals(returns, trades, 7) == first
    assert intervals(returns, trades, 8) != first


def test_every_figure_lies_in_its_interval_and_is_that_of_the_statistics() -> None:
    run = grown(np.random.default_rng(2).normal(0.0005, 0.01, 300))
    curve = curve_of(run, 1_000_000.0, CALENDAR)
    found, shown = intervals(curve.returns(), (), 7), figures(run, 1_000_000.0, CALENDAR)
    for name in NAMES:
        assert found[name].value == pytest.approx(getattr(shown, name), rel=1e-9), name
        assert covers(found[name], found[name].value), name


def test_the_drawdown_inside_a_session_is_seen_whatever_the_order_of_sessions() -> None:
    rng = np.random.default_rng(3)
    steps = 1 + rng.normal(0, 0.01, (60, 5))
    at = [open_at(day) + bar * MINUTE for day in range(60) for bar in range(5)]
    for order in (np.arange(60), rng.permutation(60)):
        run = run_of(equity=list(np.cumprod(steps[order])), at=at)
        curve = curve_of(run, 1.0, CALENDAR)
        found = intervals(curve.returns(), (), 7, 10, inside(curve))["max_drawdown"].value
        assert found == pytest.approx(figures(run, 1.0, CALENDAR).max_drawdown, rel=1e-12)


@pytest.mark.parametrize("returns", [np.full(LEAST - 1, 0.01), np.zeros(100), np.r_[np.full(50, 0.01), np.nan]])
def test_too_few_constant_or_unknown_returns_have_no_interval(returns: Floats) -> None:
    found = intervals(returns, (), 7)
    assert all(isnan(one.low) and isnan(one.high) for name, one in found.items() if name in NAMES)


def test_no_returns_and_no_trades_have_no_figures() -> None:
    found = intervals(np.empty(0), (), 7)
    assert all(isnan(one.value) for one in found.values())


def test_a_win_rate_of_one_trade_a_day_has_wilsons_interval() -> None:
    trades = [won(1 if day % 10 < 7 else -1, day) for day in range(100)]
    found = intervals(np.empty(0), trades, 7)["win_rate"]
    assert found.value == 0.7
    assert (found.low, found.high) == pytest.approx((0.6042, 0.7811), abs=2e-3)


def test_trades_that_win_and_lose_by_the_day_are_worth_their_days() -> None:
    apart = intervals(np.empty(0), [won(1 if one % 2 else -1, one) for one in range(300)], 7)["win_rate"]
    together = intervals(np.empty(0), [won(1 if one // 10 % 2 else -1, one // 10) for one in range(300)], 7)
    assert together["win_rate"].high - together["win_rate"].low > 2.5 * (apart.high - apart.low)


def test_only_winners_are_no_certainty() -> None:
    found = intervals(np.empty(0), [won(1, 0)] * 50, 7)["win_rate"]
    assert found.value == found.high == 1.0
    assert found.low < 0.25


def test_the_mean_trade_is_drawn_by_day_and_unknown_for_few_days() -> None:
    rng = np.random.default_rng(9)
    many = [won(int(net), day) for day, net in enumerate(rng.normal(100, 500, 200))]
    found = intervals(np.empty(0), many, 7)["avg_trade"]
    error = 500 / sqrt(200)
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.25)
    few = intervals(np.empty(0), many[:10], 7)["avg_trade"]
    assert isnan(few.low)
    assert not isnan(few.value)
