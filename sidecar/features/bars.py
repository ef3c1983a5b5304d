"""Bars out of what was seen: one at a time, by the exchange's own sessions, and none where nothing was seen."""

from __future__ import annotations

from math import inf, nan
from typing import NamedTuple

from sidecar.domain.bars import Bar
from sidecar.domain.calendar import Calendar, Session
from sidecar.domain.clock import MINUTE
from sidecar.domain.errors import InputError


class Seen(NamedTuple):
    """What was known of an underlying at the instant ``at``, microseconds UTC.

    ``volume`` is cumulative since the session's open. Unknown is NaN, and so is what is older than its limit.
    """

    at: int
    price: float
    volume: float = nan
    vix: float = nan
    future: float = nan


class _Span(NamedTuple):
    """The place of one bar in its session."""

    at: int
    closes_at: int
    minute: int
    minutes: int
    session: int


class BarBuilder:
    """Builds the bars of one symbol, [``at``, ``closes_at``), from observations in their order.

    A bar spans ``minutes`` minutes from the open of its interval, and the last one of an interval no more than is left
    of it; a break belongs to no bar. It closes at the first beat at or after its end, which is its ``known_at``.
    A span in which nothing was seen has no bar. A bar holds what was seen of its span: the first one after a start in
    the middle of a span holds the rest of it.

    Left out and counted: an observation before one already taken (``late``), outside the hours of trading (``outside``)
    and one without a finite price above zero (``unusable``). The last two still move the clock.

    ``volume`` is the difference of the last cumulative volumes known in this bar and in the one before, from 0 for a
    session's first bar. NaN where either is unknown, where the bar before is missing, and where the count fell.
    """

    def __init__(self, symbol: str, calendar: Calendar, *, source: str, simulated: bool, minutes: int = 1) -> None:
        """A builder that has seen nothing. :raises InputError: ``minutes`` is not above zero."""
        if minutes < 1:
            raise InputError("minutes", f"{minutes} is not above zero", "a bar lasts one minute or more")
        self.late = 0
        self.outside = 0
        self.unusable = 0
        self._symbol = symbol
        self._calendar = calendar
        self._source = source
        self._simulated = simulated
        self._length = minutes * MINUTE
        self._newest = -1
        self._session: Session | None = None
        self._span: _Span | None = None
        self._prices = (nan, nan, nan, nan)  # open, high, low, close
        self._last = Seen(-1, nan)
        self._counted = nan  # the newest cumulative volume of the bar
        self._from = nan  # the one that the bar's volume counts from
        self._fell = False

    def take(self, seen: Seen) -> Bar | None:
        """Take an observation; the bar that it closes, if it does: chain fields and cost NaN, ``known_at`` its time.

        :raises CalendarBeyond: the sessions table does not reach its day.
        """
        if seen.at < self._newest:
            self.late += 1
            return None
        closed = self.close(seen.at)
        if not 0.0 < seen.price < inf:
            self.unusable += 1
        elif self._span is not None or self._begin(seen.at):
            self._hold(seen)
        else:
            self.outside += 1
        return closed

    def close(self, at: int) -> Bar | None:
        """The bar whose end the clock has passed at ``at`` without an observation; None where there is none."""
        self._newest = max(self._newest, at)
        if self._span is None or at < self._span.closes_at:
            return None
        return self._end(self._span, at)

    def _begin(self, at: int) -> bool:
        """Open the bar of the instant; False outside the hours of trading."""
        session = self._session
        if session is None or not session.open_at <= at < session.close_at:
            session = self._calendar.session_at(at)
            if session is None:
                return False
            self._session, self._from, self._last = session, nan, Seen(-1, nan)
        self._span = span = _place(session, at, self._length)
        if span is None:
            return False
        if span.minute == 0:
            self._from = 0.0
        elif not self._follows(session, span):
            self._from = nan
        self._prices, self._counted, self._fell = (nan, -inf, inf, nan), nan, False
        return True

    def _follows(self, session: Session, span: _Span) -> bool:
        """Whether the last observation lies in the bar just before this one."""
        before = _place(session, self._last.at, self._length) if self._last.at >= 0 else None
        return before is not None and before.minute == span.minute - 1

    def _hold(self, seen: Seen) -> None:
        opened, high, low, _ = self._prices
        first = opened != opened
        self._prices = (seen.price if first else opened, max(high, seen.price), min(low, seen.price), seen.price)
        known = self._counted if self._counted == self._counted else self._from
        self._fell |= seen.volume < known
        if 0.0 <= seen.volume < inf:
            self._counted = seen.volume
        self._last = seen

    def _end(self, span: _Span, at: int) -> Bar:
        opened, high, low, closed = self._prices
        volume = nan if self._fell else self._counted - self._from
        self._span, self._from = None, self._counted
        return Bar(
            symbol=self._symbol,
            at=span.at,
            closes_at=span.closes_at,
            known_at=at,
            source=self._source,
            simulated=self._simulated,
            open=opened,
            high=high,
            low=low,
            close=closed,
            volume=volume,
            minute=float(span.minute),
            minutes=float(span.minutes),
            session=float(span.session),
            vix=self._last.vix,
            future=self._last.future,
        )


def _place(session: Session, at: int, length: int) -> _Span | None:
    """The bar of ``length`` microseconds that holds an instant of the session; None in its break."""
    counts = [-((opens - closes) // length) for opens, closes in session.intervals]
    before = 0
    for (opens, closes), count in zip(session.intervals, counts, strict=True):
        if opens <= at < closes:
            number = (at - opens) // length
            begins = opens + number * length
            ends = min(begins + length, closes)
            return _Span(begins, ends, before + number, sum(counts), session.date.toordinal())
        before += count
    return None
