"""Data quality as pictures: an unknown age or share has a word and no bar."""

from __future__ import annotations

from typing import Any

from pages.parts import quality_figures as figures

Row = dict[str, Any]


def notes(figure: Any, *names: str) -> list[str]:
    return [note.text for note in figure.layout.annotations if note.y in names]


def test_ages_are_judged_by_the_limits_and_an_unknown_one_has_no_bar() -> None:
    rows = [{"symbol": name, "age_s": value}
            for name, value in (("a", 1.0), ("b", 5.0), ("c", 10.0), ("d", None))]  # fmt: skip
    figure = figures.ages(rows, 5.0, 10.0)
    (bar,) = figure.data
    assert list(bar.x) == [None, 10.0, 5.0, 1.0]
    assert list(bar.marker.pattern.shape) == [".", "x", "/", ""]
    assert notes(figure, "a", "b", "c", "d") == ["unknown", "10.0 s BREACH", "5.0 s warning", "1.0 s"]
    assert figure.layout.xaxis.title.text == "age of the newest price (s)"


def test_the_limits_on_age_are_drawn_with_their_word_and_stay_in_sight() -> None:
    figure = figures.ages([{"symbol": "a", "age_s": 1.0}], 5.0, 10.0)
    assert [shape.x0 for shape in figure.layout.shapes] == [5.0, 10.0]
    assert {"warns", "halts"} <= {note.text for note in figure.layout.annotations}
    assert list(figure.layout.xaxis.range) == [0, 13.0]
    without = figures.ages([{"symbol": "<a>", "age_s": 99.0}], None, None)
    assert not without.layout.shapes
    assert notes(without, "&lt;a&gt;") == ["99.0 s"]


def test_an_unknown_share_has_a_word_where_its_bar_would_be() -> None:
    rows = [{"symbol": "a", "fresh": 100.0, "clean": None, "steady": 0.0},
            {"symbol": "<b>", "fresh": 1.0, "clean": 2.0, "steady": 3.0}]  # fmt: skip
    figure = figures.scores(rows)
    fresh, clean, steady = figure.data
    assert [list(bar.x) for bar in (fresh, clean, steady)] == [[1.0, 100.0], [2.0, None], [3.0, 0.0]]
    assert list(fresh.y) == ["&lt;b&gt;", "a"]
    assert [(note.text, note.y) for note in figure.layout.annotations] == [("clean unknown", "a")]
    assert len({bar.marker.pattern.shape for bar in figure.data}) == 3
    assert "(%)" in figure.layout.xaxis.title.text


def test_refusals_have_the_most_on_top_and_no_more_than_fit() -> None:
    figure = figures.refusals([("<a>", "crossed_market", 1_200), ("b", "old", 3), ("c", "old", 1)], most=2)
    (bar,) = figure.data
    assert list(bar.y) == ["b: old", "&lt;a&gt;: crossed market"]
    assert (list(bar.x), list(bar.text)) == ([3, 1_200], ["3", "1,200"])


def test_a_feed_is_up_or_a_cross_and_what_was_not_measured_is_a_gap() -> None:
    states = ["up", "down", None, "<i>"]
    rows: list[Row] = [{"timestamp": f"2026-09-07T04:00:0{n}+00:00", "feeds": {"<s>": state} if state else None}
                       for n, state in enumerate(states)]  # fmt: skip
    figure = figures.feed_states([*rows[::-1], {"timestamp": "broken", "feeds": {"<s>": "up"}}])
    (marks,) = figure.data
    assert list(marks.marker.symbol) == ["square", "x", "x"]
    assert [f"{at:%H:%M:%S}" for at in marks.x] == ["09:30:00", "09:30:01", "09:30:03"]
    assert set(marks.y) == {"&lt;s&gt;"}
    assert list(marks.customdata) == ["up", "down", "&lt;i&gt;"]
