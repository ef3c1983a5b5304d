from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from sidecar.domain.events import OrderCancelled, VenueEvent
from sidecar.domain.orders import Order, OrderRequest, OrderState, Side
from sidecar.latch import HELD, Latch, Latched
from sidecar.venues.matching import PaperSettings
from sidecar.venues.paper import PaperBroker
from tests.desk.world import CALL, LOT, OPEN, TICK, quote

ORDER = Order("O1", OrderRequest(CALL.id, Side.SELL, LOT, 4_000 * TICK), OrderState.PENDING, "ann", OPEN, OPEN)


def behind() -> tuple[Latch, Latched, PaperBroker]:
    latch, venue = Latch(), PaperBroker(seed=1, settings=PaperSettings(latency_us=0))
    return latch, Latched(venue, latch), venue


def test_a_shut_latch_holds_what_adds_risk_and_says_that_it_never_left() -> None:
    latch, broker, venue = behind()
    latch.pull("s1")
    assert broker.send(ORDER, CALL, OPEN) == (OrderCancelled(OPEN, "O1", HELD),)
    assert venue.book(OPEN).open_orders == ()


def test_an_order_that_only_reduces_passes_a_shut_latch() -> None:
    latch, broker, venue = behind()
    latch.pull("s1")
    broker.send(replace(ORDER, reduces_only=True), CALL, OPEN)
    assert venue.book(OPEN).open_orders == ("O1",)


def test_an_open_latch_is_not_in_the_way() -> None:
    _, broker, venue = behind()
    broker.send(ORDER, CALL, OPEN)
    broker.on_market(quote(CALL, OPEN))
    assert broker.name == venue.name == "paper"
    assert broker.book(OPEN).open_orders == ("O1",)  # type: ignore[union-attr]
    assert any(isinstance(event, OrderCancelled) for event in (*broker.cancel(ORDER, OPEN), *broker.on_time(OPEN + 1)))
    broker.restore({CALL.id: 65})
    assert broker.book(OPEN).positions == {CALL.id: 65}  # type: ignore[union-attr]


def test_it_opens_only_when_every_stop_was_taken_and_somebody_released_it() -> None:
    latch = Latch()
    latch.pull("s1")
    latch.pull("s2")
    assert latch.untaken("s1")
    latch.take("s1")
    assert not latch.untaken("s1")
    assert not latch.release()
    assert latch.shut
    latch.take("s2")
    assert latch.shut
    assert latch.release()
    assert not latch.shut


@dataclass
class Hung:
    """A venue that does not come back from a call until it is told to."""

    name: str = "hung"
    inside: threading.Event = field(default_factory=threading.Event)
    back: threading.Event = field(default_factory=threading.Event)
    fails: bool = False
    cancelled: list[str] = field(default_factory=list)

    def send(self, *_: Any) -> tuple[VenueEvent, ...]:
        self.inside.set()
        assert self.back.wait(10)
        return ()

    def cancel(self, order: Order, at: int) -> tuple[VenueEvent, ...]:
        if self.fails and order.id == "O1":
            raise ConnectionError("no line")
        self.cancelled.append(order.id)
        return (OrderCancelled(at, order.id, "by request"),)


def test_cancels_beside_the_desk_are_asked_when_nobody_is_inside() -> None:
    venue = Hung()
    broker = Latched(venue, Latch())  # type: ignore[arg-type]
    told = broker.cancel_beside([ORDER], OPEN, 0.01)
    assert told is not None
    assert told.asked == (ORDER,)
    assert told.answers == (OrderCancelled(OPEN, "O1", "by request"),)


def test_a_desk_that_hangs_inside_the_venue_is_not_joined_there() -> None:
    venue = Hung()
    broker = Latched(venue, Latch())  # type: ignore[arg-type]
    thread = threading.Thread(target=broker.send, args=(ORDER, CALL, OPEN))
    thread.start()
    assert venue.inside.wait(10)
    assert broker.cancel_beside([ORDER], OPEN, 0.01) is None
    venue.back.set()
    thread.join()
    assert broker.cancel_beside([ORDER], OPEN, 0.01) is not None
    assert venue.cancelled == ["O1"]


def test_a_cancel_that_fails_does_not_keep_the_next_from_leaving(caplog: Any) -> None:
    venue = Hung(fails=True)
    broker = Latched(venue, Latch())  # type: ignore[arg-type]
    told = broker.cancel_beside([ORDER, replace(ORDER, id="O2")], OPEN, 0.01)
    assert told is not None
    assert [order.id for order in told.asked] == ["O2"]
    assert "cancel failed" in caplog.text
