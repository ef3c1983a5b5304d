"""The bar in a browser, on a desk that it reaches itself: every word of it, and that it never shows old as new."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from pages.parts.banner import STATES
from sidecar.domain.breaker import BreakerEvent, BreakerState, BreakerStatus, Cause, Override, Trigger
from sidecar.domain.records import BreakerRecorded
from sidecar.domain.report import Quality
from sidecar.servers.keys import Role
from tests.browser.conftest import Tab
from tests.browser.mounted import Mounted
from tests.cable import Cable
from tests.chromium import MARKS
from tests.servers.desk import T0, fund, report
from tests.servers.streaming import Wire, with_event

pytestmark = MARKS


@pytest.fixture
def bar(tab: Tab, wire: Wire) -> Mounted:
    made = Mounted(tab, "bar", role="trader", zone="Asia/Kolkata", zone_name="IST")
    made.show(wire.secrets[Role.TRADER])
    return made


def test_it_says_how_the_desk_stands_and_what_it_is_worth(bar: Mounted, wire: Wire) -> None:
    bar.until("freshness", "● live")
    bar.until("facts", "✓ TRADING ALLOWED")
    bar.until("facts", "⚗ SIMULATED MARKET")
    assert "☀ session open" in bar.text("facts")
    bar.until("pnl", "▼ −₹1,000")
    assert bar.text("opened") == "▲ +₹229"
    assert "NIFTY 26,120.00" in bar.text("ticker")
    assert "volatility index 13.60" in bar.text("ticker")
    assert bar.text("time") == "12:00:00 IST"
    bar.until("alerts", "⚐ no alert")
    line = report().markets[0]
    wire.offer(report(seq=2, markets=(replace(line, spot_price=26_125.5),), funds=(fund(daily_pnl=float("nan")),)))
    bar.until("ticker", "NIFTY 26,125.50 ▲")
    bar.until("pnl", "–")
    wire.offer(report(seq=3, markets=(replace(line, spot_price=26_101.0, quality=Quality.STALE),)))
    bar.until("ticker", "NIFTY 26,101.00 ▼ (stale)")


def test_every_state_of_the_breaker_has_the_words_of_the_pages(bar: Mounted, wire: Wire) -> None:
    for number, state in enumerate(BreakerStatus, 2):
        event = BreakerEvent("triggered", state, "a reason", "desk", T0 + number, number)
        made = BreakerState(state, (), T0 + number, number)
        records = (BreakerRecorded(event.at or 0, event, made),)
        wire.offer(report(seq=number, breaker=made, breaker_events=(event,), records=records))
        bar.until("facts", STATES[state][0])
        assert bar.section().get_attribute("data-state") == state
    bar.until("said", STATES[state][0])


def test_every_trouble_of_the_desk_is_said(bar: Mounted, wire: Wire) -> None:
    shut = Cause(Trigger.LOSS_STREAK, T0, "desk", "5 in a row", scope="main/demo")
    override = Override(("vix",), T0, "admin/1", "drill")
    wire.offer(
        report(
            seq=2, feed_up=False, blind=True, session_open=False, unconfirmed=("O1", "O2"), simulated=False,
            breaker=BreakerState(partial=(shut,), override=override),
        )
    )  # fmt: skip
    words = ("⊘ BLIND", "⊘ SHUT: main/demo", "venue unconfirmed: 2", "☾ session closed", "override on", "FEED DOWN")
    for word in words:
        bar.until("facts", word)
    assert "SIMULATED" not in bar.text("facts")


def test_without_a_stream_it_reads_and_without_either_it_is_old_and_says_who_is_silent(
    bar: Mounted, wire: Wire, cable: Cable
) -> None:
    bar.until("freshness", "● live")
    bar.until("facts", "SIMULATED")
    cable.no_sockets = True
    cable.cut()
    bar.until("freshness", "◐ polling")
    wire.offer(with_event(1))
    bar.until("facts", "⚠ TRIPPED by a limit")
    cable.down = True
    cable.cut()
    bar.until("freshness", "○ OLD")
    bar.until("trouble", "✕ THE APP DOES NOT ANSWER.")
    bar.until("facts", "? was: TRIPPED by a limit")
    assert bar.section().get_attribute("data-state") == "unknown"
    old = bar.text("freshness")
    bar.tab.page.wait_for_timeout(400)
    assert bar.text("freshness") != old
    bar.until("said", "state unknown")
    cable.down = cable.no_sockets = False
    bar.until("freshness", "● live")
    bar.until("facts", "⚠ TRIPPED by a limit")
    bar.until("trouble", "")


def test_a_desk_that_was_never_seen_is_unknown_and_no_number_is_made_up(tab: Tab, wire: Wire, cable: Cable) -> None:
    cable.down = True
    cable.cut()
    bar = Mounted(tab, "bar", role="trader")
    bar.show(wire.secrets[Role.TRADER])
    bar.until("trouble", "THE APP DOES NOT ANSWER")
    assert bar.text("facts").startswith("? STATE UNKNOWN")
    assert bar.text("freshness") == "○ never seen"
    assert [bar.text(name) for name in ("pnl", "opened", "alerts", "time")] == ["–", "–", "alerts –", "–"]


def test_who_it_is_that_does_not_answer_is_told_apart(tab: Tab, wire: Wire) -> None:
    answer = {"status": 502}
    tab.page.route(
        "**/emergency/status",
        lambda route: route.fulfill(status=answer["status"], json={"detail": "<b>why</b>"}),
    )
    bar = Mounted(tab, "bar", role="trader")
    bar.show(wire.secrets[Role.TRADER])
    bar.until("trouble", "THE SIDECAR DOES NOT ANSWER")
    assert "<b>why</b>" in bar.text("trouble")
    answer["status"] = 503
    bar.until("trouble", "THE DESK CANNOT SAY HOW IT STANDS")
    bar.until("freshness", "● live")  # the stream has its own word
    bar.until("facts", "TRADING ALLOWED")


def test_a_clock_that_is_wrong_is_said_and_no_age_is_taken_from_it(tab: Tab, wire: Wire) -> None:
    tab.ask("{ const now = Date.now; Date.now = () => now() + 3_600_000; }")
    bar = Mounted(tab, "bar", role="trader")
    bar.show(wire.secrets[Role.TRADER])
    bar.until("trouble", "This browser's clock is 59 min")
    bar.until("freshness", "● live")
    assert float(bar.text("freshness").split()[2]) < 10


def test_a_server_that_was_too_busy_to_turn_its_own_date_is_no_wrong_clock(tab: Tab, wire: Wire) -> None:
    tab.ask("""{
        const real = fetch;
        let late = 2;
        globalThis.fetch = async (...asked) => {
            const answer = await real(...asked);
            if (!answer.headers.has("date") || late-- <= 0) return answer;
            const headers = { ...Object.fromEntries(answer.headers), date: new Date(Date.now() - 9_000).toUTCString() };
            return new Response(answer.body, { status: answer.status, headers });
        };
    }""")
    bar = Mounted(tab, "bar", role="trader")
    bar.show(wire.secrets[Role.TRADER])
    line = "[...globalThis[Symbol.for('deskwatch.wires')].values()][0]"
    tab.until(f"{line}.skews.length === 3")
    assert max(tab.ask(f"{line}.skews")) > 5
    assert tab.ask(f"{line}.skew") == 0


def test_alerts_that_stand_are_counted_by_level(bar: Mounted, wire: Wire) -> None:
    bar.until("freshness", "● live")
    rows = [("1", "critical", False), ("2", "warning", False), ("3", "warning", False), ("4", "critical", True)]
    told = [{"id": one, "level": level, "resolved": resolved, "shown": True} for one, level, resolved in rows]
    table = "new Map(%s.map((row) => [row.id, row]))"
    bar.tab.page.evaluate("(rows) => { window.rows = rows; }", told)
    bar.tab.ask("{ const wire = [...globalThis[Symbol.for('deskwatch.wires')].values()][0];"
                f" wire.desk.mirror.rows.set('alerts', {table % 'rows'}); }}")  # fmt: skip
    bar.until("alerts", "⚑ 1 critical, 2 warning")


def test_it_tells_once_that_nobody_looks_and_once_that_somebody_does_again(tab: Tab, wire: Wire) -> None:
    tab.ask("""{
      window.gone = false;
      Object.defineProperty(document, "hidden", { get: () => gone });
      window.look = (away) => { gone = away; document.dispatchEvent(new Event("visibilitychange")); };
      0;
    }""")
    bar = Mounted(tab, "bar", role="trader")
    bar.js = bar.js.replace("AWAY_MS = 5_000", "AWAY_MS = 50").replace("AGAIN_MS = 3_000", "AGAIN_MS = 200")
    secret = wire.secrets[Role.TRADER]
    bar.show(secret)
    tab.ask("look(true)")
    bar.true("told.length === 1 && told[0][1] === true")
    bar.again(secret, hidden=True)
    tab.page.wait_for_timeout(500)
    assert tab.ask("told.length") == 1  # heard: nothing more is said
    tab.ask("look(false)")
    bar.true("told.length >= 3")  # it was not heard: said again
    bar.again(secret, hidden=False)
    many: Any = tab.ask("told.length")
    tab.page.wait_for_timeout(500)
    assert tab.ask("told.length") == many
    assert tab.ask("told.at(-1)") == ["hidden", False]


def test_two_hundred_pages_open_one_socket_and_leave_nothing_behind(bar: Mounted, wire: Wire, cable: Cable) -> None:
    bar.until("freshness", "● live")
    opened, nodes = cable.sockets, "document.querySelectorAll('*').length"
    bar.tab.ask("""{
      window.timers = 0;
      const [set, clear] = [setInterval, clearInterval];
      window.setInterval = (...all) => (timers++, set(...all));
      window.clearInterval = (one) => (timers--, clear(one));
      0;
    }""")
    bar.remount(3)
    before = bar.tab.ask(nodes), bar.tab.ask("timers")
    bar.remount(200)
    assert (bar.tab.ask(nodes), bar.tab.ask("timers")) == before
    assert bar.tab.ask("document.querySelectorAll('[data-deskwatch]').length") == 1
    bar.until("freshness", "● live")
    wire.offer(with_event(1))
    bar.until("facts", "⚠ TRIPPED by a limit")
    assert cable.sockets == opened
