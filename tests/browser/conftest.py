"""The browsers' client in a browser, at the end of a cable, and desks that play a script."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from tests.cable import Cable
from tests.chromium import chromium
from tests.servers.streaming import Wire

FOLLOW = """async (options) => {
  const { connect } = await import("/client/desk-stream.js");
  const quick = { url: location.origin, firstWaitMs: 10, longestWaitMs: 100, pollMs: 100 };
  window.heard = [];
  window.told = [];
  const kept = { onFrame: (frame) => heard.push(frame), onStatus: (status) => told.push(status) };
  window.desk = connect({ ...quick, ...kept, ...options });
}"""


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    with chromium() as made:
        yield made


class Tab:
    """A page of the cable's origin: ``follow`` a desk, then ask or wait for what it has come to."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def follow(self, **options: Any) -> None:
        self.page.evaluate(FOLLOW, options)

    def ask(self, expression: str) -> Any:
        return self.page.evaluate(expression)

    def until(self, expression: str) -> None:
        try:
            self.page.wait_for_function(expression, timeout=8_000, polling=20)
        except Exception as error:  # noqa: BLE001 - whatever it is, where the client stands says more
            pytest.fail(f"{expression}: {self.ask('JSON.stringify([desk.state, desk.reason, desk.counts])')} {error}")


@pytest.fixture
def tab(browser: Any, cable: Cable, wire: Wire) -> Iterator[Tab]:
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{cable.url}/page")
    yield Tab(page)
    page.close()
    assert errors == []


@contextmanager
def scripted(play: Callable[[ServerConnection, list[dict[str, Any]]], None]) -> Iterator[tuple[str, list[Any]]]:
    """A desk that plays a script on each connection; yields its address and what it hears."""
    heard: list[dict[str, Any]] = []

    def answer(socket: ServerConnection) -> None:
        try:
            play(socket, heard)
            heard.extend(json.loads(raw) for raw in socket)
        except ConnectionClosed:
            pass

    with serve(answer, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}", heard
        server.shutdown()
        thread.join(5)


def hear(socket: ServerConnection, heard: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    while True:
        heard.append(json.loads(socket.recv(5)))
        if heard[-1]["type"] == kind:
            return heard[-1]


def send(socket: ServerConnection, kind: str, seq: int, data: Any, topic: str = "pnl") -> None:
    frame = {"type": kind, "topic": topic, "epoch": "one", "seq": seq, "timestamp": "t", "data": data}
    socket.send(json.dumps(frame))


def ack(socket: ServerConnection, start: str = "snapshot") -> None:
    told = {"pnl": {"type": "pnl_update", "kind": "latest", "seq": 0, "start": start}}
    send(socket, "ack", 1, {"to": "subscribe", "topics": told}, "connection")


def rows(*values: int) -> dict[str, Any]:
    return {"key": ["fund_id"], "rows": [{"fund_id": str(value)} for value in values]}
