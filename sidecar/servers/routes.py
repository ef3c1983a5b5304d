"""Routes as rows: method, path, who may, what it takes, what it answers. Add a row, not a branch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from sidecar.domain import wire
from sidecar.servers.auth import Auth, Public
from sidecar.servers.bodies import Body
from sidecar.servers.keys import Role
from sidecar.servers.problems import EXTRAS, KINDS, PROBLEM_SCHEMA, Problem, document
from sidecar.servers.repeats import REPLAYED, Repeats
from sidecar.servers.shapes import inlined, plain, schema

PROBLEM = "application/problem+json"
#: The route that nothing but a missing right may hold up.
STOP = "/emergency/stop"


_HEADERS = {"X-Request-ID": {"description": "The request's id, also in the log", "schema": {"type": "string"}}}
_REPLAYED = {REPLAYED.title(): {"description": "Set when it was given before", "schema": {"type": "string"}}}


@dataclass(frozen=True)
class Row:
    """One route. ``role`` None is public; ``asks`` is an example of the body, ``answers`` of the success.

    ``repeats`` remembers the first answer to an ``Idempotency-Key``; a ``keyed`` route takes one and sees to it itself.
    ``conflict`` are the further members of a 409, ``also`` the further media types of the success.
    """

    method: str
    path: str
    role: Role | None
    endpoint: Callable[..., Awaitable[Response]]
    summary: str
    body: type[Body] | None = None
    asks: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    fails: tuple[int, ...] = ()
    repeats: Repeats | None = None
    keyed: bool = False
    conflict: dict[str, Any] = field(default_factory=dict)
    also: dict[str, Any] = field(default_factory=dict)


def declared(connection: HTTPConnection) -> None:
    """Let pass only the query parameters that the route declares: :class:`Problem` 422 names the first other one.

    A filter with a slip of the pen in its name must not answer as if it had been obeyed. A stop always stops.
    """
    if connection.scope["route"].path == STOP:
        return
    known = [parameter.alias for parameter in connection.scope["route"].dependant.query_params]
    for name in connection.query_params:
        if name not in known:
            field_name = name[:64].encode("ascii", "backslashreplace").decode()
            problem = "is not a query parameter here; " + (f"it takes {', '.join(known)}" if known else "it takes none")
            raise Problem(422, f"{field_name}: {problem}", errors=[{"field": field_name, "problem": problem}])


def mount(router: APIRouter, rows: Sequence[Row], auth: Auth) -> APIRouter:
    """Add ``rows`` to a router."""
    for row in rows:
        mark = Public(row.summary) if row.role is None else auth.require(row.role)
        router.add_api_route(
            row.path,
            _once(row.repeats, row.endpoint) if row.repeats else row.endpoint,
            methods=[row.method],
            dependencies=[Depends(mark), Depends(declared)],
            summary=row.summary,
            description=row.endpoint.__doc__ or row.summary,
            status_code=row.status,
            response_model=None,
            responses=_responses(row),
            openapi_extra=_extra(row),
        )
    return router


def _once(repeats: Repeats, endpoint: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    @wraps(endpoint)
    async def once(request: Request, **named: Any) -> Response:
        return await repeats.once(request, lambda: endpoint(request, **named))

    return once


def _responses(row: Row) -> dict[int | str, dict[str, Any]]:
    shown = {"schema": schema(row.answers), "example": plain(row.answers)} if row.answers else {}
    headers = _HEADERS | (_REPLAYED if row.repeats or row.keyed else {})
    found: dict[int | str, dict[str, Any]] = {
        row.status: {"description": "Done", "headers": headers, "content": {"application/json": shown, **row.also}}
    }
    codes = {*row.fails, 400, *((401, 403) if row.role else ()), *((413, 422) if row.body else ())}
    if row.repeats:
        codes.add(409)
    return found | {code: failing(code, **_more(row, code)) for code in sorted(codes)}


def failing(code: int, **more: Any) -> dict[str, Any]:
    """How an answer that is not success is described; ``more`` are its further members."""
    example = document(code, KINDS[code][1].lower(), "3f2a9c10d4e5b6a7", **more)
    content = {PROBLEM: {"schema": PROBLEM_SCHEMA, "example": example}}
    return {"description": KINDS[code][1], "headers": _HEADERS, "content": content}


def _more(row: Row, code: int) -> dict[str, Any]:
    return row.conflict if code == 409 and row.conflict else EXTRAS.get(code, {})


def _extra(row: Row) -> dict[str, Any]:
    extra: dict[str, Any] = {"security": [{"key": []}, {"bearer": []}] if row.role else []}
    if row.role:
        extra["x-role"] = row.role.value
    if row.body is not None:
        shape = inlined(row.body.model_json_schema())
        content = {"application/json": {"schema": shape, "example": row.asks}}
        extra["requestBody"] = {"required": bool(shape.keys() & {"required", "oneOf"}), "content": content}
    if row.repeats or row.keyed:
        # A stop takes any: no key that is not as it should be may keep it from stopping.
        shape = {"type": "string"} if row.path == "/stop" else {"type": "string", "pattern": r"^[A-Za-z0-9_.:-]{1,64}$"}
        extra["parameters"] = [{"name": "Idempotency-Key", "in": "header", "required": False, "schema": shape}]
    return extra


def answer(value: Any, status: int = 200) -> Response:
    """A JSON answer; NaN becomes null."""
    return Response(wire.encode(value), status, media_type="application/json")
