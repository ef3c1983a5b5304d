"""Alerts on the screen: what stands, the flood by cause, one with its history, and the acts on several at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from sidecar.client import Desk as Client
from sidecar.domain.alerts import AlertLevel
from sidecar.servers.keys import Role
from tests.pages.conftest import Shown, click, words
from tests.pages.states import HOSTILE
from tests.servers.alerting import AlertDesk, alert

Show = Callable[..., Shown]


def opened(app: Shown, **query: str) -> AppTest:
    at = AppTest.from_file(str(app.root / "pages" / "alerts.py"), default_timeout=30)
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def told(app: Shown, url: str, count: int) -> None:
    """So many alerts through the door that other programs use."""
    with Client(url, app.stand.secrets[Role.TRADER]) as client:
        for first in range(0, count, 100):
            fired = [
                {"status": "firing", "labels": {"alertname": f"Feed {n % 4}", "severity": "critical", "n": str(n)},
                 "annotations": {"summary": f"late {n}"}, "fingerprint": f"{n:016x}"}
                for n in range(first, first + 100)
            ]  # fmt: skip
            body = {"version": "4", "status": "firing", "alerts": fired}
            client._command("POST", "/api/v1/monitoring/alerts/webhook", body)


def form(word: str) -> AppTest:
    """The act on everything that stands, on a page of its own, as its dialog shows it."""
    code = f"from pages.parts import alert_acts, watched\nalert_acts.act_form({word!r}, watched.standing()[0])"
    return AppTest.from_string(code, default_timeout=30).run()


def table(at: AppTest, column: str) -> Any:
    """The first table that has a column of that name."""
    return next(one.value for one in at.dataframe if column in one.value.columns)


def test_a_desk_without_an_alert_says_so_and_one_that_cannot_be_asked_does_not(shown: Show) -> None:
    at = opened(shown())
    assert "No alert stands" in words(at)
    at = opened(shown(role=None))
    assert not at.exception
    assert "No alert stands" not in words(at)
    assert "Whether an alert stands is unknown" in words(at)
    assert at.button(key="alerts-acknowledge").disabled
    assert "signed in as nobody" in at.button(key="alerts-acknowledge").help


def test_the_gravest_and_oldest_stand_first_and_several_are_acknowledged_at_once(shown: Show) -> None:
    desk = AlertDesk()
    desk.put(
        alert(1, title=HOSTILE, message=HOSTILE, source="outside"),
        alert(2, level=AlertLevel.CRITICAL, severity=5, count=7),
        alert(3, level=AlertLevel.CRITICAL, severity=5, acknowledged_by="risk/1", escalations=2),
        alert(4, shown=False, inhibited_by="limits:breach:2"),
    )
    at = opened(shown(desk))
    assert not at.exception
    drawn = table(at, "grave")
    assert drawn["id"].to_list() == ["A00002", "A00001", "A00003", "A00004"]
    assert drawn["hands"].to_list() == ["nobody", "nobody", "risk/1", "nobody"]
    assert drawn["title"].iloc[1] == HOSTILE
    assert (drawn["count"].iloc[0], drawn["grave"].iloc[0]) == (7, "CRITICAL 5")
    assert "grew graver 2 ×" in drawn["course"].iloc[2]
    assert "held back behind limits:breach:2" in drawn["course"].iloc[3]
    assert "**4 stand**: 2 critical" in words(at)
    assert "Acknowledge 3 alerts" in words(click(at, "alerts-acknowledge"))
    at = form("Acknowledge")
    at.text_input(key="alerts-why").input("mine").run()
    assert "Acknowledge: 4 of 4 done" in words(click(at, "alerts-confirm"))
    assert all(one.acknowledged_by.startswith("test-trader") for one in desk.standing.values())


def test_resolving_needs_a_reason_and_what_is_over_already_is_named(shown: Show) -> None:
    desk = AlertDesk()
    desk.put(alert(1), alert(2))
    shown(desk)
    at = form("Resolve")
    assert at.button(key="alerts-confirm").disabled
    desk._act("A00002", resolved=True, resolved_by="somebody")
    at.text_input(key="alerts-why").input("repaired").run()
    at = click(at, "alerts-confirm")
    assert "Resolve: 1 of 2 done" in words(at)
    assert "REFUSED" in words(at)
    assert "A00002" in words(at)
    assert not desk.standing


def test_a_flood_is_shown_by_its_causes_and_filters_are_part_of_the_address(shown: Show) -> None:
    desk = AlertDesk()
    app = shown(desk)
    told(app, os.environ["DESK_URL"], 200)
    desk.put(alert(901, source="limits"))
    at = opened(app)
    assert not at.exception
    assert "A flood, by cause" in words(at)
    groups = table(at, "alerts")
    assert groups["alerts"].sum() == len(desk.standing) == 201
    assert groups["alerts"].iloc[0] >= 50
    assert len(table(at, "stood")) == len(groups)
    assert len(next(one.value for one in at.dataframe if "hands" in one.value.columns)) == 201
    at = opened(app, source="limits")
    assert table(at, "hands")["id"].to_list() == ["A00901"]
    assert "No alert passes these filters" in words(opened(app, source="pnl"))


def test_one_alert_has_an_address_with_its_details_and_what_is_on_record(shown: Show) -> None:
    desk = AlertDesk()
    desk.put(alert(1, details={"value": "0.04"}, message="over by a lot"))
    app = shown(desk)
    at = opened(app, alert="A00001")
    assert not at.exception
    assert "over by a lot" in words(at)
    facts = table(at, "value")
    assert dict(zip(facts["name"], facts["value"], strict=True))["value"] == "0.04"
    assert "there is no alert" in words(opened(app, alert="A99999"))


def test_an_alert_is_raised_and_an_empty_one_is_not(shown: Show) -> None:
    desk = AlertDesk()
    at = opened(shown(desk), view="Raise one")

    def send() -> AppTest:
        at.button[[one.label for one in at.button].index("Raise it")].click()
        return at.run()

    assert "needs a title" in words(send())
    assert not desk.standing
    at.text_input(key="raise-title").input("The broker called")
    at.text_area(key="raise-message").input("cash\ndiffers")
    assert "found 1 ×" in words(send())
    [made] = desk.standing.values()
    assert (made.title, made.message, made.level) == ("The broker called", "cash differs", AlertLevel.WARNING)


def test_the_record_is_filtered_and_drawn(shown: Show, past: Any) -> None:
    app = shown(past.desk())
    at = opened(app, view="Record", span="all")
    assert not at.exception
    rows = table(at, "resolved_by")
    assert "The broker called" in rows["title"].to_list()
    assert "No alert is on record" in words(opened(app, view="Record", span="all", source="calendar"))
