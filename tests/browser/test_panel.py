"""The live blotter in a browser, on a desk that it reaches itself: what it shows, and that nothing in it is obeyed."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from websockets.sync.server import ServerConnection

from sidecar.domain.orders import Order, OrderRequest, OrderState, Side
from sidecar.domain.records import OrderRecorded
from sidecar.servers.keys import Role
from tests.browser.conftest import Tab, hear, scripted, send
from tests.browser.mounted import Mounted
from tests.cable import Cable
from tests.chromium import MARKS
from tests.servers.desk import CALL, PUT, T0, fund, position, report
from tests.servers.streaming import Wire

pytestmark = MARKS
HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'


@pytest.fixture
def panel(tab: Tab, wire: Wire) -> Mounted:
    made = Mounted(tab, "panel", fund="*", day=[], zone="Asia/Kolkata", zone_name="IST")
    made.show(wire.secrets[Role.VIEWER])
    return made


def order(number: int, state: OrderState, filled: int = 0) -> Order:
    asked = OrderRequest(CALL.id, Side.BUY, 75, Decimal("80.35"), strategy="demo")
    return Order(f"O{number}", asked, state, "demo", T0, T0 + number, filled=filled)


def test_it_shows_the_book_and_each_change_of_it_and_the_same_rows_stay(panel: Mounted, wire: Wire) -> None:
    panel.until("age", "● live")
    panel.until("pnl", "▼ −₹1,000")
    panel.until("positions", "+7583.40▲ +₹229")
    panel.tab.ask(
        "{ window.row = document.querySelector('[data-at=positions] tr'); window.first = row.children[0].firstChild; }"
    )
    both = (position(current_price=85.0), position(PUT, -75, current_price=float("nan")))
    wire.offer(report(seq=2, positions=both, funds=(fund(daily_pnl=float("nan")),)))
    panel.until("positions", "85.00")
    panel.until("positions", "−75–")
    panel.until("count", "2")
    panel.until("pnl", "–")
    assert panel.tab.ask(
        "row === document.querySelector('[data-at=positions] tr') && row.children[0].firstChild === first"
    )
    wire.offer(report(seq=3, positions=()))
    panel.until("count", "0")
    panel.until("positions", "")


def test_orders_come_as_the_desk_records_them_the_newest_first(panel: Mounted, wire: Wire) -> None:
    panel.until("age", "● live")
    panel.until("orders-count", "0")
    for number, state, filled in ((1, OrderState.OPEN, 0), (2, OrderState.OPEN, 0), (3, OrderState.FILLED, 75)):
        made = msgspec.structs.replace(order(number, state, filled), id="O1" if number == 3 else f"O{number}")
        wire.offer(report(seq=number + 1, records=(OrderRecorded(T0 + number, made, CALL),)))
    panel.until("orders-count", "2")
    panel.until("orders", "75 of 75filled")
    rows = panel.tab.ask(
        "[...document.querySelectorAll('[data-at=orders] tr')].map((row) => row.lastChild.textContent)"
    )
    assert rows == ["filled", "open"]


def test_a_long_book_is_cut_with_its_number_and_another_fund_is_shown_at_once(panel: Mounted, wire: Wire) -> None:
    panel.until("age", "● live")
    rows = tuple(position(id=f"p{n:02}", fund_id="a" if n < 3 else "b") for n in range(30))
    wire.offer(report(seq=2, positions=rows))
    panel.until("count", "30, 20 shown, 10 more")
    panel.again(wire.secrets[Role.VIEWER], fund="a")
    panel.until("count", "3")
    assert panel.text("whose") == "a"
    assert panel.text("pnl") == "–"  # of that fund nothing is told


def test_it_says_when_it_only_reads_and_when_it_is_old_and_comes_back(panel: Mounted, wire: Wire, cable: Cable) -> None:
    panel.until("age", "● live")
    cable.no_sockets = True
    cable.cut()
    panel.until("age", "◐ polling")
    wire.offer(report(seq=2, positions=(position(current_price=90.0),)))
    panel.until("positions", "90.00")
    cable.down = True
    cable.cut()
    panel.until("age", "○ OLD")
    assert "90.00" in panel.text("positions")  # the last that was seen, marked as old
    cable.down = cable.no_sockets = False
    panel.until("age", "● live")


def test_hostile_text_is_shown_and_not_obeyed(tab: Tab, wire: Wire) -> None:
    panel = Mounted(tab, "panel", fund="*", day=[])
    row = {"id": "1", "symbol": HOSTILE, "quantity": HOSTILE, "current_price": 1, "unrealized_pnl": None}
    tables = {
        "pnl": (["fund_id"], {"fund_id": "*", "daily_pnl": HOSTILE}),
        "positions": (["id"], row),
        "orders": (["id"], {"id": HOSTILE, "symbol": HOSTILE, "state": HOSTILE, "side": HOSTILE, "updated_at": "z"}),
    }

    def play(socket: ServerConnection, heard: list[dict[str, Any]]) -> None:
        hear(socket, heard, "subscribe")
        told = {topic: {"type": "t", "kind": "latest", "seq": 1, "start": "snapshot"} for topic in tables}
        send(socket, "ack", 1, {"to": "subscribe", "topics": told}, "connection")
        for topic, (key, one) in tables.items():
            send(socket, "snapshot", 1, {"key": key, "rows": [one]}, topic)
        hear(socket, heard, "seen")
        time.sleep(0.5)
        socket.close(1008, HOSTILE)

    with scripted(play) as (url, _):
        panel.js = panel.js.replace("url: this.base,", f'url: "{url}",')
        panel.show(wire.secrets[Role.VIEWER])
        panel.until("age", f"✕ refused {HOSTILE}")
        panel.until("positions", HOSTILE)
        panel.until("orders", HOSTILE)
        assert panel.text("pnl") == "–"
        assert panel.tab.ask("document.querySelectorAll('#mounted img, #mounted script').length") == 0
        assert panel.tab.ask("window.pwned ?? null") is None


def test_a_new_ticket_opens_what_was_refused_and_one_that_is_left_is_silent(tab: Tab, wire: Wire, cable: Cable) -> None:
    panel = Mounted(tab, "panel", fund="*", day=[])
    panel.js = panel.js.replace("LINGER_MS = 10_000", "LINGER_MS = 100")
    panel.show("run out " * 4)
    panel.until("age", "✕ refused")
    assert "not known" in panel.text("age")
    panel.again(wire.secrets[Role.VIEWER])
    panel.until("age", "● live")
    panel.tab.ask("leave()")
    panel.true("globalThis[Symbol.for('deskwatch.wires')].size === 0")
    cable.cut()
    tried = cable.sockets
    time.sleep(0.5)
    assert cable.sockets == tried


def test_the_line_has_gaps_where_nothing_was_known(panel: Mounted) -> None:
    at = "new Date(1_000_000 * 1_000 + {} * 1_000).toISOString()"
    points = [(0, 1), (1, 2), (2, 1), (30, 4), (31, 5), (32, None), (33, -6), (34, 2), (34, 9)]
    day = ", ".join(f"[{at.format(second)}, {'null' if value is None else value}]" for second, value in points)
    panel.js += "\nglobalThis.Spark = Spark;\n"
    panel.show("-")
    path, zero = panel.tab.ask(
        f"(() => {{ const {{ path, zero }} = new Spark([{day}]).draw(); return [path, zero]; }})()"
    )
    assert path.count("M") == 3
    assert path.count("L") == 4
    assert zero.startswith("M0 ")
    assert panel.tab.ask("new Spark([]).draw().path") == ""
