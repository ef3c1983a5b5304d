"""A ticket's limits and book before and with it: what is refused has a word, a pattern and a colour."""

from __future__ import annotations

from math import nan
from typing import Any

from pages.parts import verdict_figures as figures

Row = dict[str, Any]
LIMITS: list[Row] = [
    {"name": "net_vega", "limit": 200.0, "before": 50.0, "after": -100.0, "within": True},
    {"name": "stress_loss", "limit": 0.5, "before": 0.1, "after": 0.8, "within": False},
    {"name": "var_95", "limit": 0.05, "before": None, "after": None, "within": False},
    {"name": "net_gamma", "limit": nan, "before": 1.0, "after": 2.0, "within": True},
]


def words(rows: list[Row]) -> list[str]:
    return [note.text for note in figures.limits(rows).layout.annotations]


def test_limits_are_shares_before_and_after_and_what_is_passed_has_a_pattern_and_a_word() -> None:
    figure = figures.limits(LIMITS)
    before, after = figure.data
    assert list(before.x) == [None, None, 20.0, 25.0]
    assert list(after.x) == [None, None, 130.0, 50.0]
    assert list(after.marker.pattern.shape) == ["", "x", "x", ""]
    assert not any(before.marker.pattern.shape)
    assert words(LIMITS) == ["unknown", "unknown REFUSED", "160 % REFUSED", "50 %"]
    assert list(after.customdata[2]) == ["80.00 %", "50.00 %"]


def test_the_marks_stand_at_80_and_100_per_cent_and_the_axis_says_of_what() -> None:
    figure = figures.limits(LIMITS)
    assert [shape.x0 for shape in figure.layout.shapes] == [80, 100]
    assert figure.layout.xaxis.title.text == "used (% of the limit)"
    assert [bar.name for bar in figure.data] == ["before", "with the order"]


def test_of_a_limit_that_leaves_no_room_no_share_is_told_but_the_numbers_are() -> None:
    none = {"name": "positions", "limit": 0.0, "before": 0.0, "after": 5.0, "within": False}
    owed = {"name": "margin", "limit": -1_000.0, "before": 0.0, "after": 500.0, "within": False}
    assert words([none]) == ["5 of 0 REFUSED"]
    assert words([owed]) == ["500 of −1,000 REFUSED"]
    assert figures.share(owed, "after") is None


def test_a_hostile_name_is_inert() -> None:
    figure = figures.limits([{"name": "<b>x</b>", "limit": 1.0, "before": 0.0, "after": 0.0, "within": True}])
    assert list(figure.data[0].y) == ["&lt;b&gt;x&lt;/b&gt;"]


def test_what_would_be_passed_is_told_from_where_to_where() -> None:
    said = figures.breached(LIMITS).replace("\\", "")
    assert said.split("\n") == [
        "- **stress loss** would go from 10.00 % to 80.00 %; the limit is 50.00 %",
        "- **var 95** would go from – to –; the limit is 5.00 %",
    ]
    assert figures.breached(LIMITS[:1]) == "No limit that grows with the order would be passed."


def test_the_book_is_told_in_the_accounts_currency_and_an_unknown_part_is_a_dash() -> None:
    def state(delta: float | None, margin: float | None) -> Row:
        greeks = [{"underlying": "NIFTY", "delta": delta, "gamma": 0.1234, "vega": -5.0, "theta": 0.0}]
        return {"greeks": greeks, "used_margin": margin, "available_margin": 9.0, "tail": {"worst": -700.0}}

    told = {row["what"]: (row["before"], row["after"])
            for row in figures.book({"before": state(33.14, 1e3), "after": state(None, None)}, "EUR")}  # fmt: skip
    assert told["NIFTY delta (units)"] == ("+33.1", "–")
    assert told["NIFTY gamma (units a point)"] == ("+0.123", "+0.123")
    assert told["NIFTY vega (a vol point)"] == ("−5", "−5")
    assert told["Margin used"] == ("€1,000", "–")
    assert told["VaR 95 %"] == ("–", "–")
    assert told["Worst stress"] == ("−€700", "−€700")
