"""What every feed and every broker must do: the shared contract of ``sidecar.venues.port``."""

from collections.abc import Callable
from itertools import islice

from sidecar.domain.contracts import Universe
from sidecar.domain.events import (
    FeedState,
    Listed,
    MarketEvent,
    OrderCancelled,
    OrderFilled,
    Quote,
    QuoteRefused,
    Settlement,
    VenueBook,
    VenueEvent,
)
from sidecar.domain.quotes import defect
from sidecar.venues.port import Broker, Feed
from tests.venues.orders import CALL, PUT, at, order, quote


def check_feed(make: Callable[[], Feed], count: int) -> list[MarketEvent]:
    """Assert the contract over the first ``count`` events and return them."""
    feed = make()
    assert feed.name
    events = list(islice(feed.events(), count))
    assert events
    assert isinstance(events[0], Listed)
    universe, now = Universe(), events[0].at
    for event in events:
        assert isinstance(event, Listed | Quote | QuoteRefused | FeedState | Settlement)
        assert event.at >= now, "events come in the order of their own time"
        now = event.at
        if isinstance(event, Listed):
            assert event.simulated == feed.simulated
            universe = universe.extended(event.contracts)
        if isinstance(event, Quote):
            contract = universe[event.symbol]
            assert defect(event) is None
            assert event.received_at >= event.at
            assert contract.expires_at is None or event.at < contract.expires_at
    assert [repr(event) for event in islice(make().events(), count)] == [repr(event) for event in events]
    return events


def check_broker(make: Callable[[], Broker]) -> list[VenueEvent]:
    """Assert the contract of a broker that takes orders, over a small day of its own, and return what it said."""
    venue = make()
    assert venue.name
    venue.restore({PUT.id: -65})
    said: list[VenueEvent] = []
    said += venue.on_market(quote(0, 99.0, 99.5))
    resting, taking = order("rests", price="90.00"), order("takes", price="99.60", lots=2)
    for one in (resting, taking):
        answers = venue.send(one, CALL, at(1))
        assert {answer.order_id for answer in answers if not isinstance(answer, VenueBook)} <= {one.id}
        assert venue.send(one, CALL, at(1)) == (), "the same id a second time changes nothing"
        said += answers
    said += venue.on_market(quote(2, 99.0, 99.5))
    said += venue.on_time(at(3))
    fills = [event for event in said if isinstance(event, OrderFilled)]
    assert sum(fill.quantity for fill in fills) == 130
    assert len({fill.fill_id for fill in fills}) == len(fills)
    book = venue.book(at(3), (taking, resting))
    assert book is not None
    assert (book.positions, book.open_orders, book.problem) == ({CALL.id: 130, PUT.id: -65}, ("rests",), "")
    assert list(book.fills) == fills, "what was filled is told again, under the same ids"
    bare = venue.book(at(3))
    assert bare is not None
    assert bare.fills == ()
    said += venue.cancel(resting, at(4))
    said += venue.on_time(at(5))
    assert [event.order_id for event in said if isinstance(event, OrderCancelled)] == ["rests"]
    assert venue.cancel(resting, at(6)) == ()
    return said
