"""A breaker that trips reaches the desk and people through real Prometheus and Alertmanager, and its end does too."""

from __future__ import annotations

import re
import time
from math import isfinite
from typing import Any

import pytest

from sidecar.settings import REPOSITORY
from tests.prometheus.stack import Stack, standing
from tests.wiring import ADMIN, until

pytestmark = pytest.mark.slow

EXAMPLES = re.findall(r"```promql\n(.*?)\n```", (REPOSITORY / "docs" / "monitoring.md").read_text(), re.DOTALL)
ARRIVES_S = 10.0


class Story:
    """What happened when, in seconds since the breaker's trip was asked for."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.lines: list[tuple[float, str]] = []
        self.alert: dict[str, Any] = {}
        self.after: dict[str, Any] = {}
        self.people: dict[str, Any] = {}
        self.seqs: tuple[int, int] = (0, 0)
        self.answers: dict[str, int] = {}

    def tell(self, what: str) -> float:
        self.lines.append((time.monotonic() - self.began, what))
        return self.lines[-1][0]

    def at(self, what: str) -> float:
        return next(seconds for seconds, said in self.lines if said == what)

    def __str__(self) -> str:
        return "\n".join(f"{seconds:6.2f} s  {what}" for seconds, what in self.lines)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    with standing(tmp_path_factory.mktemp("stack")) as stack:
        told = _live(stack)
    print(f"\n{told}")
    return told


def _live(stack: Stack) -> Story:
    desk = stack.desk
    until(lambda: desk.desk.positions()["total_positions"] >= 2, 30.0, "a strangle")
    story = Story()
    _limit(stack, 1)
    until(lambda: desk.state()["status"] == "tripped", what="a trip")
    story.tell("the breaker has tripped: more positions than their limit")
    until(lambda: stack.on_the_desk("tripped"), what="the desk's own alert")
    story.tell("the desk has an alert of its own")
    until(lambda: stack.firing("BreakerActive"), 30.0, "a firing rule")
    story.tell("Prometheus: BreakerActive fires")
    until(lambda: stack.routed("BreakerActive"), 30.0, "Alertmanager's alert")
    story.tell("Alertmanager has it")
    (story.alert,) = until(lambda: stack.on_the_desk("alertmanager"), 30.0, "the alert on the desk")
    story.tell("the desk has it, by the webhook")
    before = _halts(stack)
    story.people = until(lambda: stack.chat.got, 30.0, "people")[0]
    story.tell("people have it, by the chat")
    _ask_all(stack, story)
    story.tell(f"{len(EXAMPLES)} examples of docs/monitoring.md have been answered")
    (story.after,) = stack.on_the_desk("alertmanager")
    story.seqs = before, _halts(stack)
    _limit(stack, 20)
    reset = {"reason": "the limit was a test's"}
    answer = desk.http.post("/emergency/circuit-breaker/reset", json=reset, headers={"X-API-Key": ADMIN})
    assert answer.status_code == 200, answer.text
    story.tell("an admin has reset the breaker")
    until(lambda: not stack.on_the_desk("alertmanager"), 30.0, "the end on the desk")
    story.tell("the desk's alert is over, by the webhook")
    return story


def _limit(stack: Stack, positions: int) -> None:
    body = {"limits": {"positions": positions}, "reason": "a test"}
    answer = stack.desk.http.put("/api/v1/risk/limits", json=body, headers={"X-API-Key": ADMIN})
    assert answer.status_code == 200, answer.text


def _halts(stack: Stack) -> int:
    return int(stack.desk.state()["halt_seq"])


def _ask_all(stack: Stack, story: Story) -> None:
    """Ask every example until it has data: a rate wants two scrapes."""
    end = time.monotonic() + 15.0
    for example in EXAMPLES:
        while not (known := _known(stack.query(example))) and time.monotonic() < end:
            time.sleep(0.25)
        story.answers[example] = known


def _known(found: list[dict[str, Any]]) -> int:
    """How many of the series have a number."""
    return sum(isfinite(float(one["value"][1])) for one in found)


def test_a_trip_is_an_alert_on_the_desk_within_ten_seconds(story: Story) -> None:
    assert story.at("the desk has it, by the webhook") <= ARRIVES_S, str(story)
    assert (story.alert["level"], story.alert["shown"], story.alert["resolved"]) == ("critical", True, False)
    assert story.alert["title"] == "Trading is off"
    assert re.fullmatch(r"The breaker holds 127\.0\.0\.1:\d+: position_limit by desk; no order that adds risk leaves "
                        r"until an admin resets it\.", story.alert["message"])  # fmt: skip
    assert story.alert["details"]["runbook_url"] == "docs/runbooks/BreakerActive.md"
    assert "runbooks" not in story.alert["details"]


def test_people_are_told_by_a_road_that_needs_no_desk(story: Story) -> None:
    assert story.at("people have it, by the chat") <= 2 * ARRIVES_S, str(story)
    (attachment,) = story.people["attachments"]
    assert attachment["title"] == "Firing: BreakerActive "
    assert "docs/runbooks/BreakerActive.md" in attachment["text"]


def test_an_alert_that_prometheus_brings_trips_nothing_and_brings_no_other(story: Story) -> None:
    assert story.seqs[0] == story.seqs[1] == 1
    assert (story.after["id"], story.after["count"]) == (story.alert["id"], 1)


def test_a_reset_ends_the_alert_on_the_desk(story: Story) -> None:
    took = story.at("the desk's alert is over, by the webhook") - story.at("an admin has reset the breaker")
    assert took <= 1.5 * ARRIVES_S, str(story)


def test_every_example_of_the_documentation_returns_data(story: Story) -> None:
    assert len(EXAMPLES) >= 12
    assert [example for example, series in story.answers.items() if not series] == []
    print("\n".join(f"{series:3d} series  {' '.join(example.split())}" for example, series in story.answers.items()))
