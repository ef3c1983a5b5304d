from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.desk.signal_book import NEWEST, SignalBook
from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.signals import Signal, SignalRequest, SignalStatus, SignalType

REQUEST = SignalRequest("NIFTY", SignalType.BUY, 0.6, 60.0)


def signal(number: int, due_at: int = MINUTE) -> Signal:
    return Signal(f"S-{number:05d}", REQUEST, "ann", number, 100.0, due_at)


def scored(one: Signal) -> Signal:
    return replace(one, status=SignalStatus.SCORED, scored_at=one.due_at, outcome_price=101.0, outcome_return=0.01)


@given(st.lists(st.integers(0, 50), max_size=40), st.lists(st.integers(0, 60), max_size=10))
def test_each_open_signal_is_due_once_in_the_order_of_its_horizon(dues: list[int], looks: list[int]) -> None:
    book, found = SignalBook(), []
    for number, due_at in enumerate(dues):
        book.keep(signal(number, due_at))
    for now in [*sorted(looks), 60]:
        seen = book.due(now)
        assert all(one.due_at <= now for one in seen)
        found += seen
    assert [(one.due_at, one.id) for one in found] == sorted((due, f"S-{n:05d}") for n, due in enumerate(dues))


def test_what_has_ended_is_neither_due_nor_open_and_is_counted_once() -> None:
    book = SignalBook()
    first, second = signal(1), signal(2)
    for one in (first, second, scored(first)):
        book.keep(one)
    assert [one.id for one in book.due(MINUTE)] == [second.id]
    assert (book.count, list(book.open)) == (2, [second.id])
    assert book.lines == (second, scored(first))


def test_an_old_signal_that_is_scored_does_not_come_back_among_the_newest() -> None:
    book = SignalBook()
    every = [signal(number) for number in range(NEWEST + 1)]
    for one in every:
        book.keep(one)
    lines = book.lines
    book.keep(scored(every[0]))
    assert book.lines is lines
    book.keep(scored(every[1]))
    assert book.lines[-1].status is SignalStatus.SCORED
    assert len(book.lines) == NEWEST


def test_a_minute_is_counted_by_strategy_and_forgotten_after_it() -> None:
    book = SignalBook()
    for at, strategy in ((0, "a"), (SECOND, "b"), (2 * SECOND, "a")):
        book.note(at, strategy)
    assert book.recent(MINUTE - 1) == ({"a": 2, "b": 1}, 3)
    assert book.recent(MINUTE) == ({"a": 1, "b": 1}, 2)
    assert book.recent(2 * MINUTE) == ({}, 0)


def test_a_problem_is_told_once_a_minute() -> None:
    book = SignalBook()
    assert [book.tell(at, "too many") for at in (0, 1, MINUTE - 1, MINUTE, MINUTE + 1)] == [
        True, False, False, True, False,
    ]  # fmt: skip
    assert book.tell(MINUTE + 1, "another")
