"""What every request passes before any route: host, size, no key in the URL; and what every answer carries."""

from __future__ import annotations

import logging
import re
import secrets
import time
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sidecar.domain.asked import ASKED
from sidecar.servers.auth import template
from sidecar.servers.keys import SHORTEST, KeyStore
from sidecar.servers.ports import HttpSettings, Ports
from sidecar.servers.problems import SECURITY, Problem, encoded

log = logging.getLogger(__name__)

_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PORT = re.compile(r":\d{1,5}$")
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = _READS | {"POST", "PUT", "DELETE", "PATCH"}
_KEY_NAMES = frozenset({"key", "apikey", "xapikey", "token", "accesstoken", "secret", "authorization", "password"})


class Door:
    """ASGI middleware round the whole application, for HTTP and WebSocket."""

    def __init__(self, app: ASGIApp, *, ports: Ports, keys: KeyStore, settings: HttpSettings) -> None:
        self.app = app
        self.ports = ports
        self.keys = keys
        self.settings = settings
        self.hosts = frozenset(host.lower() for host in settings.allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it here."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status, headers = time.perf_counter(), 500, Headers(scope=scope)
        asked_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = asked_id
        ASKED.set(asked_id)  # to the end of the request's task: what the server logs of a fault has it too

        async def carry(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                carried = MutableHeaders(scope=message)
                carried["x-request-id"] = asked_id
                for name, value in SECURITY.items():
                    carried.setdefault(name, value)
            await send(message)

        try:
            problem = self._refuse(scope, headers)
            if problem is None:
                await self.app(scope, _capped(receive, self.settings.max_body_bytes), carry)
            else:
                await encoded(problem.status_code, problem.detail, asked_id)(scope, receive, carry)
        finally:
            method, taken = scope["method"] if scope["method"] in _METHODS else "OTHER", time.perf_counter() - began
            self.ports.on_request(template(scope), method, status, taken)
            _note(scope, method, status, taken)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        asked_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = asked_id
        ASKED.set(asked_id)
        if self._refuse(scope, headers) is None:
            await self.app(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": "host or URL refused"})

    def _refuse(self, scope: Scope, headers: Headers) -> Problem | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or _PORT.sub("", hosts[0].lower()) not in self.hosts:
            return Problem(400, "this Host is not served; add it to allowed_hosts if it is yours")
        if _holds_key(scope.get("query_string", b""), self.keys):
            scope["query_string"] = b"refused"  # what a server's access log will see
            self.ports.on_auth_failure("url")
            return Problem(400, "a key never goes in a URL: send it as X-API-Key; this one is now in your history")
        length = headers.get("content-length", "0")
        if length.isascii() and length.isdigit() and int(length[:20]) > self.settings.max_body_bytes:
            return _too_large(self.settings.max_body_bytes)
        return None


def _note(scope: Scope, method: str, status: int, taken: float) -> None:
    """A line in the log on what acts and on what fails here; a read that is answered or refused is only counted."""
    if method in _READS and status < 500:
        return
    key, client = scope["state"].get("caller"), scope.get("client")
    told = {
        "method": method,
        "route": template(scope),
        "status": status,
        "ms": round(taken * 1e3, 1),
        "actor": key.actor if key else None,
        "client": client[0] if client else None,
    }
    log.log(logging.WARNING if status == 500 else logging.INFO, "request", extra=told)


def _holds_key(query: bytes, keys: KeyStore) -> bool:
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        plain = re.sub(r"[^a-z]", "", name.lower())
        if plain in _KEY_NAMES:
            return True
        if any(len(text) >= SHORTEST and keys.verify(text) is not None for text in (name, value)):
            return True
    return False


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _SAFE_ID.fullmatch(given) else secrets.token_hex(8)


def _too_large(limit: int) -> Problem:
    return Problem(413, f"a body is at most {limit} bytes")


def _capped(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def capped() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise _too_large(limit)
        return message

    return capped
