from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.backtest.windows import EMBARGO, windows
from sidecar.domain.backtests import BacktestRequest, Mode
from sidecar.domain.errors import InputError

FIRST = date(2025, 1, 6)
#: Weekdays, as an exchange without a holiday has them.
DAYS = [day for day in (FIRST + timedelta(n) for n in range(700)) if day.weekday() < 5]
REQUEST = BacktestRequest(("NIFTY",), "ml_only", DAYS[0], DAYS[-1])

learning = st.builds(
    lambda mode, train, test, retrain: replace(
        REQUEST, mode=mode, train_window_days=train, test_window_days=test, retrain_frequency_days=retrain
    ),
    st.sampled_from(Mode),
    st.integers(1, 60),
    st.integers(1, 40),
    st.integers(1, 40),
)


@given(learning, st.integers(63, 400))
def test_every_day_after_the_first_training_is_tested_once_and_in_order(request: BacktestRequest, n: int) -> None:
    days = DAYS[:n]
    made = windows(days, request, learns=True)
    tested = [day for window in made for day in days if window.test_from <= day <= window.test_to]
    assert tested == days[request.train_window_days + EMBARGO :]
    assert all(before.test_to < after.test_from for before, after in pairwise(made))


@given(learning, st.integers(63, 400))
def test_a_model_learns_from_days_that_end_an_embargo_before_its_test(request: BacktestRequest, n: int) -> None:
    days = DAYS[:n]
    for window in windows(days, request, learns=True):
        assert window.train_from is not None
        assert window.train_to is not None
        assert window.train_from <= window.train_to
        between = [day for day in days if window.train_to < day < window.test_from]
        assert len(between) >= EMBARGO
        trained = [day for day in days if window.train_from <= day <= window.train_to]
        grows = request.mode is Mode.EXPANDING_WINDOW
        assert len(trained) >= request.train_window_days if grows else len(trained) == request.train_window_days
        if request.mode is not Mode.FIXED_WINDOW:
            assert len(between) == EMBARGO


@given(learning, st.integers(1, 400))
def test_what_does_not_learn_is_tested_on_every_day(request: BacktestRequest, n: int) -> None:
    made = windows(DAYS[:n], request, learns=False)
    assert [day for window in made for day in DAYS if window.test_from <= day <= window.test_to] == DAYS[:n]
    assert all(window.train_from is window.train_to is None for window in made)


def days_of(request: BacktestRequest, n: int) -> list[tuple[int, ...]]:
    """The windows as day numbers: train from, train to, test from, test to."""
    made = windows(DAYS[:n], request, learns=True)
    return [
        tuple(DAYS.index(day) for day in (w.train_from, w.train_to, w.test_from, w.test_to) if day is not None)
        for w in made
    ]


SMALL = replace(REQUEST, train_window_days=10, test_window_days=5, retrain_frequency_days=5)


@pytest.mark.parametrize(
    ("mode", "trained"),
    [
        (Mode.WALK_FORWARD, [(0, 9), (5, 14), (10, 19)]),
        (Mode.EXPANDING_WINDOW, [(0, 9), (0, 14), (0, 19)]),
        (Mode.FIXED_WINDOW, [(0, 9), (0, 9), (0, 9)]),
    ],
)
def test_each_mode_worked_by_hand(mode: Mode, trained: list[tuple[int, int]]) -> None:
    found = days_of(replace(SMALL, mode=mode), 23)
    assert found == [(*train, *test) for train, test in zip(trained, [(11, 15), (16, 20), (21, 22)], strict=True)]


def test_a_new_model_ends_the_window_of_the_one_before() -> None:
    request = replace(SMALL, retrain_frequency_days=2)
    assert days_of(request, 17) == [(0, 9, 11, 12), (2, 11, 13, 14), (4, 13, 15, 16)]
    assert windows(DAYS[:17], request, learns=True)[0].note == "cut to 2 days: a new model comes then"
    fixed = replace(request, mode=Mode.FIXED_WINDOW)
    assert days_of(fixed, 17) == [(0, 9, 11, 15), (0, 9, 16, 16)]


def test_the_last_window_says_that_it_is_short() -> None:
    assert [window.note for window in windows(DAYS[:13], SMALL, learns=True)] == ["2 of 5 days: the span ends"]
    assert [window.note for window in windows(DAYS[:10], SMALL, learns=False)] == ["", ""]


@pytest.mark.parametrize("n", [1, 10, 11])
def test_a_span_too_short_to_learn_and_test_is_refused_with_its_numbers(n: int) -> None:
    with pytest.raises(InputError, match=rf"train_window_days: 10 .* none of the {n} trading days") as refused:
        windows(DAYS[:n], SMALL, learns=True)
    assert refused.value.field == "train_window_days"


def test_days_that_are_none_or_out_of_order_are_refused() -> None:
    for days, field in (([], "start_date"), ([DAYS[1], DAYS[0]], "days"), ([DAYS[0], DAYS[0]], "days")):
        with pytest.raises(InputError) as refused:
            windows(days, SMALL, learns=False)
        assert refused.value.field == field
