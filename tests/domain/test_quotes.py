"""What is wrong with a quote by itself."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.domain.events import Quote
from sidecar.domain.quotes import Defect, defect

GOOD = Quote("NIFTY", 2, 1, 10.0, 10.5, bid_size=5.0, ask_size=5.0, last=10.2, volume=7.0, open_interest=9.0)
PRICES, SIZES = ("bid", "ask", "last"), ("bid_size", "ask_size", "volume", "open_interest")


def test_a_whole_quote_has_no_defect_nor_has_one_that_is_locked_or_knows_less() -> None:
    assert defect(GOOD) is None
    assert defect(replace(GOOD, bid=10.5)) is None
    for name in (*PRICES, *SIZES):
        assert defect(replace(GOOD, **{name: nan})) is None, name
    assert defect(Quote("NIFTY", 2, 1, last=10.0)) is None


@pytest.mark.parametrize("name", PRICES)
@pytest.mark.parametrize(
    ("value", "why"),
    [(inf, Defect.NOT_FINITE), (-inf, Defect.NOT_FINITE), (0.0, Defect.NOT_POSITIVE), (-1.0, Defect.NOT_POSITIVE)],
)
def test_a_price_that_is_none_is_named(name: str, value: float, why: Defect) -> None:
    assert defect(replace(GOOD, **{name: value})) is why


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize(("value", "why"), [(inf, Defect.NOT_FINITE), (-1.0, Defect.NEGATIVE_SIZE)])
def test_a_size_that_is_none_is_named_however_good_the_prices_are(name: str, value: float, why: Defect) -> None:
    assert defect(replace(GOOD, **{name: value})) is why


def test_a_crossed_and_an_empty_quote_are_named() -> None:
    assert defect(replace(GOOD, bid=10.6)) is Defect.CROSSED
    assert defect(Quote("NIFTY", 2, 1)) is Defect.EMPTY


@given(st.floats(), st.floats(), st.floats(), st.tuples(*[st.floats()] * 4))
def test_whatever_passes_is_usable(bid: float, ask: float, last: float, sizes: tuple[float, ...]) -> None:
    quote = replace(GOOD, bid=bid, ask=ask, last=last, **dict(zip(SIZES, sizes, strict=True)))
    if defect(quote) is None:
        assert all(price != price or 0 < price < inf for price in (bid, ask, last))
        assert any(price == price for price in (bid, ask, last))
        assert not bid > ask
        assert all(size != size or 0 <= size < inf for size in sizes)
