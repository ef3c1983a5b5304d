"""Questions about what watches the desk: alerts, signals, performance, the system's state. Newest first, by the page.

Alerts and signals are decoded from the journal's own bytes in ``audit``, so they are exact.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import nan
from typing import Any

import msgspec

from sidecar.domain.alerts import Alert
from sidecar.domain.clock import to_datetime
from sidecar.domain.performance import PerformanceLine
from sidecar.domain.records import AlertRecorded, SignalRecorded
from sidecar.domain.signals import Signal
from sidecar.domain.system import SystemLine
from sidecar.store.columns import SCHEMAS
from sidecar.store.payloads import expect

Page = tuple[int, str]

#: What every question may bound: a span of ``timestamp``, and the place in the list, whose ties ``{tie}`` breaks.
_SPAN = """
    ($since IS NULL OR timestamp >= make_timestamptz($since::BIGINT))
      AND ($until IS NULL OR timestamp < make_timestamptz($until::BIGINT))
      AND ($id IS NULL OR (timestamp, {tie}) < (make_timestamptz($at::BIGINT), $id))
"""
_NEWEST = """
SELECT payload FROM audit JOIN (
    SELECT seq, timestamp, id FROM {table} WHERE {chosen} AND {span}
    ORDER BY timestamp DESC, id DESC LIMIT $limit
) AS page USING (seq) ORDER BY page.timestamp DESC, page.id DESC
"""
_SAMPLES = """
SELECT epoch_us(timestamp), {columns} FROM {table} WHERE {chosen} AND {span}
ORDER BY timestamp DESC, {tie} DESC LIMIT $limit
"""
_OF = "($fund_id = '' OR fund_id = $fund_id)"


def _records(table: str, chosen: str) -> str:
    return _NEWEST.format(table=table, chosen=chosen, span=_SPAN.format(tie="id"))


def _samples(table: str, chosen: str, tie: str) -> str:
    columns = ", ".join(SCHEMAS[table].names[1:])
    return _SAMPLES.format(table=table, columns=columns, chosen=chosen, tie=tie, span=_SPAN.format(tie=tie))


_ALERTS = _records("alerts", "($standing IS NULL OR resolved <> $standing) AND ($level = '' OR level = $level)")
_ALERT = "SELECT payload FROM audit WHERE seq = (SELECT seq FROM alerts WHERE id = $id)"
_SIGNALS = _records("signals", f"{_OF} AND ($strategy = '' OR strategy = $strategy)")
_PERFORMANCE = _samples("performance", _OF, "fund_id")
_SYSTEM = _samples("system_status", "true", "api_status")  # no two at one time; an empty id stands before any


class Watching(ABC):
    """The questions of :class:`~sidecar.store.reader.Reader` about alerts, signals, performance and the system.

    ``before`` is the (microseconds UTC, id) of the last row already seen; ``since`` (included) and ``until`` (not)
    bound the row's own time. None is unbounded.
    """

    @abstractmethod
    def _ask(self, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]: ...

    def alerts(
        self,
        limit: int,
        before: Page | None = None,
        since: int | None = None,
        until: int | None = None,
        standing: bool | None = None,
        level: str = "",
    ) -> list[Alert]:
        """Alerts in their newest state, newest first by (``at``, ``id``): the ``standing`` ones, those that ended, or
        both (None); of one ``level``, or of any.
        """
        rows = self._ask(_ALERTS, {**_page(limit, before, since, until), "standing": standing, "level": level})
        return [expect(row, AlertRecorded).alert for row in rows]

    def alert(self, alert_id: str) -> Alert | None:
        """The alert of that id in its newest state; None where there is none."""
        rows = self._ask(_ALERT, {"id": alert_id})
        return expect(rows[0], AlertRecorded).alert if rows else None

    def signals(
        self,
        limit: int,
        before: Page | None = None,
        fund_id: str = "",
        strategy: str = "",
        since: int | None = None,
        until: int | None = None,
    ) -> list[Signal]:
        """Signals in their newest state, newest first by (``at``, ``id``)."""
        asked = {**_page(limit, before, since, until), "fund_id": fund_id, "strategy": strategy}
        return [expect(row, SignalRecorded).signal for row in self._ask(_SIGNALS, asked)]

    def performance(
        self,
        limit: int,
        before: Page | None = None,
        fund_id: str = "",
        since: int | None = None,
        until: int | None = None,
    ) -> list[PerformanceLine]:
        """Performance as sampled, newest first by (``timestamp``, ``fund_id``); ``*`` is the whole desk."""
        asked = {**_page(limit, before, since, until), "fund_id": fund_id}
        return [_performance(row) for row in self._ask(_PERFORMANCE, asked)]

    def system(
        self, limit: int, before: Page | None = None, since: int | None = None, until: int | None = None
    ) -> list[SystemLine]:
        """Measurements of machine and process, newest first; the id of each is empty."""
        return [_system(row) for row in self._ask(_SYSTEM, _page(limit, before, since, until))]


def _page(limit: int, before: Page | None, since: int | None, until: int | None) -> dict[str, Any]:
    at, last = before or (0, None)
    return {"limit": limit, "at": at, "id": last, "since": since, "until": until}


def _fields(table: str, row: tuple[Any, ...]) -> dict[str, Any]:
    """The fields of a sample's line: its time aware, an unknown number NaN."""
    known = (nan if value is None else value for value in row[1:])
    return {"timestamp": to_datetime(row[0]), **dict(zip(SCHEMAS[table].names[1:], known, strict=True))}


def _performance(row: tuple[Any, ...]) -> PerformanceLine:
    return PerformanceLine(**_fields("performance", row))


def _system(row: tuple[Any, ...]) -> SystemLine:
    fields = _fields("system_status", row)
    for name, kind in (("problems", tuple[str, ...]), ("queues", dict[str, int]), ("feeds", dict[str, str])):
        fields[name] = msgspec.json.decode(fields[name], type=kind)
    return SystemLine(**fields)
