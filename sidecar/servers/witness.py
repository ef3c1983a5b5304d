"""What happened: the hash-chained record, and this process's newest log lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import JsonValue, WithJsonSchema
from starlette.responses import Response

from sidecar.domain.clock import iso, parse
from sidecar.servers import examples_acts as e
from sidecar.servers.auth import Auth
from sidecar.servers.keys import SHORTEST, KeyStore, Role
from sidecar.servers.ports import Ports
from sidecar.servers.problems import Problem
from sidecar.servers.rest import PageSize, reading, recorded
from sidecar.servers.routes import Row, answer, mount

Level = Literal["debug", "info", "warning", "error", "critical"]
Lines = Annotated[int, Query(ge=1, le=1_000, description="How many, newest first")]
Least = Annotated[Level, Query(description="Lines of this level, and graver ones")]
Who = Annotated[str, Query(max_length=130, description="Whose alone, as it stands in the record")]
What = Annotated[str, Query(max_length=100, description="One action alone, as it stands in the record")]
Place = Annotated[str, Query(max_length=18, pattern=r"^[0-9]*$", description="`next_cursor` of the page before")]
_TIME: dict[str, JsonValue] = {"type": "string", "format": "date-time"}
Since = Annotated[
    str | None,
    Query(alias="from", description="From this time on, as 2026-08-18T15:30:00+05:30"),
    WithJsonSchema(_TIME),
]
Until = Annotated[str | None, Query(alias="to", description="Before this time"), WithJsonSchema(_TIME)]
_WORD = re.compile(rf"[A-Za-z0-9_\-]{{{SHORTEST},}}")
_GRAVITY = ("debug", "info", "warning", "error", "critical")


@dataclass(frozen=True)
class Records:
    """Where the record and the log are read.

    ``audit`` takes limit, before_seq, actor, action, since, until and gives the rows of the record, newest first.
    ``head`` is the number of the last record on disk and the chain's value after it. ``log`` gives the newest log
    records, oldest first, or None where none are kept.
    """

    audit: Callable[[int, int | None, str, str, int | None, int | None], Sequence[Any]]  # reads
    head: Callable[[], tuple[int, str]]
    log: Callable[[], Sequence[Mapping[str, Any]] | None]


class Witness:
    """The endpoints; each method's text stands in the API's document."""

    def __init__(self, ports: Ports, keys: KeyStore, records: Records) -> None:
        self.ports = ports
        self.keys = keys
        self.records = records

    async def audit(
        self,
        limit: PageSize = 100,
        cursor: Place = "",
        actor: Who = "",
        action: What = "",
        since: Since = None,
        until: Until = None,
    ) -> Response:
        """The desk's record, newest first: what was done, by whom, with what outcome. `from` and `to` are its own time.

        `digest` is the SHA-256 chain after the record: the hash of the digest before it (32 bytes) and of `payload`'s
        UTF-8. `head` is the last record that is on disk; a list that does not reach it yet is a moment behind.
        """
        before = int(cursor) if cursor else None
        bounds = [None if text is None else parse(text, name) for name, text in (("from", since), ("to", until))]
        head = self.records.head()
        rows = await recorded(self.ports, lambda: self.records.audit(limit + 1, before, actor, action, *bounds))
        shown = [_line(row) for row in rows[:limit]]
        after = str(shown[-1]["seq"]) if len(rows) > limit else None
        told = {"records": shown, "count": len(shown), "next_cursor": after}
        return answer({**told, "head": {"seq": head[0], "digest": head[1]}, "timestamp": iso(self.ports.wall_now())})

    async def logs(self, lines: Lines = 100, level: Least = "info") -> Response:
        """The newest lines of this process's log, newest first. Whatever opens a door is blotted out."""
        kept = self.records.log()
        if kept is None:
            raise Problem(503, "this process keeps no log lines")
        wanted = frozenset(_GRAVITY[_GRAVITY.index(level) :])
        found = [line for line in reversed(kept) if line["level"] in wanted][:lines]
        shown = await reading(lambda: [self._blotted(line) for line in found])
        return answer({"logs": shown, "count": len(shown), "level_filter": level})

    def _blotted(self, line: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._safe(value) if isinstance(value, str) else value for name, value in line.items()}

    def _safe(self, text: str) -> str:
        return _WORD.sub(lambda word: "[a key]" if self.keys.verify(word[0]) else word[0], text)


def _line(row: Any) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "timestamp": iso(row.at),
        "recorded_at": iso(row.wall_at),
        "kind": row.kind,
        "actor": row.actor,
        "action": row.action,
        "outcome": row.outcome,
        "detail": row.detail,
        "request_id": row.request_id,
        "payload": row.payload,
        "digest": row.digest,
    }


def router(ports: Ports, keys: KeyStore, records: Records) -> APIRouter:
    """The routes of the record, for ``create_app(…, routers=[…])``."""
    at = Witness(ports, keys, records)
    rows = (
        Row("GET", "/logs/recent", Role.ADMIN, at.logs, "The newest log lines", answers=e.LOGS, fails=(422, 503)),
        Row("GET", "/audit", Role.VIEWER, at.audit, "The desk's record", answers=e.AUDIT, fails=(422, 503)),
    )
    return mount(APIRouter(prefix="/emergency", tags=["emergency"]), rows, Auth(keys, ports))
