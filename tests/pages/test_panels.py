"""The panel's socket: frames pass, acts do not, and nobody comes in without a ticket of this app's own page."""

from __future__ import annotations

import json

import pytest
from websockets.exceptions import InvalidStatus

from pages.parts import panels
from sidecar.servers.keys import Role
from tests.cable import Cable
from tests.pages.doors import Doors, closed, hear, say
from tests.servers.streaming import Wire, with_price


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


@pytest.mark.parametrize("ticket", ["", "wrong", "x" * 300])
def test_without_a_ticket_no_socket_opens(doors: Doors, ticket: str) -> None:
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


def test_who_says_nothing_is_put_out_and_may_try_again(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "AUTH_WAIT_S", 0.1)
    with doors.socket() as socket:
        assert closed(socket) == (1013, "no ticket within 0.1 s")


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
    assert doors.relay.panels.open == 0


def test_panels_do_not_take_every_socket_that_the_desk_has(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "MOST_PANELS", 1)
    with doors.socket() as one, doors.socket() as two:
        doors.opened(one)
        hear(one, "connection")
        assert closed(doors.opened(two)) == (1013, "1 panels are open already")
