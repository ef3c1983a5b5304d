"""Prices as whole ticks, and the limit of an order that shall trade at once."""

from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.errors import InputError
from sidecar.domain.orders import Side
from sidecar.domain.ticks import limit_price, limit_ticks, nearest, whole_above, whole_below

TICK = Decimal("0.05")


@given(st.integers(0, 10_000_000), st.sampled_from(["0.05", "0.0025", "0.1", "1"]))
def test_a_price_on_the_grid_is_itself_however_binary_writes_it(ticks: int, step: str) -> None:
    tick = Decimal(step)
    for price in (float(ticks * tick), ticks * float(tick), ticks * tick):
        assert nearest(price, tick) == whole_below(price, tick) == whole_above(price, tick) == ticks


def test_between_two_ticks_there_is_one_below_one_above_and_half_goes_up() -> None:
    assert [whole_below(7.07, TICK), nearest(7.07, TICK), whole_above(7.07, TICK)] == [141, 141, 142]
    assert [nearest(price, TICK) for price in (7.074, 7.075, 7.076)] == [141, 142, 142]


@given(st.integers(1, 10_000_000))
def test_a_limit_is_four_per_cent_through_the_close_and_never_more(close: int) -> None:
    buy, sell = limit_ticks(close, 1), limit_ticks(close, -1)
    assert buy * 100 <= close * 104 < (buy + 1) * 100
    assert sell * 100 >= close * 96 > (sell - 1) * 100
    assert 1 <= sell <= close <= buy


def test_a_limit_price_is_on_the_grid_of_the_contract() -> None:
    assert limit_price(24010.0, TICK, Side.BUY) == Decimal("24970.40")
    assert limit_price(24010.0, TICK, Side.SELL) == Decimal("23049.60")
    assert limit_price(Decimal("0.05"), TICK, Side.SELL) == TICK


@pytest.mark.parametrize("price", [nan, inf])
def test_what_is_no_number_has_no_ticks(price: float) -> None:
    with pytest.raises(InputError, match="price"):
        nearest(price, TICK)
