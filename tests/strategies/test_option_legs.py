from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from math import nan
from typing import Any

import numpy as np
import pytest

from sidecar.domain.contracts import Right
from sidecar.domain.orders import Side
from sidecar.domain.report import Chain
from sidecar.strategies.option_legs import (
    at_the_money,
    in_ticks,
    known,
    marketable,
    nearest_future,
    of_nearest,
    price_of,
)
from tests.desk.world import CALL, CONTRACTS, FUTURE, INDEX, NEXT_DAY, OPEN, REFERENCE, World, option

LATER = date(2026, 9, 15)
NEXT_WEEK = tuple(option(strike, right, LATER) for strike in (24_650.0, 24_700.0) for right in Right)


def seen(**columns: float) -> Chain:
    """The chain of a quoted market, with these columns all over at one value."""
    world = World().begin()
    assert world.published is not None
    chain = world.published.chain
    told: dict[str, Any] = {name: np.full(len(chain.contracts), value) for name, value in columns.items()}
    return replace(chain, **told)


def test_the_future_that_expires_first_of_those_that_still_trade() -> None:
    later = type(FUTURE)("NIFTY", FUTURE.kind, date(2026, 10, 27), expires_at=REFERENCE.expiry_close("NIFTY", LATER))
    both = (INDEX, FUTURE, later)
    assert nearest_future(both, "NIFTY", OPEN) is later
    assert nearest_future(both, "NIFTY", later.expires_at or 0) is FUTURE
    assert nearest_future(both, "NIFTY", FUTURE.expires_at or 0) is None
    assert nearest_future(both, "BANKNIFTY", OPEN) is None


@pytest.mark.parametrize(
    ("level", "strike"), [(24_700.0, 24_700.0), (24_749.0, 24_700.0), (24_750.0, 24_700.0), (24_750.05, 24_800.0)]
)
def test_the_pair_at_the_money_is_of_the_nearest_expiry_and_the_lower_of_two(level: float, strike: float) -> None:
    pair = at_the_money((*NEXT_WEEK, *CONTRACTS), "NIFTY", level, OPEN)
    assert pair is not None
    assert (pair.call.strike, pair.call.right, pair.call.expiry) == (strike, Right.CALL, NEXT_DAY)
    assert (pair.put.strike, pair.put.right, pair.put.expiry) == (strike, Right.PUT, NEXT_DAY)


def test_an_expiry_that_is_over_and_a_strike_of_one_right_make_no_pair() -> None:
    pair = at_the_money((*NEXT_WEEK, *CONTRACTS), "NIFTY", 24_660.0, CALL.expires_at or 0)
    assert pair is not None
    assert (pair.call.expiry, pair.call.strike) == (LATER, 24_650.0)
    assert at_the_money(NEXT_WEEK[::2], "NIFTY", 24_660.0, OPEN) is None
    assert at_the_money((INDEX, FUTURE), "NIFTY", 24_660.0, OPEN) is None


def test_a_price_to_go_by_is_the_mark_else_the_last_one_else_none() -> None:
    assert price_of(seen(last=12.0, mark=11.0), 2) == 11.0
    assert price_of(seen(last=12.0, mark=nan), 2) == 12.0
    assert price_of(seen(last=0.0, mark=nan), 2) != price_of(seen(last=0.0, mark=nan), 2)


def test_a_marketable_limit_reaches_through_the_touch_and_further_through_a_last_price() -> None:
    touched = seen(bid=100.0, ask=101.0, last=90.0)
    assert marketable(touched, 2, Side.BUY) == Decimal("101.45")
    assert marketable(touched, 2, Side.SELL) == Decimal("99.60")
    assert marketable(touched, 2, Side.SELL, touching=True) == Decimal("100.00")
    alone = seen(bid=nan, ask=nan, last=100.0)
    assert marketable(alone, 2, Side.BUY) == Decimal("102.00")
    assert marketable(alone, 2, Side.SELL) == Decimal("98.00")
    assert marketable(seen(bid=nan, ask=nan, last=nan), 2, Side.BUY) is None
    assert marketable(seen(bid=0.05, ask=0.10), 2, Side.SELL) is None, "nothing above zero would remain"
    assert marketable(seen(bid=0.05, ask=0.05), 2, Side.BUY) == Decimal("0.10")


def test_rows_are_of_one_right_with_a_known_delta_that_trade_on() -> None:
    chain = seen()
    calls = known(chain, "NIFTY", Right.CALL, OPEN)
    assert {chain.contracts[row].right for row in calls} == {Right.CALL}
    assert len(calls) == len(CONTRACTS[2:]) // 2
    assert known(chain, "NIFTY", Right.CALL, CALL.expires_at or 0) == []
    assert known(chain, "NIFTY", Right.CALL, OPEN, LATER) == []
    assert known(seen(delta=nan), "NIFTY", Right.CALL, OPEN) == []
    assert known(seen(mark=nan), "NIFTY", Right.CALL, OPEN) == []


def test_of_rows_the_one_of_the_first_expiry_whose_delta_is_closest() -> None:
    chain = seen()
    row = of_nearest(chain, known(chain, "NIFTY", Right.PUT, OPEN), 0.2)
    assert row is not None
    assert chain.contracts[row].strike == 24_500.0
    assert of_nearest(chain, [], 0.2) is None


@pytest.mark.parametrize(
    ("price", "side", "expected"),
    [(10.01, Side.BUY, "10.05"), (10.04, Side.SELL, "10.00"), (10.05, Side.BUY, "10.05"), (0.04, Side.SELL, "0.00")],
)
def test_a_price_is_rounded_so_that_it_reaches_at_least_as_far(price: float, side: Side, expected: str) -> None:
    assert in_ticks(price, Decimal("0.05"), side) == Decimal(expected)
