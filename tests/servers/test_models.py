"""Models over REST: what is known of each, and a place only for one whose files are what was written."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from sidecar.domain.clock import iso
from sidecar.domain.models import ModelRole
from sidecar.servers.keys import Role
from tests.servers.desk import T0
from tests.servers.learnt import ACTIONS, FAMILY, LINE, LearntDesk

BODY = {"reason": "a quiet month"}


@pytest.fixture
def desk(tmp_path: Path) -> LearntDesk:
    return LearntDesk(tmp_path)


def test_models_come_newest_first_with_validations_numbers(desk: LearntDesk) -> None:
    told = desk.told("models")
    assert [row["id"] for row in told["models"]] == ["m1", "m0"]
    first = told["models"][0]
    assert (first["family"], first["verdict"], first["accuracy"], first["auc"]) == (FAMILY, "no skill", 0.5, None)
    assert first["trained_at"] == iso(T0)
    assert (told["count"], told["next_cursor"]) == (2, None)


def test_the_list_is_paged_and_chosen_by_family_and_role(desk: LearntDesk) -> None:
    first = desk.told("models?limit=1")
    rest = desk.told(f"models?limit=1&cursor={first['next_cursor']}")
    assert [row["id"] for row in (*first["models"], *rest["models"])] == ["m1", "m0"]
    assert [row["id"] for row in desk.told("models?role=retired")["models"]] == ["m0"]
    assert desk.told("models?family=BANKNIFTY")["models"] == []
    assert desk.ask("GET", "models?role=king").status_code == 422


def test_what_the_newest_report_says_of_a_model_stands_before_the_record(desk: LearntDesk) -> None:
    desk.newer = (msgspec.structs.replace(LINE, role=ModelRole.RETIRED), msgspec.structs.replace(LINE, id="m2"))
    assert [(row["id"], row["role"]) for row in desk.told("models")["models"]][:2] == [
        ("m2", "champion"), ("m1", "retired"),
    ]  # fmt: skip


def test_one_model_has_its_manifest_and_a_damaged_one_says_why_it_has_none(desk: LearntDesk) -> None:
    assert desk.told("models/m1")["manifest"] == {"id": "m1", "trials": 6}
    assert desk.told("models/m1")["problem"] is None
    desk.damaged.add("m1")
    told = desk.told("models/m1")
    assert told["manifest"] is None
    assert "not what was written" in told["problem"]
    assert desk.ask("GET", "models/none").status_code == 404
    assert desk.ask("GET", "models/..%2Fkeys").status_code in (404, 422)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_place_is_given_with_a_reason_by_an_admin(desk: LearntDesk, action: str) -> None:
    for role, status in ((None, 401), (Role.VIEWER, 403), (Role.TRADER, 403)):
        assert desk.ask("POST", f"models/m1/{action}", BODY, role).status_code == status
    assert desk.ask("POST", f"models/m1/{action}", {}).status_code == 422
    assert desk.commands == []
    answer = desk.ask("POST", f"models/m1/{action}", BODY)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["model"]["id"], answer.json()["status"]) == ("m1", "success")
    (command,) = desk.commands
    assert (command.model_id, command.action, command.reason) == ("m1", ACTIONS[action], "a quiet month")
    assert desk.ask("POST", f"models/none/{action}", BODY).status_code == 404
    assert desk.ask("POST", f"models/m1/{action}", {"reason": "conflict"}).status_code == 409


@pytest.mark.parametrize(("action", "damaged"), [("promote", "m1"), ("challenge", "m1"), ("roll-back", "m0")])
def test_a_damaged_model_gets_no_place_and_the_desk_is_not_asked(desk: LearntDesk, action: str, damaged: str) -> None:
    desk.damaged.add(damaged)
    answer = desk.ask("POST", f"models/m1/{action}", BODY)
    assert (answer.status_code, answer.json()["model_id"]) == (409, damaged)
    assert answer.json()["detail"] == "damaged; nothing was changed"
    assert desk.commands == []


def test_a_damaged_model_can_be_retired(desk: LearntDesk) -> None:
    desk.damaged.add("m1")
    assert desk.ask("POST", "models/m1/retire", BODY).status_code == 200


def test_a_repeated_key_changes_nothing_twice(desk: LearntDesk) -> None:
    answers = [desk.ask("POST", "models/m1/promote", BODY, idempotency_key="k") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(desk.commands) == 1


def test_while_the_record_falls_behind_no_old_list_is_shown(desk: LearntDesk) -> None:
    desk.failure = "the disk is full"
    assert desk.ask("GET", "models").status_code == 503
