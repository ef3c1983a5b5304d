"""What a book can block, against every set of fills tried one by one."""

from __future__ import annotations

from itertools import product
from math import isnan, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sidecar.risk.margin import requirements
from sidecar.risk.margin_units import Underlying, Units, units
from sidecar.risk.portfolio import Book
from tests.risk.test_margin import NIFTY, SPOT, WITH_MINIMUM, lines_of

LOT = 75.0
#: Two expiries, one that ends today, both rights and a future of each of the longer two.
LINES = [
    ("C", 24_500.0, 1.0, 8.0), ("C", 25_000.0, 1.0, 8.0), ("P", 23_500.0, 1.0, 8.0), ("F", 1.0, 1.0, 8.0),
    ("C", 24_500.0, 1.0, 36.0), ("F", 2.0, 1.0, 36.0), ("P", 24_000.0, 1.0, 0.25),
]  # fmt: skip
NEAR, ALL = 4, len(LINES)


def all_units(**parameters: Any) -> Units:
    fields: dict[str, Any] = {
        "spot": SPOT,
        "price_scan": 0.093,
        "volatility_scan": 0.04,
        "rules": WITH_MINIMUM,
    } | parameters
    return units(lines_of(*LINES), {"NIFTY": Underlying(**fields)})


ONE = all_units()


def premium(row: int, quantity: float) -> float:
    return float(ONE.value[row]) * quantity


def book(held: dict[int, tuple[float, ...]]) -> Book:
    """Rows with the quantities between which each can move, at their marks; one quantity where nothing works."""
    rows = np.array(list(held), dtype=np.intp)
    width = max((len(ends) for ends in held.values()), default=1)
    padded = [[*ends, *ends[:1] * (width - len(ends))] for ends in held.values()]
    quantity = np.array(padded).reshape(len(held), width)
    paid = np.array([[premium(row, one) for one in ends] for row, ends in zip(held, quantity, strict=True)])
    return Book(ONE, rows, quantity, paid.reshape(quantity.shape))


def blocked(held: dict[int, float]) -> float:
    """The same from the requirement's own road: one book, nothing working."""
    quantity = np.zeros(ALL)
    for row, units_ in held.items():
        quantity[row] = units_
    return sum(
        max(sum(premium(row, held[row]) for row in held if ONE.pool[row] == pool), 0.0) + _need(quantity, pool)
        for pool in sorted(set(ONE.pool))
    )


def _need(quantity: Any, pool: tuple[str, bool]) -> float:
    own = np.array([one == pool for one in ONE.pool])
    (need,) = requirements(ONE, np.where(own, quantity, 0.0))
    return need.requirement


holdings = st.dictionaries(st.integers(0, ALL - 1), st.integers(-3, 3).map(lambda lots: LOT * lots), max_size=ALL)
near_holdings = st.dictionaries(
    st.integers(0, NEAR - 1), st.integers(-3, 3).map(lambda lots: LOT * lots), min_size=1, max_size=NEAR
)
fills = st.lists(st.tuples(st.integers(0, ALL - 1), st.sampled_from([-2, -1, 1, 2])), max_size=3)


@settings(deadline=None)
@given(holdings)
def test_a_book_blocks_its_requirement_and_its_net_premium(held: dict[int, float]) -> None:
    found = book({row: (quantity,) for row, quantity in held.items()}).total()
    assert found == pytest.approx(blocked(held), rel=1e-9, abs=1e-4)
    assert found >= 0.0


def ends_of(held: dict[int, float], working: list[tuple[int, int]]) -> dict[int, tuple[float, ...]]:
    reached: dict[int, tuple[float, ...]] = {}
    for row in sorted({*held, *(row for row, _ in working)}):
        at = held.get(row, 0.0)
        own = [LOT * lots for place, lots in working if place == row]
        reached[row] = (at + sum(q for q in own if q < 0), at, at + sum(q for q in own if q > 0))
    return reached


def all_fills(held: dict[int, float], working: list[tuple[int, int]]) -> list[dict[int, float]]:
    books = []
    for filled in product(*((0.0, 0.5 * lots, float(lots)) for _, lots in working)):
        after = dict(held)
        for (row, _), lots in zip(working, filled, strict=True):
            after[row] = after.get(row, 0.0) + LOT * lots
        books.append(after)
    return books


@settings(deadline=None, max_examples=60)
@given(near_holdings, fills)
def test_the_most_over_every_set_of_fills_is_exact_in_one_expiry(
    held: dict[int, float], working: list[tuple[int, int]]
) -> None:
    working = [(row % NEAR, lots) for row, lots in working]
    worst = max(blocked(after) for after in all_fills(held, working))
    assert book(ends_of(held, working)).total() == pytest.approx(worst, rel=1e-9, abs=1e-4)


@settings(deadline=None, max_examples=60)
@given(holdings, fills)
def test_no_set_of_fills_blocks_more_than_was_said(held: dict[int, float], working: list[tuple[int, int]]) -> None:
    assume(held or working)
    worst = max(blocked(after) for after in all_fills(held, working))
    told = book(ends_of(held, working)).total()
    assert told >= worst - 1e-4
    if not working:
        assert told == pytest.approx(worst, rel=1e-9, abs=1e-4)


@settings(deadline=None, max_examples=60)
@given(holdings, st.integers(0, ALL - 1), st.integers(-3, 3).map(lambda lots: LOT * lots))
def test_a_book_with_one_more_contract_is_that_book(held: dict[int, float], row: int, quantity: float) -> None:
    rest = {key: value for key, value in held.items() if key != row}
    found = book({key: (value,) for key, value in rest.items()}).with_(row, [(quantity, premium(row, quantity))])[0]
    assert found == pytest.approx(blocked({**rest, row: quantity}), rel=1e-9, abs=1e-4)


@settings(deadline=None, max_examples=150)
@given(holdings, fills, st.integers(0, ALL - 1), st.integers(1, 3), st.integers(1, 3))
def test_what_is_said_not_to_rise_rises_at_no_set_of_fills(
    held: dict[int, float], working: list[tuple[int, int]], row: int, lots: int, sold: int
) -> None:
    """Selling ``sold`` of ``lots`` lots held long."""
    assume(sold <= lots)
    working = [(place, count) for place, count in working if place != row]
    rest = {place: quantity for place, quantity in held.items() if place != row}
    before, after = LOT * lots, LOT * (lots - sold)
    told = book(ends_of(rest, working)).rises(row, (before, premium(row, before)), (after, premium(row, after)))
    rises = any(blocked({**one, row: after}) > blocked({**one, row: before}) + 1e-3 for one in all_fills(rest, working))
    if rises:
        assert told
    if not working:
        assert told == rises


def test_selling_the_wing_of_a_spread_raises_margin_and_selling_a_lone_long_does_not() -> None:
    wing = (1, (LOT, premium(1, LOT)), (0.0, 0.0))
    assert book({0: (-LOT,)}).rises(*wing)
    assert not book({}).rises(*wing)
    assert not book({2: (LOT,)}).rises(*wing)


def test_a_resting_sale_of_the_short_makes_its_wing_a_wing() -> None:
    wing = (1, (LOT, premium(1, LOT)), (0.0, 0.0))
    assert book({0: (-LOT, 0.0, 0.0)}).rises(*wing)
    # A resting order in an expiry of its own leans on nothing.
    assert not book({2: (0.0, 0.0, LOT)}).rises(*wing)


def test_a_working_hedge_is_not_leaned_on() -> None:
    naked = book({0: (-LOT,)}).total()
    assert book({0: (-LOT,), 1: (0.0, 0.0, LOT)}).total() == pytest.approx(naked)
    assert book({0: (-LOT,), 1: (LOT,)}).total() < 0.6 * naked


def test_a_strangle_that_works_is_not_two_naked_legs() -> None:
    both = book({0: (-LOT, 0.0, 0.0), 2: (-LOT, 0.0, 0.0)}).total()
    assert both == pytest.approx(blocked({0: -LOT, 2: -LOT}))
    assert both < 0.75 * (blocked({0: -LOT}) + blocked({2: -LOT}))


def test_each_holding_by_itself() -> None:
    each = book({0: (-LOT,), 1: (LOT,), 2: (0.0,)}).each()
    assert each[0] == pytest.approx(blocked({0: -LOT}))
    assert each[1] == pytest.approx(premium(1, LOT))
    assert each[2] == 0.0


@settings(deadline=None, max_examples=60)
@given(holdings, holdings, fills)
def test_a_book_that_changes_is_the_book_as_it_is_then(
    held: dict[int, float], after: dict[int, float], working: list[tuple[int, int]]
) -> None:
    assume(held and (after or working))
    ends = ends_of(after, working)
    changed = book({row: (quantity,) for row, quantity in held.items()}).changed(book(ends))
    assert changed.total() == pytest.approx(
        book({**{row: (quantity,) for row, quantity in held.items()}, **ends}).total(), rel=1e-9, abs=1e-4
    )
    back = changed.changed(book(dict.fromkeys(ends, (0.0,))))
    rest = {row: quantity for row, quantity in held.items() if row not in ends}
    assert back.total() == pytest.approx(blocked(rest), rel=1e-9, abs=1e-4)


def test_a_book_of_nothing_blocks_nothing() -> None:
    assert book({}).total() == 0.0
    assert book({0: (0.0,)}).total() == 0.0


def test_what_is_unknown_makes_the_whole_unknown_and_what_is_not_held_does_not() -> None:
    lost = units(lines_of(*LINES, mark=np.array([nan, *lines_of(*LINES).mark[1:]])), NIFTY)
    rows, quantity = np.array([0, 2]), np.array([[0.0], [-LOT]])
    assert Book(lost, rows, quantity, np.zeros((2, 1))).total() > 0.0
    assert isnan(Book(lost, rows, np.array([[-LOT], [-LOT]]), np.zeros((2, 1))).total())
    assert isnan(Book(lost, rows, np.array([[-LOT, 0.0], [0.0, 0.0]]), np.zeros((2, 2))).total())
    spread = Book(lost, rows[1:], quantity[1:], np.zeros((1, 1)))
    assert isnan(spread.with_(0, [(LOT, 1.0)])[0])
    assert spread.rises(0, (LOT, 1.0), (0.0, 0.0))
    working = Book(lost, rows[1:], np.array([[-LOT, 0.0]]), np.zeros((1, 2)))
    assert working.rises(0, (LOT, 1.0), (0.0, 0.0))
