"""How a fund has done: growth, ratios of its returns, and what its round trips earned.

The equity on record is the source. A return is taken from one mark to the next, free of flows: capital that was added
or taken away in between is counted as there from the beginning of the step, and is neither profit nor loss.

Ratios are of one-minute returns of the last sessions until there are :data:`FEWEST` daily ones, and of daily closes
from then on. Both are annualised by the number of returns a year (252 days; for minutes, times the minutes of a
session), the mean by that number and the deviation by its root, which holds for returns without serial correlation
(Sharpe 1994; Lo 2002, "The Statistics of Sharpe Ratios", who also gives the error: about the root of
``periods_per_year / observations``, so that an hour of minutes says next to nothing about a year).

A minute's step is one minute long, or up to two where a trip was put on record in between. What is longer (a restart,
a break, stale marks, a closed night) is no minute's return and is left out there: the step over a night is in the daily
returns, from close to close, the first from the capital that the fund began with. A step over a session of which
nothing is on record is no day's and is left out too. What is left out of the ratios is in the growth nevertheless.
"""

from __future__ import annotations

from collections import deque
from datetime import date
from decimal import Decimal
from itertools import chain
from math import nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.book.position import ZERO
from sidecar.book.positions import RoundTrip
from sidecar.domain.clock import MINUTE

Floats = NDArray[np.float64]

#: With fewer returns than this a ratio is unknown.
FEWEST = 20
#: Trading days a year, by the custom of the field.
DAYS_A_YEAR = 252
SESSIONS_KEPT = 5
DAYS_KEPT = 3 * DAYS_A_YEAR
#: A deviation below this a step is the rounding of the returns, not a movement of the fund.
_NOISE = 1e-12


class Mark(NamedTuple):
    """A fund's equity from trusted marks at an instant (microseconds) of a session.

    ``before`` is the day of the session before; ``capital`` is None on old records.
    """

    at: int
    day: date
    before: date | None
    equity: Decimal
    capital: Decimal | None


class Ratios(NamedTuple):
    """Ratios of ``observations`` returns over ``interval`` (``1min`` or ``1d``), annualised."""

    sharpe: float
    sortino: float
    volatility: float
    interval: str
    periods_per_year: float
    observations: int


def sharpe(returns: Floats, periods_per_year: float) -> float:
    """Mean return over its deviation, a year, over a risk-free rate of zero (Sharpe 1994).

    NaN with fewer than :data:`FEWEST` returns, or where they do not vary.
    """
    spread = deviation(returns)
    return float(returns.mean()) / spread * sqrt(periods_per_year) if spread > _NOISE else nan


def sortino(returns: Floats, periods_per_year: float) -> float:
    """Mean return over the downside deviation, a year; the target is zero (Sortino and Price 1994).

    The downside deviation is the root mean square of what fell below the target, over all returns. NaN with fewer than
    :data:`FEWEST` of them, or where none fell.
    """
    if returns.size < FEWEST:
        return nan
    downside = sqrt(float((np.minimum(returns, 0.0) ** 2).mean()))
    return float(returns.mean()) / downside * sqrt(periods_per_year) if downside > _NOISE else nan


def volatility(returns: Floats, periods_per_year: float) -> float:
    """Deviation of the returns a year, as a fraction; NaN with fewer than :data:`FEWEST`, or where they do not vary."""
    spread = deviation(returns)
    return spread * sqrt(periods_per_year) if spread > _NOISE else nan


def deviation(returns: Floats) -> float:
    """Standard deviation of a sample (n - 1) of returns; NaN with fewer than :data:`FEWEST`."""
    return float(returns.std(ddof=1)) if returns.size >= FEWEST else nan


def win_rate(trips: int, winners: int) -> float:
    """The share of round trips that earned more than their fees; NaN before the first."""
    return winners / trips if trips else nan


class Earned:
    """What the round trips of a fund earned and lost, after fees; exact."""

    def __init__(self) -> None:
        self.profit = ZERO
        self.loss = ZERO

    def take(self, trip: RoundTrip) -> None:
        """Count one round trip."""
        self.profit += max(trip.net, ZERO)
        self.loss -= min(trip.net, ZERO)

    @property
    def factor(self) -> float:
        """Gross profit over gross loss; NaN while nothing was lost, since no number says that."""
        return float(self.profit / self.loss) if self.loss else nan


class Growth:
    """What one unit of money has become since the book began, whatever was added or taken away (time-weighted).

    Between two flows the growth is exactly the equity over what it began with, so nothing adds up but at a flow.
    """

    def __init__(self) -> None:
        self._linked = 1.0
        self._start: Decimal | None = None

    def flow(self, equity: Decimal, flow: Decimal) -> None:
        """Money came (or went, negative) when the fund was worth ``equity``."""
        if self._start is not None and flow:
            self._linked = 1.0 + self.rate(float(equity))
            self._start = equity + flow

    def begin(self, capital: Decimal) -> None:
        """The book began with this capital; later calls change nothing."""
        if self._start is None:
            self._start = capital

    def rate(self, equity: float) -> float:
        """The return so far if the fund is worth ``equity`` now; NaN where it began, or went on, with nothing."""
        start = float(self._start) if self._start is not None else nan
        return self._linked - 1.0 + self._linked * (equity - start) / start if start > 0.0 else nan

    def copy(self) -> Growth:
        """The same growth, to ask what another flow would make of it."""
        other = Growth()
        other._linked, other._start = self._linked, self._start
        return other


class History:
    """One fund's returns so far, from its equity marks in order; bounded, and the same after a restart."""

    def __init__(self) -> None:
        self._growth = Growth()
        self._sessions: deque[list[float]] = deque(maxlen=SESSIONS_KEPT)
        self._days: deque[float] = deque(maxlen=DAYS_KEPT)
        self._last: Mark | None = None
        self._anchor: Mark | None = None
        self._close: Mark | None = None
        self._ratios: Ratios | None = None

    def take(self, mark: Mark) -> None:
        """Take the next mark; one that is older than the last says nothing new."""
        last = self._last
        if last is not None and mark.at <= last.at:
            return
        if mark.capital is not None:
            self._growth.begin(mark.capital)
        if last is not None:
            self._growth.flow(last.equity, _flow(last, mark))
        if last is None or last.day != mark.day:
            self._new_day(last, mark)
        self._minute(mark)
        self._last = mark if mark.capital is not None or last is None else mark._replace(capital=last.capital)
        self._ratios = None

    def total_return(self, value: float, capital: Decimal) -> float:
        """The return since the book began, at this ``value`` and ``capital`` now; NaN where it is not known."""
        growth = self._growth.copy()
        growth.begin(capital)
        if self._last is not None and self._last.capital is not None:
            growth.flow(self._last.equity, capital - self._last.capital)
        return growth.rate(value)

    def ratios(self, session_minutes: float) -> Ratios:
        """The ratios of the daily returns, or, while there are too few, of the minutes."""
        daily, minutes_a_year = len(self._days) >= FEWEST, DAYS_A_YEAR * session_minutes
        periods = float(DAYS_A_YEAR) if daily else minutes_a_year
        if self._ratios is None or self._ratios.periods_per_year != periods:
            returns = np.fromiter(self._days if daily else chain.from_iterable(self._sessions), np.float64)
            each = (sharpe(returns, periods), sortino(returns, periods), volatility(returns, periods))
            self._ratios = Ratios(*each, "1d" if daily else "1min", periods, returns.size)
        return self._ratios

    def _new_day(self, last: Mark | None, mark: Mark) -> None:
        """The last mark of the day before is its close; a fund's first day begins with its capital."""
        self._sessions.append([])
        self._anchor = None
        if last is not None:
            if self._close is not None and self._close.day == last.before:
                _add(self._days, self._close, last)
            self._close = last
        elif mark.capital is not None and mark.before is not None:
            self._close = mark._replace(day=mark.before, equity=mark.capital)

    def _minute(self, mark: Mark) -> None:
        anchor = self._anchor
        elapsed = mark.at - anchor.at if anchor is not None else 2 * MINUTE
        if elapsed < MINUTE:
            return
        if anchor is not None and elapsed < 2 * MINUTE:
            _add(self._sessions[-1], anchor, mark)
        self._anchor = mark


def _flow(one: Mark, two: Mark) -> Decimal:
    """Money added between two marks; none where a record does not say."""
    return two.capital - one.capital if one.capital is not None and two.capital is not None else ZERO


def _add(returns: deque[float] | list[float], one: Mark, two: Mark) -> None:
    """Put the return of a step among the others, unless the fund had nothing then."""
    start = one.equity + _flow(one, two)
    if start > 0:
        returns.append(float(two.equity - start) / float(start))
