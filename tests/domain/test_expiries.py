"""Weekday rules: what they schedule and what is listed at once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain import clock
from sidecar.domain.calendar import Calendar, Session, SessionKind
from sidecar.domain.expiries import ExpiryRule, listed

FIRST, LAST = date(2023, 1, 1), date(2025, 12, 31)
TUESDAY, THURSDAY = 1, 3


def calendar(*closed: date) -> Calendar:
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    sessions = []
    for day in (day for day in days if day.weekday() < 5 and day not in closed):
        opens = clock.from_datetime(datetime.fromisoformat(f"{day}T09:15:00+05:30"))
        sessions.append(Session(day, ((opens, opens + 375 * clock.MINUTE),), SessionKind.REGULAR, "a test's"))
    return Calendar("NSE", "Asia/Kolkata", sessions)


ORDINARY = calendar()
WEEKLY = ExpiryRule("weekly", THURSDAY, FIRST, date.max, 4)
MONTHLY = ExpiryRule("monthly", THURSDAY, FIRST, date.max, 3)
QUARTERLY = ExpiryRule("quarterly", THURSDAY, FIRST, date.max, 3)
HALF_YEARLY = ExpiryRule("half_yearly", THURSDAY, FIRST, date.max, 2)


def days(*texts: str) -> tuple[date, ...]:
    return tuple(date.fromisoformat(text) for text in texts)


def test_monthly_contracts_take_the_last_weekday_of_the_month() -> None:
    found = tuple(MONTHLY.scheduled(date(2024, 1, 1), date(2024, 4, 30)))
    assert found == days("2024-01-25", "2024-02-29", "2024-03-28", "2024-04-25")


@pytest.mark.parametrize(("rule", "months"), [(QUARTERLY, {3, 6, 9, 12}), (HALF_YEARLY, {6, 12})])
def test_longer_cycles_have_their_months(rule: ExpiryRule, months: set[int]) -> None:
    assert {day.month for day in rule.scheduled(date(2024, 1, 1), date(2024, 12, 31))} == months


def test_a_rule_schedules_nothing_outside_its_days() -> None:
    rule = ExpiryRule("weekly", THURSDAY, date(2024, 1, 5), date(2024, 1, 18), 4)
    assert tuple(rule.scheduled(FIRST, LAST)) == days("2024-01-11", "2024-01-18")


def test_each_cycle_lists_its_number_beside_the_others() -> None:
    found = listed([WEEKLY, MONTHLY, QUARTERLY, HALF_YEARLY], date(2024, 1, 1), ORDINARY)
    weekly = days("2024-01-04", "2024-01-11", "2024-01-18", "2024-02-01")
    monthly = days("2024-01-25", "2024-02-29", "2024-03-28")
    longer = days("2024-06-27", "2024-09-26", "2024-12-26", "2025-06-26", "2025-12-25")
    assert found == tuple(sorted((*weekly, *monthly, *longer)))


def test_no_weekly_contract_in_the_week_of_a_monthly_one_though_the_weekdays_differ() -> None:
    found = listed([ExpiryRule("weekly", TUESDAY, FIRST, date.max, 4), MONTHLY], date(2024, 1, 22), ORDINARY)
    assert date(2024, 1, 23) not in found
    assert found[:2] == days("2024-01-25", "2024-01-30")


def test_nothing_is_listed_before_the_launch_or_after_the_last_day() -> None:
    rule = ExpiryRule("weekly", THURSDAY, date(2024, 2, 1), date(2024, 3, 7), 4)
    assert listed([rule], date(2024, 1, 31), ORDINARY) == ()
    assert listed([rule], date(2024, 3, 7), ORDINARY) == days("2024-03-07")
    assert listed([rule], date(2024, 3, 8), ORDINARY) == ()


def test_a_contract_that_expired_before_the_holiday_it_was_scheduled_on_is_gone() -> None:
    holiday = calendar(date(2024, 1, 4))
    assert listed([WEEKLY], date(2024, 1, 3), holiday)[0] == date(2024, 1, 4)
    assert listed([WEEKLY], date(2024, 1, 4), holiday)[0] == date(2024, 1, 11)


@given(st.dates(date(2023, 6, 1), date(2025, 6, 1)))
def test_listed_days_are_in_order_once_each_and_not_past(on: date) -> None:
    found = listed([WEEKLY, MONTHLY, QUARTERLY], on, ORDINARY)
    assert all(one < two for one, two in pairwise(found))
    assert found[0] >= on
    assert len(found) == 10
    assert found[0] - on < timedelta(days=7)
