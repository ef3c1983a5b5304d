"""Signals as they stand now: the record's, with the newest report's over them, as it is written a moment after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sidecar.domain.clock import from_datetime
from sidecar.domain.report import DeskReport
from sidecar.domain.signals import Signal, SignalStatus

#: Reads signals in their newest state, newest first by (``at``, ``id``), by keyword: ``limit``, ``before``,
#: ``fund_id``, ``strategy`` (empty for all), ``since``, ``until``.
ReadPage = Callable[..., Sequence[Signal]]
#: Signals that one question to the record may give.
_CHUNK = 1_000


@dataclass(frozen=True)
class Wanted:
    """One page of signals, as for ``SpanQuery``; ``symbol`` and ``status`` empty are all."""

    limit: int
    before: tuple[int, str] | None = None
    fund_id: str = ""
    strategy: str = ""
    since: int | None = None
    until: int | None = None
    symbol: str = ""
    status: str = ""

    def holds(self, signal: Signal) -> bool:
        """Whether the signal belongs to this page or a later one."""
        asked = signal.request
        return (
            (self.before is None or place_of(signal) < self.before)
            and self.fund_id in ("", asked.fund_id)
            and self.strategy in ("", asked.strategy)
            and (self.since is None or signal.at >= self.since)
            and (self.until is None or signal.at < self.until)
            and self.symbol in ("", asked.symbol)
            and self.status in ("", signal.status)
        )


def place_of(signal: Signal) -> tuple[int, str]:
    """Where a signal stands in the list."""
    return signal.at, signal.id


def page_of(read: ReadPage, wanted: Wanted, report: DeskReport | None) -> tuple[Sequence[Signal], str | None]:
    """The page, and the time that it is true of: None where a signal of it may have been scored meanwhile."""
    told = {} if report is None else {signal.id: signal for signal in report.signals}
    found = {signal.id: signal for signal in told.values() if wanted.holds(signal)}
    before = wanted.before
    limit = _CHUNK if wanted.symbol or wanted.status else min(wanted.limit, _CHUNK)
    while True:
        rows = read(
            limit=limit,
            before=before,
            fund_id=wanted.fund_id,
            strategy=wanted.strategy,
            since=wanted.since,
            until=wanted.until,
        )
        known = [told.get(signal.id, signal) for signal in rows]
        found |= {signal.id: signal for signal in known if wanted.holds(signal)}
        # The report's are the newest of all, so that what is not read yet is older than all that was found.
        if len(rows) < limit or len(found) >= wanted.limit:
            break
        before = place_of(rows[-1])
    page = sorted(found.values(), key=place_of, reverse=True)[: wanted.limit]
    if report is None:
        return page, None
    now = from_datetime(report.timestamp)
    passed = any(one.status is SignalStatus.OPEN and one.due_at <= now and one.id not in told for one in page)
    return page, None if passed else report.timestamp.isoformat()
