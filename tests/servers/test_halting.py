"""What shuts the gate and opens it again, from outside."""

from pathlib import Path
from typing import Any

import pytest

from sidecar.domain.breaker import BreakerState, BreakerStatus, Cause, Trigger
from sidecar.domain.clock import SECOND, iso
from sidecar.domain.commands import Disable, EnableOverride, Heartbeat, Reset, Stop
from sidecar.servers.keys import Role
from tests.servers.desk import ORDER, T0, Stand

STOP = "/emergency/stop"
RESET = "/emergency/circuit-breaker/reset"
ENABLE = "/emergency/override/enable"
DISABLE = "/emergency/override/disable"
BEAT = "/emergency/heartbeat"
OVERRIDE = {"reason": "roll", "expires_in_s": 300, "limits": ["daily_loss"]}


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


def test_a_drill_stops_like_any_other_and_is_told_as_one(stand: Stand) -> None:
    told = stand.ask("POST", STOP, {"reason": "rehearsal", "drill": True}, Role.TRADER).json()
    assert (told["state"], told["drill"]) == ("emergency_stop", True)
    command = stand.desk.commands[-1]
    assert isinstance(command, Stop)
    assert command.drill
    assert stand.ask("POST", STOP, {"drill": "yes"}).status_code == 422


def test_trading_is_disabled_without_an_alarm_and_works_no_more(stand: Stand) -> None:
    stand.ask("POST", "/emergency/manual-order", ORDER)
    answer = stand.ask("POST", "/api/v1/risk/breaker/disable", {"reason": "results"}, Role.TRADER)
    told = answer.json()
    assert (told["status"], told["state"], told["reason"]) == ("success", "manual_disable", "results")
    assert told["orders_cancelled"] == {"done": 1, "asked": 1, "outstanding": [], "ended_otherwise": []}
    assert isinstance(stand.desk.commands[-1], Disable)
    assert stand.ask("POST", "/api/v1/risk/breaker/disable").status_code == 422
    assert stand.ask("POST", "/emergency/manual-order", ORDER).status_code == 409


def test_an_override_names_its_limits_and_its_end_and_is_shown(stand: Stand) -> None:
    answer = stand.ask("POST", ENABLE, OVERRIDE)
    assert answer.status_code == 200
    told = answer.json()
    command = stand.desk.commands[-1]
    assert isinstance(command, EnableOverride)
    assert command.expires_at - command.at == 300 * SECOND
    assert told["override"] == {
        "limits": ["daily_loss"],
        "expires_at": iso(command.expires_at),
        "actor": command.actor,
        "reason": "roll",
    }
    shown = stand.ask("GET", "/emergency/status", None, None).json()["data"]["circuit_breaker"]
    assert (shown["override_enabled"], shown["override"]) == (True, told["override"])
    ended = stand.ask("POST", DISABLE, {"reason": "rolled"}, Role.TRADER).json()
    assert (ended["override"], ended["reason"]) == (None, "rolled")
    assert stand.ask("POST", DISABLE, None, Role.TRADER).status_code == 409


@pytest.mark.parametrize("missing", ["reason", "expires_in_s", "limits"])
def test_an_override_without_reason_end_or_limits_is_refused_by_the_fields_name(stand: Stand, missing: str) -> None:
    body = {name: value for name, value in OVERRIDE.items() if name != missing}
    answer = stand.ask("POST", ENABLE, body)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": missing, "problem": "is missing"}]
    assert stand.desk.commands == []


@pytest.mark.parametrize(
    "change",
    [{"expires_in_s": 0.5}, {"expires_in_s": 901}, {"expires_in_s": "60"}, {"expires_in_s": True}, {"limits": []},
     {"limits": "daily_loss"}, {"limits": ["Daily Loss"]}, {"limits": ["no_such_limit"]}, {"reason": ""}],
)  # fmt: skip
def test_an_override_that_is_too_long_or_too_wide_is_refused(stand: Stand, change: dict[str, Any]) -> None:
    assert stand.ask("POST", ENABLE, OVERRIDE | change).status_code == 422
    assert stand.desk.report.breaker.override is None


def test_no_override_covers_an_emergency_stop(stand: Stand) -> None:
    stand.ask("POST", STOP)
    answer = stand.ask("POST", ENABLE, OVERRIDE)
    assert answer.status_code == 409
    assert answer.json()["state"] == "emergency_stop"


def test_a_reset_of_a_scope_opens_that_alone(stand: Stand) -> None:
    causes = tuple(
        Cause(Trigger.LOSS_STREAK, T0, "desk", "five losses", "loss_streak", 5, 5, scope)
        for scope in ("main/demo", "main/*/NIFTY")
    )
    state = BreakerState(BreakerStatus.ACTIVE, (), T0, 2, partial=causes)
    stand.desk._publish(breaker=state)
    shown = stand.ask("GET", "/emergency/status", None, None).json()["data"]["circuit_breaker"]
    assert (shown["status"], [row["scope"] for row in shown["partial"]]) == ("active", ["main/demo", "main/*/NIFTY"])
    told = stand.ask("POST", RESET, {"reason": "looked at", "scope": "main/demo"}).json()
    assert (told["scope"], [row["scope"] for row in told["partial"]]) == ("main/demo", ["main/*/NIFTY"])
    command = stand.desk.commands[-1]
    assert isinstance(command, Reset)
    assert command.scope == "main/demo"
    refused = stand.ask("POST", RESET, {"reason": "again", "scope": "main/demo"})
    assert refused.status_code == 409
    assert [row["scope"] for row in refused.json()["causes"]] == ["main/*/NIFTY"]


@pytest.mark.parametrize("scope", ["", "main/", "*/demo", "a/b/c/d", "main demo", 7, None])
def test_a_scope_that_is_none_is_refused_by_its_name(stand: Stand, scope: Any) -> None:
    answer = stand.ask("POST", RESET, {"reason": "x", "scope": scope})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "scope"
    assert stand.desk.commands == []


def test_a_heartbeat_arms_its_client_and_a_goodbye_disarms_it(stand: Stand) -> None:
    told = stand.ask("POST", BEAT, {"client": "hedger-1", "expires_in_s": 15}, Role.TRADER).json()
    command = stand.desk.commands[-1]
    assert isinstance(command, Heartbeat)
    assert (command.client, command.expires_in_s, command.goodbye) == ("hedger-1", 15.0, False)
    assert (told["client"], told["armed"]) == ("hedger-1", True)
    assert told["expires_at"] == iso(stand.desk.now + 15 * SECOND)
    assert told["clients"] == [{"client": "hedger-1", "age_s": 0.0, "expires_in_s": 15.0}]
    assert stand.ask("GET", "/emergency/status", None, None).json()["data"]["armed_clients"] == 1
    stand.ask("POST", BEAT, {"client": "other"}, Role.TRADER)
    gone = stand.ask("POST", BEAT, {"client": "hedger-1", "goodbye": True}, Role.TRADER).json()
    assert (gone["armed"], gone["expires_at"]) == (False, None)
    assert [row["client"] for row in gone["clients"]] == ["other"]


@pytest.mark.parametrize(
    "body", [{}, {"client": ""}, {"client": "a b"}, {"client": "a", "expires_in_s": 4.9},
             {"client": "a", "expires_in_s": 601}, {"client": "a", "goodbye": 1}],
)  # fmt: skip
def test_a_heartbeat_of_nobody_or_of_no_sensible_interval_is_refused(stand: Stand, body: dict[str, Any]) -> None:
    assert stand.ask("POST", BEAT, body).status_code == 422
    assert stand.desk.commands == []


@pytest.mark.parametrize(
    ("path", "body"),
    [(RESET, {"reason": "x"}), (ENABLE, OVERRIDE), (DISABLE, {}), (BEAT, {"client": "a"}),
     ("/api/v1/risk/breaker/disable", {"reason": "x"})],
)  # fmt: skip
def test_what_the_desk_does_not_confirm_is_504_and_says_how_the_gate_stands(
    stand: Stand, path: str, body: dict[str, Any]
) -> None:
    stand.desk.stuck = True
    answer = stand.ask("POST", path, body)
    assert answer.status_code == 504
    assert {"state", "halt_seq", "as_of"} <= set(answer.json())


def test_the_status_counts_what_is_open_and_owed(stand: Stand) -> None:
    stand.ask("POST", "/emergency/manual-order", ORDER)
    stand.desk._publish(unconfirmed=("O00000001",))
    told = stand.ask("GET", "/emergency/status", None, None).json()["data"]
    assert told["orders"] == {"working": 1, "unconfirmed": 1}
    assert (told["positions"]["closing"], told["last_drill_at"]) == (0, None)
