"""The relay's doors: a few reads and the stop, for who holds a ticket of this app's own page."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.applications import Starlette

from pages.parts.relay import Relay
from pages.parts.tickets import Tickets
from sidecar.client import Desk, desk
from sidecar.domain.breaker import BreakerStatus
from sidecar.servers import alerts
from sidecar.servers.alerts import Kept
from sidecar.servers.http import create_app
from sidecar.servers.keys import Role
from tests.cable import Cable
from tests.pages.conftest import serving
from tests.pages.doors import Doors
from tests.servers.desk import QUICK, Stand
from tests.servers.streaming import Wire


def status(wire: Wire) -> BreakerStatus:
    return wire.desk.report.breaker.status


def test_the_reads_are_the_desks_own_answers_and_nothing_else_is_there(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    ports, keys = stand.desk.ports(), stand.keys
    desks = create_app(ports, keys, QUICK, [alerts.router(ports, keys, Kept(lambda *_: [], lambda _: None), QUICK)])
    with serving(desks) as far, Desk(far, stand.secrets[Role.TRADER]) as own:
        made = Relay(Tickets(lambda _: True), lambda _: own, lambda _: own)
        with serving(Starlette(routes=made.routes())) as url, Doors(url, made, "") as doors:
            assert doors.get("/emergency/status").json()["data"]["circuit_breaker"]["status"] == "active"
            answer = doors.get("/emergency/positions")
            assert len(answer.json()["positions"]) == 1
            assert answer.headers["cache-control"] == "no-store"
            assert doors.get("/api/v1/orders?limit=500").json() == own.orders(limit=200)
            assert doors.get("/api/v1/monitoring/alerts").json() == own.alerts()
            plan = doors.get("/emergency/positions/plan?close_all=true").json()
            assert plan.keys() == own.plan(close_all=True).keys()
            # What would not be answered as it was asked is not answered.
            for query in ("", "?close_all=false", "?close_all=true&symbol=NIFTY"):
                assert doors.get(f"/emergency/positions/plan{query}").status_code == 422
            for path in (
                "/emergency/logs/recent",
                "/api/v1/fills",
                "/emergency/status/..%2f..%2fmetrics",
                "/api/v1/me",
            ):
                assert doors.get(path).status_code == 404
            assert doors.http.post("/live/emergency/status", headers={"X-API-Key": doors.ticket}).status_code == 405
            assert doors.get("/emergency/stop").status_code == 405
            assert doors.get("/client/desk-stream.js").headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("ticket", ["", "wrong", "x" * 300])
def test_without_a_ticket_nothing_is_read_and_nothing_stopped(doors: Doors, wire: Wire, ticket: str) -> None:
    assert doors.get("/emergency/status", ticket).status_code == 401
    told = doors.stop(ticket=ticket)
    assert told.status_code == 401
    assert "python -m sidecar stop" in told.json()["detail"]
    assert status(wire) is BreakerStatus.ACTIVE


def test_a_stop_goes_through_with_the_key_of_its_ticket_and_the_answer_is_the_desks_own(
    doors: Doors, wire: Wire
) -> None:
    viewer = doors.relay.tickets.renew(None, wire.secrets[Role.VIEWER])
    refused = doors.stop(ticket=viewer)
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"
    assert "needs the role trader" in refused.json()["detail"]
    assert status(wire) is BreakerStatus.ACTIVE
    told = doors.stop({"reason": "fat finger", "flatten": False})
    assert told.status_code == 200
    assert (told.json()["state"], told.json()["halt_seq"], told.json()["reason"]) == ("emergency_stop", 1, "fat finger")
    assert wire.desk.report.breaker.causes[-1].actor.startswith("test-trader/")
    assert status(wire) is BreakerStatus.EMERGENCY_STOP


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"origin": ""}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"content-type": "text/plain"}, 422),
        ({"content-type": "application/x-www-form-urlencoded"}, 422),
        ({"content-type": ""}, 422),
    ],
)
def test_a_stop_that_no_page_of_this_app_asks_for_is_not_sent(
    doors: Doors, wire: Wire, headers: dict[str, str], code: int
) -> None:
    assert doors.stop(**headers).status_code == code
    assert status(wire) is BreakerStatus.ACTIVE


@pytest.mark.parametrize("body", [[], {"why": "x"}, {"reason": 1}, {"reason": "x" * 20_000}])
def test_a_stop_that_cannot_be_read_is_said_to_be_not_sent(doors: Doors, wire: Wire, body: object) -> None:
    told = doors.stop(body)
    assert (told.status_code, told.json()["title"]) == (422, "not stopped")
    assert status(wire) is BreakerStatus.ACTIVE


def test_a_stop_that_nobody_answers_is_not_confirmed_and_is_sent_once(
    doors: Doors, wire: Wire, cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    cable.down = True
    told = doors.stop()
    assert (told.status_code, told.json()["title"], told.json()["unsure"]) == (502, "NOT CONFIRMED", True)
    assert "python -m sidecar stop" in told.json()["detail"]
    cable.down = False
    monkeypatch.setattr(desk, "COMMAND_S", 0.3)
    cable.silent = True
    assert doors.stop().status_code in (502, 504)
    cable.silent = False
    until = time.monotonic() + 5
    while status(wire) is BreakerStatus.ACTIVE and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.3)
    assert wire.desk.report.breaker.halt_seq == 1


def test_a_stop_does_not_wait_behind_reads(wire: Wire, cable: Cable) -> None:
    key = wire.secrets[Role.TRADER]
    with Desk(cable.url, key) as slow, Desk(wire.url, key) as own, ThreadPoolExecutor(20) as pages:
        made = Relay(Tickets(lambda _: True), lambda _: slow, lambda _: own)
        with serving(Starlette(routes=made.routes())) as url, Doors(url, made, key) as doors:
            cable.silent = True
            reading = [pages.submit(doors.get, "/emergency/positions") for _ in range(20)]
            time.sleep(0.3)
            began = time.monotonic()
            assert doors.stop().status_code == 200
            assert time.monotonic() - began < 2
            assert not any(read.done() for read in reading)
            cable.silent = False
            assert {read.result().status_code for read in reading} == {200}


def test_a_read_that_the_desk_refuses_or_does_not_answer_says_so(doors: Doors, wire: Wire, cable: Cable) -> None:
    nobody = doors.relay.tickets.renew(None, "no key of this desk")
    refused = doors.get("/emergency/positions", nobody)
    assert refused.status_code == 401
    assert "not known" in refused.json()["detail"]
    cable.down = True
    assert doors.get("/emergency/status").status_code == 502
