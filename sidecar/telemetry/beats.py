"""How late the desk's beats were: told by the desk's thread, read by another."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import nan
from threading import Lock


class Beats:
    """The worst beat since somebody asked."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._worst = nan
        self._last: float | None = None

    def on_beat(self, late_s: float) -> None:
        """A beat came so many seconds after it was due."""
        with self._lock:
            self._worst = late_s if self._worst != self._worst else max(self._worst, late_s)
            self._last = self._clock()

    def worst_s(self, beat_s: float) -> float:
        """The most since the last call, of beats every ``beat_s``. One that is due and has not come counts too.

        NaN before the first ever.
        """
        with self._lock:
            worst, self._worst = self._worst, nan
            if self._last is None:
                return nan
            overdue = max(self._clock() - self._last - beat_s, 0.0)
            return max(worst, overdue) if worst == worst else overdue
