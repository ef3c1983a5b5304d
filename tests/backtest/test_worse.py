"""A worse market: both sides move away, on the tick, once."""

from __future__ import annotations

from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.backtest.worse import widened
from sidecar.domain.errors import InputError
from sidecar.domain.events import AnyEvent, Beat, Quote
from sidecar.venues.matching import PaperSettings
from tests.desk.world import CALL, LISTED, OPEN, index

TICK = 0.05


def told(*quotes: AnyEvent, slippage: float | None = 0.01, **more: float) -> list[Quote]:
    found = list(widened([LISTED, *quotes], slippage, **more))
    assert found[0] is LISTED
    return [event for event in found[1:] if isinstance(event, Quote)]


def call(bid: float = float("nan"), ask: float = float("nan"), last: float = float("nan")) -> Quote:
    return Quote(CALL.id, OPEN, OPEN, bid, ask, 65.0, 130.0, last)


def test_a_bid_is_lower_and_an_ask_higher_rounded_outwards() -> None:
    (worse,) = told(call(100.0, 100.5, 100.2))
    assert (worse.bid, worse.ask) == (99.0, 101.55)
    assert (worse.last, worse.bid_size, worse.ask_size) == (100.2, 65.0, 130.0)


@given(st.integers(1, 10**6), st.integers(1, 100), st.floats(0.0, 0.05))
def test_no_side_ever_gets_better_and_each_stays_on_the_tick(bid: int, spread: int, slippage: float) -> None:
    (worse,) = told(call(bid * TICK, (bid + spread) * TICK), slippage=slippage)
    assert isnan(worse.bid) or worse.bid <= bid * TICK * (1 - slippage) + 1e-6
    assert worse.ask >= (bid + spread) * TICK * (1 + slippage) - 1e-6
    for price in (worse.bid, worse.ask):
        assert isnan(price) or abs(price / TICK - round(price / TICK)) < 1e-6


def test_a_bid_of_less_than_a_tick_is_nobodys() -> None:
    (worse,) = told(call(0.05, 0.10))
    assert isnan(worse.bid)
    assert worse.ask == pytest.approx(0.15)


def test_round_a_last_price_alone_the_venues_spread_comes_first_and_once() -> None:
    spread = PaperSettings().assumed_spread
    (worse,) = told(call(last=200.0), assumed_spread=spread)
    assert [worse.bid, worse.ask] == pytest.approx([197.5, 202.55])  # 199.5 and 200.5, each 1 % worse


def test_where_a_side_was_ever_seen_an_empty_book_is_empty() -> None:
    first, then = told(call(100.0, 100.5), call(last=100.0))
    assert first.bid == 99.0
    assert isnan(then.bid)
    assert isnan(then.ask)


def test_indices_and_everything_else_pass_as_they_are() -> None:
    events: list[AnyEvent] = [LISTED, index(OPEN), Beat(OPEN)]
    assert list(widened(events, 0.01)) == events
    quote = call(100.0, 100.5)
    for nothing in (None, 0.0):
        assert told(quote, slippage=nothing) == [quote]


@pytest.mark.parametrize("slippage", [-0.1, 0.3, float("nan")])
def test_what_is_no_fraction_is_refused(slippage: float) -> None:
    with pytest.raises(InputError, match="slippage"):
        widened([], slippage)
