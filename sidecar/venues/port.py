"""What a feed and a broker must be able to do. A venue never changes the desk: it yields events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from sidecar.domain.contracts import Contract
from sidecar.domain.events import MarketEvent, VenueBook, VenueEvent
from sidecar.domain.orders import Order


class Feed(Protocol):
    """A source of market data, in the order of its own time.

    The first event is a ``Listed``; a contract is listed before its first quote. The iterator ends with the source.
    A lost connection is a ``FeedState``, not an exception.
    """

    name: str
    simulated: bool

    def events(self) -> Iterator[MarketEvent]: ...


class Broker(Protocol):
    """Where orders go. Every call answers with the events that follow from it at once, perhaps none yet.

    What a call raises is the venue's trouble, not the desk's: an order that was sent so is *unknown* until the venue
    has been asked, and nothing is sent a second time.
    """

    name: str

    def send(self, order: Order, contract: Contract, at: int) -> tuple[VenueEvent, ...]: ...

    def cancel(self, order: Order, at: int) -> tuple[VenueEvent, ...]: ...

    def on_market(self, event: MarketEvent) -> tuple[VenueEvent, ...]: ...

    def on_time(self, at: int) -> tuple[VenueEvent, ...]: ...

    def book(self, at: int, orders: Sequence[Order] = ()) -> VenueBook | None:
        """What the venue holds and works, and every execution of ``orders`` that it knows, under its fill id of before.

        Where it cannot say, an answer whose ``problem`` says why; None where the answer comes later, as an event.
        """
        ...

    def restore(self, positions: Mapping[str, int]) -> None:
        """Take up a paper account where the journal left it (symbol to units); a real venue has its own record."""
        ...
