"""The signals that the desk knows of: those that wait for their horizon, and the newest."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush

from sidecar.domain.clock import MINUTE
from sidecar.domain.signals import Signal, SignalStatus

#: How many of the newest a report carries; the rest is in the database.
NEWEST = 50


class SignalBook:
    """``open`` is by id; ``count`` is of all that were ever given, and numbers the next one."""

    def __init__(self) -> None:
        self.count = 0
        self.open: dict[str, Signal] = {}
        #: Past their horizon without a price: until when (microseconds) each is waited for, at the earliest.
        self.late: dict[str, int] = {}
        self._due: list[tuple[int, str]] = []
        self._newest: dict[str, Signal] = {}
        self._given: deque[tuple[int, str]] = deque()
        self._told: dict[str, int] = {}
        self._lines: tuple[Signal, ...] | None = ()

    def keep(self, signal: Signal) -> None:
        """Take a signal in its new state: a first one is counted, one that is open waits for its horizon."""
        known = self.open.pop(signal.id, None) is not None
        self.late.pop(signal.id, None)
        if signal.status is SignalStatus.OPEN:
            self.open[signal.id] = signal
            heappush(self._due, (signal.due_at, signal.id))
        self.count += not known
        if not known or signal.id in self._newest:
            self._newest[signal.id] = signal
            self._lines = None
        while len(self._newest) > NEWEST:
            del self._newest[next(iter(self._newest))]

    def due(self, now: int) -> list[Signal]:
        """The open signals whose horizon has passed since the last call, the one due first in front."""
        found = []
        while self._due and self._due[0][0] <= now:
            _, signal_id = heappop(self._due)
            if signal_id in self.open:
                found.append(self.open[signal_id])
        return found

    @property
    def lines(self) -> tuple[Signal, ...]:
        """The newest, newest first; the same tuple as long as none has changed."""
        if self._lines is None:
            self._lines = tuple(reversed(self._newest.values()))
        return self._lines

    def recent(self, now: int) -> tuple[dict[str, int], int]:
        """How many were given within the last minute, by strategy and in all."""
        while self._given and now - self._given[0][0] >= MINUTE:
            self._given.popleft()
        counts: dict[str, int] = {}
        for _, strategy in self._given:
            counts[strategy] = counts.get(strategy, 0) + 1
        return counts, len(self._given)

    def note(self, now: int, strategy: str) -> None:
        """Count one that was given, for the minute to come."""
        self._given.append((now, strategy))

    def tell(self, now: int, problem: str) -> bool:
        """Whether a problem is to be put on record now: each at most once a minute, so that no flood is answered."""
        for text in [text for text, at in self._told.items() if now - at >= MINUTE]:
            del self._told[text]
        if problem in self._told:
            return False
        self._told[problem] = now
        return True
