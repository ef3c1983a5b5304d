"""What can be set at the socket doors, and what the streams count."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class StreamSettings:
    """What can be set at the socket doors. ``queue`` and ``history`` count frames of one topic.

    A reader that takes nothing for ``stalled_s`` is cut off; so is, after ``close_wait_s``, one that does not take the
    close.
    """

    allowed_origins: tuple[str, ...] = ()
    heartbeat_s: float = 30.0
    auth_wait_s: float = 5.0
    recheck_s: float = 1.0
    max_message_bytes: int = 16 * 1024
    messages_per_s: float = 20.0
    bad_in_a_row: int = 5
    sockets_per_address: int = 10
    queue: int = 1_000
    history: int = 10_000
    recalled: int = 2_000
    latest_history: int = 256
    stalled_s: float = 7.0
    close_wait_s: float = 1.0


@dataclass
class Counts:
    """What the streams have done since the start, for the metrics."""

    connections: int = 0
    sent: Counter[str] = field(default_factory=Counter)  # frames by type
    conflated: Counter[str] = field(default_factory=Counter)  # frames by topic
    slow: int = 0  # clients that were closed because they were too slow

    def copy(self, connections: int) -> Counts:
        """The counts of this moment."""
        return Counts(connections, Counter(self.sent), Counter(self.conflated), self.slow)
