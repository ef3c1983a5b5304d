"""A side is given only where it is worth it and proven; everything else holds and says why."""

from __future__ import annotations

from math import nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.models import Verdict
from sidecar.domain.signals import SignalType
from sidecar.learning.scores import ReliabilityBin
from sidecar.learning.signals import Basis, Decision, Moment, decide, lower_bound

BINS = tuple(ReliabilityBin(k / 10, (k + 1) / 10, 100) for k in range(10))
BASIS = Basis((0.3, 0.4, 0.3), (-0.002, 0.0, 0.002), Verdict.SKILL, BINS, 900.0)
NOW = Moment(0.0006, 0.0, 1)
BUY = (0.1, 0.2, 0.7)


def decided(p: tuple[float, float, float] = BUY, at: Moment = NOW, **changes: Any) -> Decision:
    return decide(p, BASIS._replace(**changes), at)


def test_a_side_that_is_worth_its_cost_is_given_with_its_own_probability() -> None:
    buy, sell = decided(), decided((0.7, 0.2, 0.1))
    assert (buy.signal, buy.confidence, buy.abstained) == (SignalType.BUY, 0.7, "")
    assert (sell.signal, sell.confidence, sell.abstained) == (SignalType.SELL, 0.7, "")
    assert buy.expected_value == sell.expected_value == pytest.approx(0.0012 - 0.0006)


@pytest.mark.parametrize(
    ("changes", "at", "why"),
    [
        ({"verdict": Verdict.NO_SKILL}, NOW, "no evidence of skill"),
        ({"verdict": Verdict.LEAK}, NOW, "a leak is suspected"),
        ({"suspended": "its score has drifted"}, NOW, "its score has drifted"),
        ({}, NOW._replace(unknown=0.21), "21% of the features are unknown"),
        ({}, NOW._replace(sessions_old=3), "3 sessions old"),
        ({}, NOW._replace(cost=nan), "cost of a trade is unknown"),
        ({}, NOW._replace(cost=0.0013), "no side is worth its cost of 13.0 basis points"),
        ({"base": (0.09, 0.21, 0.70)}, NOW, "about as likely as ever"),
        ({"effective_rows": 20.0}, NOW, "no likelier than its base rate of 30%"),
        ({"reliability": ()}, NOW, "no likelier than its base rate"),
    ],
)
def test_why_it_holds(changes: dict[str, Any], at: Moment, why: str) -> None:
    found = decided(BUY, at, **changes)
    assert (found.signal, found.confidence) == (SignalType.HOLD, 0.2)
    assert why in found.abstained


def test_at_the_limits_it_still_gives_the_side() -> None:
    assert decided(at=NOW._replace(unknown=0.20, sessions_old=2)).signal is SignalType.BUY


def test_a_model_that_finds_hold_the_likeliest_abstains_from_nothing() -> None:
    found = decided((0.2, 0.58, 0.22))
    assert (found.signal, found.confidence, found.abstained) == (SignalType.HOLD, 0.58, "")
    assert found.expected_value == pytest.approx(0.00004 - 0.0006)
    assert decided((0.2, 0.58, 0.22), verdict=Verdict.NO_SKILL).abstained != ""


def test_a_class_never_seen_is_worth_nothing_and_an_unknown_cost_has_no_value() -> None:
    assert decided((0.5, 0.0, 0.5), moves=(-0.001, nan, 0.001)).signal is SignalType.HOLD
    assert decided(at=NOW._replace(cost=nan)).expected_value is None


def test_what_validation_was_never_so_sure_of_has_no_lower_bound() -> None:
    sure = tuple(one if one.high < 0.65 else ReliabilityBin(one.low, one.high, 0) for one in BINS)
    assert lower_bound(0.7, 0.7, BASIS._replace(reliability=sure)) == 0.0
    assert 0.0 < lower_bound(0.7, 0.7, BASIS) < 0.7


shares = st.tuples(*(st.floats(0.01, 1.0) for _ in range(3))).map(lambda p: tuple(x / sum(p) for x in p))


@given(shares, st.floats(0.0, 0.01), st.floats(0.0, 0.01))
def test_more_cost_never_makes_a_side_and_no_side_loses_in_expectation(p: Any, cost: float, more: float) -> None:
    cheap, dear = decided(p, NOW._replace(cost=cost)), decided(p, NOW._replace(cost=cost + more))
    assert cheap.confidence == p[["sell", "hold", "buy"].index(cheap.signal)]
    if dear.signal is not SignalType.HOLD:
        assert cheap.signal is dear.signal
    if cheap.signal is not SignalType.HOLD:
        assert cheap.expected_value is not None
        assert cheap.expected_value > 0.0
        assert cheap.abstained == ""
