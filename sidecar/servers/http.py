"""The application: every route behind one door, every error a problem document, and its own description."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import HTMLResponse, Response

from sidecar.domain.errors import ConfigurationError
from sidecar.servers import emergency, identity, limits, problems, rest
from sidecar.servers.auth import Auth, Public, doors
from sidecar.servers.document import describe, html
from sidecar.servers.door import Door
from sidecar.servers.keys import KeyStore
from sidecar.servers.ports import HttpSettings, Ports
from sidecar.servers.routes import answer, declared


def create_app(ports: Ports, keys: KeyStore, settings: HttpSettings, routers: Sequence[APIRouter] = ()) -> FastAPI:
    """The application on these ports. ``routers`` are further rooms' routes; each route says who may enter.

    :raises ConfigurationError: a route names no role.
    """
    app = FastAPI(
        title="Deskwatch",
        version=ports.version,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    auth = Auth(keys, ports)
    for router in (
        emergency.router(ports, settings, auth),
        emergency.breaker_router(ports, settings, auth),
        emergency.health_router(ports, auth),
        rest.router(ports, settings, auth),
        limits.router(ports, settings, auth),
        identity.router(auth),
        *routers,
        _document(app),
    ):
        app.include_router(router)
    problems.install(app)
    app.add_middleware(Door, ports=ports, keys=keys, settings=settings)
    for method, path, mark in doors(app.routes):
        if mark is None:
            raise ConfigurationError(f"{method} {path}", "names no role", "add auth.require(role) or Public(why)")
    return app


def _document(app: FastAPI) -> APIRouter:
    public = Public("the API's description holds no data")
    router = APIRouter(include_in_schema=False, dependencies=[Depends(public), Depends(declared)])

    async def openapi() -> Response:
        return answer(describe(app))

    async def docs() -> Response:
        return HTMLResponse(html(describe(app)), headers={"content-security-policy": "default-src 'none'; " + _STYLE})

    router.add_api_route("/openapi.json", openapi, methods=["GET"])
    router.add_api_route("/docs", docs, methods=["GET"])
    return router


_STYLE = "style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
