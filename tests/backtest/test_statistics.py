"""Each figure against a second implementation, or by hand."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan, nan

import empyrical
import numpy as np
import pytest
from scipy import stats

from sidecar.backtest.statistics import figures, session_returns, shortfall
from sidecar.domain.backtest_result import Figures
from sidecar.domain.clock import MINUTE
from tests.backtest.runs import CALENDAR, CAPITAL, FIRST, fill, grown, open_at, run_of

SEEDED = [np.random.default_rng(seed).normal(0.0005, 0.01, size) for seed, size in ((1, 20), (2, 252), (3, 1000))]
Theirs = Callable[[np.ndarray], float]


def came_to(returns: np.ndarray) -> Figures:
    return figures(grown(returns), CAPITAL, CALENDAR)


@pytest.mark.parametrize("returns", SEEDED, ids=lambda each: str(each.size))
@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("total_return", empyrical.cum_returns_final),
        ("annualized_return", empyrical.annual_return),
        ("volatility", empyrical.annual_volatility),
        ("sharpe_ratio", empyrical.sharpe_ratio),
        ("sortino_ratio", empyrical.sortino_ratio),
        ("calmar_ratio", empyrical.calmar_ratio),
        ("max_drawdown", lambda returns: -empyrical.max_drawdown(returns)),
        ("var_95", lambda returns: -empyrical.value_at_risk(returns)),
        ("skew", stats.skew),
        ("kurtosis", lambda returns: stats.kurtosis(returns, fisher=False)),
    ],
)
def test_a_figure_is_that_of_another_library(returns: np.ndarray, name: str, theirs: Theirs) -> None:
    assert getattr(came_to(returns), name) == pytest.approx(theirs(returns), rel=1e-12, abs=1e-12)


def test_sessions_are_the_exchanges_days_and_end_at_their_last_mark() -> None:
    at = [open_at(0) + 60 * MINUTE, open_at(0) + 375 * MINUTE, open_at(2), open_at(2) + MINUTE]
    days, returns = session_returns(run_of(equity=(1.5, 1.1, 3.0, 1.32), at=at), 1.0, CALENDAR)
    assert list(days - FIRST.toordinal()) == [0, 2]
    assert list(returns) == pytest.approx([0.1, 0.2])


def test_a_mark_that_is_not_known_is_not_there_and_no_return_is_invented() -> None:
    days, returns = session_returns(run_of(equity=(1.1, nan, 1.21)), 1.0, CALENDAR)
    assert list(days - FIRST.toordinal()) == [0, 2]
    assert list(returns) == pytest.approx([0.1, 0.1])


def test_drawdown_is_mark_by_mark_and_begins_with_the_capital() -> None:
    at = [open_at(0), open_at(0) + MINUTE, open_at(1), open_at(1) + MINUTE, open_at(2)]
    found = figures(run_of(equity=(90, 99, 120, 84, 118), at=at), 100, CALENDAR)
    assert found.max_drawdown == pytest.approx(0.3)
    assert found.longest_drawdown == 2  # 99 and 84 are below the capital; 118 is a new high of ends


def test_exposure_is_the_share_of_marks_that_hold_and_turnover_leaves_settlements_out() -> None:
    fills = (fill(10, "50", 1), fill(-5, "60", 2), fill(-5, "55", 3, note="settlement"))
    found = figures(run_of(fills, (100.0,) * 4, notional=(0.0, 500.0, nan, 300.0)), 1000.0, CALENDAR)
    assert found.exposure == pytest.approx(2 / 3)
    assert found.turnover == pytest.approx((500 + 300) / 1000 * 252 / 4)


def test_the_shortfall_is_the_mean_of_the_worst_sessions_at_least_one() -> None:
    returns = np.arange(40, dtype=float) / 100
    assert shortfall(-returns, 0.025) == pytest.approx(0.39)
    assert shortfall(-returns, 0.05) == pytest.approx((0.39 + 0.38) / 2)


def test_too_few_sessions_have_growth_and_no_ratio() -> None:
    found = came_to(np.full(19, 0.01))
    assert found.total_return == pytest.approx(1.01**19 - 1)
    assert found.sessions == 19
    for name in ("annualized_return", "volatility", "sharpe_ratio", "sortino_ratio", "calmar_ratio", "var_95"):
        assert isnan(getattr(found, name)), name


def test_an_account_that_never_traded_has_grown_by_nothing_and_has_no_ratio() -> None:
    found = came_to(np.zeros(30))
    assert (found.total_return, found.annualized_return, found.max_drawdown) == (0.0, 0.0, 0.0)
    assert all(map(isnan, (found.sharpe_ratio, found.sortino_ratio, found.calmar_ratio, found.skew)))
    assert found.exposure == 0.0


def test_an_account_that_is_ruined_has_no_annual_rate_and_no_ratios() -> None:
    found = figures(run_of(equity=[100.0] * 15 + [-20.0] * 15), 100.0, CALENDAR)
    assert found.total_return == pytest.approx(-1.2)
    assert found.max_drawdown == pytest.approx(1.2)
    assert all(map(isnan, (found.annualized_return, found.sharpe_ratio, found.calmar_ratio, found.volatility)))


def test_a_run_without_a_mark_is_unknown_and_no_error() -> None:
    found = figures(run_of(), CAPITAL, CALENDAR)
    assert found.sessions == 0
    assert all(map(isnan, (found.total_return, found.max_drawdown, found.exposure, found.best_session)))


def test_growth_beyond_what_a_number_holds_is_unknown() -> None:
    assert isnan(figures(run_of(equity=[1e70] * 20), CAPITAL, CALENDAR).annualized_return)
