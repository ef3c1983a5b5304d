"""``/metrics``: what Prometheus scrapes. From this machine without a key, from elsewhere with one."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Depends
from starlette.responses import PlainTextResponse, Response

from sidecar.servers.auth import Auth
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import Ports
from sidecar.servers.routes import declared, failing


def router(scrape: Callable[[], tuple[bytes, str]], ports: Ports, keys: KeyStore) -> APIRouter:
    """The route of ``/metrics``. ``scrape`` gives the exposition and its media type, and waits for nothing."""
    made = APIRouter(tags=["metrics"])

    async def metrics() -> Response:
        """Every metric, in Prometheus' text format."""
        body, media_type = scrape()
        return Response(body, headers={"content-type": media_type})

    mark = Depends(Auth(keys, ports).require(Role.VIEWER, loopback=True))
    made.add_api_route(
        "/metrics",
        metrics,
        methods=["GET"],
        dependencies=[mark, Depends(declared)],
        response_model=None,
        summary="Metrics",
        response_class=PlainTextResponse,
        responses={
            200: {"description": "Prometheus' text format", "content": {"text/plain": {"schema": {"type": "string"}}}},
            **{code: failing(code) for code in (400, 401, 403, 422)},
        },
        openapi_extra={"x-role": Role.VIEWER.value, "security": [{"key": []}, {"bearer": []}]},
    )
    return made
