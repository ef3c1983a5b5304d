"""The client for browsers: a small ES module and its types, to be imported from this very address.

It holds no data and no key, so it is public, and a page of any origin may import it: what the page may then open is
the sockets' own door to say.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from sidecar.servers.auth import Public
from sidecar.servers.routes import declared, failing

FOLDER = Path(__file__).resolve().parents[1] / "browser"
_TYPES = {".js": "text/javascript", ".ts": "text/plain"}
_HEADERS = {
    "cache-control": "public, max-age=300",
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
}
_SUMMARY = "The client for browsers"


def router() -> APIRouter:
    """``GET /client/<file>`` for each file of the module, for ``create_app(…, routers=[…])``."""
    made = APIRouter(prefix="/client", tags=["client"])
    for file in sorted(FOLDER.glob("desk-*")):
        media_type = _TYPES[file.suffix]
        content = {media_type: {"schema": {"type": "string"}}}
        made.add_api_route(
            f"/{file.name}",
            _serving(file.read_bytes(), media_type),
            methods=["GET"],
            dependencies=[Depends(Public("the client holds no data")), Depends(declared)],
            response_model=None,
            response_class=Response,
            summary=_SUMMARY,
            description=f"`{file.name}` of the browsers' client; it may be kept for five minutes.",
            responses={
                200: {"description": "The file", "content": content},
                304: {"description": "It is what `If-None-Match` says"},
                400: failing(400),
                422: failing(422),
            },
            openapi_extra={"security": []},
        )
    return made


def _serving(content: bytes, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    tag = f'"{sha256(content).hexdigest()[:16]}"'
    headers = {**_HEADERS, "etag": tag}

    async def serve(request: Request) -> Response:
        known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
        if tag in known or "*" in known:
            return Response(status_code=304, headers=headers)
        return Response(content, headers={**headers, "content-type": f"{media_type}; charset=utf-8"})

    return serve
