"""Closed bars out of the desk's reports, live: what a rule is stepped with."""

from __future__ import annotations

from typing import NamedTuple

from sidecar.domain.clock import MINUTE, from_datetime
from sidecar.domain.errors import InputError
from sidecar.domain.report import DeskReport


class SeenBar(NamedTuple):
    """A bar [``at``, ``closes_at``) that has closed, microseconds UTC. ``first`` is the first that was seen of its
    session, ``last`` one that ends with it; ``session_closes_at`` is when that is.
    """

    at: int
    closes_at: int
    close: float
    first: bool
    session_closes_at: int

    @property
    def last(self) -> bool:
        return self.closes_at >= self.session_closes_at


class BarWatch:
    """The bars of ``period`` of one underlying, counted from the session's open; the last one ends with the session.

    A bar closes at the first report at or after its end, with the newest level whose own time lies inside it: what came
    later belongs to the next one, even where the same report tells of it. A span without a new level has no bar, so
    nothing is decided on it: an old price repeated is no news. A level from before the open or after the close is of no
    bar. Where a session has a break, bars go on being counted from its open.

    :raises InputError: ``period`` is not above zero.
    """

    def __init__(self, underlying: str, period: int = MINUTE) -> None:
        if period <= 0:
            raise InputError("period", f"{period} is not above zero", "give microseconds, as 60_000_000")
        self._underlying = underlying
        self._period = period
        self._session = (0, 0)
        self._open: SeenBar | None = None
        self._newest = 0
        self._last_of = 0  # the session that the newest bar belongs to, by its open

    def take(self, report: DeskReport) -> tuple[SeenBar, ...]:
        """The bars that this report closes, oldest first: seldom more than one."""
        if report.session_open_at is not None and report.session_close_at is not None:
            self._session = from_datetime(report.session_open_at), from_datetime(report.session_close_at)
        closed = []
        line = next((one for one in report.markets if one.symbol == self._underlying), None)
        if line is not None and line.timestamp is not None and line.spot_price > 0.0:
            seen_at = from_datetime(line.timestamp)
            if seen_at > self._newest:
                self._newest = seen_at
                closed += self._closed(seen_at)
                self._see(seen_at, line.spot_price)
        return (*closed, *self._closed(from_datetime(report.timestamp)))

    def _closed(self, at: int) -> list[SeenBar]:
        """The open bar, if ``at`` is past it."""
        if self._open is None or at < self._open.closes_at:
            return []
        closed, self._open = [self._open], None
        return closed

    def _see(self, at: int, level: float) -> None:
        opens, closes = self._session
        if not opens <= at < closes:
            return
        begins = opens + (at - opens) // self._period * self._period
        known = self._open
        first = known.first if known is not None else self._last_of != opens
        self._last_of = opens
        self._open = SeenBar(begins, min(begins + self._period, closes), level, first, closes)
