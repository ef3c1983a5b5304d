from collections.abc import Callable
from math import isnan, log, nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, norm
from scipy.stats import t as student

from sidecar.risk.coverage import Ratio, christoffersen, conditional, exceptions, kupiec, shortfall
from sidecar.risk.shocks import WARM_UP, Shocks, filtered, historical
from sidecar.risk.tail import value_at_risk


def published() -> Any:
    """1,043 days with 57 exceptions, 4 of them right after another (MathWorks, ``varbacktest``)."""
    hits = np.zeros(1043, dtype=bool)
    alone = 20 + 18 * np.arange(49)
    hits[alone] = True
    for pair in (950, 960, 970, 980):
        hits[[pair, pair + 1]] = True
    return hits


def test_the_published_example_is_reproduced_to_its_last_digit() -> None:
    hits = published()
    follows = int(np.sum(hits[1:] & hits[:-1]))
    assert (len(hits), int(hits.sum()), follows) == (1043, 57, 4)
    for found, statistic, p_value in (
        (kupiec(hits, 0.05), 0.46147, 0.49694),
        (christoffersen(hits), 0.25866, 0.61104),
        (conditional(hits, 0.05), 0.72013, 0.69763),
    ):
        assert found.statistic == pytest.approx(statistic, abs=5e-6)
        assert found.p_value == pytest.approx(p_value, abs=5e-6)


def test_kupiec_by_hand() -> None:
    hits = np.arange(100) < 8  # 8 % seen, 5 % promised
    by_hand = 2 * (92 * log(0.92 / 0.95) + 8 * log(0.08 / 0.05))
    assert kupiec(hits, 0.05).statistic == pytest.approx(by_hand, rel=1e-12)
    assert kupiec(hits, 0.08) == Ratio(0.0, 1.0, 1)


def test_no_exceptions_at_all_are_a_failure_where_some_were_promised() -> None:
    quiet = np.zeros(250, dtype=bool)
    assert kupiec(quiet, 0.05).statistic == pytest.approx(-500 * log(0.95))
    assert kupiec(quiet, 0.05).p_value < 1e-6
    assert christoffersen(quiet) == Ratio(0.0, 1.0, 1)
    assert kupiec(~quiet, 0.05).p_value == 0.0


def test_the_order_of_days_matters_to_independence_alone() -> None:
    clustered = np.arange(500) < 25
    spread = np.arange(500) % 20 == 0
    assert kupiec(clustered, 0.05) == kupiec(spread, 0.05)
    assert christoffersen(clustered).p_value < 1e-10
    assert christoffersen(spread).p_value > 0.05
    assert conditional(clustered, 0.05).p_value < 1e-10


def test_kupiec_accepts_the_counts_that_the_binomial_accepts() -> None:
    for count in range(30):
        hits = np.arange(250) < count
        exact = min(binom.cdf(count, 250, 0.05), binom.sf(count - 1, 250, 0.05))
        found = kupiec(hits, 0.05).p_value
        if exact > 0.05:
            assert found > 0.05
        if exact < 0.01:
            assert found < 0.05


def test_a_right_model_is_rejected_about_as_often_as_the_test_says_and_a_wrong_one_mostly() -> None:
    rng = np.random.default_rng(11)
    right = [conditional(rng.random(1000) < 0.05, 0.05).p_value < 0.05 for _ in range(400)]
    wrong = [conditional(rng.random(1000) < 0.09, 0.05).p_value < 0.05 for _ in range(100)]
    assert 0.02 < np.mean(right) < 0.11
    assert np.mean(wrong) > 0.95


def test_a_var_that_forgets_the_volatility_of_the_day_fails_independence() -> None:
    rng = np.random.default_rng(3)
    sigma = np.where(np.arange(2000) % 500 < 50, 4.0, 0.5)
    loss = sigma * rng.standard_normal(2000)
    blind = exceptions(loss, np.full(2000, np.quantile(loss, 0.95)))
    seeing = exceptions(loss, sigma * norm.ppf(0.95))
    assert kupiec(blind, 0.05).p_value > 0.5
    assert christoffersen(blind).p_value < 0.01
    assert conditional(seeing, 0.05).p_value > 0.05


def test_an_exception_is_a_loss_above_the_forecast_and_not_one_that_equals_it() -> None:
    assert exceptions([1.0, 2.0, 3.0], [2.0, 2.0, 2.0]).tolist() == [False, False, True]


@pytest.mark.parametrize(("loss", "var", "named"), [([nan], [1.0], "loss"), ([1.0], [nan], "var")])
def test_an_unknown_day_is_neither_a_hit_nor_a_miss(loss: list[float], var: list[float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        exceptions(loss, var)


def test_without_days_nothing_is_known() -> None:
    none = np.zeros(0, dtype=bool)
    assert isnan(kupiec(none, 0.05).p_value)
    assert isnan(christoffersen(none[:1]).statistic)
    assert isnan(conditional(none, 0.05).p_value)
    assert isnan(shortfall([], [], [], 0.975))


@pytest.mark.parametrize("rate", [0.0, 1.0, -1.0, nan])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        kupiec(np.zeros(5, dtype=bool), rate)


def test_the_shortfall_statistic_by_hand() -> None:
    # One exception of 6 in four days; 1 - 6 / 3 / (0.25 x 4) = -1: the tail lost twice what was forecast.
    assert shortfall([6.0, 1.0, -2.0, 0.0], [2.0] * 4, [3.0] * 4, 0.75) == pytest.approx(-1.0)
    assert shortfall([1.0] * 4, [2.0] * 4, [3.0] * 4, 0.75) == 1.0


def test_a_shortfall_forecast_that_is_not_positive_is_refused() -> None:
    with pytest.raises(ValueError, match="es must be positive"):
        shortfall([1.0], [0.5], [0.0], 0.975)


def test_the_shortfall_statistic_is_nil_for_a_right_model_and_falls_below_its_critical_value_for_a_thin_tail() -> None:
    rng = np.random.default_rng(8)
    q = student.ppf(0.975, 5)
    es = student.pdf(q, 5) / 0.025 * (5 + q * q) / 4
    samples = rng.standard_t(5, (2000, 250))
    right = [shortfall(loss, np.full(250, q), np.full(250, es), 0.975) for loss in samples]
    assert np.mean(right) == pytest.approx(0.0, abs=0.03)
    assert np.mean(np.array(right) < -0.70) == pytest.approx(0.05, abs=0.02)
    normal = norm.ppf(0.975)
    thin = norm.pdf(normal) / 0.025
    wrong = [shortfall(loss, np.full(250, normal), np.full(250, thin), 0.975) for loss in samples]
    assert np.mean(np.array(wrong) < -0.70) > 0.5


@pytest.mark.parametrize(("build", "passes"), [(historical, False), (filtered, True)])
def test_through_2008_rescaled_history_keeps_its_promise_and_plain_history_does_not(
    shared_data: Path, build: Callable[..., Shocks | None], *, passes: bool
) -> None:
    daily = pd.read_csv(shared_data / "bars" / "arch_sp500_daily.csv.gz")
    days = pd.to_datetime(daily["Date"], format="%m/%d/%Y").to_numpy().astype("datetime64[D]")
    close = daily["Close"].to_numpy(np.float64)
    first, last = np.searchsorted(days, np.array(["2007-07-01", "2010-01-01"], dtype="datetime64[D]"))
    loss, var = [], []
    for day in range(first, last):
        past = slice(day - 500 - WARM_UP, day + 1)
        shocks = build(days[past], {"SPX": close[past]}, {})
        assert shocks is not None
        loss.append(1 - close[day + 1] / close[day])
        var.append(float(value_at_risk(1 - np.exp(shocks.spot[0]), 0.99)))
    hits = exceptions(loss, var)
    assert len(hits) == 632
    assert (conditional(hits, 0.01).p_value > 0.05) is passes
    assert passes or hits.sum() > 2 * len(hits) * 0.01
