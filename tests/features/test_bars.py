"""Bars: what was seen, by the exchange's own sessions, and nothing else."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from math import inf, isnan, nan
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain import clock
from sidecar.domain.bars import Bar
from sidecar.domain.calendar import Calendar, Session, SessionKind
from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.errors import CalendarBeyond, InputError
from sidecar.features.bars import BarBuilder, Seen

ZONE = ZoneInfo("Asia/Kolkata")


def session(day: date, *hours: tuple[int, int, int, int], kind: SessionKind = SessionKind.REGULAR) -> Session:
    spans = tuple((clock.at_local(day, h1, m1, ZONE), clock.at_local(day, h2, m2, ZONE)) for h1, m1, h2, m2 in hours)
    return Session(day, spans, kind, "the test")


REGULAR = session(date(2026, 8, 18), (9, 15, 15, 40))
SPLIT = session(date(2026, 8, 22), (9, 15, 10, 0), (11, 30, 12, 15), kind=SessionKind.SPECIAL)
FESTIVE = session(date(2026, 11, 8), (18, 15, 19, 15), kind=SessionKind.MUHURAT)
ODD = session(date(2026, 11, 9), (9, 15, 9, 17))
CALENDAR = Calendar("NSE", "Asia/Kolkata", (REGULAR, SPLIT, FESTIVE, ODD))


def builder(**changes: Any) -> BarBuilder:
    return BarBuilder("NIFTY", CALENDAR, **{"source": "live", "simulated": False, **changes})


def bars_of(made: BarBuilder, seen: list[Seen]) -> list[Bar]:
    return [bar for bar in map(made.take, seen) if bar is not None]


def test_a_bar_is_the_open_high_low_and_close_of_what_was_seen_in_its_minute() -> None:
    made, begins = builder(), REGULAR.open_at
    prices = (100.0, 103.0, 99.0, 101.0)
    seen = [Seen(begins + n * 10 * SECOND, price, vix=13.0 + n) for n, price in enumerate(prices)]
    assert bars_of(made, seen) == []
    bar = made.take(Seen(begins + MINUTE + 300, 102.0))
    assert bar is not None
    assert (bar.open, bar.high, bar.low, bar.close) == (100.0, 103.0, 99.0, 101.0)
    assert (bar.at, bar.closes_at, bar.known_at) == (begins, begins + MINUTE, begins + MINUTE + 300)
    assert (bar.minute, bar.minutes, bar.session) == (0.0, 385.0, REGULAR.date.toordinal())
    assert (bar.symbol, bar.source, bar.simulated, bar.vix) == ("NIFTY", "live", False, 16.0)
    assert isnan(bar.future)
    assert isnan(bar.volume)
    assert isnan(bar.atm_iv)
    assert isnan(bar.cost)


def test_the_clock_closes_a_bar_when_nothing_more_is_seen_and_only_once() -> None:
    made, begins = builder(), REGULAR.open_at
    made.take(Seen(begins + 5 * SECOND, 100.0))
    assert made.close(begins + MINUTE - 1) is None
    bar = made.close(begins + MINUTE)
    assert bar is not None
    assert bar.known_at == bar.closes_at == begins + MINUTE
    assert made.close(begins + 2 * MINUTE) is None


def test_a_minute_in_which_nothing_was_seen_has_no_bar() -> None:
    begins = REGULAR.open_at
    seen = [Seen(begins + at * MINUTE, 100.0) for at in (0, 1, 5, 6)]
    assert [bar.minute for bar in bars_of(builder(), seen)] == [0.0, 1.0, 5.0]


def test_observations_outside_the_hours_are_counted_and_close_the_last_bar() -> None:
    made = builder()
    assert made.take(Seen(REGULAR.open_at - 1, 99.0)) is None
    assert made.take(Seen(REGULAR.close_at - 1, 100.0)) is None
    bar = made.take(Seen(REGULAR.close_at + 7, 150.0))
    assert bar is not None
    assert (bar.high, bar.minute, bar.closes_at) == (100.0, 384.0, REGULAR.close_at)
    assert made.outside == 2


def test_an_earlier_observation_than_the_newest_is_ignored_and_counted() -> None:
    made, begins = builder(), REGULAR.open_at
    made.take(Seen(begins + 20 * SECOND, 100.0))
    assert made.take(Seen(begins + 10 * SECOND, 500.0)) is None
    made.close(begins + MINUTE)
    assert made.take(Seen(begins + MINUTE - 1, 500.0)) is None
    assert made.late == 2
    bar = made.take(Seen(begins + MINUTE, 101.0)) or made.close(begins + 2 * MINUTE)
    assert bar is not None
    assert bar.high == 101.0


@pytest.mark.parametrize("price", [nan, inf, -inf, 0.0, -1.0])
def test_a_price_that_is_none_makes_no_bar_but_moves_the_clock(price: float) -> None:
    made, begins = builder(), REGULAR.open_at
    assert made.take(Seen(begins, price)) is None
    made.take(Seen(begins + SECOND, 100.0))
    bar = made.take(Seen(begins + MINUTE, price))
    assert bar is not None
    assert bar.close == 100.0
    assert made.unusable == 2
    assert made.close(begins + 2 * MINUTE) is None


def test_a_break_belongs_to_no_bar_and_the_count_goes_on_after_it() -> None:
    (_, first_ends), (second, _) = SPLIT.intervals
    seen = [Seen(at, 100.0) for at in (first_ends - MINUTE, first_ends + MINUTE, second, second + MINUTE)]
    made = builder()
    bars = bars_of(made, seen)
    assert [(bar.minute, bar.minutes) for bar in bars] == [(44.0, 90.0), (45.0, 90.0)]
    assert bars[0].closes_at == first_ends
    assert made.outside == 1


@pytest.mark.parametrize(("minutes", "count", "last"), [(1, 2, 1), (2, 1, 2), (5, 1, 2)])
def test_a_bar_closes_no_later_than_its_interval(minutes: int, count: int, last: int) -> None:
    made = builder(minutes=minutes)
    made.take(Seen(ODD.close_at - 1, 100.0))
    bar = made.close(ODD.close_at)
    assert bar is not None
    assert (bar.minutes, bar.closes_at, bar.closes_at - bar.at) == (count, ODD.close_at, last * MINUTE)


def test_the_festive_hour_has_sixty_bars() -> None:
    seen = [Seen(FESTIVE.open_at + n * MINUTE, 100.0) for n in range(61)]
    bars = bars_of(builder(), seen)
    assert [bar.minute for bar in bars] == [float(n) for n in range(60)]
    assert {bar.minutes for bar in bars} == {60.0}


@pytest.mark.parametrize(
    ("volumes", "told"),
    [
        ((500.0, 700.0, 950.0), (500.0, 200.0, 250.0)),
        ((nan, 700.0, 950.0), (nan, nan, 250.0)),
        ((500.0, nan, 950.0), (500.0, nan, nan)),
        ((500.0, 400.0, 450.0), (500.0, nan, 50.0)),
        ((500.0, inf, 450.0), (500.0, nan, nan)),
        ((0.0, 0.0, 10.0), (0.0, 0.0, 10.0)),
    ],
)
def test_volume_is_a_difference_of_what_is_known_and_nan_where_it_fell(
    volumes: tuple[float, ...], told: tuple[float, ...]
) -> None:
    made = builder()
    seen = [Seen(REGULAR.open_at + n * MINUTE, 100.0, volume) for n, volume in enumerate((*volumes, 2_000.0))]
    assert [bar.volume for bar in bars_of(made, seen)] == pytest.approx(told, nan_ok=True)


def test_volume_is_unknown_after_a_start_within_the_session_and_after_a_gap() -> None:
    begins = REGULAR.open_at
    seen = [Seen(begins + n * MINUTE, 100.0, 10.0 * n) for n in (30, 31, 34, 35, 36)]
    volumes = [bar.volume for bar in bars_of(builder(), seen)]
    assert volumes == pytest.approx([nan, 10.0, nan, 10.0], nan_ok=True)


def test_volume_begins_at_zero_with_each_session() -> None:
    seen = [Seen(REGULAR.close_at - 1, 100.0, 9_000.0), Seen(SPLIT.open_at, 100.0, 40.0)]
    made = builder()
    bars_of(made, seen)
    bar = made.close(SPLIT.open_at + MINUTE)
    assert bar is not None
    assert bar.volume == 40.0


def test_a_day_beyond_the_table_is_refused_and_not_guessed() -> None:
    with pytest.raises(CalendarBeyond):
        builder().take(Seen(clock.at_local(date(2027, 1, 4), 10, 0, ZONE), 100.0))


def test_a_bar_of_no_minutes_is_refused() -> None:
    with pytest.raises(InputError, match="minutes"):
        builder(minutes=0)


@st.composite
def days(draw: st.DrawFn) -> tuple[Session, list[Seen], int]:
    day = draw(st.sampled_from([REGULAR, SPLIT, FESTIVE, ODD]))
    span = (day.close_at - day.open_at) // SECOND
    offsets = sorted(draw(st.lists(st.integers(-120, span + 120), min_size=1, max_size=60)))
    steps = draw(st.lists(st.integers(0, 50), min_size=len(offsets), max_size=len(offsets)))
    price = st.floats(1.0, 1e5)
    seen = []
    for n, offset in enumerate(offsets):
        seen.append(Seen(day.open_at + offset * SECOND, draw(price), float(sum(steps[: n + 1]))))
    return day, seen, draw(st.integers(1, 7))


@given(days())
def test_bars_lie_in_their_session_in_order_and_hold_all_that_was_seen_there(
    drawn: tuple[Session, list[Seen], int],
) -> None:
    day, seen, minutes = drawn
    made = builder(minutes=minutes)
    bars = bars_of(made, seen)
    last = made.close(seen[-1].at + 10**10)
    bars += [] if last is None else [last]
    inside = [one for one in seen if day.is_open(one.at)]
    assert made.outside == len(seen) - len(inside)
    assert made.late == made.unusable == 0
    assert all(one.closes_at <= two.at and one.minute < two.minute for one, two in pairwise(bars))
    held = 0
    for bar in bars:
        assert any(opens <= bar.at < bar.closes_at <= closes for opens, closes in day.intervals)
        assert bar.closes_at <= bar.known_at
        assert 0 <= bar.minute < bar.minutes
        within = [one for one in inside if bar.at <= one.at < bar.closes_at]
        prices = [one.price for one in within]
        assert (bar.open, bar.high, bar.low, bar.close) == (prices[0], max(prices), min(prices), prices[-1])
        assert isnan(bar.volume) or bar.volume >= 0.0
        held += len(within)
    assert held == len(inside)


@given(days(), st.integers(0, 60))
def test_a_bar_knows_nothing_of_what_is_seen_after_it_closed(drawn: tuple[Session, list[Seen], int], cut: int) -> None:
    _, seen, minutes = drawn
    whole = bars_of(builder(minutes=minutes), seen)
    part = bars_of(builder(minutes=minutes), seen[:cut])
    assert repr(whole[: len(part)]) == repr(part)
