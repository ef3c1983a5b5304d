from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from math import isnan, sqrt

import numpy as np
import pytest

from sidecar.backtest.curve import curve_of
from sidecar.backtest.executed import Executed
from sidecar.backtest.parts import UNKNOWN, Closes, Ended, ended, of_windows, regimes, trailing_volatility, years
from sidecar.backtest.statistics import figures
from sidecar.backtest.trips import trades_of
from sidecar.domain.backtest_result import Window
from sidecar.domain.clock import MINUTE
from tests.backtest.runs import CALENDAR, CAPITAL, FIRST, fill, grown, open_at, run_of

RETURNS = np.random.default_rng(4).normal(0.0005, 0.01, 800)


def cut(run: Executed) -> Ended:
    return ended(curve_of(run, CAPITAL, CALENDAR), run.fills, trades_of(run), CALENDAR)


def test_years_are_those_of_the_exchange_and_chain_to_the_whole() -> None:
    run = cut(grown(RETURNS))
    found = years(run)
    assert [part.name for part in found] == ["2024", "2025", "2026"]
    assert [part.figures.sessions for part in found] == [366, 365, 69]
    whole = np.prod([1 + part.figures.total_return for part in found]) - 1
    assert whole == pytest.approx(np.prod(1 + RETURNS) - 1)


def test_a_years_figures_are_those_of_a_run_of_that_year_alone() -> None:
    second = years(cut(grown(RETURNS)))[1].figures
    begun = CAPITAL * float(np.prod(1 + RETURNS[:366]))
    at = [open_at(day) + 375 * MINUTE for day in range(366, 731)]
    alone = figures(run_of(equity=list(begun * np.cumprod(1 + RETURNS[366:731])), at=at), begun, CALENDAR)
    for name in ("total_return", "sharpe_ratio", "max_drawdown", "calmar_ratio", "longest_drawdown", "skew"):
        assert getattr(second, name) == pytest.approx(getattr(alone, name), rel=1e-9), name


def test_a_trade_and_its_money_belong_to_the_year_it_ended_in() -> None:
    fills = (
        fill(75, "100", open_at(365)),
        fill(-75, "110", open_at(366), fees="10"),
        fill(75, "100", open_at(367)),
        fill(-75, "90", open_at(368)),
    )
    first, second = years(cut(run_of(fills, [CAPITAL] * 400)))
    assert (first.trades, first.net_profit) == (0, Decimal(0))
    assert (second.trades, second.net_profit) == (2, Decimal(-10))
    assert first.figures.turnover == pytest.approx(75 * 100 / CAPITAL * 252 / 366)


def test_a_window_is_named_by_its_days_and_one_without_a_session_is_left_out() -> None:
    windows = [Window(FIRST + timedelta(start), FIRST + timedelta(start + 29)) for start in (0, 30, 5_000)]
    found = of_windows(cut(grown(RETURNS)), windows)
    assert [part.name for part in found] == ["2024-01-01 to 2024-01-30", "2024-01-31 to 2024-02-29"]
    assert found[1].figures.total_return == pytest.approx(np.prod(1 + RETURNS[30:60]) - 1)


def test_regimes_are_told_by_the_underlying_before_each_session() -> None:
    rng = np.random.default_rng(8)
    spread = np.repeat([0.002, 0.01, 0.03], 100)
    value = 100 * np.exp(np.cumsum(rng.normal(0, 1, 300) * spread))
    closes = Closes(FIRST.toordinal() + np.arange(300), value)
    calm, usual, rough, unknown = regimes(cut(grown(RETURNS[:300])), closes)
    assert (calm.name, usual.name, rough.name, unknown.name) == ("calm", "usual", "rough", UNKNOWN)
    assert unknown.figures.sessions == 21
    assert [part.figures.sessions for part in (calm, usual, rough)] == [93, 93, 93]
    assert calm.figures.total_return == pytest.approx(np.prod(1 + RETURNS[21:114]) - 1, rel=0.2)


def test_the_volatility_before_a_session_never_sees_it() -> None:
    value = 100 * np.exp(np.cumsum(np.random.default_rng(9).normal(0, 0.01, 60)))
    days = FIRST.toordinal() + np.arange(60)
    curve = curve_of(grown(RETURNS[:60]), CAPITAL, CALENDAR)
    honest = trailing_volatility(curve, Closes(days, value))
    changed = value.copy()
    changed[40:] *= 2
    other = trailing_volatility(curve, Closes(days, changed))
    assert np.array_equal(honest[:41], other[:41], equal_nan=True)
    assert other[41] > 2 * honest[41]
    assert honest[30] == pytest.approx(np.diff(np.log(value))[9:29].std(ddof=1) * sqrt(252))


def test_without_an_underlying_the_runs_own_returns_tell_and_short_runs_have_no_regimes() -> None:
    assert [part.name for part in regimes(cut(grown(RETURNS)))] == ["calm", "usual", "rough", UNKNOWN]
    assert regimes(cut(grown(RETURNS[:49]))) == ()
    assert years(cut(run_of())) == ()


def test_a_part_that_begins_with_nothing_left_is_unknown() -> None:
    equity = [CAPITAL] * 366 + [-5.0] * 30
    first, second = years(cut(run_of(equity=equity)))
    assert first.figures.total_return == 0.0
    assert isnan(second.figures.annualized_return)
