"""Changing a limit: consequences first, an admin's key once, and the truth afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import limit_forms
from sidecar.domain.commands import ChangeLimits
from sidecar.servers.keys import Role
from tests.pages.conftest import Shown, words
from tests.pages.lived import Lived

Show = Callable[..., Shown]
FOUND: dict[str, Any] = {
    "limits": {"positions": 20.0, "daily_loss": 0.03},
    "set": {"*": {"positions": 20.0, "daily_loss": 0.03}, "main/demo": {"positions": 5.0}},
    "lines": [
        {"name": "positions", "scope": "main", "value": 4.0},
        {"name": "positions", "scope": "main/demo", "value": None},
    ],
}


def form() -> AppTest:
    return AppTest.from_string("from pages.parts import limit_forms\nlimit_forms.change_form()").run(timeout=30)


def sent(at: AppTest, reason: str = "smaller until noon") -> AppTest:
    at.text_input(key="limit-reason").input(reason)
    next(button for button in at.button if button.label == "Change this limit").click()
    return at.run(timeout=30)


def test_what_would_be_in_breach_at_once_is_said_before_anything_is_sent() -> None:
    told = limit_forms.consequences(FOUND, "*", "positions", 20.0, 4.0)
    assert "20 positions → **4 positions**" in told
    assert "in breach at once" in told
    assert "unknown" in told
    assert "tighter" in told
    assert "LOOSER" in limit_forms.consequences(FOUND, "main", "positions", 20.0, 25.0)
    assert "LOOSER" in limit_forms.consequences(FOUND, "*", "duplicate_order", 5.0, 1.0)
    assert "nothing would be in breach" in limit_forms.consequences(FOUND, "*", "daily_loss", 0.03, 0.02)
    assert "taken away" in limit_forms.consequences(FOUND, "main/demo", "positions", 5.0, None)


@pytest.mark.parametrize(("scope", "bound"), [("*", 20.0), ("main", 20.0), ("main/demo", 5.0), ("main/demo/X", 5.0)])
def test_the_tightest_of_a_scope_and_those_above_it_binds(scope: str, bound: float) -> None:
    assert limit_forms._in_force(FOUND, scope, "positions") == bound


def test_an_admin_key_changes_a_limit_once_and_is_kept_nowhere(shown: Show) -> None:
    app = shown()
    at = form()
    assert [box.value for box in at.number_input] == [3.0]
    at.number_input(key="limit-value-*-daily_loss").set_value(2.0)
    at.run(timeout=30)
    assert app.desk.commands == []
    at.text_input(key="limit-key").input(app.stand.secrets[Role.ADMIN])
    at = sent(at)
    [command] = app.desk.commands
    assert isinstance(command, ChangeLimits)
    assert command.limits == {"daily_loss": pytest.approx(0.02)}
    assert (command.fund_id, command.strategy, command.reason) == (None, None, "smaller until noon")
    assert "CHANGED" in words(at)
    assert at.text_input(key="limit-key").value == ""
    assert "limit-told" not in at.session_state


def test_a_traders_key_is_refused_and_without_reason_nothing_is_sent(shown: Show) -> None:
    app = shown()
    at = form()
    at.text_input(key="limit-key").input(app.stand.secrets[Role.TRADER])
    at = sent(at, "no")
    assert "Nothing was sent" in words(at)
    at.text_input(key="limit-key").input(app.stand.secrets[Role.TRADER])
    at = sent(at)
    assert "REFUSED" in words(at)
    assert app.desk.commands == []


def test_an_admin_is_asked_for_no_key_and_a_refusal_is_said(shown: Show) -> None:
    app = shown(role=Role.ADMIN)
    at = form()
    assert "limit-key" not in [box.key for box in at.text_input]
    at = sent(at)
    assert "CHANGED" in words(at)
    app.desk.set_limits.pop("daily_loss")
    at = sent(at)
    assert "REFUSED" in words(at)
    assert "is not a limit" in words(at).replace("\\", "")


def test_a_limit_below_the_desk_is_set_and_taken_away_with_its_scope(shown: Show, past: Lived) -> None:
    app = shown(past.desk(), role=Role.ADMIN)
    app.desk.narrow["main/demo"] = {"daily_loss": 0.01}
    at = form()
    at.selectbox(key="limit-fund").set_value("main")
    at.run(timeout=30)
    at.selectbox(key="limit-strategy").set_value("demo")
    at.run(timeout=30)
    at.toggle(key="limit-away-main/demo-daily_loss").set_value(True)
    at.run(timeout=30)
    assert "taken away" in words(at)
    at = sent(at)
    [command] = app.desk.commands
    assert isinstance(command, ChangeLimits)
    assert (command.fund_id, command.strategy, command.underlying) == ("main", "demo", None)
    assert command.limits == {"daily_loss": None}
    assert "daily_loss" not in app.desk.narrow["main/demo"]
