"""Labels that somebody else chooses are bounded: the first names keep theirs, those after them share one."""

from __future__ import annotations

from threading import Lock

OTHER = "other"

#: Strategies and clients are named by whoever calls; only a few symbols have a histogram of their own.
MOST_STRATEGIES = 50
MOST_FAMILIES = 20
MOST_CLIENTS = 20
MOST_SYMBOLS = 10


class Bounded:
    """Gives a name's label: itself for the first ``most`` names, ``other`` for all that come later."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._names: set[str] = set()
        self._lock = Lock()

    def __call__(self, name: str) -> str:
        if name in self._names:
            return name
        with self._lock:
            if len(self._names) < self._most:
                self._names.add(name)
            return name if name in self._names else OTHER
