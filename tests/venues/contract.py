"""What every feed must do: the shared contract of ``sidecar.venues.port.Feed``."""

from collections.abc import Callable
from itertools import islice

from sidecar.domain.contracts import Universe
from sidecar.domain.events import FeedState, Listed, MarketEvent, Quote, QuoteRefused, Settlement
from sidecar.domain.quotes import defect
from sidecar.venues.port import Feed


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
