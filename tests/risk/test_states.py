"""Many states of a book at once, against the book's own road taken one state at a time."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.risk.portfolio import Book
from sidecar.risk.states import States
from tests.risk.test_portfolio import ALL, LOT, ONE, all_units, premium

held_by = st.lists(
    st.tuples(st.integers(0, ALL - 1), st.integers(-3, 3).filter(bool), st.floats(0.5, 2.0)), min_size=1, max_size=6
)


def states(held: list[tuple[int, int, float]], one=ONE, losses=None, profit=None) -> States:  # type: ignore[no-untyped-def]
    """Positions as (row, lots, entry as a multiple of the mark); several may be in one contract."""
    rows = sorted({row for row, _, _ in held})
    quantity = np.array([LOT * lots for _, lots, _ in held])
    paid = [premium(row, LOT * lots) * (entry if lots > 0 else min(entry, 1.0)) for row, lots, entry in held]
    return States(
        one,
        np.array(rows, dtype=np.intp),
        np.array([rows.index(row) for row, _, _ in held], dtype=np.intp),
        quantity,
        np.array(paid),
        np.zeros((len(rows), 2)) if losses is None else losses,
        np.zeros(len(held)) if profit is None else np.array(profit),
    )


def freed(book: States, left: list[list[float]]) -> np.ndarray:
    return book.freed(np.array(left), book.margin(np.array(left)))


def alone(book: States, left: np.ndarray) -> float:
    """The margin of one state by the book that the gate asks."""
    units, paid = np.zeros((len(book.rows), 1)), np.zeros((len(book.rows), 1))
    for position, contract in enumerate(book.contract):
        units[contract, 0] += left[position]
        paid[contract, 0] += book.premium[position] * left[position] / book.quantity[position]
    return Book(ONE, book.rows, units, paid).total()


@settings(deadline=None)
@given(held_by, st.lists(st.lists(st.floats(0, 1), min_size=6, max_size=6), min_size=1, max_size=4))
def test_the_margin_of_each_state_is_the_margin_of_that_book(
    held: list[tuple[int, int, float]], shares: list[list[float]]
) -> None:
    book = states(held)
    left = np.array([np.round(book.quantity * np.array(share[: len(held)])) for share in shares])
    found = book.margin(left)
    for row, margin in zip(left, found, strict=True):
        assert margin == pytest.approx(alone(book, row), rel=1e-9, abs=1e-4)


def test_what_is_closed_needs_nothing_even_where_its_price_is_unknown() -> None:
    book = states([(0, 1, nan), (1, 1, 1.0)])
    known, unknown = book.margin(np.array([[0.0, LOT], [LOT, LOT]]))
    assert known == pytest.approx(alone(states([(1, 1, 1.0)]), np.array([LOT])))
    assert isnan(unknown)


def test_the_worst_loss_is_the_largest_of_all_stresses_and_never_below_zero() -> None:
    book = states([(0, 1, 1.0), (1, -1, 1.0)], losses=np.array([[2.0, -1.0], [5.0, -4.0]]))
    left = np.array([[LOT, -LOT], [LOT, 0.0], [0.0, -LOT], [0.0, 0.0]])
    assert book.worst(left).tolist() == [3.0 * LOT, 2.0 * LOT, 4.0 * LOT, 0.0]


def test_a_loss_that_is_not_known_makes_only_the_states_unknown_that_hold_it() -> None:
    book = states([(0, 1, 1.0), (1, -1, 1.0)], losses=np.array([[nan, 1.0], [5.0, -4.0]]))
    known, unknown = book.worst(np.array([[0.0, -LOT], [LOT, -LOT]]))
    assert known == 4.0 * LOT
    assert isnan(unknown)


def test_what_is_freed_is_the_margin_released_and_what_the_marks_realise() -> None:
    book = states([(0, 2, 1.0)], profit=[-300.0])
    at_start, half, gone = freed(book, [[2 * LOT], [LOT], [0.0]])
    paid = premium(0, 2 * LOT)
    assert at_start == 0.0
    assert half == pytest.approx(paid / 2 - 150.0)
    assert gone == pytest.approx(paid - 300.0)


def test_a_profit_that_is_not_known_is_missed_only_when_it_is_taken() -> None:
    book = states([(0, 1, 1.0), (1, 1, 1.0)], profit=[nan, 10.0])
    assert np.isfinite(freed(book, [[LOT, 0.0]])).all()
    assert np.isnan(freed(book, [[0.0, LOT]])).all()


def test_a_dearer_exchange_blocks_more_in_every_state() -> None:
    held, left = [(0, -2, 1.0), (2, -1, 1.0), (3, 1, 1.0)], np.array([[-2 * LOT, -LOT, LOT], [-LOT, 0.0, LOT]])
    assert (states(held, all_units(price_scan=0.2)).margin(left) > states(held).margin(left)).all()
