"""The latch: from the moment a stop is given, no order that adds risk reaches the venue, whatever the desk is doing.

It stands behind everything, at the broker's own door, and needs neither loop nor journal nor database. It never opens
by itself: the desk opens it when it has taken every stop that was given and a person has reset it since.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import NamedTuple

from sidecar.domain.contracts import Contract
from sidecar.domain.events import MarketEvent, OrderCancelled, VenueBook, VenueEvent
from sidecar.domain.orders import Order
from sidecar.venues.port import Broker

log = logging.getLogger(__name__)

#: What an order is answered that the latch held.
HELD = "a stop was given before it left"


class Cancelled(NamedTuple):
    """The orders whose cancel the venue was asked for, and what it answered at once."""

    asked: tuple[Order, ...]
    answers: tuple[VenueEvent, ...]


class Latch:
    """Any thread may pull it; only the desk's thread says that a stop is taken, and releases it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._untaken: set[str] = set()
        self._shut = False

    @property
    def shut(self) -> bool:
        """Whether it holds orders that add risk."""
        return self._shut

    def pull(self, request_id: str) -> None:
        """Shut it, for the stop of that name."""
        with self._lock:
            self._shut = True
            self._untaken.add(request_id)

    def take(self, request_id: str) -> None:
        """The desk has obeyed the stop of that name: from here on its breaker says the same."""
        with self._lock:
            self._untaken.discard(request_id)

    def untaken(self, request_id: str) -> bool:
        """Whether the stop of that name is still on its way to the desk."""
        return request_id in self._untaken

    def release(self) -> bool:
        """Open it after a granted reset; it stays shut, and this is False, while a stop is on its way to the desk."""
        with self._lock:
            self._shut = bool(self._untaken)
            return not self._shut


class Latched:
    """A :class:`~sidecar.venues.port.Broker` behind a latch, with one thread inside it at a time."""

    def __init__(self, broker: Broker, latch: Latch) -> None:
        self.name = broker.name
        self._broker = broker
        self._latch = latch
        self._inside = Lock()

    def send(self, order: Order, contract: Contract, at: int) -> tuple[VenueEvent, ...]:
        """Send an order, or answer for the venue that it never left."""
        with self._inside:
            if self._latch.shut and not order.reduces_only:
                return (OrderCancelled(at, order.id, HELD),)
            return self._broker.send(order, contract, at)

    def cancel(self, order: Order, at: int) -> tuple[VenueEvent, ...]:
        with self._inside:
            return self._broker.cancel(order, at)

    def on_market(self, event: MarketEvent) -> tuple[VenueEvent, ...]:
        with self._inside:
            return self._broker.on_market(event)

    def on_time(self, at: int) -> tuple[VenueEvent, ...]:
        with self._inside:
            return self._broker.on_time(at)

    def book(self, at: int, orders: Sequence[Order] = ()) -> VenueBook | None:
        with self._inside:
            return self._broker.book(at, orders)

    def restore(self, positions: Mapping[str, int]) -> None:
        with self._inside:
            self._broker.restore(positions)

    def cancel_beside(self, orders: Sequence[Order], at: int, wait_s: float) -> Cancelled | None:
        """Ask for cancels from another thread than the desk's; None if the desk stays inside for ``wait_s`` seconds.

        Once it returns, no order that was on its way in at the pull is still inside, unless it returns None.
        """
        if not self._inside.acquire(timeout=wait_s):
            return None
        asked, answers = list[Order](), list[VenueEvent]()
        try:
            for order in orders:
                try:
                    answers += self._broker.cancel(order, at)
                    asked.append(order)
                except Exception:
                    # A venue's client may raise what it likes: the other cancels leave, and the desk asks again.
                    log.exception("cancel failed", extra={"order": order.id})
        finally:
            self._inside.release()
        return Cancelled(tuple(asked), tuple(answers))
