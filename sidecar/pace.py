"""Market time against the wall clock: a feed's events are handed out when their time has come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Event as Flag
from threading import Lock

from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.events import MarketEvent

#: A feed that is later than this (wall seconds, or market time) makes the market's clock wait for it.
_SLIP_S = 0.25
_SLIP = 2 * SECOND


#: How long (seconds) market time waits for a feed's first event.
FEED_WAIT_S = 5.0


class MarketClock:
    """Market time: an anchor and a speed (market seconds per wall second).

    It never goes back: set to an earlier time, it stands still until that time has caught up with it.
    """

    def __init__(self, at: int, speed: float = 1.0, wall: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._lock = Lock()
        self._market = at
        self._anchor = wall()
        self._told = at
        self.speed = speed

    def now(self) -> int:
        """Market time, microseconds UTC."""
        with self._lock:
            self._told = max(self._told, self._time())
            return self._told

    def set(self, at: int) -> None:
        """Let market time run on from ``at``."""
        with self._lock:
            self._market = at
            self._anchor = self._wall()

    def wait_s(self, at: int) -> float:
        """Wall seconds until market time ``at``; negative if it is past."""
        with self._lock:
            return (at - self._time()) / SECOND / self.speed

    def _time(self) -> int:
        return self._market + int((self._wall() - self._anchor) * self.speed * SECOND)


class Held:
    """Market time that stands still until the feed's first event is ready, for ``wait_s`` seconds at most.

    A feed that takes a moment to begin would otherwise be stale before its first quote, the more so at speed.
    """

    def __init__(self, clock: MarketClock, wait_s: float = FEED_WAIT_S) -> None:
        self._clock = clock
        self._wait_s = wait_s
        self._from = clock.now()
        self._until = float("inf")
        self._flowing = Flag()
        self._lock = Lock()

    def begin(self) -> None:
        """The feed was asked to begin: from now on the wait counts."""
        self._until = time.monotonic() + self._wait_s

    def flow(self) -> None:
        """Let market time run."""
        with self._lock:
            if not self._flowing.is_set():
                self._clock.set(self._from)
                self._flowing.set()

    def now(self) -> int:
        """Market time, microseconds UTC."""
        if self._flowing.is_set():
            return self._clock.now()
        if time.monotonic() < self._until:
            return self._from
        self.flow()
        return self._clock.now()


def play(
    events: Iterator[MarketEvent],
    clock: MarketClock,
    put: Callable[[MarketEvent], None],
    is_open: Callable[[int], bool],
    stopped: Flag,
) -> None:
    """Put each event at its market time until the feed ends or ``stopped`` is set.

    Closed hours are skipped: when nothing comes for a minute of a closed market, the clock jumps to just before the
    next event. When the feed cannot keep up, the clock waits for it, so that a slow machine makes a slow market and not
    a stale one.
    """
    for event in events:
        wait = clock.wait_s(event.at)
        if wait * clock.speed * SECOND > MINUTE and not is_open(clock.now()):
            clock.set(event.at - SECOND)
            wait = clock.wait_s(event.at)
        elif wait < -min(_SLIP_S, _SLIP / SECOND / clock.speed):
            clock.set(event.at)
        if stopped.wait(wait) if wait > 0.002 else stopped.is_set():
            return
        put(event)
