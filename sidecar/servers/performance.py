"""``/api/v1/monitoring/performance``: how each fund has done, line by line, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from sidecar.domain import clock
from sidecar.domain.clock import parse
from sidecar.domain.performance import PerformanceLine
from sidecar.servers import examples_performance as e
from sidecar.servers import monitoring
from sidecar.servers.auth import Auth
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import Ports
from sidecar.servers.rest import Cursor, PageSize, page, page_query, recorded
from sidecar.servers.routes import Row, mount
from sidecar.servers.witness import Since, Until

FundOrAll = Annotated[
    str, Query(max_length=64, pattern=r"^[A-Za-z0-9_.:*-]*$", description="One fund's alone; `*` is the desk's")
]

#: (at most so many, before (time, fund), fund, since, until) to lines, newest first.
Lines = Callable[[int, tuple[int, str] | None, str, int | None, int | None], Sequence[PerformanceLine]]


class Performance:
    """The endpoint."""

    def __init__(self, ports: Ports, lines: Lines) -> None:
        self._ports = ports
        self._lines = lines

    async def performance(
        self, limit: PageSize = 100, cursor: Cursor = "", fund_id: FundOrAll = "", since: Since = None,
        until: Until = None,
    ) -> Response:  # fmt: skip
        """Performance on record, newest first, a line a fund every five seconds and at each fill; `*` is the desk's.

        `total_return` is since the book began and free of flows: capital that was added or taken away is no return.
        `daily_return` is since the session's open, on capital. Sharpe, Sortino and volatility are annualised from
        `observations` returns over `interval` by `periods_per_year`, at a risk-free rate of zero; their error is about
        the root of `periods_per_year / observations`. What is not known is null: a ratio of fewer than 20 returns, a
        profit factor while nothing was lost. `from` and `to` bound the time; `as_of` is the newest line's here.
        """
        before = page_query(limit, cursor, "", "").before
        bounds = [None if text is None else parse(text, name) for name, text in (("from", since), ("to", until))]
        rows = await recorded(self._ports, lambda: self._lines(limit + 1, before, fund_id, *bounds))
        as_of = rows[0].timestamp.isoformat() if rows else None
        return page("performance", rows, limit, place_of, monitoring.performance, as_of)


def place_of(line: PerformanceLine) -> tuple[int, str]:
    """Where a line stands in the list."""
    return clock.from_datetime(line.timestamp), line.fund_id


def router(ports: Ports, keys: KeyStore, lines: Lines) -> APIRouter:
    """The route, for ``create_app(…, routers=[…])``."""
    at = Performance(ports, lines)
    rows = (
        Row("GET", "/performance", Role.VIEWER, at.performance, "Performance of the funds", answers=e.PERFORMANCE,
            fails=(422, 503)),
    )  # fmt: skip
    return mount(APIRouter(prefix="/api/v1/monitoring", tags=["monitoring"]), rows, Auth(keys, ports))
