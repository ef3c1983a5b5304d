"""Everything that can happen to the desk. Immutable; each carries its time ``at`` (microseconds UTC).

Five families: the market, the clock, the venue's answers, the machine's own failures, and commands. Nothing else can
change the desk.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import nan

import msgspec

from sidecar.domain.contracts import Contract
from sidecar.domain.orders import OrderRequest


class Event(msgspec.Struct, frozen=True, tag_field="kind", tag=str.lower):
    """The root of all events."""


# ---- the market ------------------------------------------------------------------------------------------------


class Listed(Event, frozen=True):
    """Contracts that trade from now on. ``source`` names the feed; ``simulated`` follows the data to every surface."""

    at: int
    contracts: tuple[Contract, ...]
    source: str
    simulated: bool = False


class Quote(Event, frozen=True, gc=False):
    """The state of one contract's market. Unknown is NaN, never 0; sizes, volume and open interest are units."""

    symbol: str
    at: int
    received_at: int
    bid: float = nan
    ask: float = nan
    bid_size: float = nan
    ask_size: float = nan
    last: float = nan
    volume: float = nan
    open_interest: float = nan


class QuoteRefused(Event, frozen=True):
    """A message of the feed that could not become a quote: counted and shown, never applied."""

    at: int
    symbol: str
    reason: str


class FeedState(Event, frozen=True):
    """The feed went up or down, or missed messages (``gap`` is how many, 0 for none)."""

    at: int
    venue: str
    up: bool
    detail: str = ""
    gap: int = 0


class TradingHalt(Event, frozen=True):
    """The exchange has halted all trading (its own circuit breaker, an outage), or trades again.

    A halt shuts the gate for every order, reducing ones too. That it is over resets nothing: a person does.
    """

    at: int
    venue: str
    halted: bool
    detail: str = ""


class Settlement(Event, frozen=True):
    """The closing value of an underlying at which contracts of ``expiry`` (YYYYMMDD) settle.

    ``observed_at`` is when that value was seen, for a feed that ends before the exchange's own publication.
    """

    at: int
    underlying: str
    expiry: str
    price: float
    observed_at: int


# ---- the clock -------------------------------------------------------------------------------------------------


class Beat(Event, frozen=True):
    """The clock. Valuation, limits, breaker and report happen here, so a dead feed is seen."""

    at: int


# ---- the venue's answers ---------------------------------------------------------------------------------------


class OrderAccepted(Event, frozen=True):
    at: int
    order_id: str
    venue_order_id: str


class OrderRejected(Event, frozen=True):
    at: int
    order_id: str
    reason: str


class OrderFilled(Event, frozen=True):
    """An execution: ``quantity`` positive units of the order's side at ``price`` (text, exact)."""

    at: int
    order_id: str
    fill_id: str
    quantity: int
    price: str
    note: str = ""


class OrderCancelled(Event, frozen=True):
    """The rest of an order is gone: by request, by the end of the session, or because it was IOC."""

    at: int
    order_id: str
    reason: str


class OrderUnknown(Event, frozen=True):
    """The venue did not answer in time: the order may or may not live there."""

    at: int
    order_id: str
    reason: str


class VenueBook(Event, frozen=True):
    """What the venue says it holds (symbol → signed units) and works (order ids): for reconciliation.

    ``fills`` are the executions that it knows of the orders that were asked about: what a lost reply had told is told
    again, under the same fill ids. ``problem`` is why the venue could not say; then the rest means nothing.
    """

    at: int
    positions: dict[str, int]
    open_orders: tuple[str, ...]
    fills: tuple[OrderFilled, ...] = ()
    problem: str = ""


# ---- the machine -----------------------------------------------------------------------------------------------


class StorageFailed(Event, frozen=True):
    """The journal can no longer keep what it is given: no order that adds risk may leave."""

    at: int
    detail: str


class StrategyFailed(Event, frozen=True):
    """A strategy raised: it is disabled until a named person enables it again."""

    at: int
    strategy: str
    detail: str


# ---- commands --------------------------------------------------------------------------------------------------


class Command(Event, frozen=True, kw_only=True):
    """Something a person or program asks. ``request_id`` finds its answer; ``actor`` is who asks."""

    at: int
    request_id: str
    actor: str


class PlaceOrder(Command, frozen=True, kw_only=True):
    request: OrderRequest


class WhatIf(Command, frozen=True, kw_only=True):
    """What would these orders do, sent one after another? Nothing is sent, and nothing goes on record."""

    orders: tuple[OrderRequest, ...]


class CancelOrder(Command, frozen=True, kw_only=True):
    order_id: str
    reason: str = ""


class CancelAll(Command, frozen=True, kw_only=True):
    reason: str = ""
    fund_id: str | None = None


class Stop(Command, frozen=True, kw_only=True):
    """Emergency stop. It needs nothing but to be given; ``flatten`` also closes what is open.

    A ``drill`` is obeyed like any other stop, and goes on record as a rehearsal too.
    """

    reason: str
    flatten: bool = False
    drill: bool = False


class Disable(Command, frozen=True, kw_only=True):
    """Manual disable: trading is off until a reset, without the alarm of an emergency stop."""

    reason: str


class Reset(Command, frozen=True, kw_only=True):
    """Return to active; refused while a cause still stands. ``scope`` narrower than the desk resets that alone."""

    reason: str
    scope: str = "*"


class EnableOverride(Command, frozen=True, kw_only=True):
    """Let named limits pass until ``expires_at``; never an emergency stop."""

    reason: str
    limits: tuple[str, ...]
    expires_at: int


class DisableOverride(Command, frozen=True, kw_only=True):
    reason: str = ""


class ChangeLimits(Command, frozen=True, kw_only=True):
    """New values by limit name: desk-wide, or for a fund, a strategy of it, an underlying of either.

    None takes a limit away again, where it was set below the desk.
    """

    reason: str
    limits: Mapping[str, float | None]
    fund_id: str | None = None
    strategy: str | None = None
    underlying: str | None = None


class Heartbeat(Command, frozen=True, kw_only=True):
    """A sign of life of ``client``, which arms its dead man's switch: no other within ``expires_in_s`` halts the desk.

    A ``goodbye`` disarms it: the client has ended as it meant to.
    """

    client: str
    expires_in_s: float = 60.0
    goodbye: bool = False


class PlanClose(Command, frozen=True, kw_only=True):
    """How would positions be closed, named as in :class:`ClosePositions`? Nothing is sent, nothing goes on record."""

    position_id: str | None = None
    symbol: str | None = None
    close_all: bool = False


class ClosePositions(Command, frozen=True, kw_only=True):
    """Close one position, all of one symbol, or all: exactly one of the three is given."""

    reason: str
    position_id: str | None = None
    symbol: str | None = None
    close_all: bool = False


MarketEvent = Listed | Quote | QuoteRefused | FeedState | TradingHalt | Settlement
VenueEvent = OrderAccepted | OrderRejected | OrderFilled | OrderCancelled | OrderUnknown | VenueBook
CommandEvent = (
    PlaceOrder
    | WhatIf
    | CancelOrder
    | CancelAll
    | Stop
    | Disable
    | Reset
    | EnableOverride
    | DisableOverride
    | ChangeLimits
    | Heartbeat
    | PlanClose
    | ClosePositions
)
MachineEvent = StorageFailed | StrategyFailed
AnyEvent = MarketEvent | Beat | VenueEvent | MachineEvent | CommandEvent
