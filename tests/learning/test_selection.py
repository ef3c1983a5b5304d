"""Published values of the deflated Sharpe ratio, and the probability of backtest overfitting by brute force."""

from __future__ import annotations

from itertools import combinations
from math import log, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import rankdata

from sidecar.domain.errors import InputError
from sidecar.learning.selection import deflated_sharpe, expected_maximum, overfitting_probability

DAYS = 250


def plainly(matrix: NDArray[np.float64], runs: int) -> float:
    """The paper's steps one by one: every choice of half the runs, the best in sample, its rank out of sample."""
    parts = np.array_split(np.arange(len(matrix)), runs)
    logits = []
    for inside in combinations(range(runs), runs // 2):
        rows = np.concatenate([parts[k] for k in inside])
        others = np.concatenate([parts[k] for k in range(runs) if k not in inside])
        ratio, held = (matrix[some].mean(axis=0) / matrix[some].std(axis=0) for some in (rows, others))
        share = rankdata(held)[ratio.argmax()] / (matrix.shape[1] + 1)
        logits.append(log(share / (1 - share)))
    return float(np.mean(np.array(logits) <= 0))


def test_the_papers_example_of_a_deflated_sharpe_ratio() -> None:
    variance = 0.5 / DAYS
    assert expected_maximum(100, variance) == pytest.approx(0.1132, abs=5e-5)
    assert deflated_sharpe(2.5 / sqrt(DAYS), 1_250, -3, 10, 100, variance) == pytest.approx(0.9004, abs=5e-4)


@pytest.mark.parametrize(("skew", "kurtosis", "trials"), [(-3, 10, 46), (0, 3, 88)])
def test_the_papers_numbers_of_trials_that_would_have_been_few_enough(
    skew: float, kurtosis: float, trials: int
) -> None:
    found = deflated_sharpe(2.5 / sqrt(DAYS), 1_250, skew, kurtosis, trials, 0.5 / DAYS)
    assert found == pytest.approx(0.9505, abs=1e-3)


def test_one_trial_is_deflated_by_nothing_and_more_trials_by_more() -> None:
    assert expected_maximum(1, 0.5) == 0.0
    found = [deflated_sharpe(0.1, 500, 0, 3, trials, 0.002) for trials in (1, 10, 1_000)]
    assert found[0] is not None
    assert found == sorted(found, key=lambda value: -(value or 0))
    assert found[0] > 0.95


def test_the_best_of_many_worthless_trials_is_seldom_believed() -> None:
    believed, naive = 0, 0
    for seed in range(60):
        returns = np.random.default_rng(seed).standard_normal((500, 100))
        ratios = returns.mean(axis=0) / returns.std(axis=0)
        best, variance = float(ratios.max()), float(ratios.var(ddof=1))
        believed += (deflated_sharpe(best, 500, 0, 3, 100, variance) or 0) > 0.95
        naive += (deflated_sharpe(best, 500, 0, 3, 1, variance) or 0) > 0.95
    assert believed <= 1
    assert naive == 60


def test_too_few_returns_and_moments_that_cannot_be_have_no_deflated_sharpe_ratio() -> None:
    assert deflated_sharpe(1.0, 1, 0, 3, 10, 0.1) is None
    assert deflated_sharpe(5.0, 100, 3, 3, 10, 0.1) is None
    assert deflated_sharpe(float("nan"), 100, 0, 3, 10, 0.1) is None


@pytest.mark.parametrize(("seed", "value"), [(0, 0.353), (1, 0.579), (2, 0.627), (3, 0.679)])
def test_overfitting_of_noise_is_that_of_brute_force(seed: int, value: float) -> None:
    matrix = np.random.default_rng(seed).standard_normal((500, 50))
    found = overfitting_probability(matrix)
    assert found == plainly(matrix, 10)
    assert found == pytest.approx(value, abs=5e-4)


def test_rows_that_do_not_divide_evenly_are_split_as_brute_force_splits_them() -> None:
    matrix = np.random.default_rng(9).standard_normal((103, 7))
    assert overfitting_probability(matrix, S=6) == plainly(matrix, 6)


def test_a_trial_that_is_truly_better_is_not_overfitted_and_equal_trials_are() -> None:
    matrix = np.random.default_rng(5).standard_normal((500, 20))
    matrix[:, 3] += 0.5
    assert overfitting_probability(matrix) == 0.0
    assert overfitting_probability(np.zeros((100, 4))) == 1.0


@pytest.mark.parametrize(("rows", "trials", "runs"), [(19, 5, 10), (100, 1, 10), (100, 5, 5), (100, 5, 0)])
def test_too_little_to_split_is_refused(rows: int, trials: int, runs: int) -> None:
    with pytest.raises(InputError, match=f"{rows} returns of {trials} trials in {runs} runs"):
        overfitting_probability(np.ones((rows, trials)), S=runs)
