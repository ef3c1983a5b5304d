"""Round trips over REST, page by page, and as one CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from fastapi import APIRouter, Depends
from starlette.responses import Response

from sidecar.domain.clock import iso, parse
from sidecar.servers import examples_signals as e
from sidecar.servers.auth import Auth
from sidecar.servers.cells import cell
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import Ports, SpanQuery
from sidecar.servers.problems import Problem
from sidecar.servers.rest import Cursor, Fund, PageSize, page, page_query, reading
from sidecar.servers.routes import Row, declared, failing, mount
from sidecar.servers.witness import Since, Until

#: Rows that one file may have.
MOST_ROWS = 100_000
COLUMNS = ("id", "fund_id", "strategy", "symbol", "opened_at", "closed_at", "realized", "fees", "net")


class Trip(Protocol):
    """One position from flat to flat. Money is exact, times are microseconds UTC; ``net`` is after fees."""

    @property
    def fund_id(self) -> str: ...
    @property
    def strategy(self) -> str: ...
    @property
    def symbol(self) -> str: ...
    @property
    def opened_at(self) -> int: ...
    @property
    def closed_at(self) -> int: ...
    @property
    def realized(self) -> Decimal: ...
    @property
    def fees(self) -> Decimal: ...
    @property
    def net(self) -> Decimal: ...


class Trade(NamedTuple):
    """A round trip and its number in the order in which they closed."""

    id: str
    trip: Trip


def place_of(trade: Trade) -> tuple[int, str]:
    """Where a round trip stands in the list."""
    return trade.trip.closed_at, trade.id


def found(trips: Sequence[Trip], query: SpanQuery) -> list[Trade]:
    """The round trips that a query asks for, newest first; ``since`` and ``until`` bound when they closed."""
    rows = [
        Trade(f"T{number:08d}", trip)
        for number, trip in enumerate(trips, 1)
        if query.fund_id in ("", trip.fund_id)
        and query.strategy in ("", trip.strategy)
        and (query.since is None or trip.closed_at >= query.since)
        and (query.until is None or trip.closed_at < query.until)
    ]
    rows.sort(key=place_of, reverse=True)
    return [row for row in rows if query.before is None or place_of(row) < query.before][: query.limit]


def shown(trade: Trade) -> dict[str, Any]:
    """One round trip as it is told."""
    told = {name: getattr(trade.trip, name) for name in COLUMNS if name != "id"}
    times = {name: iso(told[name]) for name in ("opened_at", "closed_at")}
    return {"id": trade.id, **told, **times}


def table(trades: Sequence[Trade]) -> str:
    """The CSV text (RFC 4180): a text that a spreadsheet would take for a formula begins with an apostrophe.

    Money stands as a number with all its digits, also where it is negative.
    """
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(COLUMNS)
    writer.writerows([cell(value) for value in shown(trade).values()] for trade in trades)
    return made.getvalue()


class Trades:
    """The endpoints. ``trips`` gives what has closed, in that order; it waits for nothing."""

    def __init__(self, ports: Ports, trips: Callable[[], Sequence[Trip]]) -> None:
        self._ports = ports
        self._trips = trips

    async def trades(
        self,
        limit: PageSize = 100,
        cursor: Cursor = "",
        fund_id: Fund = "",
        strategy: Fund = "",
        since: Since = None,
        until: Until = None,
    ) -> Response:
        """Round trips, a position from flat to flat, newest first by when they closed; `from` and `to` bound that.

        `realized` is by average cost and before `fees`; `net` is after them.
        """
        query = _query(limit + 1, cursor, fund_id, strategy, since, until)
        rows, as_of = await self._found(query)
        return page("trades", rows, limit, place_of, shown, as_of)

    async def file(self, fund_id: Fund = "", strategy: Fund = "", since: Since = None, until: Until = None) -> Response:
        """The same, whole, as one CSV file of at most 100,000 rows; more are refused, and none is left out.

        A text that begins with = + - or @ has an apostrophe before it, so that no spreadsheet runs it.
        """
        rows, _ = await self._found(_query(MOST_ROWS + 1, "", fund_id, strategy, since, until))
        if len(rows) > MOST_ROWS:
            problem = f"the file would have more than {MOST_ROWS} rows; narrow it with from and to"
            raise Problem(422, f"from: {problem}", errors=[{"field": "from", "problem": problem}])
        body = (await reading(lambda: table(rows))).encode()
        return Response(body, headers=_FILE, media_type="text/csv; charset=utf-8")

    async def _found(self, query: SpanQuery) -> tuple[list[Trade], str | None]:
        published = self._ports.latest()
        as_of = published.report.timestamp.isoformat() if published else None
        return await reading(lambda: found(self._trips(), query)), as_of


_FILE = {"content-disposition": 'attachment; filename="trades.csv"'}


def _query(limit: int, cursor: str, fund_id: str, strategy: str, since: str | None, until: str | None) -> SpanQuery:
    before = page_query(1, cursor, "", "").before
    low, high = (None if text is None else parse(text, name) for name, text in (("from", since), ("to", until)))
    return SpanQuery(limit, before, fund_id, strategy, low, high)


def router(ports: Ports, keys: KeyStore, trips: Callable[[], Sequence[Trip]]) -> APIRouter:
    """The routes of round trips, for ``create_app(…, routers=[…])``."""
    at, auth = Trades(ports, trips), Auth(keys, ports)
    row = Row("GET", "/trades", Role.VIEWER, at.trades, "Round trips", answers=e.TRADES, fails=(422, 503))
    made = mount(APIRouter(prefix="/api/v1", tags=["rest"]), (row,), auth)
    made.add_api_route(
        "/trades.csv",
        at.file,
        methods=["GET"],
        dependencies=[Depends(auth.require(Role.VIEWER)), Depends(declared)],
        response_model=None,
        summary="Round trips as CSV",
        response_class=Response,
        responses={
            200: {"description": "A CSV file", "content": {"text/csv": {"schema": {"type": "string"}}}},
            **{code: failing(code) for code in (400, 401, 403, 422, 503)},
        },
        openapi_extra={"x-role": Role.VIEWER.value, "security": [{"key": []}, {"bearer": []}]},
    )
    return made
