"""The gate of a stopped desk on random books with real margins, against every set of fills made one by one."""

from random import Random

import numpy as np
import pytest

from sidecar.risk.gate import check
from tests.risk.reducing import LOT, Case, blocked, case, harmless, request, view
from tests.risk.test_portfolio import ALL
from tests.risk.test_portfolio import blocked as one_by_one

BOOKS = 400
CALL, WING, PUT, FUTURE = range(4)


def book(**lots: int) -> tuple[int, ...]:
    rows = {"call": CALL, "wing": WING, "put": PUT, "future": FUTURE}
    return tuple(next((units for name, units in lots.items() if rows[name] == row), 0) for row in range(ALL))


def accepted(one: Case) -> bool:
    found = check(request(*one.order), view(one))
    assert found.accepted == found.reduces_only
    assert found.accepted or found.checked[-1] == "breaker"
    return found.accepted


def test_nothing_passes_a_stopped_gate_that_any_set_of_fills_could_turn_against_the_book() -> None:
    random, passed = Random(20_261_121), 0
    for _ in range(BOOKS):
        one = case(random)
        if accepted(one):
            passed += 1
            assert harmless(one), one
    assert passed > BOOKS / 10, "a gate that accepts nothing proves nothing"


def test_an_oversize_sell_of_a_long_book_is_refused_and_one_of_its_size_passes() -> None:
    assert accepted(Case(book(call=2), (), (CALL, -2)))
    assert not accepted(Case(book(call=2), (), (CALL, -3)))
    assert not harmless(Case(book(call=2), (), (CALL, -3)))


@pytest.mark.parametrize("lots", [-1, 1])
@pytest.mark.parametrize("row", range(ALL))
def test_no_order_passes_from_flat(row: int, lots: int) -> None:
    assert not accepted(Case(book(), (), (row, lots)))


def test_two_sells_each_fine_alone_are_refused_together() -> None:
    assert accepted(Case(book(call=2), (), (CALL, -2)))
    assert accepted(Case(book(call=2), ((CALL, -1),), (CALL, -1)))
    assert not accepted(Case(book(call=2), ((CALL, -1),), (CALL, -2)))


def test_closing_the_long_hedge_of_a_short_is_refused_until_the_short_is_gone() -> None:
    assert not accepted(Case(book(call=-2, wing=2), (), (WING, -2)))
    assert not accepted(Case(book(call=-2, wing=2), ((CALL, 2),), (WING, -2))), "the buy may not fill"
    assert accepted(Case(book(wing=2), (), (WING, -2)))
    assert not accepted(Case(book(call=-2, future=1), (), (FUTURE, -1)))


def test_the_oracles_margin_is_the_requirements_own() -> None:
    random = Random(3)
    for _ in range(50):
        one = case(random)
        held = {row: float(units * LOT) for row, units in enumerate(one.held) if units}
        found = float(blocked(np.array(one.held, dtype=np.float64) * LOT))
        assert found == pytest.approx(one_by_one(held), rel=1e-9, abs=1e-6)


def test_the_oracle_knows_a_gate_that_only_looks_at_sides() -> None:
    random, caught = Random(7), 0
    for _ in range(200):
        one = case(random)
        row, lots = one.order
        by_side = one.held[row] * lots < 0
        caught += by_side and not harmless(one)
    assert caught > 20
