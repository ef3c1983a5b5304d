"""The client's acts against a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.client import Desk
from sidecar.domain.commands import Heartbeat, Reset, Stop
from sidecar.domain.errors import DeskRefused
from sidecar.servers.keys import Role
from tests.servers.desk import CALL, Stand, serving


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


@pytest.fixture
def desk(stand: Stand) -> Iterator[Desk]:
    with serving(stand.app) as url, Desk(url, stand.secrets[Role.ADMIN]) as made:
        yield made


def test_a_drill_is_told_as_one_and_a_plain_stop_is_none(stand: Stand, desk: Desk) -> None:
    assert desk.stop("rehearsal", drill=True)["drill"] is True
    assert desk.stop("earnest")["drill"] is False
    assert [command.drill for command in stand.desk.commands if isinstance(command, Stop)] == [True, False]


def test_trading_is_disabled_and_a_reset_names_its_scope(stand: Stand, desk: Desk) -> None:
    assert desk.disable("results")["state"] == "manual_disable"
    assert desk.reset("over")["scope"] == "*"
    with pytest.raises(DeskRefused) as refused:
        desk.reset("looked at", scope="main/demo")
    assert refused.value.status == 409
    assert [command.scope for command in stand.desk.commands if isinstance(command, Reset)] == ["*", "main/demo"]


def test_an_override_begins_and_ends(desk: Desk) -> None:
    assert desk.override_on(["daily_loss"], 60, "roll")["override"]["limits"] == ["daily_loss"]
    assert desk.override_off()["override"] is None
    with pytest.raises(DeskRefused, match="no override"):
        desk.override_off()


def test_a_heartbeat_arms_and_a_goodbye_disarms(stand: Stand, desk: Desk) -> None:
    assert desk.heartbeat("hedger", 15)["clients"][0]["expires_in_s"] == 15
    assert desk.heartbeat("hedger", goodbye=True)["clients"] == []
    assert [command.goodbye for command in stand.desk.commands if isinstance(command, Heartbeat)] == [False, True]


def test_a_close_is_planned_and_then_done(desk: Desk) -> None:
    (step,) = desk.plan(close_all=True)["plan"]["steps"]
    assert step["symbol"] == CALL.id
    assert desk.plan(symbol="NIFTY26150CE")["plan"]["steps"] == [step]
    assert desk.plan(position_id=step["position_id"])["plan"]["steps"] == [step]
    assert desk.close(position_id=step["position_id"], reason="flat")["positions_closed"] == {"asked": 1, "done": 1}
    with pytest.raises(DeskRefused, match="no open position"):
        desk.plan(close_all=True)


def test_limits_are_set_and_taken_away_by_scope(desk: Desk) -> None:
    told = desk.set_limits({"daily_loss": 0.01}, "careful", "main", "demo", "NIFTY")
    assert (told["scope"], told["limits"]) == ("main/demo/NIFTY", {"daily_loss": 0.01})
    assert desk.limits()["set"]["main/demo/NIFTY"] == {"daily_loss": 0.01}
    assert desk.set_limits({"daily_loss": None}, "calm", "main", "demo", "NIFTY")["limits"] == {}


def test_the_record_the_log_and_the_breaches_are_read(stand: Stand, desk: Desk) -> None:
    stand.desk.log = [{"timestamp": "t", "level": "error", "logger": "x", "message": "y"}]
    assert desk.logs(level="error")[0]["message"] == "y"
    assert desk.breaches() == {"now": [], "history": [], "count": 0, "as_of": desk.breaches()["as_of"]}
    told = desk.audit(limit=5, actor="nobody")
    assert (told["records"], told["next_cursor"]) == ([], None)
