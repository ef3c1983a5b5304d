"""The equity of a run by session of the exchange: where each ends, and what it returned."""

from __future__ import annotations

from datetime import date, timedelta
from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.backtest.executed import Executed
from sidecar.domain.calendar import Calendar
from sidecar.domain.clock import at_local

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


class Curve(NamedTuple):
    """The marks of a run that are numbers, n of them, in d sessions.

    ``at`` (n,), ``equity`` (n,) and ``notional`` (n,) are as in :class:`Executed`; ``session`` (n,) is the place of
    each mark's day in ``days`` (d,), which are ordinals of the exchange's days, ascending. ``last`` (d,) is the place
    of each day's last mark. ``capital`` is what the first return is against.
    """

    at: Whole
    equity: Floats
    notional: Floats
    session: Whole
    days: Whole
    last: Whole
    capital: float

    def returns(self) -> Floats:
        """One return a session, (d,): from the last mark of the one before, the first from the capital.

        NaN where there was nothing left to earn a return on.
        """
        ends = self.equity[self.last]
        return over(ends, np.concatenate([[self.capital], ends[:-1]])) if ends.size else ends

    def base(self) -> Floats:
        """What each session began with, (d,)."""
        return np.concatenate([[self.capital], self.equity[self.last]])[: self.days.size]


def curve_of(run: Executed, capital: float, calendar: Calendar) -> Curve:
    """The marks of a run by session, without those whose equity is not known; days without marks are not there."""
    known = np.isfinite(run.equity)
    at, equity, notional = run.marks_at[known], run.equity[known], run.notional[known]
    days, session = np.unique(days_of(at, calendar), return_inverse=True)
    last = np.searchsorted(session, np.arange(days.size), side="right") - 1
    return Curve(at, equity, notional, session.astype(np.int64), days, last.astype(np.int64), float(capital))


def days_of(at: Whole, calendar: Calendar) -> Whole:
    """The ordinal of the exchange's day of each instant, in order of time, (n,)."""
    if not len(at):
        return np.empty(0, np.int64)
    first, final = calendar.local_date(int(at[0])), calendar.local_date(int(at[-1]))
    span = range((final - first).days + 1)
    midnights = [at_local(first + timedelta(days=day), 0, 0, calendar.zone) for day in span]
    return np.asarray(first.toordinal() + np.searchsorted(midnights, at, side="right") - 1, np.int64)


def day_of(at: int, calendar: Calendar) -> int:
    """The ordinal of the exchange's day of one instant."""
    return calendar.local_date(at).toordinal()


def over(ends: Floats, starts: Floats) -> Floats:
    """The return from each start to its end; NaN where the start is nothing or less."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(starts > 0.0, ends / starts - 1.0, nan)


def dated(days: Whole) -> list[date]:
    """Days by their ordinals."""
    return [date.fromordinal(int(day)) for day in days]


def session_returns(run: Executed, capital: float, calendar: Calendar) -> tuple[Whole, Floats]:
    """The days (d,) that have a mark, as ordinals, and the return of each, (d,): see :meth:`Curve.returns`."""
    curve = curve_of(run, capital, calendar)
    return curve.days, curve.returns()
