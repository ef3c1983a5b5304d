"""What round trips come to."""

from __future__ import annotations

from decimal import Decimal
from math import isnan
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.book.positions import RoundTrip
from sidecar.telemetry.bounded import MOST_STRATEGIES
from sidecar.telemetry.trips import Trips

MONEY = st.decimals(-20_000, 20_000, places=2)


def trip(net: Decimal | int, strategy: str = "demo", closed_at: int = 1) -> RoundTrip:
    return RoundTrip("main", strategy, "X", 0, closed_at, Decimal(net) + 20, Decimal(20))


@given(st.lists(MONEY, min_size=2), st.integers(0, 10))
def test_sums_are_those_of_the_list_however_often_it_was_looked_at_meanwhile(nets: list[Decimal], cut: int) -> None:
    rows: list[RoundTrip] = []
    trips = Trips(lambda: rows)
    for place, net in enumerate(nets):
        rows.append(trip(net))
        if place == cut:
            trips.earned()
    earned = trips.earned()["demo"]
    assert earned.profit - earned.loss == sum(nets)
    assert earned.profit == sum(net for net in nets if net > 0)
    assert (earned.closed, earned.won) == (len(nets), sum(net > 0 for net in nets))
    assert earned.mean == pytest.approx(float(mean(nets)), abs=1e-6)
    assert sum(earned.spread.counts) == len(nets)
    deviation = stdev(map(float, nets))
    if deviation > 1.0:
        assert earned.sharpe == pytest.approx(float(mean(nets)) / deviation, rel=1e-3, abs=1e-6)


def test_what_too_few_round_trips_cannot_say_is_unknown() -> None:
    assert Trips(list).earned() == {}
    assert isnan(Trips(lambda: [trip(5)]).earned()["demo"].sharpe)
    assert isnan(Trips(lambda: [trip(5), trip(5)]).earned()["demo"].sharpe)


def test_what_was_read_does_not_change_under_the_reader() -> None:
    rows = [trip(5)]
    trips = Trips(lambda: rows)
    before = trips.earned()["demo"]
    rows.append(trip(7))
    assert trips.earned()["demo"].closed == 2
    assert (before.closed, sum(before.spread.counts)) == (1, 1)


def test_those_since_a_moment_are_counted_and_nobody_is_left_out() -> None:
    rows = [trip(1, "a", 10), trip(1, "b", 20), trip(1, "b", 30)]
    assert Trips(lambda: rows).since(20) == {"a": 0, "b": 2}


def test_labels_are_bounded_whatever_callers_name_their_strategies() -> None:
    rows = [trip(1, f"s{number}") for number in range(MOST_STRATEGIES + 10)]
    earned = Trips(lambda: rows).earned()
    assert len(earned) == MOST_STRATEGIES + 1
    assert earned["other"].closed == 10
