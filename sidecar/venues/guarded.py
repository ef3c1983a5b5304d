"""A broker that never raises: what another one raises becomes what it means, a venue that gave no answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from sidecar.domain.contracts import Contract
from sidecar.domain.events import MarketEvent, OrderUnknown, VenueBook, VenueEvent
from sidecar.domain.orders import Order
from sidecar.venues.port import Broker

log = logging.getLogger(__name__)


class Guarded:
    """A :class:`~sidecar.venues.port.Broker` round another. A failed send is *unknown*, a failed cancel unanswered.

    The desk repeats a cancel and asks about what is unknown; it sends no order a second time.
    """

    def __init__(self, venue: Broker) -> None:
        self.name = venue.name
        self._venue = venue
        self._failing = ""

    def restore(self, positions: Mapping[str, int]) -> None:
        """Hand the positions of an earlier run on; a failure here is one of the start, and stops it."""
        self._venue.restore(positions)

    def send(self, order: Order, contract: Contract, at: int) -> tuple[VenueEvent, ...]:
        """Send; whether an order arrived whose send raised nobody knows."""
        try:
            return self._venue.send(order, contract, at)
        except Exception as error:
            # A venue's trouble is an answer to the desk, never its end.
            log.exception("send failed", extra={"order": order.id})
            return (OrderUnknown(at, order.id, f"the send failed: {_told(error)}"),)

    def cancel(self, order: Order, at: int) -> tuple[VenueEvent, ...]:
        """Cancel; one that raised is like one that nobody answered."""
        try:
            return self._venue.cancel(order, at)
        except Exception:
            # Likewise: the desk sends it again until it is confirmed.
            log.exception("cancel failed", extra={"order": order.id})
            return ()

    def book(self, at: int, orders: Sequence[Order] = ()) -> VenueBook | None:
        """Ask; a question that raised is answered by its problem."""
        try:
            return self._venue.book(at, orders)
        except Exception as error:
            # Likewise: the desk goes on asking.
            log.exception("the venue could not be asked")
            return VenueBook(at, {}, (), problem=_told(error))

    def on_market(self, event: MarketEvent) -> tuple[VenueEvent, ...]:
        """What the venue has to say at a piece of news."""
        return self._heard(lambda: self._venue.on_market(event), event.at)

    def on_time(self, at: int) -> tuple[VenueEvent, ...]:
        """What the venue has to say by now."""
        return self._heard(lambda: self._venue.on_time(at), at)

    def _heard(self, listen: Callable[[], tuple[VenueEvent, ...]], at: int) -> tuple[VenueEvent, ...]:
        try:
            told = listen()
        except Exception as error:
            # Said once, not with each quote: the desk then asks until the venue answers.
            if _told(error) == self._failing:
                return ()
            self._failing = _told(error)
            log.exception("the venue cannot be heard")
            return (VenueBook(at, {}, (), problem=self._failing),)
        self._failing = ""
        return told


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
