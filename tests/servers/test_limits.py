"""Limits by scope and breaches, from outside. Desk-wide changes are driven in ``test_rest.py``."""

from pathlib import Path

import msgspec
import pytest

from sidecar.domain.breaker import BreakerEvent, BreakerStatus
from sidecar.domain.commands import ChangeLimits
from sidecar.domain.report import LimitLine, LimitStatus
from sidecar.servers.keys import Role
from tests.servers.desk import T0, Stand

LIMITS = "/api/v1/risk/limits"
BREACHES = "/api/v1/risk/breaches"


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


def test_a_limit_of_a_strategy_or_an_underlying_is_set_shown_and_taken_away(stand: Stand) -> None:
    where = {"fund_id": "main", "strategy": "demo", "underlying": "NIFTY"}
    told = stand.ask("PUT", LIMITS, {"limits": {"daily_loss": 0.01}, "reason": "new", **where}).json()
    assert (told["scope"], told["limits"]) == ("main/demo/NIFTY", {"daily_loss": 0.01})
    command = stand.desk.commands[-1]
    assert isinstance(command, ChangeLimits)
    assert (command.fund_id, command.strategy, command.underlying) == ("main", "demo", "NIFTY")
    shown = stand.ask("GET", LIMITS, None, Role.VIEWER).json()["set"]
    assert shown == {"*": {"daily_loss": 0.03, "drawdown": 0.08}, "main/demo/NIFTY": {"daily_loss": 0.01}}
    gone = stand.ask("PUT", LIMITS, {"limits": {"daily_loss": None}, "reason": "old", **where}).json()
    assert gone["limits"] == {}


def test_a_strategy_without_its_fund_is_refused(stand: Stand) -> None:
    for where in ({"strategy": "demo"}, {"underlying": "NIFTY"}):
        answer = stand.ask("PUT", LIMITS, {"limits": {"daily_loss": 0.01}, "reason": "x", **where})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "fund_id"
    assert stand.desk.commands == []


def test_a_fund_s_lines_are_those_of_its_strategies_too(stand: Stand) -> None:
    lines = tuple(LimitLine("daily_loss", scope, 0.0, 1.0, 0.0, LimitStatus.OK) for scope in ("*", "main", "main/demo"))
    stand.desk._publish(limits=lines)
    told = stand.ask("GET", f"{LIMITS}?fund_id=main").json()
    assert [line["scope"] for line in told["lines"]] == ["main", "main/demo"]


def test_breaches_are_what_is_over_or_near_now_and_what_was(stand: Stand) -> None:
    line = LimitLine("daily_loss", "main", 0.025, 0.03, 0.83, LimitStatus.WARN)
    over = msgspec.structs.replace(line, name="var_95", utilization=1.2, status=LimitStatus.BREACH)
    stand.desk._publish(limits=(line, over, msgspec.structs.replace(line, status=LimitStatus.OK)))
    rows = [("triggered", "daily_loss"), ("reset", ""), ("override_on", "daily_loss"), ("repeated", "var_95"),
            ("triggered", "")]  # fmt: skip
    for number, (event, name) in enumerate(rows):
        made = BreakerEvent(event, BreakerStatus.TRIPPED, "r", "desk", T0 + number, number, name, 0.03, 0.031)
        stand.desk.history.append(made)
    told = stand.ask("GET", BREACHES, None, Role.VIEWER).json()
    assert [(row["name"], row["status"]) for row in told["now"]] == [("var_95", "breach"), ("daily_loss", "warn")]
    assert [(row["event"], row["limit_name"]) for row in told["history"]] == [
        ("repeated", "var_95"), ("triggered", "daily_loss"),
    ]  # fmt: skip
    assert (told["count"], stand.ask("GET", f"{BREACHES}?limit=1").json()["count"]) == (2, 1)
    stand.desk.published = None
    assert stand.ask("GET", BREACHES).status_code == 503
