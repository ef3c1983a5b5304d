"""Instants: exact, aware, and refused where they are neither."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain import clock
from sidecar.domain.errors import InputError

KOLKATA = ZoneInfo("Asia/Kolkata")
FIRST, LAST = datetime.fromisoformat("1970-01-02"), datetime.fromisoformat("2100-01-01")
NAIVE = datetime.fromisoformat("2026-08-18")
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.sampled_from([UTC, KOLKATA]))


@given(MOMENTS)
def test_a_moment_survives_the_way_there_and_back_to_the_microsecond(moment: datetime) -> None:
    at = clock.from_datetime(moment)
    assert clock.to_datetime(at) == moment
    assert clock.parse(clock.iso(at)) == at


@given(MOMENTS, MOMENTS)
def test_instants_order_as_moments_do(first: datetime, second: datetime) -> None:
    assert (clock.from_datetime(first) < clock.from_datetime(second)) == (first < second)


def test_the_zone_of_a_moment_does_not_change_its_instant() -> None:
    there = datetime(2026, 8, 18, 15, 30, tzinfo=KOLKATA)
    assert clock.from_datetime(there) == clock.from_datetime(there.astimezone(timezone(timedelta(hours=-7))))


def test_a_naive_moment_is_refused_with_the_name_of_its_field() -> None:
    with pytest.raises(InputError, match="expiry: has no time zone; give an offset"):
        clock.from_datetime(NAIVE, "expiry")
    with pytest.raises(InputError, match="from: has no time zone"):
        clock.parse("2026-08-18T15:30:00", "from")


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", "18/08/2026", "x" * 200])
def test_what_is_no_iso_time_is_refused_and_not_echoed_at_length(text: str) -> None:
    with pytest.raises(InputError, match="is not ISO 8601") as refused:
        clock.parse(text)
    assert len(str(refused.value)) < 160


def test_a_wall_clock_time_of_a_zone_is_one_instant_and_its_day_is_the_zones() -> None:
    late = clock.at_local(date(2026, 8, 18), 1, 0, KOLKATA)
    assert clock.iso(late) == "2026-08-17T19:30:00+00:00"
    assert clock.local_date(late, KOLKATA) == date(2026, 8, 18)
