from __future__ import annotations

from math import nan
from typing import Any

import numpy as np
import pytest

from sidecar.domain.errors import InputError
from sidecar.features.indicators import values
from sidecar.strategies.rules import stepped
from sidecar.strategies.technical import Technical
from tests.strategies.test_rules import walk


def voices(close: np.ndarray) -> np.ndarray:
    """What the indicators of the charts say, one by one and in plain words: the sum of the four."""
    known = values(close, np.full(close.size, nan))
    macd, bands = known["macd"], known["bollinger_bands"]
    assert isinstance(macd, dict)
    assert isinstance(bands, dict)
    sums = []
    for bar in range(close.size):
        fast, slow, rsi = (float(known[name][bar]) for name in ("sma_20", "sma_50", "rsi"))  # type: ignore[index]
        trend = (fast > slow) - (fast < slow)
        strength = (rsi < 30.0) - (rsi > 70.0)
        momentum = (macd["histogram"][bar] > 0.0) * 1 - (macd["histogram"][bar] < 0.0)
        width = bands["upper_band"][bar] - bands["lower_band"][bar]
        stretch = (close[bar] - bands["lower_band"][bar]) / width if width > 0.0 else 0.5
        sums.append(trend + strength + momentum + (stretch < 0.0) - (stretch > 1.0) if slow == slow else nan)
    return np.array(sums, dtype=np.float64)


@pytest.mark.parametrize("votes", [1, 2, 3])
def test_as_many_votes_as_are_asked_for_make_a_side(votes: int) -> None:
    bars = walk(21, 4_000)
    total = voices(bars["close"])
    expected = np.where(np.isnan(total), nan, np.where(np.abs(total) >= votes, np.sign(total), 0.0))
    assert np.array_equal(Technical(votes).batch(bars), expected, equal_nan=True)
    long_only = Technical(votes, short=False).batch(bars)
    assert np.array_equal(long_only, np.maximum(expected, 0.0), equal_nan=True)


def test_nothing_is_wanted_until_fifty_closes_and_after_one_that_is_not_known() -> None:
    bars = walk(4, 200)
    bars["close"][120] = nan
    wanted = Technical().batch(bars)
    known = np.isfinite(wanted)
    assert np.flatnonzero(np.diff(known)).tolist() == [48, 119, 169]
    assert stepped(Technical(), bars).tobytes() == wanted.tobytes()


def test_a_market_that_does_not_move_says_nothing() -> None:
    bars = {"close": np.full(200, 24_700.0), "first": np.zeros(200)}
    wanted = Technical(2).batch(bars)
    assert (wanted[49:] == 0.0).all()


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("votes", {"votes": 0}),
        ("votes", {"votes": 5}),
        ("oversold", {"oversold": 70.0}),
        ("oversold", {"oversold": nan}),
        ("oversold", {"overbought": 100.0}),
    ],
)
def test_bounds_that_cannot_be_are_refused(field: str, given: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=rf"^parameters\.{field}: "):
        Technical(**given)
