from __future__ import annotations

from sidecar.desk.model_book import NEWEST, ModelBook
from sidecar.domain.models import ModelRole
from tests.store.learnt import model, run


def test_the_line_of_champions_is_walked_back_and_ends_where_it_turns_in_a_circle() -> None:
    book = ModelBook()
    for line in (
        model("m1", ModelRole.RETIRED, before="m3"), model("m2", ModelRole.REFUSED, before="m1"),
        model("m3", before="m2"),
    ):  # fmt: skip
        book.keep(line)
    newest = book.by_id["m3"]
    assert book.before(newest, ModelRole.RETIRED) == book.by_id["m1"]
    assert book.before(newest, ModelRole.REFUSED) == book.by_id["m2"]
    assert book.before(newest, ModelRole.CHALLENGER) is None
    assert book.before(model("m4"), ModelRole.RETIRED) is None
    assert book.champion(newest.family) == newest
    assert book.champion("another") is None


def test_a_run_is_taken_once_and_the_newest_are_told_newest_first() -> None:
    book = ModelBook()
    taken = [book.ended(run(f"T{number}")) for number in (0, 0, *range(1, NEWEST + 3))]
    assert taken == [True, False, *[True] * (NEWEST + 2)]
    assert [one.id for one in book.run_lines] == [f"T{number}" for number in range(NEWEST + 2, 2, -1)]
