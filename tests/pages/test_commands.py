"""Commands from the screens: consequences before, the truth afterwards."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import commands, reads
from sidecar.domain.commands import ClosePositions, Reset, Stop
from sidecar.domain.errors import JournalFailed
from sidecar.domain.orders import Order, OrderRequest, OrderState, Side
from sidecar.servers.keys import Role
from tests.pages.conftest import Shown, click, words
from tests.servers.desk import CALL, T0, Desk, position

Show = Callable[..., Shown]


def working(desk: Desk, count: int = 2) -> Desk:
    for n in range(count):
        asked = OrderRequest(CALL.id, Side.BUY, 75, Decimal("80.35"), strategy="demo")
        desk.known[f"O{n}"] = Order(f"O{n}", asked, OrderState.OPEN, "demo", T0, T0)
    return desk


def form(call: str) -> AppTest:
    """One form of the commands on a page of its own, as its dialog shows it."""
    return AppTest.from_string(f"from pages.parts import commands, reads\ncommands.{call}", default_timeout=30).run()


def stopped(app: Shown, *, reason: str = "the market makes no sense", flatten: bool = False) -> AppTest:
    at = form("stop_form()")
    at.text_input(key="stop-reason").input(reason)
    at.toggle(key="stop-flatten").set_value(flatten)
    return click(at, "stop-confirm")


def test_stop_shows_the_consequences_and_does_nothing_yet(shown: Show) -> None:
    app = shown(working(Desk()))
    at = click(app.open(), "stop-open")
    assert "2 working orders" in words(at)
    assert "1 open position" in words(at)
    assert app.desk.commands == []


def test_a_confirmed_stop_stops_and_says_what_truly_happened(shown: Show) -> None:
    app = shown(working(Desk()))
    told = words(stopped(app))
    [command] = app.desk.commands
    assert isinstance(command, Stop)
    assert (command.reason, command.flatten) == ("the market makes no sense", False)
    assert "EMERGENCY STOP" in told
    assert "halt no. 1" in told
    assert "on disk before this answer came" in told
    assert "cancels: 2 of 2 confirmed" in told
    assert "unconfirmed" not in told


def test_cancels_that_the_venue_has_not_confirmed_are_named(shown: Show) -> None:
    desk = working(Desk())
    desk.deaf = True
    told = words(stopped(shown(desk)))
    assert "cancels: 0 of 2 confirmed" in told
    assert "venue unconfirmed: 2" in told
    assert "O0, O1" in told


def test_flatten_is_asked_for_only_when_it_is_chosen_and_says_how_far_it_came(shown: Show) -> None:
    desk = Desk()
    desk.deaf = True
    told = words(stopped(shown(desk), flatten=True))
    command = desk.commands[0]
    assert isinstance(command, Stop)
    assert command.flatten
    assert "positions: 0 of 1 flat" in told
    assert "keeps trying" in told


@pytest.mark.parametrize("trouble", ["stuck", "broken"])
def test_a_stop_that_is_not_confirmed_is_never_called_done(shown: Show, trouble: str) -> None:
    desk = Desk(stuck=trouble == "stuck", broken=JournalFailed("disk full") if trouble == "broken" else None)
    at = stopped(shown(desk))
    told = words(at)
    assert "NOT CONFIRMED" in told
    assert "python -m sidecar stop --reason" in told
    assert not at.success


def test_a_stop_without_a_key_is_refused_and_says_so(shown: Show) -> None:
    told = words(stopped(shown(role=None)))
    assert "REFUSED" in told
    assert "401" in told


def test_a_stop_at_a_dead_sidecar_names_the_way_out(shown: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    shown()
    monkeypatch.setenv("DESK_URL", "http://127.0.0.1:9")
    at = form("stop_form()")
    assert "an unknown number of working orders" in words(at)
    told = words(click(at, "stop-confirm"))
    assert "NOT CONFIRMED" in told
    assert "python -m sidecar stop --reason" in told


def test_the_dialogs_of_closing_open_from_the_positions_page(shown: Show) -> None:
    for key in ("close-one", "close-all"):
        at = click(shown().open("positions"), key)
        assert at.button(key="close-confirm").disabled


def test_close_all_needs_a_reason_and_then_closes(shown: Show) -> None:
    app = shown()
    at = form("close_form(reads.shared().picture().positions, every=True)")
    assert at.button(key="close-confirm").disabled
    at.text_input(key="close-reason").input("target reached").run()
    told = words(click(at, "close-confirm"))
    [command] = app.desk.commands
    assert isinstance(command, ClosePositions)
    assert command.close_all
    assert "positions: 1 of 1 flat" in told


def test_close_one_closes_the_chosen_one(shown: Show) -> None:
    app = shown()
    at = form("close_form(reads.shared().picture().positions, every=False)")
    at.text_input(key="close-reason").input("target reached").run()
    assert at.button(key="close-confirm").disabled
    at.selectbox(key="close-which").select_index(0).run()
    click(at, "close-confirm")
    [command] = app.desk.commands
    assert isinstance(command, ClosePositions)
    assert command.position_id == position().id


def reset(app: Shown, secret: str, reason: str) -> AppTest:
    at = app.open("emergency")
    at.text_input(key="reset-key").input(secret)
    at.text_input(key="reset-reason").input(reason)
    at.button[[button.label for button in at.button].index("Reset to active")].click()
    return at.run()


def test_reset_sends_the_typed_admin_key_once_and_keeps_it_nowhere(shown: Show) -> None:
    app = shown()
    secret = app.stand.secrets[Role.ADMIN]
    at = reset(app, secret, "feed repaired")
    assert isinstance(app.desk.commands[0], Reset)
    assert "ACTIVE" in words(at)
    assert at.text_input(key="reset-key").value == ""
    assert secret not in str([element.value for element in at.text_input])


def test_reset_with_the_apps_own_key_is_refused(shown: Show) -> None:
    app = shown()
    told = words(reset(app, app.stand.secrets[Role.TRADER], "feed repaired"))
    assert "REFUSED" in told
    assert "403" in told


@pytest.mark.parametrize(
    ("secret", "reason"), [("", "a reason"), ("a key", ""), ("a key", " x "), ("clé № 5", "a reason")]
)
def test_reset_without_a_key_or_a_reason_sends_nothing(shown: Show, secret: str, reason: str) -> None:
    app = shown()
    assert "Nothing was sent" in words(reset(app, secret, reason))
    assert app.desk.commands == []


def test_consequences_of_an_old_picture_say_that_they_may_be_wrong() -> None:
    old = reads.Picture(orders=[], positions=[], problem="gone", seen_at=1.0, looked_at=90.0)
    told = commands.consequences(old)
    assert "0 working orders" in told
    assert "1 min 29 s old" in told


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ({"positions_closed": {"done": 1, "asked": 3}}, "positions: 1 of 3 flat"),
        ({"orders_cancelled": {"done": 0, "asked": 1, "outstanding": ["<b>"], "ended_otherwise": []}}, "\\<b\\>"),
    ],
)
def test_outcomes_name_what_is_left(answer: dict[str, Any], word: str) -> None:
    at = form(f"outcome({ {'ok': True, 'answer': answer}!r})")
    assert word in words(at)
    assert not at.success
