"""STOP in a browser: it opens at once, is sent once, and says what truly came of it, for as long as that unfolds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from sidecar.domain.commands import Stop
from sidecar.domain.orders import Order, OrderRequest, OrderState, Side
from sidecar.domain.records import OrderRecorded
from sidecar.servers.keys import Role
from tests.browser.conftest import Tab
from tests.browser.mounted import Mounted
from tests.cable import Cable
from tests.chromium import MARKS
from tests.servers.desk import CALL, T0, Desk, position
from tests.servers.streaming import Wire

pytestmark = MARKS
HOSTILE = '<img src=x onerror="window.pwned=1">'


class Person(Mounted):
    """Somebody in front of the bar."""

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tab.page.keyboard.press(key)

    def stop(self, reason: str = "a drill", flatten: bool = False) -> None:
        self.press("F9")
        self.until("consequences", "will be cancelled")
        self.tab.page.get_by_label("Reason").fill(reason)
        if flatten:
            self.tab.page.get_by_label("Also close all positions").check()
        self.press("Control+Enter")


@pytest.fixture
def person(tab: Tab, wire: Wire) -> Person:
    made = Person(tab, "bar", role="trader")
    made.show(wire.secrets[Role.TRADER])
    made.until("freshness", "● live")
    return made


def working(desk: Desk, count: int = 2) -> None:
    for n in range(count):
        asked = OrderRequest(CALL.id, Side.BUY, 75, Decimal("80.35"), strategy="demo")
        desk.known[f"O{n}"] = Order(f"O{n}", asked, OrderState.OPEN, "demo", T0, T0)
    desk._publish()


def known(wire: Wire) -> None:
    """The orders as the journal tells of them, which is what the stream follows."""
    told = tuple(OrderRecorded(T0, order, CALL) for order in wire.desk.known.values())
    wire.offer(msgspec.structs.replace(wire.desk.report, records=told))


def stops(wire: Wire) -> list[Stop]:
    return [one for one in wire.desk.commands if isinstance(one, Stop)]


def test_it_asks_nothing_first_shows_the_consequences_and_leaves_without_a_trace(person: Person, wire: Wire) -> None:
    working(wire.desk)
    person.press("F9")
    assert person.tab.page.get_by_role("dialog").is_visible()
    person.until("consequences", "2 working orders will be cancelled")
    person.until("consequences", "1 open position stay open, unless you flatten")
    person.tab.page.get_by_label("Also close all positions").check()
    person.until("consequences", "flatten: 1 closing order, cost ₹24 with ₹20 fees, margin freed ₹0")
    assert person.text("confirm") == "Stop and flatten"
    person.press("Enter", "F9")
    assert not stops(wire)  # only what is said to confirm does
    person.press("Escape")
    assert not person.tab.page.get_by_role("dialog").is_visible()
    assert not stops(wire)


def test_a_confirmed_stop_is_sent_once_and_told_as_the_venue_answers(person: Person, wire: Wire) -> None:
    working(wire.desk)
    wire.desk.deaf = True
    known(wire)
    person.stop(HOSTILE)
    person.until("headline", "✓ EMERGENCY STOP · the gate is shut")
    person.until("lines", "halt no. 1, on disk before this answer came")
    person.until("lines", "cancels: 0 of 2 confirmed by the venue")
    person.until("lines", "… venue unconfirmed: 2")
    person.until("lines", "waited for: O0, O1")
    person.press("Control+Enter", "Control+Enter")
    [command] = stops(wire)
    assert (command.reason, command.flatten) == (HOSTILE, False)
    for name, left in (("O0", "… venue unconfirmed: 1; 1 answered"), ("O1", "✓ venue unconfirmed: 0; 2 answered")):
        gone = msgspec.structs.replace(wire.desk.known.pop(name), state=OrderState.CANCELLED)
        wire.desk._publish()
        wire.offer(msgspec.structs.replace(wire.desk.report, records=(OrderRecorded(T0, gone, CALL),)))
        person.until("lines", left)
    person.tab.page.get_by_role("button", name="Done").click()
    person.until("facts", "■ EMERGENCY STOP")
    assert person.tab.ask("window.pwned ?? null") is None


def test_a_flatten_is_told_until_the_book_is_flat(person: Person, wire: Wire) -> None:
    wire.desk.deaf = True
    person.stop(flatten=True)
    person.until("lines", "… positions: 0 of 1 flat")
    person.until("lines", "keeps trying")
    assert stops(wire)[0].flatten
    wire.desk._publish(positions=())
    wire.offer(wire.desk.report)
    person.until("lines", "✓ positions: 1 of 1 flat")


def test_an_answer_that_is_lost_is_not_confirmed_and_only_a_person_sends_again(
    person: Person, wire: Wire, cable: Cable
) -> None:
    def sent_and_cut(route: Any) -> None:
        route.fetch()
        cable.cut()
        route.abort()

    person.tab.page.route("**/emergency/stop", sent_and_cut, times=1)
    person.stop()
    person.until("headline", "? NOT CONFIRMED. It may or may not have been carried out.")
    person.until("lines", "the state now: emergency stop, the stop stands, halt no. 1")
    person.until("remedy", "python -m sidecar stop --reason")
    person.tab.page.wait_for_timeout(700)
    assert len(stops(wire)) == 1
    person.tab.page.get_by_role("button", name="Send again").click()
    person.until("headline", "✓ EMERGENCY STOP")
    assert len(stops(wire)) == 2


def test_a_desk_that_cannot_be_reached_takes_nothing_and_no_success_is_claimed(
    person: Person, wire: Wire, cable: Cable
) -> None:
    cable.down = True
    cable.cut()
    person.press("F9")
    person.until("consequences", "may be wrong or unknown, and the stop is sent all the same")
    person.press("Control+Enter")
    person.until("headline", "NOT CONFIRMED")
    person.until("lines", "the state now: unknown")
    assert not stops(wire)


def test_a_desk_that_does_not_confirm_in_time_is_not_confirmed(person: Person, wire: Wire) -> None:
    wire.desk.stuck = True
    person.stop()
    person.until("headline", "NOT CONFIRMED")
    person.until("lines", "504")


def test_a_silent_line_is_given_up_in_time_and_shows_how_long_it_takes(tab: Tab, wire: Wire, cable: Cable) -> None:
    person = Person(tab, "bar", role="trader")
    person.js = person.js.replace("ANSWER_MS = 15_000", "ANSWER_MS = 1_000")
    person.show(wire.secrets[Role.TRADER])
    person.until("freshness", "● live")
    person.press("F9")
    cable.silent = True
    person.press("Control+Enter")
    person.until("headline", "… Sending the stop")
    person.press("Escape")  # what is on its way is not left
    person.until("headline", "NOT CONFIRMED")
    person.until("lines", "No answer within 1 s.")
    cable.silent = False


def test_a_viewer_is_told_before_and_the_terminal_stays(tab: Tab, wire: Wire) -> None:
    person = Person(tab, "bar", role="viewer")
    person.show(wire.secrets[Role.VIEWER])
    person.until("freshness", "●")
    assert person.text("open") == "■ STOP (viewer: cannot stop)"
    person.press("F9", "Control+Enter")
    person.until("remedy", "python -m sidecar stop --reason")
    assert person.at("confirm").is_disabled()
    assert not stops(wire)


def test_a_key_that_may_not_is_refused_in_the_desks_own_words(tab: Tab, wire: Wire) -> None:
    person = Person(tab, "bar", role=None)
    person.show(wire.secrets[Role.VIEWER])
    person.stop()
    person.until("headline", "✕ REFUSED. Nothing was stopped by this.")
    person.until("lines", "403")
    person.until("remedy", "python -m sidecar stop")
    assert not stops(wire)


def test_the_keyboard_alone_does_it_from_an_input_and_the_focus_stays_inside_and_comes_back(
    person: Person, wire: Wire
) -> None:
    page = person.tab.page
    person.press("Tab")  # it comes first
    assert page.evaluate("document.querySelector('[data-deskwatch]').shadowRoot.activeElement.dataset.at") == "open"
    page.evaluate("document.body.append(Object.assign(document.createElement('input'), { id: 'typed' }))")
    page.focus("#typed")
    person.press("a", "F9", "b")
    where = "document.querySelector('[data-deskwatch]').shadowRoot.activeElement?.id ?? ''"
    inside = "document.querySelector('[data-deskwatch]').shadowRoot.activeElement !== null"
    assert page.evaluate(where) == "reason"
    assert page.input_value("#typed") == "a"
    for _ in range(9):
        person.press("Tab")
        assert page.evaluate(inside)
    for _ in range(3):
        person.press("Shift+Tab")
        assert page.evaluate(inside)
    person.press("Escape")
    assert page.evaluate("document.activeElement.id") == "typed"
    person.press("F9", "Tab", "Space", "Tab", "Space")
    person.until("headline", "✓ EMERGENCY STOP")
    assert stops(wire)[0].flatten


def test_a_dialog_that_is_opened_again_before_its_close_was_told_still_stops(person: Person, wire: Wire) -> None:
    person.press("F9")
    person.tab.ask("""{
        document.querySelector("[data-deskwatch]").shadowRoot.querySelector("dialog").close();
        dispatchEvent(new KeyboardEvent("keydown", { key: "F9" }));
    }""")
    person.press("Control+Enter")
    person.until("headline", "✓ EMERGENCY STOP")
    assert len(stops(wire)) == 1


def test_a_page_that_goes_does_not_take_it_along(person: Person, wire: Wire) -> None:
    person.tab.ask("leave()")
    person.tab.ask("{ document.querySelector('#mounted').remove(); }")
    person.press("F9")
    person.until("consequences", "1 open position")
    person.tab.ask("{ place(); window.leave = shown(data); }")
    person.press("Control+Enter")
    person.until("headline", "✓ EMERGENCY STOP")
    assert len(stops(wire)) == 1


def test_hostile_words_of_a_plan_and_of_an_answer_are_text(person: Person, wire: Wire) -> None:
    wire.desk._publish(positions=(position(id=HOSTILE),))
    plan = {"plan": {"steps": [], "left_out": [{"position_id": HOSTILE, "reason": HOSTILE}], "cost": None}}
    person.tab.page.route("**/positions/plan?*", lambda route: route.fulfill(json=plan))
    refusal = {"detail": HOSTILE}
    person.tab.page.route("**/emergency/stop", lambda route: route.fulfill(status=409, json=refusal))
    person.press("F9")
    person.tab.page.get_by_label("Also close all positions").check()
    person.until("consequences", f"cannot be closed now: {HOSTILE}")
    person.until("consequences", "cost – with – fees, margin freed –")
    person.press("Control+Enter")
    person.until("lines", f"409: {HOSTILE}")
    assert person.tab.ask("window.pwned ?? null") is None
