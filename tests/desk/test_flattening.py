"""A share of the random books of ``bench.flatten``: what must never happen while a book is closed does not."""

from __future__ import annotations

from bench.flatten import run


def test_random_books_close_by_the_laws_at_a_venue_that_rejects_fills_partly_and_loses_replies() -> None:
    count = run(8, seed=7)
    for law in (
        "margin rose, needlessly",
        "margin or worst loss rose, needlessly",
        "new shorts",
        "false flat",
        "beyond the cap",
        "not flat at the end",
    ):
        assert count[law] == 0, (law, dict(count))
    assert count["books"] == 8
    assert count["fills"] > 20
    assert any(name.startswith("drawn: ") for name in count)
