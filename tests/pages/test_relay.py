"""The panel's doors: frames pass, acts do not, and nobody comes in without a ticket of this app's own page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from pages.parts import relay
from pages.parts.relay import Relay, Tickets
from sidecar.client import Desk
from sidecar.servers.keys import Role
from tests.cable import Cable, reached
from tests.pages.conftest import serving
from tests.servers.streaming import Wire, with_price


class Doors:
    """The relay on a port of its own, and a ticket."""

    def __init__(self, url: str, made: Relay) -> None:
        self.url = url
        self.relay = made
        self.ticket = made.tickets.renew(None)

    def get(self, path: str, ticket: str | None = None) -> httpx2.Response:
        key = self.ticket if ticket is None else ticket
        return httpx2.get(f"{self.url}/live{path}", headers={"X-API-Key": key}, trust_env=False)

    def socket(self, origin: str | None = "mine") -> Any:
        whence: Any = self.url if origin == "mine" else origin
        return connect(f"ws{self.url[4:]}/live/ws", origin=whence, proxy=None, close_timeout=1)

    def opened(self, socket: ClientConnection, ticket: str | None = None) -> ClientConnection:
        say(socket, type="auth", key=self.ticket if ticket is None else ticket)
        return socket


def say(socket: ClientConnection, **message: Any) -> None:
    socket.send(json.dumps(message))


def hear(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = json.loads(socket.recv(5))
        if frame["type"] == kind:
            return frame


def closed(socket: ClientConnection) -> tuple[int, str]:
    """How it ends, whatever comes before."""
    with pytest.raises(ConnectionClosed) as ended:
        list(iter(lambda: socket.recv(8), None))
    assert ended.value.rcvd is not None
    return ended.value.rcvd.code, ended.value.rcvd.reason


@pytest.fixture
def cable() -> Iterator[Cable]:
    made = Cable()
    yield made
    made.close()


@pytest.fixture
def wire(tmp_path: Path, cable: Cable) -> Iterator[Wire]:
    with reached(tmp_path, cable) as made:
        yield made


@pytest.fixture
def doors(cable: Cable, wire: Wire) -> Iterator[Doors]:
    with Desk(cable.url, wire.secrets[Role.TRADER]) as desk:
        made = Relay(Tickets(), lambda: desk)
        with serving(Starlette(routes=made.routes())) as url:  # type: ignore[arg-type]
            yield Doors(url, made)


def test_frames_pass_and_the_key_does_not(doors: Doors, wire: Wire) -> None:
    with doors.socket() as socket:
        doors.opened(socket)
        told = [json.dumps(hear(socket, "connection"))]
        say(socket, type="subscribe", subscriptions=["positions"])
        told.append(json.dumps(hear(socket, "snapshot")))
        wire.offer(with_price(2, 85.0))
        told.append(json.dumps(hear(socket, "position_update")))
        say(socket, type="ping")
        hear(socket, "pong")
    assert '"current_price": 85.0' in told[-1]
    assert wire.secrets[Role.TRADER] not in "".join(told)


def test_the_two_reads_are_the_desks_own_answers_and_nothing_else_is_there(doors: Doors) -> None:
    assert doors.get("/emergency/status").json()["data"]["circuit_breaker"]["status"] == "active"
    answer = doors.get("/emergency/positions")
    assert len(answer.json()["positions"]) == 1
    assert answer.headers["cache-control"] == "no-store"
    for path in ("/emergency/stop", "/emergency/logs/recent", "/api/v1/orders", "/emergency/status/..%2f..%2fmetrics"):
        assert doors.get(path).status_code == 404
    posted = httpx2.post(f"{doors.url}/live/emergency/status", headers={"X-API-Key": doors.ticket}, trust_env=False)
    assert posted.status_code == 405
    assert doors.get("/client/desk-stream.js").headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("ticket", ["", "wrong", "x" * 300])
def test_without_a_ticket_nothing_opens(doors: Doors, ticket: str) -> None:
    assert doors.get("/emergency/status", ticket).status_code == 401
    with doors.socket() as socket:
        assert closed(doors.opened(socket, ticket)) == (1008, "this page's ticket has run out; reload it")


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null", "http://127.0.0.1:1", "http://localhost"])
def test_no_page_of_elsewhere_opens_the_socket(doors: Doors, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused, doors.socket(origin):
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "said",
    ['{"type":"auth","key":"another"}', '{"type":"stop"}', '{"kind":"ping"}', "[]", "no JSON", b"{}", "{" * 20_000],
)
def test_what_a_panel_has_no_business_to_say_ends_it(doors: Doors, said: str | bytes) -> None:
    with doors.socket() as socket:
        doors.opened(socket)
        hear(socket, "connection")
        socket.send(said)
        assert closed(socket)[0] == (1009 if len(said) > 16_384 else 1008)


@pytest.mark.parametrize("said", ["no JSON", "{}", '{"type":"ping"}', b"\x00"])
def test_the_first_frame_is_the_ticket(doors: Doors, said: str | bytes) -> None:
    with doors.socket() as socket:
        socket.send(said)
        assert closed(socket)[0] == 1008


def test_who_says_nothing_is_put_out(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "AUTH_WAIT_S", 0.1)
    with doors.socket() as socket:
        assert closed(socket)[0] == 1008


def test_the_desks_own_close_goes_on_and_a_desk_that_is_gone_is_tried_later(
    doors: Doors, wire: Wire, cable: Cable
) -> None:
    with doors.socket() as socket:
        doors.opened(socket)
        hear(socket, "connection")
        cable.cut()
        assert closed(socket)[0] == 1013
    cable.down = True
    with doors.socket() as socket:
        assert closed(doors.opened(socket)) == (1013, "the sidecar does not answer")
    assert doors.get("/emergency/status").status_code == 502
    cable.down = False
    with doors.socket() as socket:
        doors.opened(socket)
        hear(socket, "connection")
        wire.keys.revoke(next(key.id for key in wire.keys.list() if key.role is Role.TRADER))
        assert closed(socket) == (1008, "this key was revoked")
    assert doors.get("/emergency/positions").status_code == 401
    with doors.socket() as socket:
        assert closed(doors.opened(socket)) == (1008, "the desk answers 401")
    assert doors.relay.panels == 0


def test_panels_do_not_take_every_socket_that_the_desk_has(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "MOST_PANELS", 1)
    with doors.socket() as one, doors.socket() as two:
        doors.opened(one)
        hear(one, "connection")
        assert closed(doors.opened(two)) == (1013, "1 panels are open already")


def test_a_ticket_lives_as_long_as_it_is_renewed() -> None:
    now = [0.0]
    tickets = Tickets(lambda: now[0])
    first = tickets.renew(None)
    other = tickets.renew(None)
    assert first != other
    assert not tickets.opens("")
    now[0] = relay.TICKET_S - 1
    assert tickets.renew(first) == first
    now[0] += 2
    assert tickets.opens(first)
    assert not tickets.opens(other)
    assert tickets.renew(other) != other
    now[0] += relay.TICKET_S
    assert not tickets.opens(first)
