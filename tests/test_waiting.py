from __future__ import annotations

import pytest

from sidecar.domain.breaker import BreakerState
from sidecar.domain.errors import DeskError, JournalFailed
from sidecar.domain.report import Outcome, OutcomeStatus
from sidecar.waiting import Waiting


def outcome(name: str, message: str = "done") -> Outcome:
    return Outcome(name, OutcomeStatus.DONE, message, BreakerState())


def test_each_is_answered_with_its_own_outcome_once() -> None:
    waiting = Waiting()
    one, two = waiting.ask("one"), waiting.ask("two")
    waiting.answer(outcome("two"), None)
    waiting.answer(outcome("two", "again"), None)
    waiting.answer(outcome("nobody"), None)
    assert two.result(0).message == "done"
    assert not one.done()
    assert not one.cancel()


def test_what_is_not_on_disk_is_a_failure() -> None:
    waiting = Waiting()
    one = waiting.ask("one")
    waiting.answer(outcome("one"), JournalFailed("the disk refused"))
    with pytest.raises(JournalFailed):
        one.result(0)


def test_after_the_end_whoever_waits_or_asks_is_told_why_first() -> None:
    waiting = Waiting()
    before = waiting.ask("before")
    waiting.end("the desk failed")
    waiting.end("the desk was stopped")
    for future in (before, waiting.ask("after")):
        with pytest.raises(DeskError, match="the desk failed"):
            future.result(0)
