"""The plan of a close, from outside. Closes and manual orders are driven in ``test_emergency.py``."""

from pathlib import Path

import pytest

from sidecar.domain.commands import PlanClose
from sidecar.domain.report import OutcomeStatus
from sidecar.servers.keys import Role
from tests.servers.desk import CALL, Stand

PLAN = "/emergency/positions/plan"
HELD = f"main/demo/{CALL.id}"


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


@pytest.mark.parametrize("asked", [f"position_id={HELD}", "symbol=NIFTY26150CE", "close_all=true"])
def test_a_plan_shows_each_order_its_price_and_what_the_margin_is_after_it(stand: Stand, asked: str) -> None:
    answer = stand.ask("GET", f"{PLAN}?{asked}", None, Role.VIEWER)
    assert answer.status_code == 200, answer.text
    plan = answer.json()["plan"]
    (step,) = plan["steps"]
    assert (step["position_id"], step["side"], step["quantity"], step["limit"]) == (HELD, "sell", 75, 81.75)
    assert {"cost", "fees", "margin", "worst_loss", "peak_cash", "seconds", "left_out", "rises"} <= set(plan)
    assert stand.ask("GET", "/emergency/positions").json()["total_positions"] == 1
    (command,) = stand.desk.commands
    assert isinstance(command, PlanClose)
    assert command.symbol in (None, CALL.id)


@pytest.mark.parametrize(
    "asked", ["", "?close_all=false", f"?close_all=true&position_id={HELD}", "?symbol=A&position_id=b"]
)
def test_a_plan_names_exactly_one_thing(stand: Stand, asked: str) -> None:
    answer = stand.ask("GET", PLAN + asked)
    assert answer.status_code == 422
    assert "exactly one" in answer.json()["detail"]
    assert stand.desk.commands == []


def test_a_plan_of_what_is_not_held_or_not_listed_says_so(stand: Stand) -> None:
    assert stand.ask("GET", f"{PLAN}?position_id=main/demo/none").status_code == 404
    assert stand.ask("GET", f"{PLAN}?symbol=NIFTY1CE").status_code == 422


def test_a_desk_that_makes_no_plan_is_503_and_none_is_invented(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand.desk, "_plan", lambda _: (OutcomeStatus.DONE, "", {}))
    assert stand.ask("GET", f"{PLAN}?close_all=true").status_code == 503
    stand.desk.stuck = True
    assert stand.ask("GET", f"{PLAN}?close_all=true").status_code == 504
