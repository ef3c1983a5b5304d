"""Who calls, and whether they may: a dependency on each route, never a rule about paths.

Keys come in ``X-API-Key`` or ``Authorization: Bearer`` and nowhere else. Missing or wrong is 401, too low a role 403, a
header that no client sends by accident (doubled, overlong, not ASCII) 400.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address
from typing import Any

from fastapi.routing import iter_route_contexts
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute

from sidecar.domain.records import Audited
from sidecar.servers.keys import LONGEST, Key, KeyStore, Role
from sidecar.servers.ports import Ports
from sidecar.servers.problems import Problem, request_id

#: Refused attempts that are written to the record, at most: this many at once, then this many a second.
AUDIT_BURST = 20
AUDIT_PER_SECOND = 5.0

_READS = ("GET", "HEAD", "OPTIONS")


class Refused(Exception):
    """A key that does not open: the status, the reason that is counted, and what to tell the caller."""

    def __init__(self, status: int, reason: str, detail: str) -> None:
        super().__init__(status, reason, detail)
        self.status = status
        self.reason = reason
        self.detail = detail


def secret_of(headers: Headers) -> str:
    """The secret that a request carries; :class:`Refused` if there is none or it is not well formed."""
    found = [("x-api-key", value) for value in headers.getlist("x-api-key")]
    found += [("authorization", value) for value in headers.getlist("authorization")]
    if not found:
        raise Refused(401, "missing", "send a key as X-API-Key or Authorization: Bearer")
    if len(found) > 1:
        raise Refused(400, "malformed", "send exactly one key, in one header")
    name, value = found[0]
    if name == "authorization":
        scheme, _, value = value.partition(" ")
        if scheme.lower() != "bearer":
            raise Refused(401, "malformed", "the Authorization scheme is Bearer")
    secret = value.strip()
    if not secret:
        raise Refused(401, "missing", "the key is empty")
    if len(secret) > LONGEST or not secret.isascii() or not secret.isprintable():
        raise Refused(400, "malformed", f"a key is at most {LONGEST} printable ASCII characters")
    return secret


class Public:
    """The mark of a route that needs no key here; ``why`` is shown where the routes are listed."""

    role: Role | None = None

    def __init__(self, why: str) -> None:
        self.why = why

    def __call__(self) -> None:
        """Let everybody in."""


class Require:
    """The mark and the check of a route that needs a role; with ``loopback`` callers on this machine need no key."""

    def __init__(self, auth: Auth, role: Role, *, loopback: bool = False) -> None:
        self.auth = auth
        self.role: Role | None = role
        self.needed = role
        self.loopback = loopback

    async def __call__(self, connection: HTTPConnection) -> None:
        """Let the caller in and remember who it is, or raise :class:`Problem`."""
        bare = not {"x-api-key", "authorization"} & set(connection.headers)
        if self.loopback and bare and _is_loopback(connection):
            return
        try:
            key = self.auth.identify(connection.headers)
            if not key.role.covers(self.needed):
                detail = f"needs the role {self.needed}; this key is {key.role}"
                self.auth.record(connection, key.actor, detail)
                raise Refused(403, "role", detail)
        except Refused as refused:
            self.auth.ports.on_auth_failure(refused.reason)
            if refused.status != 403:
                self.auth.record(connection, "unknown", refused.detail)
            headers = {"www-authenticate": "Bearer"} if refused.status == 401 else None
            raise Problem(refused.status, refused.detail, headers) from None
        connection.state.caller = key


class Auth:
    """Keys and roles, and the record of those who were turned away."""

    def __init__(self, keys: KeyStore, ports: Ports, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.keys = keys
        self.ports = ports
        self._monotonic = monotonic
        self._tokens, self._refilled, self._dropped = float(AUDIT_BURST), monotonic(), 0

    def require(self, role: Role, *, loopback: bool = False) -> Require:
        """The dependency of a route that needs ``role``."""
        return Require(self, role, loopback=loopback)

    def identify(self, headers: Headers) -> Key:
        """The key of a request; :class:`Refused` if it has none that opens."""
        key = self.keys.verify(secret_of(headers))
        if key is None:
            raise Refused(401, "wrong", "this key is not known, or was revoked")
        return key

    def record(self, connection: HTTPConnection, actor: str, detail: str) -> None:
        """Audit a refused command. A flood is counted, not written line by line: the record must stay writable."""
        method = str(connection.scope.get("method", "WEBSOCKET"))
        if method in _READS:
            return
        now = self._monotonic()
        self._tokens = min(AUDIT_BURST, self._tokens + (now - self._refilled) * AUDIT_PER_SECOND)
        self._refilled = now
        if self._tokens < 1.0:
            self._dropped += 1
            return
        self._tokens -= 1.0
        more, self._dropped = f" (and {self._dropped} refused before it)" if self._dropped else "", 0
        action = f"{method} {template(connection.scope)}"
        at = self.ports.market_now()
        self.ports.audit(Audited(at, actor, action, "refused", detail + more, request_id(connection)))


def caller(connection: HTTPConnection) -> Key:
    """The key that opened this route."""
    key = connection.state.caller
    assert isinstance(key, Key)  # noqa: S101 - every route that asks has a role
    return key


def template(scope: Any) -> str:
    """The path template of the matched route: bounded, unlike the path itself."""
    return getattr(scope.get("route"), "path", None) or "unmatched"


def doors(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, str, Public | Require | None]]:
    """Every (method, path, mark) there is; the mark is None for a route that forgot to say who may enter."""
    for context in iter_route_contexts(list(routes)):
        dependant = getattr(context, "dependant", None)
        calls = [dependency.call for dependency in dependant.dependencies] if dependant is not None else []
        mark = next((call for call in calls if isinstance(call, (Public, Require))), None)
        for method in sorted(context.methods or {"WEBSOCKET"}):
            yield method, str(context.path), mark


def _is_loopback(connection: HTTPConnection) -> bool:
    if connection.client is None:
        return False
    try:
        return ip_address(connection.client.host).is_loopback
    except ValueError:
        return False
