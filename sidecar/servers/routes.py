"""Routes as rows: method, path, who may, what it takes, what it answers. Add a row, not a branch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import HTTPConnection
from starlette.responses import Response

from sidecar.domain import wire
from sidecar.servers.auth import Auth, Public
from sidecar.servers.bodies import Body
from sidecar.servers.keys import Role
from sidecar.servers.problems import KINDS, Problem, document

PROBLEM = "application/problem+json"
#: The route that nothing but a missing right may hold up.
STOP = "/emergency/stop"


@dataclass(frozen=True)
class Row:
    """One route. ``role`` None is public; ``asks`` is an example of the body, ``answers`` of the success."""

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
            row.endpoint,
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


def _responses(row: Row) -> dict[int | str, dict[str, Any]]:
    found: dict[int | str, dict[str, Any]] = {
        row.status: {"description": "Done", "content": {"application/json": {"example": row.answers}}}
    }
    codes = {*row.fails, 400, *((401, 403) if row.role else ()), *((413, 422) if row.body else ())}
    for code in sorted(codes):
        example = document(code, KINDS[code][1].lower(), "3f2a9c10d4e5b6a7")
        found[code] = {"description": KINDS[code][1], "content": {PROBLEM: {"example": example}}}
    return found


def _extra(row: Row) -> dict[str, Any]:
    extra: dict[str, Any] = {"security": [{"key": []}, {"bearer": []}] if row.role else []}
    if row.role:
        extra["x-role"] = row.role.value
    if row.body is not None:
        schema = row.body.model_json_schema()
        content = {"application/json": {"schema": schema, "example": row.asks}}
        extra["requestBody"] = {"required": bool(schema.get("required")), "content": content}
    return extra


def answer(value: Any, status: int = 200) -> Response:
    """A JSON answer; NaN becomes null."""
    return Response(wire.encode(value), status, media_type="application/json")
