"""The way in: a small page, and the door that turns a one-time link or a key into a session's cookie."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from pages.parts.identities import IDENTITIES, Identity, ask
from pages.parts.panels import same_origin
from pages.parts.relay import FRESH, PREFIX, body_of, problem
from pages.parts.sessions import SESSIONS, Sessions, cookie
from pages.parts.visitor import address
from sidecar.client import login
from sidecar.client.login import Claim
from sidecar.domain.errors import DeskRefused, DeskUnreachable

_HERE = Path(__file__)
KEY_FILE = _HERE.resolve().parents[2] / "data" / "ui.key"
FILES = {"enter": "entrance.html", "entrance.js": "entrance.js", "entrance.css": "entrance.css"}
KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
NEW_LINK = "get a new one on the desk's machine: python -m sidecar login"
CLAIMS = {
    Claim.USED: f"This link was used already; {NEW_LINK}",
    Claim.EXPIRED: f"This link has expired (it is good for ten minutes); {NEW_LINK}",
    Claim.UNKNOWN: f"This link is wrong: the desk has made no such one; {NEW_LINK}",
}
#: Attempts that fail, at once; then one every so many seconds.
BURST = 10
AGAIN_S = 6.0
_LOCAL = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,1999}")


class _Attempt(msgspec.Struct, forbid_unknown_fields=True):
    token: str = ""
    key: str = ""
    next: str = "/"


class Refused(Exception):
    """Nobody is let in: the status, and what to tell the person."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(status, detail)
        self.status, self.detail = status, detail


class Attempts:
    """How many may still fail now. One that succeeds counts for nothing."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left, self._at = float(BURST), clock()

    def take(self) -> bool:
        """Whether one may be made."""
        now = self._clock()
        self._left, self._at = min(float(BURST), self._left + (now - self._at) / AGAIN_S), now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    def give_back(self) -> None:
        """It succeeded, or was nobody's fault."""
        self._left = min(float(BURST), self._left + 1.0)


class Entrance:
    """The doors. ``key_file`` holds the key of who comes by a link; the links lie beside it."""

    def __init__(self, sessions: Sessions, key_file: Callable[[], Path], attempts: Attempts | None = None) -> None:
        self.sessions = sessions
        self.key_file = key_file
        self.attempts = attempts or Attempts()
        self._threads = ThreadPoolExecutor(4, "entrance")

    def routes(self) -> list[BaseRoute]:
        """For the app."""
        files = [Route(f"{PREFIX}/{path}", _file(_HERE.with_name(name))) for path, name in FILES.items()]
        enter = Route(f"{PREFIX}/session", self.enter, methods=["POST"])
        return [*files, enter, Route(f"{PREFIX}/session", self.leave, methods=["DELETE"])]

    async def enter(self, request: Request) -> Response:
        """Let somebody in who comes with a link's token or a key."""
        if not same_origin(request):
            return problem(403, "not signed in", "sign in from this app's own page")
        try:
            asked = await body_of(request, _Attempt)
        except ValueError as error:
            return problem(422, "not signed in", str(error))
        if not self.attempts.take():
            return problem(429, "not signed in", f"Too many wrong attempts; try again in {AGAIN_S:g} s")
        try:
            loop = asyncio.get_running_loop()
            key, who = await loop.run_in_executor(self._threads, self._check, asked)
        except Refused as no:
            if no.status >= 500:
                self.attempts.give_back()
            return problem(no.status, "not signed in", no.detail)
        self.attempts.give_back()
        self._end(request)
        told = JSONResponse({"next": local(asked.next), "role": who.role, "name": who.name}, headers=FRESH)
        _set(told, request, self.sessions.begin(key))
        return told

    async def leave(self, request: Request) -> Response:
        """End the session of this browser."""
        if not same_origin(request):
            return problem(403, "not signed out", "sign out from this app's own page")
        self._end(request)
        told = Response(status_code=204, headers=FRESH)
        told.delete_cookie(cookie(request.headers["host"]), path="/", httponly=True, samesite="strict")
        return told

    def _end(self, request: Request) -> None:
        if session := self.sessions.find(request.cookies.get(cookie(request.headers["host"]), "")):
            self.sessions.end(session.id)

    def _check(self, asked: _Attempt) -> tuple[str, Identity]:
        key = self._own_key() if asked.token else asked.key.strip()
        if not key or not key.isascii() or not key.isprintable():
            raise Refused(422, "That is not a key.")
        try:
            told = ask(address(), key)
        except DeskRefused as refused:
            what = "The key of this link" if asked.token else "This key"
            raise Refused(refused.status, f"{what} does not open the desk: {refused.detail}") from None
        except DeskUnreachable:
            remedy = "start it with: python -m sidecar up"
            raise Refused(502, f"The sidecar does not answer, so nobody can be let in; {remedy}") from None
        # Last, so that a desk that is down costs nobody the link.
        if asked.token and (claimed := login.claim(self.key_file().parent, asked.token)) is not Claim.TAKEN:
            raise Refused(401, CLAIMS[claimed])
        return key, IDENTITIES.learn(address(), key, told)

    def _own_key(self) -> str:
        try:
            return self.key_file().read_text().strip()
        except OSError as error:
            raise Refused(503, f"The app's key cannot be read ({error.strerror}); type a key instead") from None


def local(path: str) -> str:
    """The path if it is one of this app's pages, else its first page: nobody is sent elsewhere.

    >>> local("/positions?fund=main"), local("//evil.example"), local("https://evil.example"), local("/live/x")
    ('/positions?fund=main', '/', '/', '/')
    """
    return path if _LOCAL.fullmatch(path) and not path.startswith(f"{PREFIX}/") else "/"


def _set(answer: Response, request: Request, secret: str) -> None:
    """Without an age: it ends with the browser, or with the session. Behind TLS it never travels without."""
    over_tls = request.headers.get("origin", "").startswith("https:")
    name = cookie(request.headers["host"])
    answer.set_cookie(name, secret, path="/", httponly=True, samesite="strict", secure=over_tls)


def _file(file: Path) -> Callable[[Request], Any]:
    async def serve(_: Request) -> Response:
        return FileResponse(file, media_type=KINDS[file.suffix], headers={"cache-control": "no-cache"})

    return serve


def key_file() -> Path:
    """Where the key of the desk's own machine lies; it lets nobody in by itself."""
    return Path(os.environ.get("DESK_UI_KEY_FILE", KEY_FILE))


ENTRANCE = Entrance(SESSIONS, key_file)
