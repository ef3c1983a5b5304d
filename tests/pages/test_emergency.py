"""Emergency: state, causes and history; reset and override with a key that is kept nowhere; a drill, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import reads
from sidecar.domain.breaker import BreakerEvent, BreakerState, BreakerStatus, Cause, Override, Trigger
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import Disable, EnableOverride, Heartbeat, Reset, Stop
from sidecar.domain.report import HeartbeatLine
from sidecar.servers.keys import Role
from tests.pages.conftest import Shown, click, words
from tests.pages.drawn import charts
from tests.pages.states import STATES, changed
from tests.servers.desk import T0

Show = Callable[..., Shown]


def opened(app: Shown, act: str = "Reset") -> AppTest:
    at = AppTest.from_file(str(app.root / "pages" / "emergency.py"), default_timeout=30)
    at.query_params["act"] = act
    return at.run()


def press(at: AppTest, label: str) -> AppTest:
    """A form's own button, which has no key."""
    at.button[[one.label for one in at.button].index(label)].click()
    return at.run()


def typed(at: AppTest, name: str, secret: str, reason: str) -> AppTest:
    at.text_input(key=f"{name}-key").input(secret)
    at.text_input(key=f"{name}-reason").input(reason)
    return at


def everything(at: AppTest) -> str:
    """All that the session and the page hold, as text."""
    return repr(at) + repr([one.value for one in at.text_input]) + words(at)


def test_a_halt_is_shown_with_its_causes_and_a_picture_of_its_history(shown: Show) -> None:
    desk = STATES["tripped"]()
    event = BreakerEvent("triggered", BreakerStatus.TRIPPED, "daily_loss_limit", "desk", T0, 3, trigger="daily_loss")
    desk.history = [event]
    at = opened(shown(desk))
    assert not at.exception
    assert "**TRIPPED by a limit** since" in words(at)
    assert at.dataframe[0].value["trigger"].to_list() == ["daily loss limit"]
    assert len(charts(at)) == 1
    assert "halts so far: 3" in words(at)


def test_reset_sends_the_typed_key_once_and_keeps_it_nowhere(shown: Show) -> None:
    app = shown()
    secret = app.stand.secrets[Role.ADMIN]
    at = press(typed(opened(app), "reset", secret, "feed repaired"), "Reset to active")
    assert isinstance(app.desk.commands[0], Reset)
    assert "ACTIVE" in words(at)
    assert secret not in everything(at)


def test_one_scope_is_reset_alone_and_what_still_stands_is_named(shown: Show) -> None:
    app = shown(STATES["shut in part"]())
    secret = app.stand.secrets[Role.ADMIN]
    at = opened(app)
    at.selectbox(key="reset-scope").set_value("main/demo")
    press(typed(at, "reset", secret, "reviewed"), "Reset to active")
    [command] = app.desk.commands
    assert isinstance(command, Reset)
    assert command.scope == "main/demo"
    app.desk.standing = (Cause(Trigger.DAILY_LOSS_LIMIT, T0, "desk", "3.1 % lost"),)
    told = words(press(typed(opened(app), "reset", secret, "again"), "Reset to active"))
    assert "REFUSED" in told
    assert "still stands: daily loss limit" in told


@pytest.mark.parametrize(
    ("secret", "reason"), [("", "a reason"), ("a key", ""), ("a key", " x "), ("clé № 5", "a reason")]
)
def test_reset_without_a_key_or_a_reason_sends_nothing(shown: Show, secret: str, reason: str) -> None:
    app = shown()
    at = press(typed(opened(app), "reset", secret, reason), "Reset to active")
    assert "Nothing was sent" in words(at)
    assert app.desk.commands == []
    assert not secret or secret not in everything(at)


def test_reset_with_a_traders_key_is_refused(shown: Show) -> None:
    app = shown()
    secret = app.stand.secrets[Role.TRADER]
    told = words(press(typed(opened(app), "reset", secret, "feed repaired"), "Reset to active"))
    assert "REFUSED" in told
    assert "403" in told


def test_an_override_names_its_limits_and_its_end_and_can_be_ended(
    shown: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "PICTURE_EVERY_S", 0.0)
    app = shown()
    secret = app.stand.secrets[Role.ADMIN]
    at = typed(opened(app, "Override"), "override", secret, "roll of the leg")
    assert "Nothing was sent: name at least one limit" in words(press(at, "Let them pass")).replace("\\", "")
    assert secret not in everything(at)
    at = typed(opened(app, "Override"), "override", secret, "roll of the leg")
    at.multiselect(key="override-limits").set_value(["daily_loss"])
    at.slider(key="override-seconds").set_value(120)
    at = press(at, "Let them pass")
    [command] = app.desk.commands
    assert isinstance(command, EnableOverride)
    assert (command.limits, command.reason) == (("daily_loss",), "roll of the leg")
    assert (command.expires_at - command.at) / SECOND == 120
    assert secret not in everything(at)
    at = opened(app, "Override")
    assert "Override on for another" in words(at)
    click(at, "override-end")
    assert app.desk.report.breaker.override is None


def test_an_override_of_an_emergency_stop_is_refused_and_one_that_is_over_has_no_time_left(shown: Show) -> None:
    app = shown(STATES["emergency stop"]())
    at = typed(opened(app, "Override"), "override", app.stand.secrets[Role.ADMIN], "please")
    at.multiselect(key="override-limits").set_value(["daily_loss"])
    assert "no override covers an emergency stop" in words(press(at, "Let them pass")).replace("\\", "")
    over = BreakerState(override=Override(("drawdown",), T0 - SECOND, "risk/1", "roll"))
    assert "Override on for another under 1 s" in words(opened(shown(changed(breaker=over))))


def test_a_drill_tells_each_step_and_how_long_it_took_until_safe(shown: Show) -> None:
    app = shown()
    at = click(opened(app, "Drill"), "drill")
    assert isinstance(app.desk.commands[0], Stop)
    assert app.desk.commands[0].drill
    steps: Any = next(one.value for one in at.dataframe if "held" in one.value.columns)
    assert steps["what"].to_list()[:3] == ["stop answered", "gate shut", "cancels confirmed"]
    assert steps["held"].to_list()[:3] == ["yes"] * 3
    assert steps["after_ms"].is_monotonic_increasing
    assert "Reset**, with an admin's key" in words(at)


def test_a_desk_that_is_not_simulated_or_stopped_already_is_not_drilled(shown: Show) -> None:
    at = opened(shown(changed(simulated=False)), "Drill")
    assert at.button(key="drill").disabled
    assert "not simulated" in at.button(key="drill").help
    at = opened(shown(STATES["emergency stop"]()), "Drill")
    assert at.button(key="drill").disabled


def test_trading_is_disabled_with_a_reason_and_a_client_is_armed_and_disarmed(shown: Show) -> None:
    desk = changed(heartbeats=(HeartbeatLine("hedger-1", 3.0, 60.0),))
    app = shown(desk)
    at = opened(app, "Heartbeats")
    armed: Any = next(one.value for one in at.dataframe if "client" in one.value.columns)
    assert (armed["client"].iloc[0], armed["age_s"].iloc[0]) == ("hedger-1", 3.0)
    at.selectbox(key="beat-gone").set_value("hedger-1").run()
    click(at, "beat-disarm")
    at.text_input(key="beat-client").input("robot").run()
    click(at, "beat-arm")
    beats = [one for one in desk.commands if isinstance(one, Heartbeat)]
    assert [(one.client, one.goodbye) for one in beats] == [("hedger-1", True), ("robot", False)]
    at = opened(app, "Disable")
    assert at.button(key="disable-confirm").disabled
    at.text_input(key="disable-reason").input("results at noon").run()
    assert "MANUAL DISABLE" in words(click(at, "disable-confirm"))
    assert isinstance(desk.commands[-1], Disable)


def test_each_action_is_explained_and_the_log_is_an_admins(shown: Show) -> None:
    told = words(opened(shown(), "What each action does"))
    for word in ("STOP", "Reset", "Enable override", "Disable trading", "Close positions", "Manual order", "Audit"):
        assert f"**{word}**" in told
    assert "F9" in told
    assert "Needs the key of an admin" in words(opened(shown(), "Log"))


def test_without_a_key_the_controls_are_off_and_say_why(shown: Show) -> None:
    app = shown(role=None)
    assert opened(app, "Drill").button(key="drill").disabled
    assert "signed in as nobody" in opened(app, "Disable").button(key="disable-confirm").help
