from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.desk.board import Board, level
from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.events import Quote
from sidecar.domain.quotes import Defect
from tests.desk.world import CALL, CONTRACTS, FUTURE, INDEX, OPEN, PUT, SPOT, index, quote

NOW = OPEN + SECOND


@pytest.fixture
def board() -> Board:
    made = Board()
    made.list_contracts(CONTRACTS)
    assert made.put(index(NOW)) is None
    return made


def test_a_good_quote_is_the_last_one_and_reaches_the_arrays_at_the_refresh(board: Board) -> None:
    first = quote(CALL, NOW)
    assert board.put(first) is None
    assert board.last(CALL.id) is first
    rows = board.refresh()
    row = board.universe.rows[CALL.id]
    assert rows.tolist() == [0, row]
    assert board.column("bid")[row] == first.bid
    assert board.at[row] == NOW
    assert board.refresh().size == 0


@pytest.mark.parametrize(
    ("change", "defect"),
    [
        ({"bid": float("inf")}, Defect.NOT_FINITE),
        ({"bid": -1.0}, Defect.NOT_POSITIVE),
        ({"bid": 99_999.0}, Defect.CROSSED),
        ({"bid": nan, "ask": nan, "last": nan}, Defect.EMPTY),
        ({"at": NOW - 1}, Defect.OUT_OF_ORDER),
        ({"at": CALL.expires_at or 0}, Defect.EXPIRED),
        ({"at": NOW + MINUTE + 1, "received_at": NOW}, Defect.MALFORMED),
        ({"symbol": "NIFTY-20260908-1-CE"}, Defect.UNKNOWN),
    ],
)
def test_a_bad_quote_is_refused_with_its_reason_and_the_last_good_one_stands(
    board: Board, change: dict[str, float], defect: Defect
) -> None:
    good = quote(CALL, NOW)
    board.put(good)
    assert board.put(replace(good, **change)) is defect
    assert board.last(CALL.id) is good
    assert board.refused == {defect: 1}
    assert board.quotes == 2


def test_the_same_quote_twice_is_a_duplicate_even_where_fields_are_unknown(board: Board) -> None:
    good = replace(quote(CALL, NOW), open_interest=nan)
    board.put(good)
    assert board.put(replace(good, received_at=NOW + 5)) is Defect.DUPLICATE
    assert board.put(replace(good, last=good.last + 0.05)) is None


def test_a_slipped_digit_is_refused_and_a_market_that_moved_is_taken_at_the_second_quote(board: Board) -> None:
    deep = quote(CALL, NOW)
    board.put(deep)
    far = replace(deep, at=NOW + SECOND, bid=deep.bid * 100, ask=deep.ask * 100, last=deep.last * 100)
    assert board.put(far) is Defect.JUMP
    assert board.put(replace(far, ask=far.ask + 1)) is Defect.JUMP
    assert board.put(replace(far, at=far.at + SECOND)) is None


def test_a_jump_that_goes_back_is_forgotten(board: Board) -> None:
    deep = quote(CALL, NOW)
    board.put(deep)
    far = replace(deep, at=NOW + SECOND, bid=deep.bid * 100, ask=deep.ask * 100, last=deep.last * 100)
    assert board.put(far) is Defect.JUMP
    assert board.put(replace(deep, at=NOW + 2 * SECOND)) is None
    assert board.put(replace(far, at=NOW + 3 * SECOND)) is Defect.JUMP


@pytest.mark.parametrize("factor", [0.89, 1.11, 10.0])
def test_an_index_that_moves_more_than_a_tenth_waits_for_a_second_quote(board: Board, factor: float) -> None:
    assert board.put(index(NOW + SECOND, SPOT * factor)) is Defect.JUMP
    assert board.spot("NIFTY") == SPOT
    assert board.put(index(NOW + 2 * SECOND, SPOT * factor)) is None
    assert board.spot("NIFTY") == SPOT * factor


def test_a_feeds_own_reasons_are_bounded_and_unknown_symbols_share_one_count(board: Board) -> None:
    for number in range(5):
        board.refuse(f"X{number}", f"line {number} is odd")
    assert board.refused == {Defect.MALFORMED: 5}
    assert board.refused_by_symbol == {"": {Defect.MALFORMED: 5}}


def test_listing_again_keeps_rows_and_what_was_quoted(board: Board) -> None:
    good = quote(PUT, NOW)
    board.put(good)
    before = dict(board.universe.rows)
    board.list_contracts((FUTURE, *reversed(CONTRACTS)))
    assert {symbol: board.universe.rows[symbol] for symbol in before} == before
    assert board.universe.rows[FUTURE.id] == len(before)
    assert board.last(PUT.id) is good
    board.refresh()
    assert isnan(board.column("bid")[-1])
    assert board.at[-1] == 0


def test_a_group_pairs_calls_and_puts_of_each_strike(board: Board) -> None:
    (group,) = board.groups
    assert np.array_equal(board.strike[group.calls], group.strikes)
    assert np.array_equal(board.strike[group.puts], group.strikes)
    assert board.is_call[group.calls].all()
    assert not board.is_call[group.puts].any()


def test_an_index_without_a_value_has_no_spot() -> None:
    board = Board()
    board.list_contracts([INDEX])
    assert isnan(board.spot("NIFTY"))
    assert isnan(board.spot("SENSEX"))


@pytest.mark.parametrize(
    ("bid", "ask", "last", "expected"),
    [(10, 12, 99, 11), (nan, 12, 99, 12), (nan, 12, 9, 9), (10, nan, 9, 10), (10, nan, 99, 99), (nan, nan, 7, 7),
     (10, nan, nan, 10), (nan, 12, nan, 12)],
)  # fmt: skip
def test_a_quote_stands_for_its_mid_else_its_last_trade_within_the_known_side(
    bid: float, ask: float, last: float, expected: float
) -> None:
    assert level(Quote("X", 0, 0, bid, ask, last=last)) == expected


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(1.0, 1000.0)), max_size=30))
def test_the_board_after_any_order_of_quotes_is_the_board_after_the_good_ones(moves: list[tuple[int, float]]) -> None:
    board, again, taken = Board(), Board(), []
    for one in (board, again):
        one.list_contracts(CONTRACTS)
        one.put(index(NOW))
    for seconds, value in moves:
        offered = Quote(CALL.id, NOW + seconds * SECOND, NOW + seconds * SECOND, last=value)
        if board.put(offered) is None:
            taken.append(offered)
    if taken:
        again.put(taken[-1])
    board.refresh(), again.refresh()
    assert np.array_equal(board.columns, again.columns, equal_nan=True)
    assert board.quotes == len(taken) + 1
