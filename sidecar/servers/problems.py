"""Every error answer: RFC 9457 ``application/problem+json`` with ``type, title, status, detail, request_id``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import compile_path

from sidecar.domain import wire
from sidecar.domain.errors import DeskError, InputError, UnknownContract

#: status → (the last word of ``type``, ``title``)
KINDS: dict[int, tuple[str, str]] = {
    400: ("bad-request", "The request is malformed"),
    401: ("unauthorised", "A valid key is needed"),
    403: ("forbidden", "This key may not do that"),
    404: ("not-found", "Nothing is there"),
    405: ("method", "That method is not offered here"),
    409: ("refused", "The desk refuses"),
    413: ("too-large", "The body is too large"),
    422: ("invalid", "The input cannot be used"),
    429: ("too-many", "Too much was asked at once"),
    500: ("fault", "The sidecar failed"),
    503: ("not-known", "The desk cannot say"),
    504: ("unconfirmed", "The desk did not confirm in time"),
}

#: status → further members that stand in an answer of it, as an example shows them.
EXTRAS: dict[int, dict[str, Any]] = {
    409: {"state": "active", "halt_seq": 0},
    422: {"errors": [{"field": "quantity", "problem": "Input should be greater than 0"}]},
    503: {"state": None, "halt_seq": None, "as_of": None},
    504: {"state": "active", "halt_seq": 0, "as_of": "2025-11-24T06:30:00+00:00"},
}
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
    },
    "required": ["detail", "request_id", "status", "title", "type"],
}

#: On every answer: nothing is cached, framed, sniffed or run.
SECURITY: dict[str, str] = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Problem(HTTPException):
    """An answer that is not success. ``extra`` are further members of the document."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        super().__init__(status, detail, headers)
        self.extra = extra


def document(status: int, detail: str, request_id: str, **extra: Any) -> dict[str, Any]:
    """The members of a problem document."""
    kind, title = KINDS.get(status, ("other", "The request was not carried out"))
    head = {"type": f"urn:deskwatch:problem:{kind}", "title": title, "status": status, "detail": detail}
    return {**head, "request_id": request_id, **extra}


def request_id(connection: HTTPConnection) -> str:
    """The id that the door gave this request."""
    return str(connection.scope.get("state", {}).get("request_id", ""))


def answer(connection: HTTPConnection, problem: Problem) -> Response:
    """The response of a problem."""
    return encoded(problem.status_code, problem.detail, request_id(connection), problem.headers, **problem.extra)


def encoded(
    status: int, detail: str, asked_id: str, headers: Mapping[str, str] | None = None, **extra: Any
) -> Response:
    """The response of a problem's parts, with the headers that every answer carries."""
    body = wire.encode(document(status, detail, asked_id, **extra))
    every = {**SECURITY, "x-request-id": asked_id, **(headers or {})}
    return Response(body, status, every, "application/problem+json")


def of_input(error: InputError) -> Problem:
    """422 for an input error, naming its field."""
    extra: dict[str, Any] = {"candidates": list(error.candidates)} if isinstance(error, UnknownContract) else {}
    return Problem(422, str(error), errors=[{"field": error.field, "problem": error.problem}], **extra)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    if isinstance(error, Problem):
        return answer(request, error)
    headers = _allowed(request) if error.status_code == 405 else error.headers
    return answer(request, Problem(error.status_code, str(error.detail), headers))


def _allowed(request: Request) -> dict[str, str]:
    """Every method of the path: routes are found one by one, and the first of a path knows only its own."""
    path = request.scope["path"]
    known = [(str(one.path), one.methods or ()) for one in iter_route_contexts(request.app.routes)]
    mine = [methods for template, methods in known if template == path] or [
        methods for template, methods in known if compile_path(template)[0].match(path)
    ]
    return {"allow": ", ".join(sorted({method for methods in mine for method in methods}))}


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
    found = [{"field": str(row["loc"][-1]), "problem": str(row["msg"])} for row in error.errors()]
    return answer(request, Problem(422, "; ".join(f"{row['field']}: {row['problem']}" for row in found), errors=found))


async def _desk(request: Request, error: Exception) -> Response:
    if isinstance(error, InputError):
        return answer(request, of_input(error))
    return answer(request, Problem(503, str(error)))


async def _fault(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the text of a fault stays in the log
    return answer(request, Problem(500, "an internal fault; the log has it under this request_id"))


def install(app: FastAPI) -> None:
    """Make every error of ``app`` a problem document."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(DeskError, _desk)
    app.add_exception_handler(Exception, _fault)
