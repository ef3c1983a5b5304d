"""Serving the app: Streamlit's ASGI application behind two guards that its own server lacks.

No other page may frame it (the STOP button could be hidden under a decoy), and a name that somebody's DNS points at
this machine is not this machine. ``python -m pages.parts.server --host 127.0.0.1 --port 8501``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime.pages_manager import PagesManager
from streamlit.starlette import App

from pages.parts.entrance import ENTRANCE
from pages.parts.panels import same_origin
from pages.parts.relay import PREFIX, RELAY

SCRIPT = Path(__file__).resolve().parents[2] / "app.py"
HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
HEADERS = {
    # Streamlit's own front end needs inline styles and compiles templates; nothing else may come from elsewhere.
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


#: A component's own page (the clock that turns the wall board) is a frame inside the app, and nothing to press.
FRAMED = HEADERS | {
    "content-security-policy": HEADERS["content-security-policy"].replace("ancestors 'none'", "ancestors 'self'"),
    "x-frame-options": "SAMEORIGIN",
}
#: The app's own doors and the page to sign in need none of that.
STRICT = HEADERS | {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
}

#: By how an address begins; every other one has ``HEADERS``.
HEADERS_OF = ((f"{PREFIX}/", STRICT), ("/component/", FRAMED))


class Guard:
    """Refuses foreign host names and sockets of other origins, and puts the headers on every answer."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str] = HOSTS) -> None:
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        if not self._ours(scope):
            refusal = PlainTextResponse("this app answers to its own host name only\n", 400, headers=HEADERS)
            await refusal(scope, receive, send)
            return
        # Streamlit's own socket takes whoever sends no Origin, and what its settings know as this machine.
        if scope["type"] == "websocket" and not same_origin(HTTPConnection(scope)):
            refusal = PlainTextResponse("this app's sockets are for its own pages only\n", 403, headers=HEADERS)
            await refusal(scope, receive, send)
            return

        own = next((headers for start, headers in HEADERS_OF if scope["path"].startswith(start)), HEADERS)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in own.items():
                    headers[name] = value
            await send(message)

        await self.app(scope, receive, guarded)

    def _ours(self, scope: Scope) -> bool:
        given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        return len(given) == 1 and _name(given[0]) in self.hosts


def _name(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()


def application(script: Path = SCRIPT) -> App:
    """The app as an ASGI application. What its pages import is imported here, not at the first visitor's expense."""
    # Streamlit would take the folder for pages of its own until the first visitor has run app.py.
    PagesManager.uses_pages_directory = False
    import_module("pages.parts.live")
    import_module("pages.parts.figures")
    return App(script, routes=[*RELAY.routes(), *ENTRANCE.routes()], middleware=[Middleware(Guard)])


def run(host: str = "127.0.0.1", port: int = 8501) -> None:
    """Serve the app until it is told to end. Further settings are in ``.streamlit/config.toml``."""
    application().run(config={"server.address": host, "server.port": port})


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m pages.parts.server", description="Serve the analysts' app.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to bind (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8501, help="the port to bind (default: 8501)")
    options = parser.parse_args(arguments)
    run(options.host, options.port)


if __name__ == "__main__":
    main()
