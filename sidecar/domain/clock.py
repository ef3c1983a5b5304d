"""Instants: whole microseconds since 1970-01-01 UTC inside, ISO 8601 with an offset on every wire.

An ``int`` compares, hashes and replays exactly, fits an Arrow ``timestamp[us]`` and a Python ``datetime`` alike.
Durations are microseconds too. The pure rooms never ask what time it is: it comes in with the event.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sidecar.domain.errors import InputError

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def from_datetime(moment: datetime, field: str = "time") -> int:
    """The instant of an aware ``datetime``; a naive one is refused with the name of its ``field``.

    >>> from_datetime(datetime(2026, 8, 18, 15, 30, tzinfo=ZoneInfo("Asia/Kolkata")))
    1787047200000000
    """
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise InputError(field, "has no time zone", "give an offset, as in 2026-08-18T15:30:00+05:30")
    return (moment - _EPOCH) // _MICROSECOND


def to_datetime(at: int) -> datetime:
    """The aware UTC ``datetime`` of an instant; exact to the microsecond."""
    return _EPOCH + timedelta(microseconds=at)


def iso(at: int) -> str:
    """ISO 8601 in UTC with an offset.

    >>> iso(1787047200000000)
    '2026-08-18T10:00:00+00:00'
    """
    return to_datetime(at).isoformat()


def parse(text: str, field: str = "time") -> int:
    """The instant of an ISO 8601 text that carries an offset; anything else is an :class:`InputError`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(field, f"{text[:40]!r} is not ISO 8601", "write 2026-08-18T15:30:00+05:30") from None
    return from_datetime(moment, field)


def at_local(day: date, hour: int, minute: int, zone: ZoneInfo) -> int:
    """The instant of a wall-clock time of a ``zone`` on a ``day``."""
    return from_datetime(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone))


def local_date(at: int, zone: ZoneInfo) -> date:
    """The calendar day of an instant in a ``zone``."""
    return to_datetime(at).astimezone(zone).date()
