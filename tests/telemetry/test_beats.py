"""How late the desk is."""

from __future__ import annotations

from math import isnan

import pytest

from sidecar.telemetry.beats import Beats


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_is_the_worst_since_it_was_asked() -> None:
    clock = Clock()
    beats = Beats(clock)
    for late in (0.01, 0.4, 0.02):
        beats.on_beat(late)
    assert beats.worst_s(0.1) == 0.4
    beats.on_beat(0.03)
    assert beats.worst_s(0.1) == 0.03


def test_before_the_first_beat_it_is_unknown() -> None:
    assert isnan(Beats().worst_s(0.1))


def test_a_beat_that_does_not_come_is_late_by_as_long_as_it_is_due() -> None:
    clock = Clock()
    beats = Beats(clock)
    beats.on_beat(0.01)
    clock.now += 3.1
    assert beats.worst_s(0.1) == pytest.approx(3.0)
    clock.now += 1.0
    assert beats.worst_s(0.1) == pytest.approx(4.0)
    beats.on_beat(4.1)
    assert beats.worst_s(0.1) == 4.1
    clock.now += 0.05
    assert beats.worst_s(0.1) == 0.0
