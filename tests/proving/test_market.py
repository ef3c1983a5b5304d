"""A tape as a market: a beat a second and a snapshot, a minute in a pause, none at night."""

from __future__ import annotations

from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.events import AnyEvent, Beat, Quote
from sidecar.proving.market import beaten

#: A whole minute.
T0 = 1_787_000_000 * SECOND // MINUTE * MINUTE


def beats(*seconds: float, hole: int = 10 * MINUTE) -> list[float]:
    times = [T0 + round(at * SECOND) for at in seconds]
    events: list[AnyEvent] = [Quote("NIFTY", at, at, last=24_700.0) for at in times]
    found = list(beaten(events, hole))
    assert [event for event in found if not isinstance(event, Beat)] == events
    assert [event.at for event in found] == sorted(event.at for event in found)
    return [(event.at - T0) / SECOND for event in found if isinstance(event, Beat)]


def test_a_dense_tape_beats_about_once_a_second_and_twice_at_its_end() -> None:
    assert beats(*[tenth / 10 for tenth in range(31)]) == [0.0, 0.9, 1.8, 2.7, 3.0, 4.0]


def test_a_snapshot_is_followed_by_a_beat_and_a_pause_has_one_a_minute() -> None:
    assert beats(0.0, 0.0, 0.0, 150.0, 150.0) == [0.0, 60.0, 120.0, 150.0, 151.0]


def test_a_night_has_no_beats_and_nothing_makes_none() -> None:
    assert beats(0.0, 60_000.0) == [0.0, 60_000.0, 60_001.0]
    assert beats() == []
