"""Which days the exchange lists contracts for: weekday rules by cycle, moved to the session before a closed day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import islice

import msgspec

from sidecar.domain.calendar import Calendar

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
CYCLES = ("monthly", "weekly", "quarterly", "half_yearly")
"""In the order they take their days: a weekly contract is not listed in a monthly contract's week, and so on."""

_MONTHS = {"monthly": range(1, 13), "quarterly": range(3, 13, 3), "half_yearly": range(6, 13, 6)}
_HORIZON = {"monthly": 200, "weekly": 80, "quarterly": 600, "half_yearly": 2000}  # days that hold all that is listed
_WEEK = timedelta(days=7)


class ExpiryRule(msgspec.Struct, frozen=True):
    """Contracts of a ``cycle`` fall on a ``weekday`` (0 is Monday), if scheduled from ``first`` to ``last``.

    ``listed`` of them trade at once. Monthly, quarterly and half-yearly contracts take the month's last such weekday.
    """

    cycle: str
    weekday: int
    first: date
    last: date
    listed: int

    def scheduled(self, start: date, end: date) -> Iterator[date]:
        """The days from ``start`` to ``end`` for which the rule schedules an expiry, in order."""
        start = max(start, self.first)
        end = min(end, self.last)
        day = start + timedelta(days=(self.weekday - start.weekday()) % 7)
        while day <= end:
            last_of_month = (day + _WEEK).month != day.month
            if self.cycle == "weekly" or (last_of_month and day.month in _MONTHS[self.cycle]):
                yield day
            day += _WEEK


def listed(rules: Sequence[ExpiryRule], on: date, calendar: Calendar) -> tuple[date, ...]:
    """The scheduled expiry days of the contracts that are listed on the day ``on``, in order.

    Weekly contracts skip the week of a monthly expiry, which NSE counts among the weekly ones. The days are scheduled
    ones; :meth:`~sidecar.domain.calendar.Calendar.expiry_day` says where a closed day moves them.
    """
    taken: list[date] = []
    for cycle in CYCLES:
        mine = [rule for rule in rules if rule.cycle == cycle]
        if not mine or on < min(rule.first for rule in mine):
            continue
        free = [day for day in _scheduled(mine, on) if day not in taken and _alive(day, on, calendar)]
        if cycle == "weekly":
            months = {_week(day) for day in _scheduled([rule for rule in rules if rule.cycle == "monthly"], on)}
            free = [day for day in free if _week(day) not in months]
        taken.extend(islice(free, max(rule.listed for rule in mine)))
    return tuple(sorted(taken))


def _scheduled(rules: Sequence[ExpiryRule], on: date) -> list[date]:
    return sorted(day for rule in rules for day in rule.scheduled(on, on + timedelta(days=_HORIZON[rule.cycle])))


def _alive(day: date, on: date, calendar: Calendar) -> bool:
    """A day a week away is alive whatever the holidays; the calendar, which may not reach it, is not asked."""
    return day >= on + _WEEK or calendar.expiry_day(day) >= on


def _week(day: date) -> date:
    return day - timedelta(days=day.weekday())
