"""Somebody who looks in every morning: a reset in each session, as a desk with a person at it would get one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sidecar.domain.calendar import Calendar
from sidecar.domain.clock import MINUTE
from sidecar.domain.commands import Reset
from sidecar.domain.events import AnyEvent, Beat

#: How often somebody looks in the first hour: what moved over night is no shock of five minutes by then, and a market
#: that is seen every quarter of an hour has been seen.
EVERY = 10 * MINUTE
LOOKS = 6
ACTOR = "backtest"
ASSUMPTION = "somebody resets the breaker in the first hour of each session, where nothing stands that tripped it"


def reset_each_session(events: Iterable[AnyEvent], calendar: Calendar) -> Iterator[AnyEvent]:
    """``events`` in order of time with a reset every ten minutes of the first hour of each session, after a beat.

    What still stands then is not reset: the desk refuses, as it would a person; what is active needs none.
    """
    due, day, looks = 0, 0, 0
    for event in events:
        yield event
        if not isinstance(event, Beat) or event.at < due:
            continue
        session = calendar.session_at(event.at)
        if session is None:
            continue
        if session.open_at != day:
            day, due, looks = session.open_at, session.open_at + EVERY, 0
        if event.at >= due:
            looks += 1
            due = event.at + EVERY if looks < LOOKS else session.close_at + 1
            name = f"{ACTOR}-{session.date}-{looks}"
            yield Reset(at=event.at, request_id=name, actor=ACTOR, reason="a person looks in every morning")
