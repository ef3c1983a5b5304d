"""Everything that can happen to the desk. Immutable; each carries its time ``at`` (microseconds UTC).

Six families: the market, the clock, the venue's answers, the machine's own failures, what the learning beside the desk
has to say, and commands. Nothing else can change the desk.
"""

from __future__ import annotations

from math import nan

from sidecar.domain.alerts import Finding
from sidecar.domain.commands import CommandEvent
from sidecar.domain.contracts import Contract
from sidecar.domain.event import Event
from sidecar.domain.models import ModelLine, Prediction, PredictionOutcome, TrainingRun

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
    """The clock. Valuation, limits, breaker and report happen here, so a dead feed is seen.

    ``ran`` is for how long (microseconds) the desk has run and listened, whatever the market's speed; 0 where a market
    alone makes the beats.
    """

    at: int
    ran: int = 0


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


class Noticed(Event, frozen=True):
    """The machine found something beside the core, or no longer does (``cleared`` are fingerprints)."""

    at: int
    findings: tuple[Finding, ...] = ()
    cleared: tuple[str, ...] = ()


# ---- the learning ----------------------------------------------------------------------------------------------


class Forecast(Event, frozen=True):
    """Predictions on one bar, a champion's and its challengers'; each goes on record, or is refused, by itself."""

    at: int
    predictions: tuple[Prediction, ...]


class Matured(Event, frozen=True):
    """What became of predictions whose horizon has ended."""

    at: int
    outcomes: tuple[PredictionOutcome, ...]


class ModelOffered(Event, frozen=True):
    """A training made a model, and its promotion rule says which place it takes."""

    at: int
    model: ModelLine


class ModelRefused(Event, frozen=True):
    """A model cannot be used: its file is damaged, or it was made for another feature set."""

    at: int
    model_id: str
    reason: str


class TrainingEnded(Event, frozen=True):
    """A run of the training ended: with a model, with a failure, or without anything to do."""

    at: int
    run: TrainingRun


MarketEvent = Listed | Quote | QuoteRefused | FeedState | TradingHalt | Settlement
VenueEvent = OrderAccepted | OrderRejected | OrderFilled | OrderCancelled | OrderUnknown | VenueBook
MachineEvent = StorageFailed | StrategyFailed | Noticed
LearningEvent = Forecast | Matured | ModelOffered | ModelRefused | TrainingEnded
AnyEvent = MarketEvent | Beat | VenueEvent | MachineEvent | LearningEvent | CommandEvent
