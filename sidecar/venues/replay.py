"""A recorded market as a feed: the market's events of a tape, in the order in which they were recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sidecar.domain.errors import FileRefused
from sidecar.domain.events import (
    AnyEvent,
    FeedState,
    Listed,
    MarketEvent,
    Quote,
    QuoteRefused,
    Settlement,
    TradingHalt,
)

_MARKET = (Quote, Listed, FeedState, Settlement, QuoteRefused, TradingHalt)


class Recorded:
    """A :class:`~sidecar.venues.port.Feed` over a tape: ``read`` opens it anew and yields all that it holds.

    What is not the market's (beats, commands, answers of a venue) is left out: the desk makes its own. ``simulated``
    comes from the tape's header, so that a recorded simulation never passes for an exchange.
    """

    def __init__(self, name: str, read: Callable[[], Iterator[AnyEvent]], *, simulated: bool = False) -> None:
        self.name = name
        self.simulated = simulated
        self._read = read

    def events(self) -> Iterator[MarketEvent]:
        """The tape's market from its beginning; each call reads it again.

        :raises FileRefused: the tape holds no market, or quotes before any contract is listed.
        """
        market = (event for event in self._read() if isinstance(event, _MARKET))
        first = next(market, None)
        if not isinstance(first, Listed):
            raise FileRefused(self.name, "the tape does not begin with the listed contracts", "record it again", 0)
        yield first
        yield from market
