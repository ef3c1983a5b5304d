"""Acting on several alerts: each is asked for by itself, and what was refused or not confirmed is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from pages.parts import alert_acts
from sidecar.client import Desk as Client
from sidecar.servers.keys import Role
from tests.pages.conftest import serving, words
from tests.servers.alerting import AlertStand, alert


def drawn(call: str) -> str:
    at = AppTest.from_string(f"from pages.parts import alert_acts\nalert_acts.{call}").run()
    assert not at.exception
    return words(at).replace("\\", "")


def test_one_that_is_refused_does_not_keep_the_others_from_being_done(tmp_path: Path) -> None:
    stand = AlertStand(tmp_path)
    desk = stand.desk
    desk.put(alert(1), alert(2))
    with serving(stand.app) as url, Client(url, stand.secrets[Role.TRADER]) as client:
        told = alert_acts.each(client, "Acknowledge", ["A00001", "A99999", "A00002"], "mine")
    assert (told["asked"], told["done"], list(told["failed"])) == (3, 2, ["A99999"])
    assert told["failed"]["A99999"]["unsure"] is False
    assert all(one.acknowledged_by.startswith("test-trader") for one in desk.standing.values())


def test_what_a_desk_that_is_gone_did_not_answer_is_not_confirmed() -> None:
    with Client("http://127.0.0.1:9") as gone:
        told = alert_acts.each(gone, "Resolve", ["A1"], "over")
    assert told["done"] == 0
    assert told["failed"]["A1"]["unsure"] is True


def test_what_came_of_it_is_said_of_each_and_hostile_words_are_inert() -> None:
    failed: dict[str, Any] = {
        "<b>A1</b>": {"unsure": True, "detail": "no answer"},
        "A2": {"unsure": False, "detail": "over already"},
    }
    said = drawn(f"outcome({ {'word': 'Resolve', 'asked': 3, 'done': 1, 'failed': failed}!r})")
    assert "Resolve: 1 of 3 done" in said
    assert "**NOT CONFIRMED** <b>A1</b>: no answer" in said
    assert "**REFUSED** A2: over already" in said


def test_nothing_chosen_is_nothing_to_act_on() -> None:
    assert "No alert is chosen" in drawn("act_form('Resolve', [])")
