"""When the training after the session is due: once a session, by the exchange's own sessions, never by the weekday."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sidecar.domain import clock
from sidecar.domain.calendar import Calendar, Session, SessionKind
from sidecar.domain.clock import MINUTE
from sidecar.domain.errors import CalendarBeyond, InputError
from sidecar.domain.models import TrainingRun

#: How long after a session's close its last bars are complete; a festive hour's quotes straggle longer.
SETTLES_US = 10 * MINUTE
FESTIVE_SETTLES_US = 20 * MINUTE


class Due(NamedTuple):
    """A run that is to begin: of ``session`` (ISO); ``late`` when that day is over."""

    session: str
    late: bool


def run_at(session: Session, calendar: Calendar, train_at: str) -> int:
    """When the run of ``session`` is due, microseconds UTC: at ``train_at`` (HH:MM, the exchange's time) of its day,
    or, where the session ends later than that, ten minutes after its close; twenty after a festive hour's.

    :raises InputError: ``train_at`` is no time of day.
    """
    try:
        hour, minute = (int(part) for part in train_at.split(":"))
        wanted = clock.at_local(session.date, hour, minute, calendar.zone)
    except ValueError:
        raise InputError("train_at", f"{train_at[:20]!r} is no time of day", "write 16:00") from None
    settles = FESTIVE_SETTLES_US if session.kind is SessionKind.MUHURAT else SETTLES_US
    return max(wanted, session.close_at + settles)


def due(now: int, calendar: Calendar, train_at: str, done: str) -> Due | None:
    """The run that is due at ``now`` and not among those done; None when there is none.

    ``done`` is the newest session (ISO) that was run for, whatever came of it; empty for none. Of several sessions that
    were missed only the last is caught up: its run learns from all of them.

    :raises CalendarBeyond: ``now`` is outside the sessions table: then nothing is due, for nobody knows.
    """
    session = _last(now, calendar, train_at)
    if session is None or session.date.isoformat() <= done:
        return None
    return Due(session.date.isoformat(), calendar.local_date(now) > session.date)


def newest(runs: Iterable[TrainingRun], calendar: Calendar, train_at: str) -> str:
    """The newest session that ``runs`` stand for: a daily run for its own, any other for all that were due when it
    began.
    """
    found = [""]
    for run in runs:
        try:
            before = None if run.session else _last(run.started_at, calendar, train_at)
        except CalendarBeyond:
            continue
        found.append(run.session or (before.date.isoformat() if before else ""))
    return max(found)


def _last(now: int, calendar: Calendar, train_at: str) -> Session | None:
    """The last session whose run was due by ``now``."""
    day = calendar.local_date(now)
    session = calendar.session(day)
    while session is None or run_at(session, calendar, train_at) > now:
        try:
            session = calendar.previous_session(session.date if session is not None else day)
        except CalendarBeyond as beyond:
            if calendar.first <= day <= calendar.last:
                return None  # the table's first days: nothing came before them
            raise beyond
    return session
