"""One subscription: what of a topic waits for one client."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sidecar.servers.channel import Channel, Ready
from sidecar.servers.topics import Kind

if TYPE_CHECKING:
    from sidecar.servers.subscriber import Subscriber

#: Frames that go out in one turn, and that may be in flight to a client that acknowledges.
CHUNK = 64


class Feed:
    """One subscription. ``behind`` says that the whole state goes out next, in place of dropped changes.

    While ``direct``, whoever has a frame writes it straight to the transport (``write``), and counts it in ``told``.
    """

    def __init__(self, channel: Channel, owner: Subscriber, wanted: Mapping[str, str], limit: int) -> None:
        self.channel = channel
        self.owner = owner
        self.wanted = wanted
        self.limit = limit
        self.every = channel.topic.kind is Kind.EVERY
        self.write = owner.outlet.write
        self.pending: deque[Ready] = deque()
        self.behind = False
        self.acknowledges = False
        self.direct = False
        self.told = 0
        self.sent = -1
        self.seen = -1

    @property
    def waits(self) -> bool:
        """Whether the client has yet to see what was sent last."""
        return self.acknowledges and not self.every and self.seen < self.sent

    @property
    def ready(self) -> bool:
        return (self.behind or bool(self.pending)) and not self.waits

    def settle(self) -> None:
        """Whether from now on frames may be written straight to the transport."""
        busy = self.behind or self.pending or self.acknowledges or self.wanted
        self.direct = self.owner.flows and not busy

    def offer(self, batch: Sequence[Ready]) -> None:
        """Take new frames: sent in turn, conflated, or, when an ``every`` queue is full, not at all."""
        owner = self.owner
        mine = [made for made in batch if made.passes(self.wanted)] if self.wanted else batch
        if not mine or owner.closing is not None:
            return
        if self.behind and self.every:
            pass  # its snapshot has not been made yet and will hold these
        elif self.every:
            if len(self.pending) + len(mine) > self.limit:
                owner.too_slow()
                return
            self.pending.extend(mine)
        elif self.behind or self.pending:
            if self.sent >= 0:
                owner.counts.conflated[self.channel.topic.name] += len(self.pending) + len(mine)
                owner.conflated += len(self.pending) + len(mine)
            self.restate()
        else:
            self.pending.extend(mine)
        self.direct = False
        owner.flush()

    def restate(self) -> None:
        """Send the whole state next."""
        self.pending.clear()
        self.behind, self.direct = True, False
