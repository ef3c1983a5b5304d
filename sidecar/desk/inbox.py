"""The inbox: the one door into the desk. It keeps the newest quote of each contract, and everything else in order.

A slow desk therefore sees fresher quotes, never a longer queue. Urgent commands overtake quotes and other events.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from threading import Condition

from sidecar.domain.commands import Disable, Stop
from sidecar.domain.events import AnyEvent, Quote

#: What overtakes: it shuts the gate for what waits, too. A cancel of all must not overtake the orders it is meant for.
URGENT = (Stop, Disable)

Work = Callable[[], None]


class Inbox:
    """Many threads put; one takes."""

    def __init__(self) -> None:
        self._urgent: deque[AnyEvent] = deque()
        self._ordered: deque[AnyEvent | Work] = deque()
        self._quotes: dict[str, Quote] = {}
        self._changed = Condition()
        self._put_since = 0.0
        self._taken_since = 0.0
        self.closed = False
        self.conflated = 0

    def put(self, event: AnyEvent) -> None:
        """Leave an event for the desk; never waits for it."""
        with self._changed:
            if isinstance(event, Quote):
                self._put_since = self._put_since or time.monotonic()
                self.conflated += event.symbol in self._quotes
                self._quotes[event.symbol] = event
            elif isinstance(event, URGENT):
                self._urgent.append(event)
            else:
                self._ordered.append(event)
            self._changed.notify()

    def call(self, work: Work) -> None:
        """Leave work for the desk's thread (what follows from a completed write, for one), in order with events."""
        with self._changed:
            self._ordered.append(work)
            self._changed.notify()

    def take(self, wait_s: float) -> list[AnyEvent | Work]:
        """All that has come: urgent, then ordered, then quotes. Waits up to ``wait_s`` seconds for the first."""
        with self._changed:
            if not (self._urgent or self._ordered or self._quotes or self.closed):
                self._changed.wait(wait_s)
            taken: list[AnyEvent | Work] = [*self._urgent, *self._ordered, *self._quotes.values()]
            self._urgent.clear()
            self._ordered.clear()
            self._quotes = {}
            self._taken_since = self._taken_since or self._put_since
            self._put_since = 0.0
            return taken

    def urgent(self) -> list[AnyEvent]:
        """The urgent commands that came while other things were at work; costs nothing when there are none."""
        if not self._urgent:
            return []
        with self._changed:
            taken = list(self._urgent)
            self._urgent.clear()
            return taken

    def reported_s(self) -> float | None:
        """How long (seconds) the oldest quote taken since the last call waited from its arrival; None without one."""
        since, self._taken_since = self._taken_since, 0.0
        return time.monotonic() - since if since else None

    def close(self) -> None:
        """No more will be waited for: a waiting taker wakes."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        return len(self._urgent) + len(self._ordered) + len(self._quotes)
