"""``/api/v1/me``: whom the desk takes the caller for."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from sidecar.servers.auth import Auth, caller
from sidecar.servers.keys import Role
from sidecar.servers.routes import Row, answer, mount


async def me(request: Request) -> Response:
    """The key's id, role and label, and the `actor` under which what it does is recorded."""
    key = caller(request)
    return answer({"id": key.id, "label": key.label, "role": key.role, "actor": key.actor})


def router(auth: Auth) -> APIRouter:
    """The route, for the application."""
    row = Row("GET", "/me", Role.VIEWER, me, "Whose key this is", answers=_ME)
    return mount(APIRouter(prefix="/api/v1", tags=["keys"]), (row,), auth)


_ME = {"id": "9f2c01d4", "label": "anna", "role": "trader", "actor": "anna/9f2c01d4"}
