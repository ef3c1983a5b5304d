from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import permutations
from math import nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.risk.legs import Floats
from sidecar.risk.unwinding import Task, Way, rises, way

Table = Mapping[Any, float]


def by_table(values: Table) -> Callable[[Floats], Floats]:
    return lambda left: np.array([values[tuple(int(units) for units in row)] for row in left])


def nothing(left: Floats) -> Floats:
    return np.zeros(len(left))


def task(held: tuple[int, ...], margin: Callable[[Floats], Floats], **more: object) -> Task:
    n = len(held)
    fields: dict[str, object] = {
        "held": held, "target": (0,) * n, "lot": (1,) * n, "most": (5,) * n, "group": ("X",) * n, "option": (True,) * n,
        "stays": (False,) * n, "margin": margin, "worst": nothing, "short": lambda left, _: nothing(left),
    }  # fmt: skip
    return Task(**{**fields, **more})  # type: ignore[arg-type]


def told(found: Way) -> list[tuple[int, int]]:
    return [(step.leg, step.units) for step in found.steps]


def spread(left: Floats) -> Floats:
    """A short that a long covers: bare it needs 100 a lot, covered 10."""
    short, long = -left[:, 0], left[:, 1]
    margin: Floats = np.maximum(short - long, 0) * 100.0 + np.minimum(short, long) * 10.0
    return margin


def test_a_short_is_bought_back_before_the_long_that_covers_it_is_sold() -> None:
    assert told(way(task((-3, 3), spread), 100)) == [(0, 3), (1, 3)]


def test_slices_are_no_larger_than_the_largest_order() -> None:
    assert told(way(task((-3, 3), spread, most=(2, 1)), 100)) == [(0, 2), (0, 1), (1, 1), (1, 1), (1, 1)]


def test_where_buying_back_all_at_once_rises_the_legs_take_turns() -> None:
    def apart(left: Floats) -> Floats:
        dear: Floats = np.maximum(np.abs(left[:, 1] + left[:, 0]) - 1, 0) * 100.0  # more than one lot alone is
        return dear

    found = way(task((-3, 3), apart), 100)
    assert found.rise == 0
    assert told(found) == [(0, 1), (1, 2), (0, 2), (1, 1)]


def test_the_money_at_hand_decides_between_orders_that_raise_nothing() -> None:
    def lacking(left: Floats, _: Floats) -> Floats:
        bare = np.maximum(-left[:, 0] - left[:, 1], 0)  # a short bought back costs 50, a bare one far more
        return np.maximum(50.0 * (left[:, 1] + left[:, 0]) - 50.0, 0.0) + 1e3 * bare

    assert told(way(task((-3, 3), nothing), 100)) == [(0, 3), (1, 3)]
    assert told(way(task((-3, 3), nothing, short=lacking), 100)) == [(0, 1), (1, 1)] * 3


def test_what_may_not_go_stays_while_a_leg_of_its_group_cannot() -> None:
    held, target, stays = (-3, 3, 3), (-3, 0, 0), (True, False, False)

    def whole(left: Floats) -> Floats:
        return spread(left)

    found = way(task(held, whole, target=target, stays=stays, group=("X", "X", "Y")), 100)
    assert told(found) == [(2, 3)]


def test_a_short_is_bought_back_even_if_its_premium_is_blocked_anew() -> None:
    def premium(left: Floats) -> Floats:
        blocked: Floats = 10.0 * (left[:, 1] + left[:, 0])
        return blocked

    found = way(task((-1, 1, -1), premium, target=(0, 1, -1), stays=(False, False, True)), 100)
    assert told(found) == [(0, 1)]
    assert found.rise == 10.0


def test_where_no_order_is_free_the_least_rise_is_taken() -> None:
    values: Table = {(1, 1): 5.0, (0, 1): 7.0, (1, 0): 6.0, (0, 0): 0.0}
    found = way(task((1, 1), by_table(values)), 100)
    assert (told(found), found.rise, found.thorough) == ([(1, 1), (0, 1)], 1.0, True)


def test_a_rise_now_that_is_less_than_a_later_one_is_preferred() -> None:
    values: Table = {(2, 1): 5.0, (1, 1): 5.0, (0, 1): 9.0, (2, 0): 6.0, (1, 0): 6.0, (0, 0): 0.0}
    assert way(task((2, 1), by_table(values), most=(1, 1)), 100).rise == 1.0


def test_a_step_never_passes_a_worse_state_than_it_began_in() -> None:
    hill: Table = {(2,): 5.0, (1,): 8.0, (0,): 0.0}
    found = way(task((2,), by_table(hill)), 100)
    assert found.rise == 3.0  # one lot may be all that fills


def test_where_nothing_is_known_longs_follow_shorts_and_no_number_is_made_up() -> None:
    found = way(task((2, -2, 1), lambda left: np.full(len(left), nan), group=("X", "X", "Y")), 100)
    assert found.blind
    assert told(found).index((1, 2)) < told(found).index((0, 2))
    assert len(found.steps) == 3


def test_the_first_step_can_be_asked_of_some_legs_only() -> None:
    found = way(task((-3, 3), spread), 100, first=[1])
    assert found.steps[0].leg == 1
    assert found.rise > 0
    assert way(task((-3, 3), spread), 100, first=[]).steps == ()


def test_without_tries_left_it_still_comes_to_the_end_and_says_that_it_was_not_thorough() -> None:
    values = {(a, b): float((a * 7 + b * 5) % 11) for a in range(6) for b in range(6)}
    found = way(task((5, 5), by_table(values), most=(1, 1)), 1)
    assert not found.thorough
    assert sum(step.units for step in found.steps) == 10


def test_rounding_is_no_rise_and_the_unknown_is_none_either() -> None:
    assert not rises(1e6, 1e6 + 1e-5)
    assert rises(1e6, 1e6 + 1.0)
    assert not rises(nan, 1.0)


held_books = st.lists(st.integers(-2, 2).filter(bool), min_size=1, max_size=4).filter(lambda h: sum(map(abs, h)) <= 5)


@given(held_books, st.randoms(use_true_random=False), st.integers(2, 6))
def test_it_finds_an_order_that_raises_nothing_whenever_brute_force_does(held: list[int], random, top: int) -> None:  # type: ignore[no-untyped-def]
    values: dict[tuple[int, ...], tuple[float, float]] = {}

    def value(left: tuple[int, ...]) -> tuple[float, float]:
        if left not in values:
            values[left] = (float(random.randint(0, top)), float(random.randint(0, 2))) if any(left) else (0.0, 0.0)
        return values[left]

    def column(number: int) -> Callable[[Floats], Floats]:
        return lambda left: np.array([value(tuple(int(units) for units in row))[number] for row in left])

    one = task(tuple(held), column(0), worst=column(1))
    found = way(one, 10_000)
    lots = [leg for leg, units in enumerate(held) for _ in range(abs(units))]
    costs = []
    for order in set(permutations(lots)):
        left, dearer, worse = list(held), 0.0, 0.0
        for leg in order:
            before = value(tuple(left))
            left[leg] -= 1 if left[leg] > 0 else -1
            rise = [max(b - a, 0.0) for a, b in zip(before, value(tuple(left)), strict=True)]
            dearer, worse = dearer + rise[0], worse + rise[1]
        costs.append((dearer, worse))
    assert found.thorough
    assert (found.dearer, found.worse) <= min(costs)
    assert way(one, 10_000, most=(0.0, 0.0)).steps or min(costs) > (0.0, 0.0)
    at = list(held)
    for step in found.steps:
        at[step.leg] -= step.units if at[step.leg] > 0 else -step.units
        assert (step.margin, step.worst) == value(tuple(at))
    assert not any(at)


@pytest.mark.parametrize("tries", [1, 3, 50])
def test_every_unit_is_closed_once_and_nothing_passes_zero(tries: int) -> None:
    found = way(task((-7, 4, -2), nothing, most=(3, 3, 3)), tries)
    closed = [0, 0, 0]
    for step in found.steps:
        assert 0 < step.units <= 3
        closed[step.leg] += step.units
    assert closed == [7, 4, 2]
