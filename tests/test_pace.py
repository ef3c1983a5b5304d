from __future__ import annotations

from threading import Event as Flag

from sidecar.domain.clock import DAY, MINUTE, SECOND
from sidecar.domain.events import FeedState, MarketEvent
from sidecar.pace import MarketClock, play


class Wall:
    """A wall clock that a test moves."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


class Waits(Flag):
    """A stop flag whose waits move the wall clock instead of waiting."""

    def __init__(self, wall: Wall) -> None:
        super().__init__()
        self.wall = wall
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        self.wall.at += timeout or 0.0
        return self.is_set()


def news(at: int) -> MarketEvent:
    return FeedState(at, "test", True)


def test_market_time_runs_at_its_speed_from_its_anchor() -> None:
    wall = Wall()
    clock = MarketClock(1_000 * SECOND, 10.0, wall)
    assert clock.now() == 1_000 * SECOND
    wall.at += 2.0
    assert clock.now() == 1_020 * SECOND
    assert clock.wait_s(1_030 * SECOND) == 1.0


def test_market_time_never_goes_back_but_stands_until_it_has_caught_up() -> None:
    wall = Wall()
    clock = MarketClock(1_000 * SECOND, 1.0, wall)
    wall.at += 10.0
    assert clock.now() == 1_010 * SECOND
    clock.set(1_005 * SECOND)
    assert clock.now() == 1_010 * SECOND
    assert clock.wait_s(1_005 * SECOND) == 0.0
    wall.at += 6.0
    assert clock.now() == 1_011 * SECOND


def test_events_are_put_at_their_market_time() -> None:
    wall, seen = Wall(), list[tuple[float, int]]()
    clock = MarketClock(0, 2.0, wall)
    play(
        iter([news(2 * SECOND), news(6 * SECOND)]),
        clock,
        lambda event: seen.append((wall.at, event.at)),
        lambda _: True,
        Waits(wall),
    )
    assert seen == [(101.0, 2 * SECOND), (103.0, 6 * SECOND)]


def test_closed_hours_are_skipped_to_a_second_before_the_next_event() -> None:
    wall = Wall()
    clock = MarketClock(0, 1.0, wall)
    waits = Waits(wall)
    play(iter([news(DAY)]), clock, lambda _: None, lambda at: at >= DAY - SECOND, waits)
    assert waits.waits == [1.0]
    assert clock.now() == DAY


def test_a_quiet_minute_of_an_open_market_is_waited_for() -> None:
    wall = Wall()
    clock = MarketClock(0, 1.0, wall)
    waits = Waits(wall)
    play(iter([news(3 * MINUTE)]), clock, lambda _: None, lambda _: True, waits)
    assert sum(waits.waits) == 180.0


def test_a_feed_that_cannot_keep_up_makes_the_clock_wait_for_it() -> None:
    wall, seen = Wall(), list[int]()
    clock = MarketClock(0, 1.0, wall)

    def slow(event: MarketEvent) -> None:
        seen.append(clock.now() - event.at)
        wall.at += 1.0

    play(iter([news(i * SECOND // 10) for i in range(50)]), clock, slow, lambda _: True, Waits(wall))
    assert len(seen) == 50
    assert clock.wait_s(5 * SECOND) > -1.5
    assert clock.now() < 7 * SECOND


def test_a_stop_ends_the_feed_before_the_next_event() -> None:
    wall, seen = Wall(), list[MarketEvent]()
    stopped = Waits(wall)

    def put(event: MarketEvent) -> None:
        seen.append(event)
        stopped.set()

    play(iter([news(1), news(2), news(5 * SECOND)]), MarketClock(0, 1.0, wall), put, lambda _: True, stopped)
    assert seen == [news(1)]
