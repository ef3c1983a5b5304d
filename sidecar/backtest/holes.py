"""Where bars are missing, by the exchange's own sessions: whole days, ends of days, and holes inside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.backtest_result import DataNote
from sidecar.domain.calendar import Calendar, Session
from sidecar.domain.clock import MINUTE, to_datetime

Columns = Mapping[str, NDArray[Any]]
_DAYS_NAMED = 5


class _Hole(NamedTuple):
    """From when to when nothing is known, microseconds UTC."""

    start: int
    end: int

    @property
    def minutes(self) -> int:
        return -((self.start - self.end) // MINUTE)


def holes(columns: Columns, calendar: Calendar) -> Iterator[DataNote]:
    """What is missing of the sessions from the first bar's to the last's; bars are in order, each in a session.

    A break of the session is no hole. Yields a note on sessions without a bar, one on those that begin late or end
    early, and one on minutes that are missing in between, each where there is something to say.
    """
    at, closes_at = columns["at"], columns["closes_at"]
    if not len(at):
        return
    first, last = (calendar.local_date(int(end)) for end in (at[0], at[-1]))
    absent: list[Session] = []
    ends: dict[Session, int] = {}
    inside: list[_Hole] = []
    split = 0
    for session in calendar.sessions_between(first, last):
        start, stop = np.searchsorted(at, (session.open_at, session.close_at))
        if start == stop:
            absent.append(session)
            continue
        found = list(_holes(session, at[start:stop], closes_at[start:stop]))
        outer = [hole for hole in found if hole.start == session.open_at or hole.end == session.close_at]
        if outer:
            ends[session] = sum(hole.minutes for hole in outer)
        inner = [hole for hole in found if hole not in outer]
        inside += inner
        split += bool(inner)
    if absent:
        yield DataNote("session missing", len(absent), f"trading days without a bar: {_days(absent)}")
    if ends:
        told = f"sessions that begin late or end early, {sum(ends.values())} minutes in all: {_days(list(ends))}"
        yield DataNote("session cut short", len(ends), told)
    if inside:
        most = max(inside, key=lambda hole: hole.minutes)
        place = to_datetime(most.start).astimezone(calendar.zone).isoformat(timespec="minutes")
        told = f"minutes missing inside sessions: {len(inside)} holes split {split} of them, the longest {most.minutes}"
        told += f" from {place}"
        yield DataNote("gap", sum(hole.minutes for hole in inside), told)


def _holes(session: Session, at: NDArray[np.int64], closes_at: NDArray[np.int64]) -> Iterator[_Hole]:
    """What no bar covers of a session's intervals."""
    for opens, closes in session.intervals:
        start, stop = np.searchsorted(at, (opens, closes))
        begins = np.r_[at[start:stop], closes]
        ended = np.r_[opens, closes_at[start:stop]]
        for row in np.flatnonzero(begins > ended):
            yield _Hole(int(ended[row]), int(begins[row]))


def _days(sessions: list[Session]) -> str:
    named = ", ".join(session.date.isoformat() for session in sessions[:_DAYS_NAMED])
    more = len(sessions) - _DAYS_NAMED
    return named + (f" and {more} more" if more > 0 else "")
