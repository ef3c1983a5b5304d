"""The relay on a port of its own, and what a page of the app would hold: a ticket."""

from __future__ import annotations

import json
import ssl
from typing import Any, Self

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from pages.parts.relay import Relay


class Doors:
    """The relay's doors as a page asks at them."""

    def __init__(self, url: str, made: Relay, key: str) -> None:
        self.url = url
        self.relay = made
        self.key = key
        self.ticket = made.tickets.renew(None, key)
        # Certificates take long to load, and nothing here is encrypted.
        bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.http = httpx2.Client(base_url=url, trust_env=False, verify=bare, timeout=20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.http.close()

    def get(self, path: str, ticket: str | None = None) -> httpx2.Response:
        return self.http.get(f"/live{path}", headers={"X-API-Key": self.ticket if ticket is None else ticket})

    def stop(self, body: Any = None, ticket: str | None = None, **headers: str) -> httpx2.Response:
        key = self.ticket if ticket is None else ticket
        asked = {"X-API-Key": key, "origin": self.url, "content-type": "application/json"} | headers
        content = json.dumps({"reason": "a drill"} if body is None else body)
        sent = {name: value for name, value in asked.items() if value}
        return self.http.post("/live/emergency/stop", headers=sent, content=content)

    def socket(self, origin: str | None = "mine", **more: Any) -> Any:
        whence: Any = self.url if origin == "mine" else origin
        return connect(f"ws{self.url[4:]}/live/ws", origin=whence, proxy=None, close_timeout=1, **more)

    def opened(self, socket: ClientConnection, ticket: str | None = None) -> ClientConnection:
        say(socket, type="auth", key=self.ticket if ticket is None else ticket)
        return socket


def say(socket: ClientConnection, **message: Any) -> None:
    socket.send(json.dumps(message))


def hear(socket: ClientConnection, kind: str, topic: str = "", wait_s: float = 5.0) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = json.loads(socket.recv(wait_s))
        if frame["type"] == kind and topic in ("", frame["topic"]):
            return frame


def closed(socket: ClientConnection) -> tuple[int, str]:
    """How it ends, whatever comes before."""
    with pytest.raises(ConnectionClosed) as ended:
        list(iter(lambda: socket.recv(8), None))
    assert ended.value.rcvd is not None
    return ended.value.rcvd.code, ended.value.rcvd.reason
