"""The live panel in a browser, on a desk that it reaches itself: what it shows, and that nothing in it is obeyed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.server import ServerConnection

from sidecar.domain.breaker import BreakerState, BreakerStatus
from sidecar.servers.keys import Role
from tests.browser.conftest import Tab, hear, scripted, send
from tests.cable import Cable
from tests.chromium import MARKS
from tests.servers.desk import PUT, fund, position, report
from tests.servers.streaming import Wire, with_event

pytestmark = MARKS
SHOW = """async ({ html, js, ticket, path }) => {
  document.body.innerHTML = `<div id="panel">${html}</div>`;
  const source = URL.createObjectURL(new Blob([js], { type: "text/javascript" }));
  window.show = (await import(source)).default;
  window.shown = (data) => show({ data, parentElement: document.querySelector("#panel") });
  window.leave = shown({ ticket, path });
  shown({ ticket, path });
}"""


class Panel:
    """The panel on a page, as Streamlit would mount it and draw it once more."""

    def __init__(self, tab: Tab, folder: Path) -> None:
        self.tab = tab
        self.html, self.js = ((folder / f"panel.{kind}").read_text() for kind in ("html", "js"))

    def show(self, ticket: str, path: str = "") -> None:
        self.tab.page.evaluate(SHOW, {"html": self.html, "js": self.js, "ticket": ticket, "path": path})

    def text(self, name: str) -> str:
        return str(self.tab.page.text_content(f'[data-at="{name}"]'))

    def until(self, name: str, words: str) -> None:
        try:
            self.tab.page.locator(f'[data-at="{name}"]', has_text=words).wait_for(timeout=8_000, state="attached")
        except Exception as error:  # noqa: BLE001 - whatever it is, what stands there says more
            pytest.fail(f"{name} is {self.text(name)!r} and not {words!r}: {error}")


@pytest.fixture
def panel(tab: Tab, repository: Path) -> Panel:
    return Panel(tab, repository / "pages" / "parts")


def test_it_shows_the_desk_and_each_change_of_it(panel: Panel, wire: Wire) -> None:
    panel.show(wire.secrets[Role.VIEWER])
    panel.until("state", "● live")
    panel.until("pnl", "▼ −₹1,000")
    assert panel.text("opened") == "▲ +₹229"
    assert panel.text("breaker") == "✓ active"
    assert panel.text("simulated") == "⚗ simulated data"
    assert "NIFTY spot26,120.00" in panel.text("markets")
    assert panel.text("positions").endswith("+7583.40▲ +₹229")
    assert "s old" in panel.text("age")
    both = (position(current_price=85.0), position(PUT, -75, current_price=float("nan")))
    wire.offer(report(seq=2, positions=both, funds=(fund(daily_pnl=float("nan")),)))
    panel.until("positions", "85.00")
    panel.until("count", "2")
    panel.until("pnl", "–")
    assert "−75–" in panel.text("positions")
    wire.offer(with_event(1))
    panel.until("breaker", "⚠ tripped by a limit")
    panel.until("said", "live; breaker ⚠ tripped by a limit")
    wire.offer(report(seq=4, positions=()))
    panel.until("count", "0")
    assert panel.text("positions") == ""


def test_it_says_when_it_only_reads_and_when_it_is_old_and_comes_back(panel: Panel, wire: Wire, cable: Cable) -> None:
    panel.show(wire.secrets[Role.VIEWER])
    panel.until("state", "● live")
    cable.no_sockets = True
    cable.cut()
    panel.until("state", "◐ polling")
    wire.offer(report(seq=2, positions=(position(current_price=90.0),), breaker=BreakerState(BreakerStatus.TRIPPED)))
    panel.until("positions", "90.00")
    panel.until("breaker", "⚠ tripped")
    cable.down = True
    cable.cut()
    panel.until("state", "○ stale")
    assert "90.00" in panel.text("positions")  # the last that was seen, marked as old
    panel.until("said", "stale")
    cable.down = cable.no_sockets = False
    panel.until("state", "● live")


def test_listeners_are_not_told_every_price(panel: Panel, wire: Wire) -> None:
    panel.show(wire.secrets[Role.VIEWER])
    panel.until("said", "live; breaker ✓ active")
    panel.tab.ask("""{
      window.changes = 0;
      const said = document.querySelector('[data-at="said"]');
      new MutationObserver((found) => { changes += found.length; }).observe(said, { childList: true, subtree: true });
    }""")
    for number in range(2, 8):
        wire.offer(report(seq=number, positions=(position(current_price=80.0 + number),)))
        time.sleep(0.25)
    panel.until("positions", "87.00")
    assert panel.tab.ask("changes") == 0


HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'


def test_hostile_text_is_shown_and_not_obeyed(panel: Panel, wire: Wire) -> None:
    row = {"id": "1", "symbol": HOSTILE, "quantity": HOSTILE, "current_price": 1, "unrealized_pnl": None}
    tables = {
        "breaker": ([], {"state": HOSTILE}),
        "pnl": (["fund_id"], {"fund_id": "*", "daily_pnl": HOSTILE}),
        "market": (["symbol"], {"symbol": HOSTILE, "spot_price": 1, "quality": HOSTILE}),
        "positions": (["id"], row),
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
        panel.js = panel.js.replace("url: base,", f'url: "{url}",')
        panel.show(wire.secrets[Role.VIEWER])
        panel.until("state", "✕ refused")
        panel.until("positions", "<img src=x")
        assert panel.text("breaker") == HOSTILE
        assert panel.text("pnl") == "–"
        assert panel.text("reason") == HOSTILE
        assert panel.tab.ask("document.querySelectorAll('#panel img, #panel script').length") == 0
        assert panel.tab.ask("window.pwned ?? null") is None


def test_a_new_ticket_opens_a_panel_that_was_refused_and_one_that_is_left_is_silent(
    panel: Panel, wire: Wire, cable: Cable
) -> None:
    panel.show("run out " * 4)
    panel.until("state", "✕ refused")
    assert "not known" in panel.text("reason")
    panel.tab.page.evaluate("(ticket) => { shown({ ticket, path: '' }); }", wire.secrets[Role.VIEWER])
    panel.until("state", "● live")
    panel.tab.ask("leave()")
    cable.cut()
    tried = cable.sockets
    time.sleep(0.5)
    assert cable.sockets == tried
