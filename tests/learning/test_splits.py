"""Who may learn from what: time order, the purge, the embargo, and how much of its time a label has for itself."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.errors import InputError
from sidecar.learning.splits import Fold, Indices, last_parts, uniqueness, walk_forward

MINUTE = 60_000_000
DAY = 1440 * MINUTE


def days(count: int, bars: int = 30, horizon: int = 5) -> tuple[Indices, Indices, Indices]:
    """``count`` sessions of ``bars`` rows whose labels span ``horizon`` bars and end inside their session."""
    session = np.repeat(np.arange(count), bars)
    begins = session * DAY + np.tile(np.arange(bars), count) * MINUTE
    return begins, begins + horizon * MINUTE, session


def meets(begins: Indices, ends: Indices, early: Indices, late: Indices) -> bool:
    """Whether any row of ``early`` has an interval that meets that of any row of ``late``: every pair is looked at."""
    return bool(np.any((begins[early][:, None] <= ends[late]) & (ends[early][:, None] >= begins[late])))


def in_order(fold: Fold) -> bool:
    parts = [part for part in fold if part.size]
    return all(a.max() < b.min() for a, b in pairwise(parts))


def test_tests_are_runs_of_whole_sessions_and_no_row_is_tested_twice() -> None:
    begins, ends, sessions = days(40)
    folds = walk_forward(begins, ends, sessions, folds=5)
    assert len(folds) == 5
    tested = np.concatenate([fold.test for fold in folds])
    assert np.unique(tested).size == tested.size
    assert np.array_equal(tested, np.arange(tested[0], sessions.size))
    for fold in folds:
        assert in_order(fold)
        for day in np.unique(sessions[fold.test]):
            assert np.count_nonzero(sessions == day) == np.count_nonzero(sessions[fold.test] == day)


def test_the_rows_to_fit_on_only_ever_grow() -> None:
    folds = walk_forward(*days(40), folds=5)
    assert all(set(a.fit) < set(b.fit) for a, b in pairwise(folds))


@pytest.mark.parametrize("embargo", [0, 1, 3])
def test_the_embargo_is_whole_sessions_before_each_test(embargo: int) -> None:
    _, _, sessions = rows = days(30)
    for fold in walk_forward(*rows, folds=4, embargo=embargo):
        assert sessions[fold.test[0]] - sessions[fold.calibrate[-1]] == embargo + 1


@given(seed=st.integers(0, 10_000), count=st.integers(8, 14), embargo=st.integers(0, 2))
def test_no_part_shares_an_outcome_with_a_later_one_whatever_the_spans(seed: int, count: int, embargo: int) -> None:
    rng = np.random.default_rng(seed)
    begins, _, sessions = days(count, bars=60)
    begins = sessions * 60 * MINUTE + begins % DAY  # sessions follow at once: labels cross their borders
    ends = begins + rng.integers(1, 121, begins.size) * MINUTE
    for fold in walk_forward(begins, ends, sessions, folds=3, embargo=embargo):
        assert in_order(fold)
        for k, early in enumerate(fold[:-1]):
            for late in fold[k + 1 :]:
                assert not meets(begins, ends, early, late)


def test_the_purge_starts_where_the_first_test_label_begins_and_not_where_it_ends() -> None:
    """A label of two sessions before the test that ends one bar into the first test label: a window from that label's
    end, ten bars on, would keep it.
    """
    begins, ends, sessions = days(12, bars=20, horizon=10)
    first = walk_forward(begins, ends, sessions, folds=2, embargo=1)[0].test[0]
    calibrates = np.flatnonzero(sessions == sessions[first] - 2)
    leaking, innocent = calibrates[3], calibrates[4]
    ends[leaking] = begins[first] + MINUTE
    ends[innocent] = begins[first] - 1
    assert ends[leaking] < ends[first]
    fold = walk_forward(begins, ends, sessions, folds=2, embargo=1)[0]
    assert fold.test[0] == first
    assert leaking not in np.concatenate(fold)
    assert innocent in fold.calibrate


def test_six_sessions_are_enough_and_five_are_refused() -> None:
    folds = walk_forward(*days(6))
    assert [fold.test.size for fold in folds] == [30, 30]
    with pytest.raises(InputError, match="5 sessions of labelled bars, 6 are needed"):
        walk_forward(*days(5))


def test_labels_that_reach_over_everything_leave_nothing_to_fit_and_that_is_refused() -> None:
    begins, ends, sessions = days(10)
    with pytest.raises(InputError, match="no row is left to calibrate"):
        walk_forward(begins, ends + 100 * DAY, sessions)


def test_rows_out_of_order_or_of_unequal_number_are_refused() -> None:
    begins, ends, sessions = days(10)
    with pytest.raises(InputError, match="not in order of time"):
        walk_forward(begins[::-1], ends, sessions)
    with pytest.raises(InputError, match="differ in number"):
        walk_forward(begins, ends[:-1], sessions)
    with pytest.raises(InputError, match="a label ends before it begins"):
        walk_forward(begins, ends - DAY, sessions)
    with pytest.raises(InputError, match="0 folds"):
        walk_forward(begins, ends, sessions, folds=0)


def test_the_model_that_goes_live_learns_from_every_session_and_tests_on_none() -> None:
    begins, ends, sessions = days(20)
    fold = last_parts(begins, ends, sessions)
    assert fold.test.size == 0
    assert in_order(fold)
    assert [np.unique(sessions[part]).size for part in fold[:3]] == [13, 3, 4]
    with pytest.raises(InputError, match="2 sessions"):
        last_parts(*days(2))


def test_uniqueness_is_that_of_the_books_three_labels() -> None:
    own = uniqueness(np.array([0, 2, 4]), np.array([3, 4, 6]))
    assert own / own[2] == pytest.approx([5 / 6, 3 / 4, 1.0])
    assert own.mean() == pytest.approx(1.0)


@given(seed=st.integers(0, 10_000), n=st.integers(1, 60))
def test_uniqueness_is_that_of_counting_every_tick_of_every_label(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    begins = np.sort(rng.integers(0, 80, n))
    ends = begins + rng.integers(1, 20, n)
    alive = [(begins <= tick) & (ends > tick) for tick in range(120)]
    plain = [np.mean([1 / alive[t].sum() for t in range(b, e)]) for b, e in zip(begins, ends, strict=True)]
    assert uniqueness(begins, ends) == pytest.approx(np.array(plain) / np.mean(plain), rel=1e-12)


def test_uniqueness_of_nothing_is_nothing_and_a_label_of_no_time_is_refused() -> None:
    assert uniqueness(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)).size == 0
    with pytest.raises(InputError, match="does not end after it begins"):
        uniqueness(np.array([1]), np.array([1]))
