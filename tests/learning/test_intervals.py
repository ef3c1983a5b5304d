"""Intervals that hold what they promise where labels overlap, and published values where there are some."""

from __future__ import annotations

from math import asin, isnan, pi

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kstest

from sidecar.learning.intervals import (
    Indices,
    accuracy_interval,
    circular_shifts,
    effective_n,
    required_n,
    session_bootstrap,
    wilson,
)

Floats = NDArray[np.float64]


def overlapping(rng: np.random.Generator, n: int, horizon: int) -> NDArray[np.bool_]:
    """Whether a call that is worth nothing was right about the sum of the next ``horizon`` steps: the truth is half.

    The call is kept for a horizon, so that hits hang together as those of a real one do.
    """
    steps = np.concatenate([[0.0], np.cumsum(rng.standard_normal(n + horizon))])
    move = steps[horizon : horizon + n] - steps[:n]
    call = np.repeat(rng.choice([-1.0, 1.0], n // horizon + 1), horizon)[:n]
    return np.asarray(move * call > 0, dtype=np.bool_)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0000),
    ],
)
def test_wilson_is_newcombes_table_of_1998(k: int, n: int, low: float, high: float) -> None:
    assert wilson(k, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_of_nothing_is_everything() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_independent_hits_are_worth_their_number_and_repeated_ones_a_share_of_it() -> None:
    rng = np.random.default_rng(1)
    single = rng.integers(0, 2, 4_000) > 0
    assert effective_n(single, 2) == pytest.approx(4_000, rel=0.1)
    assert effective_n(np.repeat(single, 10), 40) == pytest.approx(4_000, rel=0.35)


def test_effective_n_is_bartletts_sum_worked_by_hand() -> None:
    hits = np.array([1, 1, 0, 0])
    one, two = 0.25 / 1.0, -0.5 / 1.0
    assert effective_n(hits, 1) == pytest.approx(4 / (1 + 2 * 0.5 * one))
    assert effective_n(hits, 2) == pytest.approx(4 / max(1, 1 + 2 * (2 / 3 * one + 1 / 3 * two)))


def test_hits_that_never_change_are_wholly_dependent_and_no_hits_are_worth_nothing() -> None:
    assert effective_n(np.ones(100), 9) == pytest.approx(10.0)
    assert effective_n(np.ones(5), 9) == 1.0
    assert accuracy_interval(np.empty(0), 15) == (0.0, 1.0, 0.0)


def test_an_accuracy_interval_of_independent_hits_is_wilsons() -> None:
    hits = np.array([1, 0, 1, 1, 0, 1, 0, 1, 1, 1])
    low, high, n_eff = accuracy_interval(hits, 1)
    assert n_eff == 10
    assert (low, high) == wilson(7, 10)


def test_the_interval_of_a_live_accuracy_covers_the_truth_where_the_naive_one_does_not() -> None:
    rng = np.random.default_rng(25)
    covered, naive, runs = 0, 0, 300
    for _ in range(runs):
        hits = overlapping(rng, 5 * 375, 60)
        low, high, _ = accuracy_interval(hits, 60)
        covered += low <= 0.5 <= high
        low, high = wilson(int(hits.sum()), hits.size)
        naive += low <= 0.5 <= high
    assert covered / runs >= 0.88
    assert naive / runs < 0.5


def mean_of(values: Floats, rows: Indices) -> float:
    return float(values[rows].mean())


def test_the_session_bootstrap_of_a_mean_is_as_wide_as_theory_says() -> None:
    rng = np.random.default_rng(2)
    sessions = np.repeat(np.arange(200), 20)
    values = np.repeat(rng.standard_normal(200), 20)
    low, high = session_bootstrap(lambda rows: mean_of(values, rows), sessions, seed=5)
    assert high - low == pytest.approx(2 * 1.96 / np.sqrt(200), rel=0.15)
    assert low < values.mean() < high


def test_the_session_bootstrap_of_ten_sessions_covers_the_truth() -> None:
    rng = np.random.default_rng(6)
    covered = 0
    for run in range(150):
        values = rng.standard_normal(10)
        low, high = session_bootstrap(lambda rows, v=values: mean_of(v, rows), np.arange(10), run, 150)  # type: ignore[misc]
        covered += low <= 0.0 <= high
    assert 0.92 <= covered / 150 <= 0.98


def test_the_session_bootstrap_draws_whole_sessions_of_any_length_and_is_seeded() -> None:
    sessions = np.repeat([3, 5, 9], [2, 1, 4])
    seen: list[Indices] = []

    def keep(rows: Indices) -> float:
        seen.append(rows)
        return float(rows.size)

    assert session_bootstrap(keep, sessions, 1, 50) == session_bootstrap(keep, sessions, 1, 50)
    whole = {(0, 1), (2,), (3, 4, 5, 6)}
    for rows in seen[:50]:
        runs = np.split(rows, np.flatnonzero((np.diff(rows) != 1) | np.isin(rows[1:], (0, 2, 3))) + 1)
        assert len(runs) == 3
        assert {tuple(run.tolist()) for run in runs} <= whole


def test_runs_of_sessions_widen_the_interval_of_what_lasts_longer_than_a_session() -> None:
    rng = np.random.default_rng(3)
    values = np.repeat(rng.standard_normal(40), 10)
    sessions = np.arange(400)
    single = session_bootstrap(lambda rows: mean_of(values, rows), sessions, 1, 500)
    runs = session_bootstrap(lambda rows: mean_of(values, rows), sessions, 1, 500, block=20)
    assert runs[1] - runs[0] > 2 * (single[1] - single[0])


def test_a_statistic_that_is_mostly_unknown_and_a_single_session_have_no_interval() -> None:
    assert all(map(isnan, session_bootstrap(lambda _: float("nan"), np.arange(10), 1, 50)))
    assert all(map(isnan, session_bootstrap(lambda _: 1.0, np.zeros(10), 1, 50)))


def smooth(rng: np.random.Generator, n: int, length: int) -> Floats:
    return np.convolve(rng.standard_normal(n + length - 1), np.ones(length), "valid")


def test_the_chance_of_a_chance_result_is_uniform() -> None:
    rng = np.random.default_rng(13)
    sessions = np.repeat(np.arange(20), 50)
    values = []
    for run in range(200):
        score, outcome = smooth(rng, 1_000, 15), smooth(rng, 1_000, 15)
        found = circular_shifts(lambda rows, s=score, o=outcome: float(s @ o[rows]), sessions, run, 99)  # type: ignore[misc]
        values.append(found.p_value)
    assert kstest(values, "uniform").pvalue > 0.01


def test_a_true_relation_stands_outside_its_chance_band_and_shuffling_would_claim_a_narrower_one() -> None:
    rng = np.random.default_rng(4)
    sessions = np.repeat(np.arange(40), 50)
    score = smooth(rng, 2_000, 15)
    found = circular_shifts(lambda rows: float(np.corrcoef(score, score[rows])[0, 1]), sessions, 1)
    assert found.observed == pytest.approx(1.0)
    assert found.p_value == pytest.approx(1 / 201)
    other = smooth(rng, 2_000, 15)
    band = circular_shifts(lambda rows: float(np.corrcoef(score, other[rows])[0, 1]), sessions, 1)
    assert band.high - band.low > 2 * 2 * 1.96 / np.sqrt(2_000)


def test_every_shift_is_a_session_or_more_either_way() -> None:
    sessions = np.repeat(np.arange(5), 10)
    seen: list[int] = []

    def keep(rows: Indices) -> float:
        seen.append(int(rows[0]))
        return 0.0

    assert circular_shifts(keep, sessions, 1, 300).draws == 300
    assert seen[0] == 0
    assert (min(seen[1:]), max(seen[1:])) == (10, 40)


def test_one_session_and_no_rows_have_no_chance_band() -> None:
    for sessions in (np.zeros(10), np.empty(0)):
        found = circular_shifts(lambda rows: float(rows.size), sessions, 1)
        assert isnan(found.p_value)
        assert found.draws == 0


def test_the_best_published_edge_needs_about_7750_outcomes() -> None:
    edge = asin(0.05) / pi
    assert required_n(edge) == pytest.approx(7_750, rel=0.002)
    assert required_n(edge / 2) == pytest.approx(4 * required_n(edge), abs=4)
    with pytest.raises(ValueError, match="edge of nothing"):
        required_n(0.0)
