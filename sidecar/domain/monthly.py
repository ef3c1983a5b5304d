"""Which of the listed expiries is a month's last: that of the futures."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from sidecar.domain.errors import CalendarBeyond
from sidecar.domain.reference import Reference

#: How many expiries are looked through for the month's last.
_AHEAD = (8, 6, 4, 2, 1)


def monthly(reference: Reference, underlying: str, day: date) -> date | None:
    """The nearest expiry on or after ``day`` that is its month's last; None where the sessions table ends before."""
    for count in _AHEAD:
        try:
            found = reference.expiries(underlying, day, count)
        except CalendarBeyond:
            continue
        return next((one for one, two in pairwise(found) if one.month != two.month), None)
    return None
