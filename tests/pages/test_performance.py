"""Performance: figures of a fund with their number of observations, its sessions, its round trips."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from pages.parts import fortunes
from pages.parts.fortunes import day_of, ratios
from tests.pages.conftest import Shown, words
from tests.pages.lived import Lived

Show = Callable[..., Shown]


def test_a_lived_desks_performance_opens_in_every_view(shown: Show, past: Lived) -> None:
    at = shown(past.desk()).open("performance")
    assert not at.exception
    told = words(at).replace("\\", "")
    assert "Deepest drawdown" in told
    assert "× " in told
    at.button_group(key="over").set_value("By session").run()
    assert not at.exception
    assert "1 session, back to" in words(at).replace("\\", "")
    at.button_group(key="view").set_value("Calendar").run()
    assert "Too few sessions" in words(at)
    at.button_group(key="view").set_value("Round trips").run()
    assert not at.exception
    trips = past.sidecar.state.book.round_trips
    told = words(at).replace("\\", "")
    assert (f"{len(trips)} round trips, all that are on record" if trips else "No position was closed yet") in told


def test_an_empty_line_and_a_key_that_may_not_read_are_said(shown: Show, past: Lived) -> None:
    at = shown(past.desk(), equity=[]).open("performance")
    assert not at.exception
    assert "No point of this line is on record yet" in words(at)
    assert "Performance is unknown: 401" in words(shown(role=None).open("performance")).replace("\\", "")


def test_a_ratio_of_too_few_returns_says_so_and_one_of_many_says_how_far_it_may_be_off() -> None:
    few = {label: (value, note) for label, value, note in ratios({"observations": 7, "interval": "1min"})}
    assert few["Sharpe, a year"] == ("–", "too few: 7 × 1min")
    line = {"observations": 400, "interval": "1min", "periods_per_year": 10_000.0, "sharpe_ratio": 2.0}
    assert ratios(line)[1] == ("Sharpe, a year", "2.00", "± 5.0 from 400 × 1min")


def test_a_session_is_dated_where_the_exchange_is() -> None:
    made = day_of({"timestamp": "2025-12-31T20:00:00+00:00", "daily_return": None})
    assert made is not None
    assert (made.date, made.daily) == (date(2026, 1, 1), None)
    assert day_of({"timestamp": "yesterday"}) is None


def test_fractions_stand_in_per_cent_and_the_desk_first() -> None:
    rows = fortunes.shares([{"fund_id": "a", "total_return": 0.01}, {"fund_id": "*", "total_return": None}])
    assert [(row["fund_id"], row["total_return"]) for row in rows] == [("*", None), ("a", 1.0)]
