from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sidecar.domain.bars import INPUTS
from sidecar.features.matrix import batch, rows_of
from sidecar.learning.scramble import Features, Floats, scrambled, seen_ahead
from tests.learning.market import MINUTES, market

INPUT = rows_of(market(4, 6).columns)
CLOSE, HIGH, LOW, SESSION = (INPUTS.index(name) for name in ("close", "high", "low", "session"))


def column(values: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)[:, None]


def centred(rows: Floats) -> NDArray[np.float32]:
    return column(np.convolve(rows[:, CLOSE], np.ones(5) / 5, "same"))


def next_return(rows: Floats) -> NDArray[np.float32]:
    return column(np.r_[rows[1:, CLOSE] / rows[:-1, CLOSE] - 1, np.nan])


def whole_sample(rows: Floats) -> NDArray[np.float32]:
    return column((rows[:, CLOSE] - rows[:, CLOSE].mean()) / rows[:, CLOSE].std())


def day_range(rows: Floats) -> NDArray[np.float32]:
    day = np.unique(rows[:, SESSION], return_inverse=True)[1]
    high = np.array([rows[day == k, HIGH].max() for k in range(day.max() + 1)])
    return column(rows[:, CLOSE] / high[day])


def days_close(rows: Floats) -> NDArray[np.float32]:
    day = np.unique(rows[:, SESSION], return_inverse=True)[1]
    last = np.array([rows[day == k, CLOSE][-1] for k in range(day.max() + 1)])
    return column(last[day])


def filled_back(rows: Floats) -> NDArray[np.float32]:
    every = np.arange(len(rows)) // 7 * 7 + 6
    return column(rows[np.minimum(every, len(rows) - 1), CLOSE])


def test_no_feature_sees_ahead() -> None:
    assert seen_ahead(INPUT, seed=1) == 0


@pytest.mark.parametrize("leak", [centred, next_return, whole_sample, day_range, days_close, filled_back])
def test_a_planted_look_ahead_is_found_beside_honest_features(leak: Features) -> None:
    def with_leak(rows: Floats) -> NDArray[np.float32]:
        return np.column_stack([batch(rows), leak(rows)])

    assert seen_ahead(INPUT, seed=1, features=with_leak) == 1


def test_what_is_scrambled_is_the_future_alone_and_still_bars() -> None:
    cut = MINUTES + 50

    found = scrambled(INPUT, cut, np.random.default_rng(0))

    assert np.array_equal(found[: cut + 1], INPUT[: cut + 1], equal_nan=True)
    assert np.all(found[cut + 1 :, CLOSE] != INPUT[cut + 1 :, CLOSE])
    assert np.all(found[:, LOW] <= found[:, CLOSE])
    assert np.all(found[:, CLOSE] <= found[:, HIGH])
    assert np.array_equal(found[:, SESSION], INPUT[:, SESSION])
