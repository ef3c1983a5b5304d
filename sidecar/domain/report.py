"""The report: what the desk says about one instant, immutable and numbered. Everyone else only reads reports.

Field names are those of the wire (CONTRACT). Unknown numbers are NaN here and ``null`` on the wire. Fractions, not per
cent, but for the two ``…_percent`` fields that the wire names so, which are fractions too. Times are aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256

import msgspec
import numpy as np
from numpy.typing import NDArray

from sidecar.domain.alerts import Alert
from sidecar.domain.analytics import ExplainLine, SmileLine, TailLine
from sidecar.domain.breaker import BreakerEvent, BreakerState
from sidecar.domain.contracts import Contract, Right
from sidecar.domain.impact import Impact
from sidecar.domain.models import ModelLine, Prediction, TrainingRun
from sidecar.domain.orders import Order, OrderRequest
from sidecar.domain.performance import PerformanceLine
from sidecar.domain.plans import CloseLine, Plan
from sidecar.domain.records import AnyRecord
from sidecar.domain.signals import Signal, SignalRequest

Floats = NDArray[np.float64]


class Quality(StrEnum):
    """How far a number may be trusted: ``missing`` was never known, ``stale`` is older than its limit."""

    LIVE = "live"
    STALE = "stale"
    MISSING = "missing"


class Condition(StrEnum):
    """The market's state by its volatility index; ``unknown`` where no index was seen."""

    NORMAL = "normal"
    ELEVATED = "elevated"
    HIGH_STRESS = "high_stress"
    EXTREME = "extreme"
    HALTED = "halted"
    UNKNOWN = "unknown"


class PositionLine(msgspec.Struct, frozen=True):
    """One open position. Greeks are the position's: per unit, times the signed quantity.

    ``vol_quality`` says what they rest on, in the words of :class:`~sidecar.domain.analytics.VolQuality`; None where no
    volatility is read.
    """

    id: str
    symbol: str
    underlying: str
    expiry: date | None
    strike: float | None
    option_type: Right | None
    quantity: int
    lots: float
    entry_price: float
    current_price: float
    unrealized_pnl: float
    pnl_percent: float
    realized_pnl: Decimal
    fees: Decimal
    strategy: str
    fund_id: str
    entry_time: datetime
    updated_at: datetime | None
    quality: Quality
    delta: float
    gamma: float
    theta: float
    vega: float
    rho: float
    iv: float
    margin: float
    vol_quality: str | None = None


class FundLine(msgspec.Struct, frozen=True):
    """One fund's money; the desk's total is the line whose ``fund_id`` is ``*``."""

    fund_id: str
    capital: Decimal
    portfolio_value: float
    daily_pnl: float
    daily_pnl_percent: float
    realized_pnl: Decimal
    unrealized_pnl: float
    fees: Decimal
    peak_value: float
    drawdown: float
    max_drawdown: float
    used_margin: float
    available_margin: float
    capital_utilization: float
    total_positions: int
    trades: int
    winning_trades: int
    quality: Quality


class GreeksLine(msgspec.Struct, frozen=True):
    """Position Greeks summed over one fund and underlying; ``delta_cash`` is delta times the spot."""

    fund_id: str
    underlying: str
    delta: float
    gamma: float
    vega: float
    theta: float
    rho: float
    delta_cash: float
    quality: Quality


class MarketLine(msgspec.Struct, frozen=True):
    """One underlying: spot, forward and ATM volatility of the nearest expiry, and how fresh they are.

    ``pcr`` is puts' open interest over calls' and ``max_pain`` the strike that would pay holders least, both over the
    strikes of that expiry at which both rights are listed; NaN where no open interest of a side was ever seen, ``pcr``
    also where no calls are open. ``atm_iv`` is NaN where no strike of the expiry has a volatility, ``vix`` where none
    was seen.
    """

    symbol: str
    spot_price: float
    forward: float
    expiry: date | None
    days_to_expiry: float
    atm_iv: float
    pcr: float
    max_pain: float
    vix: float
    condition: Condition
    timestamp: datetime | None
    age_s: float
    quality: Quality


class QualityLine(msgspec.Struct, frozen=True):
    """The state of one underlying's data: how many contracts are live, stale or missing, and what was refused.

    ``updates``, ``refused``, ``crossed``, ``out_of_order``, ``refused_by_reason`` and ``gaps`` count since the desk
    began. A gap is a silence of the underlying itself that reaches the ``stale`` limit; ``missed`` are the messages
    that the feed missed in the last minute, of whatever symbol. ``score`` is the least of ``fresh``, ``clean`` and
    ``steady``, each from 0 to 1, and NaN where nothing is listed (``desk.quality`` has the formula).
    """

    symbol: str
    contracts: int
    live: int
    stale: int
    missing: int
    updates: int
    refused: int
    age_s: float
    score: float
    crossed: int = 0
    out_of_order: int = 0
    gaps: int = 0
    missed: int = 0
    refused_by_reason: Mapping[str, int] = {}
    fresh: float = float("nan")
    clean: float = float("nan")
    steady: float = float("nan")


class LimitStatus(StrEnum):
    OK = "ok"
    WARN = "warn"
    BREACH = "breach"
    UNKNOWN = "unknown"
    OFF = "off"


class LimitLine(msgspec.Struct, frozen=True):
    """One limit in one scope (:class:`~sidecar.domain.scopes.Scope` as text): its value, its limit, value / limit."""

    name: str
    scope: str
    value: float
    limit: float
    utilization: float
    status: LimitStatus
    confirmations: int = 0


class Refusal(msgspec.Struct, frozen=True):
    """Why the gate refused an order: the limit, its value before and after, and the largest size that would pass.

    ``scope`` is whose limit it is, or whose trading is shut (:class:`~sidecar.domain.scopes.Scope` as text).
    """

    limit_name: str
    detail: str
    limit: float = float("nan")
    before: float = float("nan")
    after: float = float("nan")
    largest_quantity: int = 0
    scope: str = "*"


class OutcomeStatus(StrEnum):
    DONE = "done"
    REFUSED = "refused"
    CONFLICT = "conflict"
    NOT_FOUND = "not_found"
    REPEATED = "repeated"
    INVALID = "invalid"


class Outcome(msgspec.Struct, frozen=True):
    """The answer to one command, found by its ``request_id``."""

    request_id: str
    status: OutcomeStatus
    message: str
    breaker: BreakerState
    orders: tuple[Order, ...] = ()
    refusal: Refusal | None = None
    closed: tuple[tuple[str, str, str], ...] = ()
    impact: Impact | None = None
    plan: Plan | None = None
    alerts: tuple[Alert, ...] = ()
    signal: Signal | None = None
    model: ModelLine | None = None


class SendOrder(msgspec.Struct, frozen=True, tag="send"):
    """Hand this order to the venue, once its intent is in the journal."""

    order: Order


class CancelAtVenue(msgspec.Struct, frozen=True, tag="cancel"):
    """Ask the venue to cancel this order."""

    order: Order


class AskVenue(msgspec.Struct, frozen=True, tag="ask"):
    """Ask the venue what it holds and works, and what became of these orders; it answers with its book."""

    orders: tuple[Order, ...] = ()


Action = SendOrder | CancelAtVenue | AskVenue


class HeartbeatLine(msgspec.Struct, frozen=True):
    """A client whose dead man's switch is armed: seconds since its last sign of life, and how many halt the desk."""

    client: str
    age_s: float
    expires_in_s: float


class Counters(msgspec.Struct, frozen=True):
    """Counts since the desk began; they only rise. The mappings count by reason."""

    quotes: int
    quotes_refused: Mapping[str, int]
    feed_gaps: int
    orders_submitted: int
    orders_filled: int
    orders_rejected: int
    orders_refused: Mapping[str, int]
    orders_cancelled: int
    breaker_triggers: Mapping[str, int]
    signals: int = 0
    signals_refused: int = 0
    predictions: int = 0
    predictions_refused: Mapping[str, int] = {}


@dataclass(frozen=True, eq=False)
class Chain:
    """The market of every listed contract, one entry a contract, in listing order; read-only copies of one instant.

    ``rows`` finds a contract's entry by its id. ``iv`` is NaN where no implied volatility exists; ``mark`` is what the
    book is valued at, ``forward`` the forward to a contract's expiry (an index: its level). Greeks are per unit
    (CONTRACT section 1); ``vol_quality`` says what they rest on (:class:`~sidecar.domain.analytics.VolQuality`).
    ``at`` is microseconds UTC, 0 where none was ever seen.
    """

    contracts: tuple[Contract, ...]
    rows: Mapping[str, int]
    bid: Floats
    ask: Floats
    bid_size: Floats
    ask_size: Floats
    last: Floats
    mark: Floats
    volume: Floats
    open_interest: Floats
    forward: Floats
    iv: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    rho: Floats
    vanna: Floats
    volga: Floats
    charm: Floats
    vol_quality: NDArray[np.int8]
    at: NDArray[np.int64]

    def digest(self) -> bytes:
        """SHA-256 over the bytes of every array, in field order."""
        total = sha256()
        for column in fields(self):
            if column.name not in ("contracts", "rows"):
                total.update(getattr(self, column.name).tobytes())
        return total.digest()


class DeskReport(msgspec.Struct, frozen=True):
    """The desk at one instant. ``seq`` rises by one with each report; a reader refuses a gap.

    ``unconfirmed`` are the ids of working orders of which the venue owes an answer: sent, cancelled or lost, and
    nothing heard. ``last_drill_at`` is when a stop was last rehearsed. ``alerts`` are those that stand, ``signals`` the
    newest, ``performance`` as last computed. ``models`` are all that are not retired or refused and the newest of those
    that are, ``predictions`` those whose outcome is open, oldest first, ``training`` the newest runs, newest first.
    """

    seq: int
    timestamp: datetime
    day: date | None
    session_open: bool
    session_open_at: datetime | None
    session_close_at: datetime | None
    simulated: bool
    source: str
    feed_up: bool
    currency: str
    calendar_days_left: int
    breaker: BreakerState
    blind: bool
    funds: tuple[FundLine, ...]
    positions: tuple[PositionLine, ...]
    awaiting_settlement: tuple[str, ...]
    greeks: tuple[GreeksLine, ...]
    markets: tuple[MarketLine, ...]
    data_quality: tuple[QualityLine, ...]
    limits: tuple[LimitLine, ...]
    orders: tuple[Order, ...]
    breaker_events: tuple[BreakerEvent, ...]
    notes: tuple[str, ...]
    counters: Counters
    records: tuple[AnyRecord, ...] = ()
    actions: tuple[Action, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    order_updates: tuple[Order, ...] = ()
    tail: tuple[TailLine, ...] = ()
    smiles: tuple[SmileLine, ...] = ()
    explain: tuple[ExplainLine, ...] = ()
    explain_alarm: str = ""
    chain_digest: bytes = b""
    closing: tuple[CloseLine, ...] = ()
    heartbeats: tuple[HeartbeatLine, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    last_drill_at: datetime | None = None
    alerts: tuple[Alert, ...] = ()
    performance: tuple[PerformanceLine, ...] = ()
    signals: tuple[Signal, ...] = ()
    models: tuple[ModelLine, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    training: tuple[TrainingRun, ...] = ()

    @property
    def total(self) -> FundLine:
        """The desk's own line, all funds together."""
        return self.funds[-1]


@dataclass(frozen=True, eq=False)
class Published:
    """A report and the chain of the same instant: what ``step`` returns and everyone reads."""

    report: DeskReport
    chain: Chain


class Intent(msgspec.Struct, frozen=True):
    """What a strategy wants: an order to place, the id of one to cancel, or a signal to put on record."""

    place: OrderRequest | None = None
    cancel: str | None = None
    signal: SignalRequest | None = None
