"""``/api/v1/monitoring/status`` and ``/system``: what this process has told, and how it and its machine have been."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from sidecar.domain.clock import from_datetime, iso, parse
from sidecar.domain.system import SystemLine
from sidecar.servers import examples_system as e
from sidecar.servers import monitoring
from sidecar.servers.auth import Auth
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import Ports
from sidecar.servers.rest import Cursor, PageSize, page, page_query, recorded
from sidecar.servers.routes import Row, answer, mount
from sidecar.servers.witness import Since, Until

#: (at most so many, before (time, ""), since, until), microseconds UTC, to lines, newest first.
Lines = Callable[[int, tuple[int, str] | None, int | None, int | None], Sequence[SystemLine]]


@dataclass(frozen=True)
class Told:
    """What this run has told so far; each callable answers at once. ``latest`` is the newest measurement."""

    latest: Callable[[], SystemLine | None]
    connections: Callable[[], int]
    performance: Callable[[], int]
    signals: Callable[[], int]
    measurements: Callable[[], int]


class System:
    """The endpoints; each method's text stands in the API's document."""

    def __init__(self, ports: Ports, told: Told, lines: Lines) -> None:
        self._ports = ports
        self._told = told
        self._lines = lines

    async def status(self) -> Response:
        """Open sockets and standing alerts now; updates of performance, signals and measurements since the start.

        `active_alerts` is null until the desk has reported.
        """
        published, told = self._ports.latest(), self._told
        standing = None if published is None else sum(not alert.resolved for alert in published.report.alerts)
        return answer(
            {
                "active_connections": told.connections(),
                "active_alerts": standing,
                "performance_updates": told.performance(),
                "trading_signals": told.signals(),
                "system_status_updates": told.measurements(),
                "timestamp": iso(self._ports.wall_now()),
            }
        )

    async def system(
        self, limit: PageSize = 100, cursor: Cursor = "", since: Since = None, until: Until = None
    ) -> Response:
        """The process and its machine, measured every few seconds, newest first; what cannot be measured is null.

        Shares are fractions; `process_cpu` is of one core. `loop_lag_s` is how late the desk was at most since the
        measurement before. `api_status` is `ok`, `degraded` or `stopped`, and `problems` say why. `from` and `to` bound
        the time, which is the wall's; `as_of` is the newest measurement's.
        """
        query = page_query(limit, cursor, "", "")
        start, end = (None if text is None else parse(text, name) for name, text in (("from", since), ("to", until)))
        newest = self._told.latest()
        rows = await recorded(self._ports, lambda: self._lines(query.limit, query.before, start, end))
        if query.before is None and newest is not None and _within(newest, start, end):
            rows = _merged(newest, rows)
        as_of = newest.timestamp.isoformat() if newest is not None else None
        return page("system", rows, limit, lambda line: (_at(line), ""), monitoring.system, as_of)


def _at(line: SystemLine) -> int:
    return from_datetime(line.timestamp)


def _within(line: SystemLine, since: int | None, until: int | None) -> bool:
    return (since is None or _at(line) >= since) and (until is None or _at(line) < until)


def _merged(newest: SystemLine, rows: Sequence[SystemLine]) -> Sequence[SystemLine]:
    """With the measurement that the record, a moment behind, may not hold yet."""
    return rows if rows and rows[0].timestamp >= newest.timestamp else [newest, *rows]


def router(ports: Ports, keys: KeyStore, told: Told, lines: Lines) -> APIRouter:
    """The routes, for ``create_app(…, routers=[…])``."""
    at = System(ports, told, lines)
    rows = (
        Row("GET", "/status", Role.VIEWER, at.status, "What this run has told", answers=e.STATUS),
        Row("GET", "/system", Role.VIEWER, at.system, "Process and machine", answers=e.SYSTEM, fails=(422, 503)),
    )
    return mount(APIRouter(prefix="/api/v1/monitoring", tags=["monitoring"]), rows, Auth(keys, ports))
