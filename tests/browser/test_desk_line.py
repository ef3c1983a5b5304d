"""One connection in a browser: left when it is silent, never told too much, and not asked for more than is read."""

from __future__ import annotations

import threading
import time
from typing import Any

from websockets.sync.server import ServerConnection

from sidecar.servers.keys import Role
from tests.browser.conftest import Tab, ack, hear, rows, scripted, send
from tests.cable import Cable
from tests.chromium import MARKS
from tests.servers.streaming import Wire, with_event, with_price

pytestmark = MARKS
PRICE = "[...desk.rows('positions').values()][0]?.current_price"


def test_a_silent_connection_is_left_and_taken_up_again(tab: Tab, wire: Wire, cable: Cable) -> None:
    tab.follow(key=wire.secrets[Role.VIEWER], topics=["breaker"], heartbeatMs=1000)
    tab.until("desk.state === 'live'")
    time.sleep(2.5)
    assert cable.sockets == 1  # a desk that says nothing but answers is not left
    assert tab.ask("desk.age()") < 1.7
    cable.silent = True
    tab.until("desk.state !== 'live'")
    assert "nothing heard" in tab.ask("told.at(-1).reason")
    cable.cut()
    cable.silent = False
    wire.offer(with_event(1))
    tab.until("desk.state === 'live' && heard.at(-1).data.halt_seq === 1")


def test_a_busy_page_gets_the_newest_and_not_what_waited(tab: Tab, wire: Wire) -> None:
    tab.follow(key=wire.secrets[Role.VIEWER], topics=["positions"])
    tab.until("desk.state === 'live'")
    wire.offer(with_price(2, 84.0))
    tab.until(f"{PRICE} === 84")

    def offer() -> None:
        for number in range(3, 9):
            time.sleep(0.26)
            wire.offer(with_price(number, 80.0 + number))

    offering = threading.Thread(target=offer)
    offering.start()
    tab.ask("{ const until = performance.now() + 1800; while (performance.now() < until); }")
    offering.join()
    tab.until(f"{PRICE} === 88")
    assert tab.ask("heard.length") <= 5


def test_what_was_said_too_fast_is_said_again_more_slowly(tab: Tab) -> None:
    def play(socket: ServerConnection, heard: list[dict[str, Any]]) -> None:
        hear(socket, heard, "subscribe")
        ack(socket)
        send(socket, "snapshot", 3, rows(3))
        hear(socket, heard, "seen")
        send(socket, "error", 2, {"code": "too_fast", "message": "at most 20"}, "connection")
        began = time.monotonic()
        assert hear(socket, heard, "seen")["seq"] == 3
        send(socket, "pnl_update", 4, {"fund_id": "4", "waited": time.monotonic() - began})

    with scripted(play) as (url, _):
        tab.follow(url=url, key="k", topics=["pnl"], pollMs=0)
        tab.until("heard.length === 2")
        assert tab.ask("heard[1].data.waited") > 0.5
        tab.ask("desk.close()")
