"""Sessions: what opens them, how long they live, and what is said when they have ended."""

from __future__ import annotations

import pytest

from pages.parts import sessions
from pages.parts.sessions import Sessions


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_session_opens_with_its_own_cookie_alone_and_the_cookie_holds_no_key() -> None:
    held = Sessions()
    anna, ben = held.begin("anna's key"), held.begin("ben's key")
    assert anna != ben
    assert "key" not in anna
    found = held.find(anna)
    assert found is not None
    assert found.key == "anna's key"
    assert found.id != anna
    assert held.find(found.id) is None  # what names it inside opens nothing
    for wrong in ("", "x" * 9_000, anna[:-1], "\udcff"):
        assert held.find(wrong) is None


def test_two_tabs_share_one_and_signing_out_in_one_ends_it_for_both() -> None:
    held = Sessions()
    secret = held.begin("key")
    one, two = held.find(secret), held.find(secret)
    assert one is two
    assert one is not None
    held.end(one.id)
    assert held.find(secret) is None
    assert not held.alive(one.id)
    assert held.why(secret) == "you signed out"


def test_it_ends_when_nobody_uses_it_and_in_any_case_after_a_day() -> None:
    clock = Clock()
    held = Sessions(clock)
    secret, left = held.begin("key"), held.begin("key")
    while clock.now < sessions.LONGEST_S - sessions.IDLE_S:
        clock.now += sessions.IDLE_S - 1
        assert held.find(secret) is not None
    assert held.find(left) is None
    assert "two hours" in held.why(left)
    clock.now = sessions.LONGEST_S
    assert held.find(secret) is None
    assert "a day" in held.why(secret)


def test_an_app_that_was_started_again_says_so() -> None:
    assert "started again" in Sessions().why(Sessions().begin("key"))


def test_there_are_never_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST", 3)
    held = Sessions()
    secrets = [held.begin(f"key {n}") for n in range(9)]
    assert [held.find(one) is not None for one in secrets] == [False] * 6 + [True] * 3
    assert "too many" in held.why(secrets[5])
