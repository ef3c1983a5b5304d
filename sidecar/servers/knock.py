"""Who may knock at a socket's door, and how often a client may speak."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import HTTPConnection

from sidecar.servers.auth import Auth, Require
from sidecar.servers.keys import Role
from sidecar.servers.problems import Problem


class Knock(Require):
    """The mark of a socket: a known Origin or none, and a key in the header, or a promise of one in the first frame."""

    def __init__(self, auth: Auth, origins: tuple[str, ...]) -> None:
        super().__init__(auth, Role.VIEWER)
        self.origins = frozenset(origins)

    async def __call__(self, connection: HTTPConnection) -> None:
        """Refuse before the upgrade, or let in; who has sent no key yet has no caller."""
        origins = connection.headers.getlist("origin")
        if len(origins) > 1 or not self.origins.issuperset(origins):
            self.auth.ports.on_auth_failure("origin")
            raise Problem(403, "this Origin may not open a socket; add it to allowed_origins if it is yours")
        if {"x-api-key", "authorization"} & set(connection.headers):
            await super().__call__(connection)


class Bucket:
    """At most ``rate`` a second, and as many at once."""

    def __init__(self, rate: float, now: Callable[[], float]) -> None:
        self._rate, self._now = rate, now
        self._tokens, self._filled = rate, now()

    def take(self, cost: float = 1.0) -> bool:
        """Whether one more, which counts as so many, may pass now."""
        now = self._now()
        self._tokens = min(self._rate, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < cost:
            return False
        self._tokens -= cost
        return True
