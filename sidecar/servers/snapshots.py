"""``/api/v1/snapshots``: a copy of the database, made by the only process that may touch it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from sidecar.domain.clock import iso
from sidecar.domain.records import Audited
from sidecar.servers import examples_system as e
from sidecar.servers.auth import Auth, caller
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import Ports
from sidecar.servers.problems import request_id
from sidecar.servers.routes import Row, answer, mount


class Copy(Protocol):
    """A copy that was made: the name of its folder, its size, and the record of the journal that it reaches."""

    @property
    def folder(self) -> str: ...
    @property
    def bytes(self) -> int: ...
    @property
    def journal_seq(self) -> int: ...


class Snapshots:
    """The endpoint. ``take`` makes the copy; commits wait for it, the desk and the journal do not."""

    def __init__(self, ports: Ports, take: Callable[[], Copy]) -> None:
        self._ports = ports
        self._take = take

    async def make(self, request: Request) -> Response:
        """Copy the database between two commits, for `python -m sidecar backup`.

        The copy lies in the data directory, in `folder`, until it is taken away or the next one is made. `journal_seq`
        is the record that it reaches. Nothing else is copied, and no path is taken from the request.
        """
        made = await asyncio.to_thread(self._take)
        told = {"folder": made.folder, "bytes": made.bytes, "journal_seq": made.journal_seq}
        ports, detail = self._ports, f"{made.folder}, {made.bytes} bytes"
        ports.audit(Audited(ports.market_now(), caller(request).actor, "snapshot", "done", detail, request_id(request)))
        return answer({**told, "timestamp": iso(ports.wall_now())}, 201)


def router(ports: Ports, keys: KeyStore, take: Callable[[], Copy]) -> APIRouter:
    """The route, for ``create_app(…, routers=[…])``."""
    at = Snapshots(ports, take)
    row = Row(
        "POST", "/snapshots", Role.ADMIN, at.make, "Copy the database", answers=e.SNAPSHOT, status=201, fails=(503,)
    )
    return mount(APIRouter(prefix="/api/v1", tags=["monitoring"]), (row,), Auth(keys, ports))
