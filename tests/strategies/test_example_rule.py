"""The rule that a newcomer copies: it loads, it is the same at both speeds, and it trades on the desk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sidecar.loading import rule_of, strategies_of
from sidecar.strategies.rules import Rule
from tests.desk.world import FUTURE, SPOT
from tests.strategies.bar_world import Minutes
from tests.strategies.test_rules import walk


@pytest.fixture(scope="module")
def named() -> str:
    return str(Path(__file__).parents[2] / "docs" / "example_rule.py")


@pytest.fixture(scope="module")
def rule(named: str) -> Rule:
    found = rule_of(named)
    assert found is not None
    return found


def test_it_is_long_above_the_highest_of_thirty_and_out_below_the_lowest_of_fifteen(rule: Rule) -> None:
    close = walk(8, 2_000)["close"]
    wanted = rule.batch({"close": close, "first": np.zeros(close.size)})
    assert np.isnan(wanted[:30]).all()
    assert {0.0, 1.0} == set(wanted[np.isfinite(wanted)])
    for bar in range(31, close.size):
        if close[bar] > close[bar - 30 : bar].max():
            assert wanted[bar] == 1.0
        elif close[bar] < close[bar - 15 : bar].min():
            assert wanted[bar] == 0.0
        else:
            assert np.array_equal(wanted[bar], wanted[bar - 1], equal_nan=True)


def test_it_trades_on_the_desk_under_its_own_name(named: str) -> None:
    room = Minutes(strategies_of(named, "main", "NIFTY"))
    for close in [SPOT] * 31 + [SPOT + 10.0] * 3 + [SPOT - 10.0] * 3:
        room.bar(close)
    assert [order.request.side.value for order in room.sent] == ["buy", "sell"]
    assert {order.request.strategy for order in room.sent} == {"breakout"}
    assert {order.request.symbol for order in room.sent} == {FUTURE.id}
    assert room.held == {}
