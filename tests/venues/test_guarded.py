from __future__ import annotations

import logging
from typing import Any

import pytest

from sidecar.domain.events import OrderUnknown, VenueBook
from sidecar.venues.guarded import Guarded
from sidecar.venues.matching import PaperSettings
from sidecar.venues.paper import PaperBroker
from tests.venues.contract import check_broker
from tests.venues.orders import CALL, at, order, quote


class Broken(PaperBroker):
    """A venue whose every call raises while it is broken."""

    def __init__(self) -> None:
        super().__init__(seed=1, settings=PaperSettings(latency_us=0))
        self.broken: Exception | None = ConnectionResetError("gone")

    def _or_raise(self) -> None:
        if self.broken is not None:
            raise self.broken

    def send(self, *args: Any) -> Any:
        self._or_raise()
        return super().send(*args)

    def cancel(self, *args: Any) -> Any:
        self._or_raise()
        return super().cancel(*args)

    def book(self, *args: Any) -> Any:
        self._or_raise()
        return super().book(*args)

    def on_market(self, event: Any) -> Any:
        self._or_raise()
        return super().on_market(event)

    def on_time(self, at: int) -> Any:
        self._or_raise()
        return super().on_time(at)


def test_a_venue_that_does_not_raise_keeps_its_contract() -> None:
    check_broker(lambda: Guarded(PaperBroker(seed=1, settings=PaperSettings(latency_us=0))))


def test_what_a_call_raises_becomes_what_it_means(caplog: pytest.LogCaptureFixture) -> None:
    venue = Guarded(Broken())
    with caplog.at_level(logging.ERROR):
        told = venue.send(order(), CALL, at(0))
        assert told == (OrderUnknown(at(0), "o1", "the send failed: ConnectionResetError: gone"),)
        assert venue.cancel(order(), at(0)) == ()
        assert venue.book(at(0), (order(),)) == VenueBook(at(0), {}, (), problem="ConnectionResetError: gone")
    assert [record.message for record in caplog.records] == [
        "send failed",
        "cancel failed",
        "the venue could not be asked",
    ]


def test_a_venue_that_cannot_be_heard_says_so_once_until_it_can_be_or_the_trouble_is_another() -> None:
    broken = Broken()
    venue = Guarded(broken)
    gone = VenueBook(at(1), {}, (), problem="ConnectionResetError: gone")
    assert venue.on_market(quote(1, 99.0, 99.5)) == (gone,)
    assert venue.on_time(at(2)) == ()
    broken.broken = TimeoutError("slow")
    assert venue.on_time(at(3)) == (VenueBook(at(3), {}, (), problem="TimeoutError: slow"),)
    broken.broken = None
    assert venue.on_time(at(4)) == ()
    broken.broken = TimeoutError("slow")
    assert len(venue.on_time(at(5))) == 1
