"""Somebody looks in every morning: six resets in the first hour, and none later."""

from __future__ import annotations

from datetime import date

from sidecar.backtest.resets import EVERY, LOOKS, reset_each_session
from sidecar.domain.clock import MINUTE
from sidecar.domain.commands import Reset
from sidecar.domain.events import Beat
from tests.backtest.tapes import CALENDAR

MONDAY, TUESDAY = (CALENDAR.session(day) for day in (date(2026, 4, 6), date(2026, 4, 7)))
assert MONDAY is not None
assert TUESDAY is not None
OPENS = MONDAY.open_at, TUESDAY.open_at


def test_each_session_has_six_resets_in_its_first_hour_and_none_after() -> None:
    beats = [Beat(opens + minute * MINUTE) for opens in OPENS for minute in range(-30, 120, 5)]
    found = list(reset_each_session(beats, CALENDAR))
    resets = [(place, event) for place, event in enumerate(found) if isinstance(event, Reset)]
    assert [event.at for _, event in resets] == [
        opens + look * EVERY for opens in OPENS for look in range(1, LOOKS + 1)
    ]
    assert len({event.request_id for _, event in resets}) == len(resets)
    assert all(found[place - 1] == Beat(event.at) for place, event in resets)
    assert [event for event in found if isinstance(event, Beat)] == beats
