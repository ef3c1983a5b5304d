"""Who is signed in: sessions of this process's memory. A browser holds the id of one, and never a key.

They outlive the sidecar, but not the app: to start it again is to sign everybody out.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock

#: Without any page open; and in all.
IDLE_S = 2 * 3_600.0
LONGEST_S = 24 * 3_600.0
MOST = 256

IDLE = "nobody used this session for two hours"
OVER = "a session lasts a day at most"
LEFT = "you signed out"
CROWDED = "too many people signed in since"
UNKNOWN = "this session is not known: the app was started again since, which ends them all"


@dataclass
class Session:
    """One. ``id`` names it inside this process; the secret that opens it is in the browser's cookie alone."""

    id: str
    key: str
    began: float
    used: float


class Sessions:
    """Every session, and why those that ended did."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: dict[str, Session] = {}
        self._ended: dict[str, str] = {}
        self._lock = Lock()

    def begin(self, key: str) -> str:
        """A new session of this key; returns the secret for the cookie."""
        secret = secrets.token_urlsafe(32)
        now, name = self._clock(), _name(secret)
        with self._lock:
            self._sweep(now)
            while len(self._open) >= MOST:
                self._end(min(self._open.values(), key=lambda one: one.used).id, CROWDED)
            self._open[name] = Session(name, key, now, now)
        return secret

    def find(self, secret: str) -> Session | None:
        """The session that this cookie opens, which is used by that."""
        now = self._clock()
        with self._lock:
            self._sweep(now)
            found = self._open.get(_name(secret))
            if found is not None:
                found.used = now
            return found

    def alive(self, name: str) -> bool:
        """Whether the session of this id is open."""
        with self._lock:
            self._sweep(self._clock())
            return name in self._open

    def end(self, name: str, why: str = LEFT) -> None:
        """End one, by its id; who comes with its cookie is told why."""
        with self._lock:
            self._end(name, why)

    def why(self, secret: str) -> str:
        """Why this cookie opens nothing."""
        with self._lock:
            return self._ended.get(_name(secret), UNKNOWN)

    def _sweep(self, now: float) -> None:
        for one in tuple(self._open.values()):
            if now - one.began >= LONGEST_S:
                self._end(one.id, OVER)
            elif now - one.used >= IDLE_S:
                self._end(one.id, IDLE)

    def _end(self, name: str, why: str) -> None:
        if self._open.pop(name, None) is not None:
            self._ended[name] = why
            while len(self._ended) > MOST:
                del self._ended[next(iter(self._ended))]


def _name(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def cookie(host: str) -> str:
    """The cookie's name for the app at this ``Host``: two apps on one machine do not sign each other out.

    >>> cookie("127.0.0.1:8501"), cookie("[::1]:8501"), cookie("desk.example")
    ('deskwatch-8501', 'deskwatch-8501', 'deskwatch-')
    """
    port = host.rpartition("]")[2].partition(":")[2]
    return f"deskwatch-{port if port.isdecimal() and len(port) <= 5 else ''}"


SESSIONS = Sessions()
