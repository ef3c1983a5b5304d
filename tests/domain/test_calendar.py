"""The calendar: what is open, what is closed, and what nobody may guess."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain import clock
from sidecar.domain.calendar import Calendar, Session, SessionKind, parse_calendars
from sidecar.domain.errors import CalendarBeyond, InputError

INDIA = ZoneInfo("Asia/Kolkata")
FIRST, LAST = date(2024, 1, 1), date(2025, 12, 31)


def at(day: date, hour: int, minute: int) -> int:
    return clock.at_local(day, hour, minute, INDIA)


def session(day: date, *hours: tuple[int, int, int, int], kind: SessionKind = SessionKind.REGULAR) -> Session:
    spans = hours or ((9, 15, 15, 30),)
    return Session(day, tuple((at(day, a, b), at(day, c, d)) for a, b, c, d in spans), kind, "a test's")


def weekdays(first: date, last: date) -> list[date]:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5]


CALENDAR = Calendar("NSE", "Asia/Kolkata", [session(day) for day in weekdays(FIRST, LAST)])
DRILL = date(2024, 3, 2)
HOLIDAY = date(2024, 1, 22)
SPECIAL = Calendar(
    "NSE",
    "Asia/Kolkata",
    [
        session(date(2024, 1, 19)),
        session(date(2024, 1, 20), kind=SessionKind.SPECIAL),
        session(date(2024, 1, 23)),
        session(DRILL, (9, 15, 10, 0), (11, 30, 12, 30), kind=SessionKind.SPECIAL),
        session(date(2024, 10, 31)),
        session(date(2024, 11, 1), (18, 0, 19, 0), kind=SessionKind.MUHURAT),
    ],
)


def test_a_session_is_open_from_its_open_to_just_before_its_close() -> None:
    day = date(2024, 6, 3)
    assert not CALENDAR.is_open(at(day, 9, 15) - 1)
    assert CALENDAR.is_open(at(day, 9, 15))
    assert CALENDAR.is_open(at(day, 15, 30) - 1)
    assert not CALENDAR.is_open(at(day, 15, 30))


def test_a_break_is_closed_though_the_session_goes_on() -> None:
    assert SPECIAL.is_open(at(DRILL, 9, 59))
    assert not SPECIAL.is_open(at(DRILL, 10, 0))
    assert not SPECIAL.is_open(at(DRILL, 11, 29))
    assert SPECIAL.is_open(at(DRILL, 11, 30))
    assert not SPECIAL.is_open(at(DRILL, 12, 30))
    during = SPECIAL.session_at(at(DRILL, 10, 30))
    assert during is not None
    assert during.date == DRILL
    assert (during.open_at, during.close_at) == (at(DRILL, 9, 15), at(DRILL, 12, 30))


def test_a_day_without_a_session_is_closed() -> None:
    assert SPECIAL.session(HOLIDAY) is None
    assert SPECIAL.session_at(at(HOLIDAY, 11, 0)) is None
    assert not SPECIAL.is_open(at(HOLIDAY, 11, 0))


def test_the_day_is_the_exchange_s_not_utc_s() -> None:
    late = clock.from_datetime(datetime.fromisoformat("2024-06-03T20:00:00+00:00"))
    assert CALENDAR.local_date(late) == date(2024, 6, 4)


@pytest.mark.parametrize("day", [date(2023, 12, 31), date(2026, 1, 1), date(2027, 6, 1)])
def test_beyond_the_table_every_question_fails_closed(day: date) -> None:
    instant = at(day, 11, 0)
    for question in (
        lambda: CALENDAR.session(day),
        lambda: CALENDAR.session_at(instant),
        lambda: CALENDAR.is_open(instant),
        lambda: CALENDAR.next_session(day),
        lambda: CALENDAR.previous_session(day),
        lambda: CALENDAR.sessions_between(FIRST, day),
        lambda: CALENDAR.sessions_between(day, LAST),
        lambda: CALENDAR.expiry_day(day),
    ):
        with pytest.raises(CalendarBeyond) as refused:
            question()
        assert (refused.value.day, refused.value.first, refused.value.last) == (day, FIRST, LAST)
        assert "2024-01-01 to 2025-12-31" in str(refused.value)


def test_the_session_after_the_last_and_before_the_first_is_beyond() -> None:
    with pytest.raises(CalendarBeyond) as after:
        CALENDAR.next_session(LAST)
    assert after.value.day == date(2026, 1, 1)
    with pytest.raises(CalendarBeyond) as before:
        CALENDAR.previous_session(FIRST)
    assert before.value.day == date(2023, 12, 31)


def test_days_left_counts_down_to_the_last_day_of_the_table_and_below_zero() -> None:
    assert CALENDAR.days_left(at(date(2025, 12, 1), 9, 0)) == 30
    assert CALENDAR.days_left(at(LAST, 23, 59)) == 0
    assert CALENDAR.days_left(at(LAST, 23, 59) + clock.MINUTE) == -1


def test_coverage_is_whole_years_even_where_the_first_and_last_days_are_closed() -> None:
    assert (SPECIAL.first, SPECIAL.last) == (date(2024, 1, 1), date(2024, 12, 31))
    assert SPECIAL.session(date(2024, 12, 31)) is None


def test_an_expiry_on_a_closed_day_moves_to_the_session_before_even_a_saturday() -> None:
    assert SPECIAL.expiry_day(date(2024, 1, 23)) == date(2024, 1, 23)
    assert SPECIAL.expiry_day(HOLIDAY) == date(2024, 1, 20)


def test_no_contract_expires_in_a_muhurat_hour() -> None:
    assert SPECIAL.expiry_day(date(2024, 11, 1)) == date(2024, 10, 31)
    assert SPECIAL.expiry_day(date(2024, 11, 4)) == date(2024, 10, 31)


DAYS = st.dates(FIRST + timedelta(days=7), LAST - timedelta(days=7))


@given(DAYS)
def test_next_and_previous_session_undo_each_other(day: date) -> None:
    after = CALENDAR.next_session(day)
    before = CALENDAR.previous_session(day)
    assert before.date < day < after.date
    here = CALENDAR.session(day)
    if here is not None:
        assert CALENDAR.previous_session(after.date) == here == CALENDAR.next_session(before.date)
    else:
        assert CALENDAR.previous_session(after.date) == before
        assert CALENDAR.next_session(before.date) == after


@given(DAYS, DAYS)
def test_sessions_between_holds_each_session_of_the_days_once_in_order(one: date, two: date) -> None:
    found = CALENDAR.sessions_between(one, two)
    days = [one + timedelta(days=n) for n in range((two - one).days + 1)]
    assert [held.date for held in found] == [day for day in days if CALENDAR.session(day) is not None]


@given(st.integers(at(FIRST, 0, 0), at(LAST, 23, 59)))
def test_open_means_within_a_session_of_that_day(instant: int) -> None:
    here = CALENDAR.session_at(instant)
    assert CALENDAR.is_open(instant) == (here is not None)
    if here is not None:
        assert here.open_at <= instant < here.close_at
        assert here.date == CALENDAR.local_date(instant)


@pytest.mark.parametrize(
    ("broken", "word"),
    [
        ([], "none"),
        ([session(date(2024, 1, 3)), session(date(2024, 1, 2))], "follows"),
        ([session(date(2024, 1, 3)), session(date(2024, 1, 3))], "follows"),
        ([session(date(2024, 1, 3), (15, 30, 9, 15))], "times"),
        ([session(date(2024, 1, 3), (9, 15, 11, 0), (10, 0, 12, 0))], "times"),
        ([Session(date(2024, 1, 4), session(date(2024, 1, 3)).intervals, SessionKind.REGULAR, "x")], "another day"),
        ([Session(date(2024, 1, 3), (), SessionKind.REGULAR, "x")], "times"),
        ([Session(date(2024, 1, 3), session(date(2024, 1, 3)).intervals, SessionKind.REGULAR, " ")], "source"),
    ],
)
def test_an_impossible_table_is_refused(broken: list[Session], word: str) -> None:
    with pytest.raises(InputError, match=word):
        Calendar("NSE", "Asia/Kolkata", broken)


ZONES = [{"exchange": "NSE", "zone": "Asia/Kolkata", "source": "x"}, {"exchange": "BSE", "zone": "Asia/Kolkata"}]


def row(day: date, **changed: str) -> dict[str, str]:
    plain = {"exchanges": "NSE BSE", "date": str(day), "open": "09:15", "close": "15:30"}
    rest = {"second_open": "", "second_close": "", "kind": "regular", "source": "a test's"}
    return plain | rest | changed


def year(last: date = date(2024, 12, 31)) -> list[dict[str, str]]:
    return [row(day) for day in weekdays(FIRST, last)]


def test_rows_become_a_calendar_for_each_exchange_they_name() -> None:
    rows = year()
    rows[0] = row(FIRST, exchanges="NSE", second_open="16:00", second_close="17:00", kind="special")
    calendars = parse_calendars(ZONES, rows)
    held = calendars["NSE"].session(FIRST)
    assert held is not None
    assert held.kind is SessionKind.SPECIAL
    assert held.intervals == ((at(FIRST, 9, 15), at(FIRST, 15, 30)), (at(FIRST, 16, 0), at(FIRST, 17, 0)))
    assert calendars["BSE"].session(FIRST) is None
    assert all(two.date > one.date for one, two in pairwise(calendars["BSE"].sessions))


def test_a_year_that_was_only_begun_is_refused_so_that_it_is_not_taken_for_closed_days() -> None:
    with pytest.raises(InputError, match="only 23 sessions in 2024"):
        parse_calendars(ZONES, year(date(2024, 1, 31)))


@pytest.mark.parametrize(
    "changed",
    [
        {"date": "2024-13-01"},
        {"open": "0915"},
        {"open": "25:00"},
        {"close": ""},
        {"kind": "holiday"},
        {"second_open": "16:00"},
        {"source": ""},
        {"exchanges": "NSE MCX"},
    ],
)
def test_a_session_row_that_cannot_be_read_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(InputError):
        parse_calendars(ZONES, [row(FIRST, **changed), *year()[1:]])
