from __future__ import annotations

from math import nan, sqrt

import numpy as np
import pytest
from scipy.special import ndtr

from sidecar.backtest.deflated import selection_of


def noise(seed: int, n: int = 250, trials: int = 20) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 0.01, (n, trials))


def test_one_trial_is_the_probabilistic_ratio_against_nothing() -> None:
    returns = noise(1)[:, 0] + 0.001
    found = selection_of(returns)
    ratio = returns.mean() / returns.std(ddof=1)
    z = (returns - returns.mean()) / returns.std()
    spread = 1 - (z**3).mean() * ratio + ((z**4).mean() - 1) / 4 * ratio**2
    assert found.deflated_sharpe == pytest.approx(ndtr(ratio * sqrt(249) / sqrt(spread)))
    assert (found.trials, found.overfitting_probability) == (1, None)
    assert found.note == "one trial: the chance that the true Sharpe ratio is above 0"


def test_the_best_of_many_worthless_trials_is_seen_through() -> None:
    deflated, alone = [], []
    for seed in range(20):
        matrix = noise(seed, trials=50)
        best = matrix[:, np.argmax(matrix.mean(axis=0) / matrix.std(axis=0))]
        found = selection_of(best, matrix)
        assert found.trials == 50
        deflated.append(found.deflated_sharpe or nan)
        alone.append(selection_of(best).deflated_sharpe or nan)
    assert np.median(alone) > 0.95
    assert np.median(deflated) < 0.6


def test_twins_are_not_one_trial() -> None:
    one = noise(3)[:, 0] + 0.001
    twins = one[:, None] + np.random.default_rng(0).normal(0, 1e-6, (250, 100))
    found, alone = selection_of(one, twins).deflated_sharpe, selection_of(one).deflated_sharpe
    assert found is not None
    assert alone is not None
    assert found < alone - 0.1


def test_overfitting_is_likely_in_noise_and_not_with_one_real_edge() -> None:
    edge = noise(5)
    edge[:, 3] += 0.004
    assert selection_of(edge[:, 3], edge).overfitting_probability == 0.0
    found = [selection_of(noise(seed)[:, 0], noise(seed)).overfitting_probability for seed in range(10)]
    assert 0.3 < np.mean([one for one in found if one is not None]) < 0.8


@pytest.mark.parametrize(
    ("returns", "note"),
    [(np.full(19, 0.01), "fewer than 20 sessions"), (np.zeros(50), "the returns do not vary or are not all known")],
)
def test_what_cannot_be_told_is_none_and_says_why(returns: np.ndarray, note: str) -> None:
    found = selection_of(returns)
    assert (found.deflated_sharpe, found.overfitting_probability, found.note) == (None, None, note)


def test_trials_that_are_not_whole_are_counted_and_left_out_of_the_halves() -> None:
    matrix = noise(6, trials=3)
    matrix[0, 1:] = np.nan
    found = selection_of(matrix[:, 0], matrix)
    assert found.trials == 3
    assert found.overfitting_probability is None
    assert "overfitting needs two trials" in found.note
