"""A venue that misbehaves as real ones do, for a rehearsal: it wraps another, loses, repeats and delays what that says.

What the wrapped venue did remains true, and ``book`` tells it whenever the venue can be reached: nothing here invents a
position. Deterministic from the seed; never looks at a clock. Only a simulated venue may be wrapped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush

from msgspec.structs import replace

from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Contract
from sidecar.domain.events import (
    MarketEvent,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    VenueBook,
    VenueEvent,
)
from sidecar.domain.orders import Order
from sidecar.venues.faults import Fault, Faults, share
from sidecar.venues.port import Broker

UNREACHABLE = "the venue cannot be reached"
#: How many cancels a deaf venue ignores.
_IGNORED = 3

#: What a venue says of one order.
Reply = OrderAccepted | OrderRejected | OrderFilled | OrderCancelled | OrderUnknown


class FaultyBroker:
    """A :class:`~sidecar.venues.port.Broker` round another. ``drawn`` counts the faults that happened, by name."""

    def __init__(self, venue: Broker, faults: Faults, *, seed: int) -> None:
        self.name = f"{venue.name} with faults"
        self.drawn: Counter[str] = Counter()
        self._venue = venue
        self._faults = faults
        self._seed = seed
        self._began: int | None = None
        self._now = 0
        self._sent = 0
        self._fault: dict[str, Fault] = {}
        self._silent: set[str] = set()
        self._ignored: Counter[str] = Counter()
        self._kept_back: dict[str, list[VenueEvent]] = {}
        self._late: list[tuple[int, int, VenueEvent]] = []
        self._delayed = 0

    def restore(self, positions: Mapping[str, int]) -> None:
        """Hand the positions of an earlier run on."""
        self._venue.restore(positions)

    def send(self, order: Order, contract: Contract, at: int) -> tuple[VenueEvent, ...]:
        """Hand an order on, if its fault lets it through."""
        if self._down(at):
            self.drawn["disconnect"] += 1
            return (OrderUnknown(at, order.id, UNREACHABLE),)
        self._sent += 1
        fault = self._faults.of(order, self._sent, self._seed)
        if fault is not None:
            self._fault[order.id] = fault
            self.drawn[fault] += 1
        if fault is Fault.REJECT:
            return (OrderRejected(at, order.id, "refused, as venues do"),)
        if fault is Fault.UNSENT:
            return ()
        if fault is Fault.PARTIAL:
            order = _halved(order, contract)
        told = self._told(self._venue.send(order, contract, at), at)
        if fault is Fault.STRANGER:
            told += (OrderAccepted(at, f"stranger-{order.id}", "?"),)
        return told

    def cancel(self, order: Order, at: int) -> tuple[VenueEvent, ...]:
        """Hand a cancel on. One that is lost or ignored is answered by nothing."""
        if self._down(at):
            self.drawn["disconnect"] += 1
            return ()
        if self._fault.get(order.id) is Fault.DEAF and self._ignored[order.id] < _IGNORED:
            self._ignored[order.id] += 1
            return ()
        answers = self._venue.cancel(order, at)
        if order.id in self._kept_back and not answers and not self._works(order, at):
            # It filled, and nobody was told: the venue says "cancelled" first, as some do, and what filled after it.
            answers = (OrderCancelled(at, order.id, "by request"),)
        return self._told(answers, at)

    def on_market(self, event: MarketEvent) -> tuple[VenueEvent, ...]:
        """The market goes on, whether the venue can be reached or not."""
        return self._told(self._venue.on_market(event), event.at)

    def on_time(self, at: int) -> tuple[VenueEvent, ...]:
        """Time passes, whether the venue can be reached or not."""
        return self._told(self._venue.on_time(at), at)

    def book(self, at: int, orders: Sequence[Order] = ()) -> VenueBook | None:
        """The truth, or why it cannot be told."""
        if self._down(at):
            self.drawn["disconnect"] += 1
            return VenueBook(at, {}, (), problem=UNREACHABLE)
        return self._venue.book(at, orders)

    def _works(self, order: Order, at: int) -> bool:
        book = self._venue.book(at)
        return book is None or order.id in book.open_orders

    def _down(self, at: int) -> bool:
        """Whether the venue cannot be reached now. Its time never goes back."""
        self._now = max(self._now, at)
        if self._began is None:
            self._began = self._now
        return self._faults.down((self._now - self._began) / SECOND)

    def _told(self, events: Iterable[VenueEvent], at: int) -> tuple[VenueEvent, ...]:
        """What of ``events``, and of what was delayed until now, reaches the desk."""
        down = self._down(at)
        told: list[VenueEvent] = []
        while self._late and self._late[0][0] <= self._now:
            told.append(heappop(self._late)[2])
        for event in events:
            told += (event,) if isinstance(event, VenueBook) else self._reply(event)
        if down:
            self.drawn["disconnect"] += len(told)
            return ()
        return tuple(told)

    def _reply(self, event: Reply) -> tuple[VenueEvent, ...]:
        order_id = event.order_id
        match self._fault.get(order_id):
            case Fault.TIMEOUT:
                return ()
            case Fault.DUPLICATE:
                return (event, event)
            case Fault.DELAY:
                self._delayed += 1
                heappush(self._late, (self._now + round(self._faults.delay_s * SECOND), self._delayed, event))
                return ()
            case Fault.LOSE:
                return self._unless_lost(event)
            case Fault.PARTIAL:
                if order_id in self._silent:
                    return ()
                if isinstance(event, OrderFilled):
                    self._silent.add(order_id)
            case Fault.LATE if isinstance(event, OrderFilled):
                self._kept_back.setdefault(order_id, []).append(event)
                return ()
            case Fault.LATE if isinstance(event, OrderCancelled):
                return (event, *self._kept_back.pop(order_id, ()))
        return (event,)

    def _unless_lost(self, event: Reply) -> tuple[VenueEvent, ...]:
        """All replies but one: the acceptance or the first fill, as the seed says."""
        lost = OrderAccepted if share(self._seed, "reply", event.order_id) < 0.5 else OrderFilled
        if isinstance(event, lost) and event.order_id not in self._silent:
            self._silent.add(event.order_id)
            return ()
        return (event,)


def _halved(order: Order, contract: Contract) -> Order:
    """The order of half its lots, one at least."""
    lots = max(order.request.quantity // contract.lot_size // 2, 1)
    quantity = min(lots * contract.lot_size, order.request.quantity)
    return replace(order, request=replace(order.request, quantity=quantity))
