from __future__ import annotations

import pytest

from sidecar.desk import prediction_book
from sidecar.desk.prediction_book import PredictionBook
from sidecar.domain.clock import MINUTE
from tests.store.build import NOW
from tests.store.learnt import became, prediction


def filled(count: int) -> PredictionBook:
    book = PredictionBook()
    for number in range(count):
        book.keep(prediction(f"P{number}", NOW + number))
    return book


def test_what_is_open_is_told_oldest_first_until_it_has_an_outcome() -> None:
    book = filled(3)
    before = book.lines
    assert [one.id for one in before] == ["P0", "P1", "P2"]
    assert book.lines is before
    book.conclude(became("P1"))
    assert [one.id for one in book.lines] == ["P0", "P2"]
    book.conclude(became("P9"))
    book.conclude(became("P1", 2))
    assert (book.done["P1"].outcome, list(book.done)) == (became("P1", 2), ["P1"])


def test_a_bar_is_predicted_on_once_whether_its_outcome_is_known_or_not() -> None:
    book = filled(2)
    book.conclude(became("P0"))
    assert book.has("m1", NOW)
    assert book.has("m1", NOW + 1)
    assert not book.has("m1", NOW + 2)
    assert not book.has("m2", NOW)


def test_the_oldest_gives_way_where_too_many_are_open_or_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_book, "MOST_OPEN", 2)
    monkeypatch.setattr(prediction_book, "MOST_DONE", 1)
    book = filled(2)
    oldest = book.keep(prediction("P2", NOW + 2))
    assert oldest is not None
    assert (oldest.id, book.given_up, book.count) == ("P0", 1, 3)
    assert not book.has("m1", NOW)
    book.conclude(became("P1"))
    book.conclude(became("P2"))
    assert list(book.done) == ["P2"]
    assert not book.has("m1", NOW + 1)


def test_a_reason_is_said_once_a_minute() -> None:
    book = PredictionBook()
    said = [book.tell(NOW + at, why) for at, why in ((0, "a"), (1, "a"), (1, "b"), (MINUTE, "a"), (MINUTE, "b"))]
    assert said == [True, False, True, True, False]
