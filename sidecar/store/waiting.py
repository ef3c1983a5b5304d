"""What waits for a commit: samples while there is room for them, and journal entries, for which there always is."""

from __future__ import annotations

import queue
import threading
import time

from sidecar.store.owed import Group, Owed
from sidecar.store.sampling import Sample


class Waiting:
    """A queue from any thread to the writer's; ``room`` is how many samples may wait. Nobody who offers ever waits.

    ``dropped`` counts the samples that were lost, here or by a commit that failed.
    """

    def __init__(self, room: int) -> None:
        self.dropped = 0
        self._room = room
        self._lock = threading.Lock()  # guards the counts that two threads change
        self._closing = threading.Event()
        self._queue: queue.SimpleQueue[Sample | Group | None] = queue.SimpleQueue()

    def __len__(self) -> int:
        return self._queue.qsize()

    def offer(self, sample: Sample) -> None:
        """Take a sample, or drop and count it."""
        with self._lock:
            if self._room <= 0 or self._closing.is_set():
                self.dropped += 1
                return
            self._room -= 1
        self._queue.put(sample)

    def owe(self, group: Group) -> None:
        """Take journal entries."""
        self._queue.put(group)

    def lose(self, samples: int) -> None:
        """Count samples that a commit lost."""
        with self._lock:
            self.dropped += samples

    def close(self) -> None:
        """Take no further sample, and end what gathers."""
        self._closing.set()
        self._queue.put(None)

    def gather(self, owed: Owed, for_s: float, *, at_once: bool) -> tuple[list[Sample], bool]:
        """What comes within ``for_s`` seconds, from now if ``at_once`` or else from the first that comes.

        Entries go to ``owed``. False with it at the end.
        """
        samples: list[Sample] = []
        going = True if at_once else self._take(samples, owed, None)
        until = time.monotonic() + for_s
        while going and (left := until - time.monotonic()) > 0:
            going = self._take(samples, owed, left)
        with self._lock:
            self._room += len(samples)
        return samples, going

    def _take(self, samples: list[Sample], owed: Owed, timeout: float | None) -> bool:
        """Takes one offer, if it comes in time; False at the sentinel."""
        try:
            offered = self._queue.get(timeout=timeout)
        except queue.Empty:
            return True
        if isinstance(offered, Group):
            owed.take(offered)
        elif offered is not None:
            samples.append(offered)
        return offered is not None
