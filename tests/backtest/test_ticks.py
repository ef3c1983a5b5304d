"""Columns of prices as whole ticks: the same as one price at a time."""

from decimal import Decimal
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.backtest import ticks
from sidecar.domain import ticks as single
from sidecar.domain.errors import InputError

TICK = Decimal("0.05")


@given(st.lists(st.floats(0.0, 1e6) | st.integers(0, 10**7).map(lambda each: each * 0.05), max_size=20))
def test_a_column_is_rounded_as_each_of_its_prices(prices: list[float]) -> None:
    for name in ("nearest", "whole_below", "whole_above"):
        one = getattr(single, name)
        assert getattr(ticks, name)(prices, TICK).tolist() == [one(price, TICK) for price in prices]


def test_what_is_not_known_is_no_tick() -> None:
    assert ticks.nearest(np.array([nan, 1.0]), TICK).tolist() == [0, 20]


@pytest.mark.parametrize("price", [-0.05, inf, 1e12])
def test_what_is_no_price_is_refused_with_its_place(price: float) -> None:
    with pytest.raises(InputError, match=r"open: .* at bar 1 is no price"):
        ticks.whole_above(np.array([1.0, price]), TICK, "open")
