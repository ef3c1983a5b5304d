from __future__ import annotations

import time
from itertools import pairwise

import pytest

from sidecar.desk import loop
from sidecar.desk.inbox import Inbox
from sidecar.domain.breaker import BreakerStatus, Trigger
from sidecar.domain.clock import SECOND
from sidecar.domain.events import AnyEvent, Beat
from sidecar.domain.report import LimitStatus
from tests.desk.world import LISTED, OPEN, World, chain


def test_events_are_handled_as_they_come_and_work_is_done_on_the_same_thread() -> None:
    inbox, seen = Inbox(), list[object]()

    def handle(event: AnyEvent) -> None:
        seen.append(event)

    inbox.put(Beat(7))
    inbox.call(lambda: seen.append("work"))
    inbox.call(inbox.close)
    loop.run(inbox, handle, lambda: 8, 60.0)
    assert seen == [Beat(7), "work"]


def test_the_beats_never_go_back_though_the_clock_does() -> None:
    inbox, beats = Inbox(), list[int]()
    times = iter([5, 9, 3, 11])

    def handle(event: AnyEvent) -> None:
        beats.append(event.at)
        if len(beats) == 4:
            inbox.close()

    lates: list[float] = []
    loop.run(inbox, handle, lambda: next(times), 0.002, lates.append)
    assert beats == [5, 9, 9, 11]
    assert all(late >= 0.0 for late in lates)


def test_a_desk_that_fell_behind_beats_once_and_not_for_each_beat_it_missed() -> None:
    inbox, beats = Inbox(), list[int]()

    def handle(event: AnyEvent) -> None:
        beats.append(event.at)
        if len(beats) == 1:
            time.sleep(0.2)
        else:
            inbox.close()

    lates: list[float] = []
    loop.run(inbox, handle, lambda: 1, 0.01, lates.append)
    assert len(beats) == 2
    assert lates[1] > 0.1


def test_beats_say_how_long_the_desk_has_run_and_listened_and_a_hang_counts_as_a_second_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inbox, beats = Inbox(), list[Beat]()

    def handle(event: AnyEvent) -> None:
        assert isinstance(event, Beat)
        beats.append(event)
        if len(beats) == 2:
            time.sleep(0.3)
        elif len(beats) == 4:
            inbox.close()

    monkeypatch.setattr(loop, "_LISTENED_S", 0.1)
    loop.run(inbox, handle, lambda: 1, 0.02)
    gaps = [(b.ran - a.ran) / SECOND for a, b in pairwise(beats)]
    assert beats[0].ran > 0
    assert all(gap > 0 for gap in gaps)
    assert gaps[1] == pytest.approx(0.1, abs=1e-5)


def test_an_error_of_the_core_ends_the_loop() -> None:
    inbox = Inbox()
    inbox.put(Beat(1))

    def handle(event: AnyEvent) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        loop.run(inbox, handle, lambda: 1, 1.0)


def test_a_dead_feed_does_not_stop_the_clock_so_the_breaker_trips_on_missing_data() -> None:
    world = World()
    inbox = Inbox()
    start = OPEN + SECOND
    beats = 0

    def now() -> int:
        nonlocal beats
        beats += 1
        return start + beats * SECOND

    def handle(event: AnyEvent) -> None:
        report = world.take(event)
        if not report.breaker.active:
            inbox.close()

    world.take(LISTED, *chain(start), Beat(start))
    loop.run(inbox, handle, now, 0.001)
    assert world.report.breaker.status is BreakerStatus.TRIPPED
    assert [cause.trigger for cause in world.report.breaker.causes] == [Trigger.DATA_FAILURE]
    assert world.report.blind
    (line,) = [line for line in world.report.limits if line.name == "stale" and line.scope == "*"]
    assert line.status is LimitStatus.BREACH
    assert line.value == 10.0
