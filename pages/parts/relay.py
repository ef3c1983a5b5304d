"""What a page in the browser asks of the desk without Streamlit: the stream, a few reads, and the stop.

The key never leaves this process. A page that the app has drawn holds a ticket instead, which opens only these doors,
each with the key of the session that drew it, and runs out soon after the page is gone. The stop waits for nothing
that a page does: not for its script, and not for a read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import msgspec
import plotly
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from pages.parts import reads
from pages.parts.panels import RUN_OUT, Panels, same_origin
from pages.parts.sessions import SESSIONS
from pages.parts.tickets import Tickets, signed_in
from sidecar.client import Desk
from sidecar.domain.errors import DeskRefused, DeskUnreachable

T = TypeVar("T")
PREFIX = "/live"
#: Plotly's script as the library brings it, so that no page asks a stranger for it.
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
CLIENT = Path(__file__).resolve().parents[2] / "sidecar" / "browser"
ORDERS = 200
MOST_KEYS = 64
LARGEST = 16 * 1024
TERMINAL = 'stop from a terminal on the desk\'s machine: python -m sidecar stop --reason "…"'
FRESH = {"cache-control": "no-store"}


@dataclass(frozen=True)
class Reading:
    """One read: how, the query it must come with, and the names that may stand there and change nothing."""

    read: Callable[[Desk], dict[str, Any]]
    needs: Mapping[str, str] = field(default_factory=dict)
    ignores: frozenset[str] = frozenset()

    def takes(self, query: Mapping[str, str]) -> bool:
        """Whether what is asked is what would be answered."""
        return {name: value for name, value in query.items() if name not in self.ignores} == self.needs


READS: dict[str, Reading] = {
    "/emergency/status": Reading(Desk.status),
    "/emergency/positions": Reading(Desk.positions),
    "/emergency/positions/plan": Reading(lambda desk: desk.plan(close_all=True), {"close_all": "true"}),
    "/emergency/data-quality": Reading(Desk.data_quality),
    "/api/v1/orders": Reading(lambda desk: desk.orders(limit=ORDERS), ignores=frozenset({"limit"})),
    "/api/v1/monitoring/alerts": Reading(lambda desk: desk.alerts(), ignores=frozenset({"limit"})),
}


class _Stop(msgspec.Struct, forbid_unknown_fields=True):
    reason: str = ""
    flatten: bool = False


class Relay:
    """The doors below ``PREFIX``. ``desk`` gives the desk of a key, and a stop's own, on each call the same."""

    def __init__(self, tickets: Tickets, desk: Callable[[str], Desk], stopping: Callable[[str], Desk]) -> None:
        self.tickets = tickets
        self.desk = desk
        self.stopping = stopping
        self.panels = Panels(tickets, desk)
        self._reading = ThreadPoolExecutor(8, "relay-read")
        self._stopping = ThreadPoolExecutor(8, "relay-stop")

    def routes(self) -> list[BaseRoute]:
        """For the app."""
        scripts = [*sorted(CLIENT.glob("*.js")), PLOTLY]
        client = [Route(f"{PREFIX}/client/{file.name}", _file(file)) for file in scripts]
        reading = [Route(PREFIX + path, self._read(row)) for path, row in READS.items()]
        stop = Route(f"{PREFIX}/emergency/stop", self.stop, methods=["POST"])
        return [*client, *reading, stop, WebSocketRoute(f"{PREFIX}/ws", self.panels.stream)]

    def _read(self, row: Reading) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            holder = self.tickets.of(request.headers.get("x-api-key", ""), request)
            if holder is None:
                return problem(401, "not read", RUN_OUT)
            if not row.takes(dict(request.query_params)):
                needs = "&".join(f"{name}={value}" for name, value in row.needs.items())
                return problem(422, "not read", f"this door takes {needs or 'no query'}")
            loop = asyncio.get_running_loop()
            try:
                return _answer(await loop.run_in_executor(self._reading, row.read, self.desk(holder.key)))
            except DeskRefused as refused:
                return _refusal(refused)
            except DeskUnreachable as lost:
                return problem(502, "not read", lost.problem)

        return answer

    async def stop(self, request: Request) -> Response:
        """Ask for the stop, once, and hand on what comes of it. It goes on though the browser has gone."""
        if not same_origin(request):
            return problem(403, "not stopped", "a stop is asked for by this app's own pages only")
        holder = self.tickets.of(request.headers.get("x-api-key", ""), request)
        if holder is None:
            return problem(401, "not stopped", f"{RUN_OUT}, or {TERMINAL}")
        try:
            asked = await body_of(request, _Stop)
        except ValueError as error:
            return problem(422, "not stopped", f"{error}; {TERMINAL}")
        why = asked.reason.strip() or "STOP pressed in the app"
        desk, loop = self.stopping(holder.key), asyncio.get_running_loop()
        try:
            return _answer(await loop.run_in_executor(self._stopping, lambda: desk.stop(why, flatten=asked.flatten)))
        except DeskRefused as refused:
            return _refusal(refused) if refused.document else _unconfirmed(502, refused.detail)
        except DeskUnreachable as lost:
            return _unconfirmed(504 if isinstance(lost.__cause__, httpx2.ReadTimeout) else 502, lost.problem)


async def body_of(request: Request, shape: type[T]) -> T:
    """A small JSON body of this shape; ``ValueError`` says what is wrong with it."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ValueError("the body is application/json")
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST:
            raise ValueError(f"a body is at most {LARGEST} bytes")
    try:
        return msgspec.json.decode(content, type=shape)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    """A problem document (RFC 9457)."""
    body = {"type": "about:blank", "status": status, "title": title, "detail": detail, **more}
    return JSONResponse(body, status, headers=FRESH, media_type="application/problem+json")


def _unconfirmed(status: int, why: str) -> Response:
    told = f"NOT CONFIRMED: it may or may not have been carried out ({why}). If in doubt, {TERMINAL}"
    return problem(status, "NOT CONFIRMED", told, unsure=True)


def _answer(found: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(found), media_type="application/json", headers=FRESH)


def _refusal(refused: DeskRefused) -> Response:
    """The desk's own problem document, as it came."""
    if not refused.document:  # no sidecar would say so
        return problem(502, refused.title, refused.detail)
    return JSONResponse(refused.document, refused.status, headers=FRESH, media_type="application/problem+json")


def _file(file: Path) -> Callable[[Request], Any]:
    async def serve(_: Request) -> Response:
        return FileResponse(file, media_type="text/javascript", headers={"cache-control": "no-cache"})

    return serve


def _desks() -> Callable[[str], Desk]:
    """The desks of the keys, each made once."""

    @lru_cache(MOST_KEYS)
    def made(url: str, key: str) -> Desk:
        return Desk(url, key or None)

    return lambda key: made(reads.address(), key)


TICKETS = Tickets(SESSIONS.alive, signed_in=signed_in(SESSIONS))
#: No read takes a connection from a stop.
RELAY = Relay(TICKETS, desk=_desks(), stopping=_desks())
