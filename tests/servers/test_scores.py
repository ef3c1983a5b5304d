from __future__ import annotations

from math import isnan, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.rates import wilson
from sidecar.servers.scores import scores


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3: score without continuity correction.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_of_a_rate_is_the_published_one(hits: int, trials: int, low: float, high: float) -> None:
    assert list(wilson(hits, trials)) == pytest.approx([low, high], abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_it_holds_the_rate_and_its_ends_solve_the_score_equation(case: tuple[int, int]) -> None:
    hits, trials = case
    low, high = wilson(hits, trials)
    assert 0.0 <= low <= hits / trials <= high <= 1.0
    for end in (low, high):
        if 0.0 < end < 1.0:
            distance = abs(hits / trials - end) / sqrt(end * (1.0 - end) / trials)
            assert distance == pytest.approx(1.959963984540054, rel=1e-6)


def test_without_trials_nothing_is_known() -> None:
    assert all(map(isnan, wilson(0, 0)))
    (line,) = scores([])
    assert (line.strategy, line.signals) == ("*", 0)
    assert isnan(line.hit_rate)
    assert isnan(line.mean_return)
