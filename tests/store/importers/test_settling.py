"""Expiry days settle at the index's last value of the session, if it was seen near the close; else not at all."""

from datetime import date
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from sidecar.domain import clock
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.events import Settlement
from sidecar.store.importers.settling import settlements
from sidecar.store.importers.sift import Day

INDIA = ZoneInfo("Asia/Kolkata")
EXPIRY = date(2026, 8, 18)
CLOSE = clock.at_local(EXPIRY, 15, 40, INDIA)
INDEX = Contract("NIFTY", Kind.INDEX)
CALL = Contract("NIFTY", Kind.OPTION, EXPIRY, 24200.0, Right.CALL, CLOSE, 65)


def _day(*index_values: tuple[int, float], day: date = EXPIRY) -> Day:
    rows = [("NIFTY", at, last) for at, last in index_values] + [("NIFTY-20260818-24200-CE", CLOSE - 1, 5.0)]
    return Day(day, pd.DataFrame(rows, columns=["symbol", "at", "last"]), (INDEX, CALL))


def _settle(day: Day, *, hours: bool = True) -> tuple[tuple[Settlement, ...], tuple[str, ...]]:
    return settlements(day, INDIA, lambda _: hours)


def test_it_settles_at_the_close_at_the_last_value_and_says_when_that_was_seen() -> None:
    seen = CLOSE - 10 * clock.MINUTE
    settled, notes = _settle(_day((seen - 1, 24000.0), (seen, 24154.9)))
    assert settled == (Settlement(CLOSE, "NIFTY", "20260818", 24154.9, seen),)
    assert notes == ("NIFTY expiring 2026-08-18: settles at 24154.9, its index at 15:30:00",)


@pytest.mark.parametrize(("early", "count"), [(0, 1), (1, 0)])
def test_fifteen_minutes_before_the_close_is_the_earliest_value_that_counts(early: int, count: int) -> None:
    settled, notes = _settle(_day((CLOSE - 15 * clock.MINUTE - early, 24000.0)))
    assert len(settled) == count
    assert count or "last seen at 15:24:59, more than 15 minutes before the close at 15:40:00" in notes[0]


def test_without_an_index_value_or_known_hours_nothing_is_invented() -> None:
    assert _settle(_day()) == ((), ("NIFTY expiring 2026-08-18: no settlement, its index value is not in the data",))
    settled, notes = _settle(_day((CLOSE - 1, 24000.0)), hours=False)
    assert settled == ()
    assert "the hours of its exchange are not known" in notes[0]


def test_a_day_on_which_nothing_expires_settles_nothing() -> None:
    assert _settle(_day((CLOSE - 1, 24000.0), day=date(2026, 8, 17))) == ((), ())
