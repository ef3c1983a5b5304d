"""Scores against values worked by hand, and against plain loops."""

from __future__ import annotations

from math import log

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sidecar.learning.scores import Scores, auc, calibration_error, direction, reliability, scores, upward

EVEN = (1 / 3, 1 / 3, 1 / 3)

Y = np.array([0, 1, 2, 2, -1], dtype=np.int8)
P = np.array([[0.6, 0.2, 0.2], [0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.4, 0.4, 0.2], [0.0, 1.0, 0.0]])


def drawn(seed: int, n: int) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Outcomes that have the probabilities which are said of them."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet((2.0, 1.0, 2.0), n)
    return (rng.random(n)[:, None] > np.cumsum(p, axis=1)[:, :2]).sum(axis=1).astype(np.int8), p


def test_scores_worked_by_hand() -> None:
    found = scores(Y, P, (0.25, 0.25, 0.5))
    brier = (0.16 + 0.04 + 0.04 + 0.25 + 0.49 + 0.04 + 0.04 + 0.04 + 0.16 + 0.16 + 0.16 + 0.64) / 4
    base = ((0.5625 + 0.0625 + 0.25) * 2 + (0.0625 + 0.0625 + 0.25) * 2) / 4
    assert found.n == 4
    assert found.accuracy == pytest.approx(2 / 4)
    assert found.balanced_accuracy == pytest.approx((1 + 0 + 0.5) / 3)
    assert found.brier == pytest.approx(brier)
    assert found.brier_skill == pytest.approx(1 - brier / base)
    assert found.log_loss == pytest.approx(-(log(0.6) + log(0.3) + log(0.6) + log(0.2)) / 4)
    assert found.auc == pytest.approx(1.0)
    ours, theirs = (0.25**2 + 0.25**2 + (2 / 3) ** 2) / 3, ((2 / 3) ** 2 + 2 * (1 / 3) ** 2) / 3
    assert found.direction_brier_skill == pytest.approx(1 - ours / theirs)
    assert found.ece == pytest.approx(2 / 4 * abs(0.45 - 0.0) + 2 / 4 * abs(0.6 - 1.0))


@given(seed=st.integers(0, 1_000), n=st.integers(2, 60))
def test_auc_is_the_share_of_pairs_in_order_with_ties_half(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    q, up = rng.integers(0, 6, n) / 6, rng.integers(0, 2, n).astype(np.float64)
    pairs = [(a > b) + (a == b) / 2 for a in q[up == 1] for b in q[up == 0]]
    assert auc(q, up) == pytest.approx(np.mean(pairs) if pairs else np.nan, nan_ok=True)


def test_the_base_rate_has_no_skill_and_the_truth_has_some() -> None:
    y, p = drawn(1, 50_000)
    sell, hold, buy = (np.bincount(y) / y.size).tolist()
    base = (sell, hold, buy)
    alone = scores(y, np.tile(np.array(base), (y.size, 1)), base)
    assert alone.brier_skill == pytest.approx(0.0, abs=1e-12)
    assert alone.direction_brier_skill == pytest.approx(0.0, abs=1e-12)
    assert alone.auc == pytest.approx(0.5)
    true = scores(y, p, base)
    assert true.brier_skill is not None
    assert true.brier_skill > 0.1
    assert true.ece == pytest.approx(0.0, abs=0.01)


def test_direction_looks_at_the_rows_that_moved_and_at_the_two_sides_alone() -> None:
    way = direction(Y, P)
    assert way.rows.tolist() == [0, 2, 3]
    assert way.q == pytest.approx([0.25, 0.75, 1 / 3])
    assert way.up.tolist() == [0.0, 1.0, 1.0]
    assert direction(np.array([2], dtype=np.int8), np.array([[0.0, 1.0, 0.0]])).q.tolist() == [0.5]
    assert upward((0.0, 1.0, 0.0)) == 0.5
    assert upward((0.1, 0.6, 0.3)) == pytest.approx(0.75)


def test_what_cannot_be_known_is_none_and_null() -> None:
    assert scores(np.array([-1], dtype=np.int8), np.ones((1, 3)) / 3, EVEN) == Scores(0)
    holds = scores(np.ones(5, dtype=np.int8), np.tile([0.2, 0.6, 0.2], (5, 1)), EVEN)
    assert (holds.accuracy, holds.auc, holds.direction_brier_skill) == (1.0, None, None)
    sure = scores(np.ones(5, dtype=np.int8), np.tile([0.2, 0.6, 0.2], (5, 1)), (0.0, 1.0, 0.0))
    assert sure.brier_skill is None
    assert b'"auc":null' in msgspec.json.encode(holds)


def test_two_classes_are_scored_as_three_without_a_hold() -> None:
    y = np.array([0, 2, 2, 0], dtype=np.int8)
    p = np.array([[0.7, 0.0, 0.3], [0.4, 0.0, 0.6], [0.6, 0.0, 0.4], [0.5, 0.0, 0.5]])
    found = scores(y, p, (0.5, 0.0, 0.5))
    assert found.accuracy == 0.75
    assert found.auc == pytest.approx(3 / 4)
    assert found.brier_skill == pytest.approx(found.direction_brier_skill)


def test_an_impossible_outcome_costs_a_finite_log_loss() -> None:
    found = scores(np.array([2], dtype=np.int8), np.array([[1.0, 0.0, 0.0]]), EVEN)
    assert found.log_loss == pytest.approx(-log(1e-15))


def test_reliability_counts_every_row_once_in_ten_bins_and_keeps_the_empty_ones() -> None:
    bins = reliability(Y, P)
    assert len(bins) == 10
    assert [b.n for b in bins] == [0, 0, 0, 1, 1, 2, 0, 0, 0, 0]
    assert (bins[0].confidence, bins[0].hits) == (None, None)
    assert (bins[5].low, bins[5].high) == pytest.approx((0.5, 0.6))
    assert bins[5].confidence == pytest.approx(0.6)
    assert bins[5].hits == 1.0
    edges = reliability(np.array([0, 0], dtype=np.int8), np.array([[1.0, 0.0, 0.0], [0.9, 0.1, 0.0]]))
    assert [b.n for b in edges][8:] == [1, 1]


def test_honest_probabilities_lie_within_their_reliability_intervals() -> None:
    y, p = drawn(2, 40_000)
    for b in reliability(y, p):
        if b.n > 100:
            assert b.hits_low is not None
            assert b.hits_high is not None
            assert b.confidence is not None
            assert b.hits_low - 0.02 < b.confidence < b.hits_high + 0.02
    assert calibration_error(y, p) < 0.01


def test_labels_that_overlap_make_a_reliability_interval_wider() -> None:
    rng = np.random.default_rng(3)
    y = np.repeat(rng.integers(0, 2, 100) * 2, 30).astype(np.int8)
    p = np.tile([0.45, 0.0, 0.55], (3_000, 1))
    narrow, wide = reliability(y, p)[5], reliability(y, p, horizon=30)[5]
    assert narrow.hits == wide.hits
    assert narrow.hits_low is not None
    assert wide.hits_low is not None
    assert wide.hits_high is not None
    assert narrow.hits_high is not None
    assert wide.hits_high - wide.hits_low > 3 * (narrow.hits_high - narrow.hits_low)
