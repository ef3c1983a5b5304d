from __future__ import annotations

from datetime import datetime

import pytest

from sidecar.domain.calendar import Calendar
from sidecar.domain.clock import DAY, MINUTE, from_datetime, iso
from sidecar.domain.errors import CalendarBeyond, InputError
from sidecar.domain.models import RunResult, TrainingRun
from sidecar.learning.schedule import Due, due, newest, run_at
from sidecar.reference import load_reference

AT = "16:00"


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return load_reference().calendar("NSE")


def local(text: str, calendar: Calendar) -> int:
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=calendar.zone))


def told(text: str, calendar: Calendar, done: str = "") -> Due | None:
    return due(local(text, calendar), calendar, AT, done)


def test_it_is_due_at_its_hour_of_every_session_and_only_once(calendar: Calendar) -> None:
    assert told("2026-09-07 15:59", calendar, "2026-09-04") is None
    assert told("2026-09-07 16:00", calendar, "2026-09-04") == Due("2026-09-07", False)
    assert told("2026-09-07 16:00", calendar, "2026-09-07") is None
    assert told("2026-09-07 23:59", calendar, "2026-09-07") is None


def test_after_a_boot_in_the_evening_it_is_caught_up_and_not_late(calendar: Calendar) -> None:
    assert told("2026-09-07 19:00", calendar, "2026-09-04") == Due("2026-09-07", False)


def test_after_a_boot_next_morning_it_is_late_and_comes_before_the_open(calendar: Calendar) -> None:
    assert told("2026-09-08 08:30", calendar, "2026-09-04") == Due("2026-09-07", True)


def test_of_many_missed_sessions_only_the_last_is_caught_up(calendar: Calendar) -> None:
    assert told("2026-09-25 08:00", calendar, "2026-09-04") == Due("2026-09-24", True)
    assert told("2026-09-25 08:00", calendar, "2026-09-24") is None


def test_a_holiday_and_a_weekend_have_none(calendar: Calendar) -> None:
    assert told("2026-01-15 16:30", calendar, "2026-01-14") is None
    assert told("2026-01-17 16:30", calendar, "2026-01-16") is None


def test_a_sunday_that_trades_has_one(calendar: Calendar) -> None:
    assert told("2026-02-01 16:00", calendar, "2026-01-30") == Due("2026-02-01", False)


def test_a_muhurat_evening_is_waited_for(calendar: Calendar) -> None:
    session = next(one for one in reversed(calendar.sessions) if one.kind.value == "muhurat")
    done = calendar.previous_session(session.date).date.isoformat()
    hour = max(session.close_at + 20 * MINUTE, local(f"{session.date} {AT}", calendar))
    assert run_at(session, calendar, AT) == hour
    assert due(hour - 1, calendar, AT, done) is None
    assert due(hour, calendar, AT, done) == Due(session.date.isoformat(), False)


def test_no_run_begins_before_its_session_has_settled(calendar: Calendar) -> None:
    for session in calendar.sessions[-250:]:
        assert run_at(session, calendar, "09:00") >= session.close_at + 10 * MINUTE


def test_every_session_of_the_table_is_run_for_exactly_once_at_any_pace(calendar: Calendar) -> None:
    last = calendar.sessions[-60:]
    done, runs = "", []
    for at in range(last[0].open_at, last[-1].close_at + DAY, 7 * MINUTE):
        if calendar.local_date(at) > calendar.last:
            break
        if (found := due(at, calendar, AT, done)) is not None and found.session >= last[0].date.isoformat():
            runs.append(found)
            done = found.session
    assert [run.session for run in runs] == [session.date.isoformat() for session in last]
    assert not any(run.late for run in runs)


def test_beyond_the_sessions_table_nothing_is_due_because_nobody_knows(calendar: Calendar) -> None:
    with pytest.raises(CalendarBeyond):
        told(f"{calendar.last.year + 1}-01-04 16:30", calendar)


def test_at_the_tables_first_day_nothing_came_before(calendar: Calendar) -> None:
    assert due(local(f"{calendar.first} 00:01", calendar), calendar, AT, "") is None


def test_an_hour_that_is_none_is_refused_by_name(calendar: Calendar) -> None:
    for wrong in ("4pm", "25:00", "", "16:00:00"):
        with pytest.raises(InputError, match="train_at"):
            run_at(calendar.sessions[-1], calendar, wrong)


def run(kind: str, session: str, started: int) -> TrainingRun:
    return TrainingRun("T1", kind, session, "f", "desk", RunResult.FAILED, started, started + 1, 0.1)


def test_a_daily_run_stands_for_its_session_and_another_for_all_that_were_due(calendar: Calendar) -> None:
    morning, evening = local("2026-09-08 10:00", calendar), local("2026-09-08 16:10", calendar)
    assert newest([], calendar, AT) == ""
    assert newest([run("first", "", morning)], calendar, AT) == "2026-09-07"
    assert newest([run("asked", "", evening)], calendar, AT) == "2026-09-08"
    assert newest([run("first", "", morning), run("daily", "2026-09-08", evening)], calendar, AT) == "2026-09-08"


def test_a_run_dated_beyond_the_table_stands_for_nothing(calendar: Calendar) -> None:
    beyond = local(f"{calendar.last.year + 1}-02-01 10:00", calendar)
    assert newest([run("first", "", beyond)], calendar, AT) == "", iso(beyond)
