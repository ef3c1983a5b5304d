"""Data quality: the worst is said first, what was put aside is named, and unknown is never good."""

from __future__ import annotations

from collections.abc import Callable
from math import nan

import msgspec

from pages.parts import trust
from sidecar.domain.report import LimitLine, LimitStatus, QualityLine
from tests.pages.conftest import Shown, words
from tests.pages.lived import Lived

Show = Callable[..., Shown]
GOOD = QualityLine("NIFTY", 160, 158, 2, 0, 91_234, 3, 0.1, 0.99)
LIMITS = (
    LimitLine("stale_warn", "*", 6.0, 5.0, 1.2, LimitStatus.WARN),
    LimitLine("stale", "*", 6.0, 10.0, 0.6, LimitStatus.OK),
)


def test_a_lived_desks_data_is_shown_with_what_it_means_for_trading(shown: Show, past: Lived) -> None:
    at = shown(past.desk()).open("data_quality")
    assert not at.exception
    told = words(at).replace("\\", "")
    assert "feed up" in told
    assert "halts: orders that add risk are refused" in told
    assert at.dataframe[0].value["symbol"].to_list() == ["NIFTY"]


def test_the_worst_stands_first_and_what_was_put_aside_is_named(shown: Show, past: Lived) -> None:
    bad = msgspec.structs.replace(GOOD, symbol="<b>BANK</b>", score=0.2, age_s=7.0, refused_by_reason={"crossed": 41})
    at = shown(past.desk(data_quality=(GOOD, bad), limits=LIMITS, feed_up=False)).open("data_quality")
    assert not at.exception
    told = words(at).replace("\\", "")
    assert "feed down" in told
    assert at.metric[0].value == "20.0 %"
    assert at.dataframe[0].value["symbol"].iloc[0] == "<b>BANK</b>"
    assert "Now stale warn is at 6 of 5: warn." in told


def test_an_unknown_score_is_no_score_and_a_stranger_is_told_why(shown: Show, past: Lived) -> None:
    unheard = msgspec.structs.replace(GOOD, score=nan, age_s=nan)
    at = shown(past.desk(data_quality=(GOOD, unheard))).open("data_quality")
    assert not at.exception
    assert [cell.value for cell in at.metric][:2] == ["–", "–"]
    assert "unknown: 401" in words(shown(role=None).open("data_quality")).replace("\\", "")


def test_refusals_are_ranked_and_none_is_counted_twice() -> None:
    quality = {"symbols": {"A": {"symbol": "A", "refused_by_reason": {"crossed": 3, "old": 0}}},
               "refused": {"crossed": 3, "unlisted": 9}}  # fmt: skip
    assert trust.refusals(quality) == [("all", "unlisted", 9), ("A", "crossed", 3)]


def test_a_feed_that_came_back_is_counted() -> None:
    states = ["up", "down", "up", "up", "down"]
    rows = [{"timestamp": f"2026-09-07T04:00:0{n}+00:00", "feeds": {"sim": state}} for n, state in enumerate(states)]
    assert trust.drops(rows[::-1]) == {"sim": 1}
