"""From the journal to the database: what is on disk is handed on in the journal's order, with the chain's true value.

Two threads may put records, and the journal answers a whole group at once, so what is told here can come out of order
and behind the journal's head. A database that noted a digest of a later record would call a sound journal damaged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock

from sidecar.domain.records import Entry
from sidecar.store.frames import Head

Offer = Callable[[int, Sequence[Entry], bytes], None]


class Projecting:
    """Takes groups of entries in any order, and offers them without a gap once they reach the journal's head.

    :param head: the journal's head now; what follows on it at construction is the first that can be taken.
    :param offer: told the first number, the entries, and the chain's value after the last of them; must not wait.
    """

    def __init__(self, head: Callable[[], Head], offer: Offer) -> None:
        self._head = head
        self._offer = offer
        self._lock = Lock()
        self._first = head().seq + 1
        self._ready: list[Entry] = []
        self._ahead: dict[int, Sequence[Entry]] = {}

    def take(self, last: int, entries: Sequence[Entry]) -> None:
        """Take entries that are on disk; ``last`` numbers the last of them."""
        with self._lock:
            self._ahead[last - len(entries) + 1] = entries
            while (following := self._ahead.pop(self._first + len(self._ready), None)) is not None:
                self._ready += following
            head = self._head()
            # Short of the head, the rest of its group is still to come: it brings the digest that fits.
            if self._ready and self._first + len(self._ready) - 1 == head.seq:
                self._offer(self._first, self._ready, head.digest)
                self._first, self._ready = head.seq + 1, []
