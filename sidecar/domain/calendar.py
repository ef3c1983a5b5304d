"""When an exchange trades: the sessions that were notified, never a rule that guesses them.

A :class:`Calendar` is a table of sessions that covers whole years. Inside it a day without a session is closed; outside
it every question raises :class:`~sidecar.domain.errors.CalendarBeyond`, so that nothing trades on a guess.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from sidecar.domain import clock
from sidecar.domain.errors import CalendarBeyond, InputError

FEWEST_SESSIONS_A_YEAR = 200  # Indian exchanges hold about 247; fewer means a year that was only begun


class SessionKind(StrEnum):
    """``special`` is a session on a day or in hours out of the ordinary; ``muhurat`` the festive hour at Diwali."""

    REGULAR = "regular"
    SPECIAL = "special"
    MUHURAT = "muhurat"
    HALF = "half"


class Session(msgspec.Struct, frozen=True):
    """One day's trading: ``intervals`` [open, close) in microseconds UTC, in order; two where the day has a break."""

    date: date
    intervals: tuple[tuple[int, int], ...]
    kind: SessionKind
    source: str

    @property
    def open_at(self) -> int:
        """The first open of the day."""
        return self.intervals[0][0]

    @property
    def close_at(self) -> int:
        """The last close of the day."""
        return self.intervals[-1][1]

    @property
    def expires_contracts(self) -> bool:
        """Whether an expiry may fall on the day: a festive hour is a holiday to the derivatives' settlement.

        NSE moved the expiries of 2021-11-04 and 2025-10-21 to the day before, though both evenings traded.
        """
        return self.kind is not SessionKind.MUHURAT

    def is_open(self, at: int) -> bool:
        """Whether ``at`` lies in an interval of the session (a break is closed)."""
        return any(opens <= at < closes for opens, closes in self.intervals)


class Calendar:
    """The sessions of one exchange, in order; covers its first year to its last, whole. Immutable."""

    def __init__(self, exchange: str, zone_name: str, sessions: Iterable[Session]) -> None:
        self.exchange = exchange
        self.zone = ZoneInfo(zone_name)
        self.sessions: tuple[Session, ...] = tuple(sessions)
        self._dates = [session.date for session in self.sessions]
        if not self._dates:
            raise InputError("sessions", f"{exchange} has none", "add the exchange's published sessions")
        for session in self.sessions:
            _refuse_impossible(session, self.zone)
        for one, two in pairwise(self.sessions):
            if two.date <= one.date:
                raise InputError("sessions", f"{exchange} {two.date} follows {one.date}", "one row a day, in order")
        self.first = date(self._dates[0].year, 1, 1)
        self.last = date(self._dates[-1].year, 12, 31)
        self._by_date = {session.date: session for session in self.sessions}

    def session(self, day: date) -> Session | None:
        """The session of ``day``; None when the exchange is closed. :raises CalendarBeyond: outside the table."""
        self._refuse_beyond(day)
        return self._by_date.get(day)

    def session_at(self, at: int) -> Session | None:
        """The session with ``open_at <= at < close_at``, its break included; None when there is none."""
        session = self.session(self.local_date(at))
        return session if session is not None and session.open_at <= at < session.close_at else None

    def is_open(self, at: int) -> bool:
        """Whether the exchange trades at the instant ``at``. :raises CalendarBeyond: outside the table."""
        session = self.session_at(at)
        return session is not None and session.is_open(at)

    def next_session(self, after: date) -> Session:
        """The first session later than the day ``after``. :raises CalendarBeyond: the table does not reach it."""
        self._refuse_beyond(after)
        place = bisect_right(self._dates, after)
        if place == len(self._dates):
            raise CalendarBeyond(date(self.last.year + 1, 1, 1), self.first, self.last)
        return self.sessions[place]

    def previous_session(self, before: date) -> Session:
        """The last session earlier than the day ``before``. :raises CalendarBeyond: the table does not reach it."""
        self._refuse_beyond(before)
        place = bisect_left(self._dates, before)
        if place == 0:
            raise CalendarBeyond(date(self.first.year - 1, 12, 31), self.first, self.last)
        return self.sessions[place - 1]

    def sessions_between(self, first: date, last: date) -> tuple[Session, ...]:
        """The sessions from the day ``first`` to the day ``last``, both included."""
        self._refuse_beyond(first)
        self._refuse_beyond(last)
        return self.sessions[bisect_left(self._dates, first) : bisect_right(self._dates, last)]

    def expiry_day(self, scheduled: date) -> date:
        """The day a contract expires whose rule says ``scheduled``: that day, or the last full session before it."""
        session = self.session(scheduled)
        while session is None or not session.expires_contracts:
            session = self.previous_session(session.date if session is not None else scheduled)
        return session.date

    def local_date(self, at: int) -> date:
        """The exchange's calendar day at the instant ``at``."""
        return clock.local_date(at, self.zone)

    def days_left(self, at: int) -> int:
        """Calendar days from the day of ``at`` to the last day of the table; negative beyond it."""
        return (self.last - self.local_date(at)).days

    def _refuse_beyond(self, day: date) -> None:
        if not self.first <= day <= self.last:
            raise CalendarBeyond(day, self.first, self.last)


def parse_calendars(
    exchanges: Iterable[Mapping[str, str]], sessions: Iterable[Mapping[str, str]]
) -> dict[str, Calendar]:
    """Calendars by exchange from the rows of ``exchanges.csv`` and ``sessions.csv``.

    A session row holds ``exchanges`` (names parted by blanks), ``date``, ``open``, ``close``, ``second_open``,
    ``second_close`` (local times, HH:MM; the second pair empty on most days), ``kind`` and ``source``.

    :raises InputError: a row that cannot be read, or a year with too few sessions to be whole.
    """
    zones = {row["exchange"]: row["zone"] for row in exchanges}
    for exchange, zone in zones.items():
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError):
            raise InputError("exchanges", f"{exchange}: no time zone {zone!r}", "write Asia/Kolkata") from None
    found: dict[str, list[Session]] = {exchange: [] for exchange in zones}
    for row in sessions:
        by_zone: dict[str, Session] = {}
        for exchange in row["exchanges"].split():
            if exchange not in zones:
                raise InputError("sessions", f"{row['date']}: no exchange {exchange!r}", "add it to exchanges.csv")
            zone = zones[exchange]
            if zone not in by_zone:
                by_zone[zone] = _session(row, ZoneInfo(zone))
            found[exchange].append(by_zone[zone])
    calendars = {exchange: Calendar(exchange, zones[exchange], found[exchange]) for exchange in zones}
    for calendar in calendars.values():
        _refuse_partial_years(calendar)
    return calendars


def _session(row: Mapping[str, str], zone: ZoneInfo) -> Session:
    try:
        day = date.fromisoformat(row["date"])
        spans = [(row["open"], row["close"])]
        if row["second_open"] or row["second_close"]:
            spans.append((row["second_open"], row["second_close"]))
        intervals = tuple((_instant(day, opens, zone), _instant(day, closes, zone)) for opens, closes in spans)
        return Session(day, intervals, SessionKind(row["kind"]), row["source"])
    except (KeyError, ValueError) as problem:
        raise InputError("sessions", f"{row.get('date', '?')}: {problem}", "see data/reference/README.md") from None


def _instant(day: date, local_time: str, zone: ZoneInfo) -> int:
    hour, minute = local_time.split(":")
    return clock.at_local(day, int(hour), int(minute), zone)


def _refuse_impossible(session: Session, zone: ZoneInfo) -> None:
    instants = [instant for interval in session.intervals for instant in interval]
    if not instants or any(two <= one for one, two in pairwise(instants)):
        raise InputError("sessions", f"{session.date}: times do not follow each other", "open before close, then break")
    if any(clock.local_date(instant, zone) != session.date for instant in instants):
        raise InputError("sessions", f"{session.date}: a time of another day", "a session lies within its date")
    if not session.source.strip():
        raise InputError("sessions", f"{session.date}: no source", "say where the hours are published")


def _refuse_partial_years(calendar: Calendar) -> None:
    for year in range(calendar.first.year, calendar.last.year + 1):
        held = len(calendar.sessions_between(date(year, 1, 1), date(year, 12, 31)))
        if held < FEWEST_SESSIONS_A_YEAR:
            problem = f"{calendar.exchange} has only {held} sessions in {year}"
            raise InputError("sessions", problem, "add the whole year")
