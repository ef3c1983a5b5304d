from __future__ import annotations

from decimal import Decimal
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.errors import InputError
from sidecar.strategies.rules import ClosedBar, stepped
from sidecar.strategies.sma_cross import SmaCross

CLOSES = st.lists(st.decimals(Decimal("0.05"), Decimal(100_000), places=2), min_size=0, max_size=40)


def bars(closes: list[float]) -> dict[str, np.ndarray]:
    return {"close": np.array(closes, dtype=np.float64), "first": np.zeros(len(closes))}


def test_it_is_long_while_the_fast_average_is_above_the_slow_one() -> None:
    # Means of 2: -, 1.5, 2.5, 3.5, 3.0, 1.5; of 3: -, -, 2, 3, 3, 7/3.
    wanted = SmaCross(2, 3).batch(bars([1.0, 2.0, 3.0, 4.0, 2.0, 1.0]))
    assert np.array_equal(wanted, [nan, nan, 1.0, 1.0, 0.0, 0.0], equal_nan=True)
    short = SmaCross(2, 3, short=True).batch(bars([1.0, 2.0, 3.0, 4.0, 2.0, 1.0]))
    assert np.array_equal(short, [nan, nan, 1.0, 1.0, -1.0, -1.0], equal_nan=True)


@given(closes=CLOSES, fast=st.integers(1, 6), more=st.integers(1, 6), short=st.booleans())
def test_it_is_what_exact_arithmetic_says(closes: list[Decimal], fast: int, more: int, short: bool) -> None:
    slow = fast + more
    rule, given_bars = SmaCross(fast, slow, short=short), bars([float(close) for close in closes])
    for place, wanted in enumerate(rule.batch(given_bars)):
        if place + 1 < slow:
            assert isnan(wanted), "nothing is wanted until the slow average is known"
            continue
        means = [sum(closes[place + 1 - length : place + 1]) * other for length, other in ((fast, slow), (slow, fast))]
        assert wanted == (1.0 if means[0] > means[1] else -1.0 if short else 0.0)
    assert stepped(rule, given_bars).tobytes() == rule.batch(given_bars).tobytes()


def test_averages_that_are_equal_are_equal_however_the_closes_came() -> None:
    level = [0.1, 0.2, 0.3, 0.2] * 30  # sums of these in binary differ in their last bit
    assert set(SmaCross(4, 8).batch(bars(level))[7:]) == {0.0}
    assert set(SmaCross(4, 8).batch(bars([24_212.8] * 100))[7:]) == {0.0}


@pytest.mark.parametrize(("fast", "slow"), [(50, 20), (20, 20), (0, 5), (-1, 5)])
def test_averages_the_wrong_way_round_are_refused(fast: int, slow: int) -> None:
    with pytest.raises(InputError, match=r"^parameters\.fast: .* is not from 1 to below slow"):
        SmaCross(fast, slow)


@pytest.mark.parametrize("close", [nan, float("inf")])
def test_a_close_that_is_no_number_is_refused_and_not_averaged(close: float) -> None:
    with pytest.raises(InputError, match=r"^close: "):
        SmaCross(2, 3).batch(bars([1.0, close, 3.0]))
    with pytest.raises(InputError, match=r"^close: "):
        SmaCross(2, 3).stepper()(ClosedBar(0, close))
