"""``POST /api/v1/query``: one SELECT over the desk's tables, answered as JSON or as Arrow's stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Annotated, Generic, Literal, Protocol, TypeVar

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from sidecar.servers import bodies
from sidecar.servers import examples_query as e
from sidecar.servers.auth import Auth
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import Ports
from sidecar.servers.problems import Problem
from sidecar.servers.routes import Row, mount

ARROW = "application/vnd.apache.arrow.stream"
_RETRY_S = "1"


class Answer(Protocol):
    """An answer as bytes; ``truncated`` when there are more rows than were asked for."""

    @property
    def body(self) -> bytes: ...
    @property
    def media_type(self) -> str: ...
    @property
    def truncated(self) -> bool: ...


_Answer = TypeVar("_Answer", bound=Answer)
#: Takes a SELECT, how many rows at most, and ``json`` or ``arrow``. It never waits; None: too many run already.
Ask = Callable[[str, int, str], Future[_Answer] | None]


class QueryBody(bodies.Body):
    """One SELECT in DuckDB's SQL. Without ``format`` the ``Accept`` header decides; JSON is usual."""

    sql: Annotated[str, Field(min_length=1, max_length=10_000)]
    limit: Annotated[int, Field(ge=1, le=100_000)] = 10_000
    format: Literal["json", "arrow"] | None = None


class Querying(Generic[_Answer]):
    """The endpoint."""

    def __init__(self, ports: Ports, ask: Ask[_Answer]) -> None:
        self._ports = ports
        self._ask = ask

    async def query(self, request: Request) -> Response:
        """One SELECT over the tables that `SHOW TABLES` lists, read-only; 422 says what is wrong with it.

        At most `limit` rows come back; `truncated` (and the header `X-Truncated`, and the metadata of Arrow's schema)
        says that there are more. Time, memory and size are bounded too. It reaches no file and no setting. Who asks the
        same within a quarter of a second shares one answer.
        """
        asked = await bodies.read(request, QueryBody)
        accepted = request.headers.get("accept", "")
        if failure := self._ports.record_failure():
            raise Problem(503, f"the record is behind the desk: {failure}")
        running = self._ask(asked.sql, asked.limit, asked.format or ("arrow" if ARROW in accepted else "json"))
        if running is None:
            raise Problem(503, "as many questions run as may run at once; ask again", {"retry-after": _RETRY_S})
        found = await asyncio.shield(asyncio.wrap_future(running))
        return Response(found.body, media_type=found.media_type, headers={"x-truncated": str(found.truncated).lower()})


def router(ports: Ports, keys: KeyStore, ask: Ask[_Answer]) -> APIRouter:
    """The route, for ``create_app(…, routers=[…])``."""
    at = Querying(ports, ask)
    row = Row("POST", "/query", Role.VIEWER, at.query, "A question in SQL", QueryBody, e.QUERY_ASKED, e.QUERY,
        fails=(503,), also={ARROW: {"schema": {"type": "string", "format": "binary"}}})  # fmt: skip
    return mount(APIRouter(prefix="/api/v1", tags=["analytics"]), (row,), Auth(keys, ports))
