"""The state of the desk. Only ``desk.step`` changes it, on one thread; everyone else reads reports."""

from __future__ import annotations

from collections import Counter, deque
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sidecar.alerts.life import Alerts
from sidecar.book.performance import Earned, History
from sidecar.book.pnl import DayBase
from sidecar.book.positions import Book
from sidecar.desk.asking import Asking
from sidecar.desk.board import Board
from sidecar.desk.config import DeskConfig
from sidecar.desk.explaining import Explaining
from sidecar.desk.margins import Margins
from sidecar.desk.model_book import ModelBook
from sidecar.desk.occurrences import Occurrences
from sidecar.desk.prediction_book import PredictionBook
from sidecar.desk.quality import DataQuality
from sidecar.desk.signal_book import SignalBook
from sidecar.desk.tailing import Tails
from sidecar.desk.valuation import Valuation
from sidecar.desk.volatilities import Volatilities
from sidecar.domain.analytics import TailLine
from sidecar.domain.breaker import BreakerEvent, BreakerState
from sidecar.domain.calendar import Calendar, Session
from sidecar.domain.clock import MINUTE
from sidecar.domain.commands import Command
from sidecar.domain.contracts import Contract
from sidecar.domain.events import Settlement
from sidecar.domain.orders import WORKING, Order, OrderState
from sidecar.domain.performance import PerformanceLine
from sidecar.domain.records import AnyRecord, Audited, BreakerRecorded, Halted, OrderRecorded
from sidecar.domain.reference import Reference
from sidecar.domain.report import Action, Chain, GreeksLine, LimitLine, Outcome, OutcomeStatus
from sidecar.domain.scopes import Scope
from sidecar.risk.nodes import Tree

#: How many lines of history a report carries; the rest is in the database.
RECENT = 50


class Pending:
    """What one event adds to the next report."""

    def __init__(self) -> None:
        self.records: list[AnyRecord] = []
        self.actions: list[Action] = []
        self.outcomes: list[Outcome] = []
        self.orders: list[Order] = []
        #: Of each refused one of these orders, the limit.
        self.refusals: list[str] = []

    @property
    def empty(self) -> bool:
        return not (self.records or self.actions or self.outcomes or self.orders)


class Switch(NamedTuple):
    """A client's dead man's switch: seconds until its silence halts the desk, and when it was last heard.

    ``heard`` is by :attr:`DeskState.ran`; None since a restart.
    """

    expires_in_s: float
    heard: int | None


class Closing:
    """A position that somebody asked to close, until it is flat here and at the venue, or the wish is withdrawn.

    ``wait_s`` is the pause until the next try: it doubles with each refusal. ``missed`` counts the orders in a row of
    which nothing filled. ``order_id`` is its last order, empty once
    what came of it is known; ``asked`` is when the venue was asked whether it is flat there too, 0 if never.
    """

    def __init__(self, actor: str, reason: str, wait_s: float, since: int = 0) -> None:
        self.actor = actor
        self.reason = reason
        self.wait_s = wait_s
        self.since = since
        self.last_try = 0
        self.tries = 0
        self.detail = ""
        self.order_id = ""
        self.missed = 0
        self.asked = 0


class DeskState:
    """Everything the desk knows. ``now`` is the time of the newest event that carried the clock forward."""

    def __init__(self, config: DeskConfig, reference: Reference, calendar: Calendar) -> None:
        self.config = config
        self.rates = config.rates
        self.reference = reference
        self.calendar = calendar
        self.now = 0
        self.seq = 0
        self.source = ""
        self.simulated = False
        self.feed_up = False
        self.feed_gaps = 0

        self.board = Board()
        self.valuation = Valuation()
        self.contracts: dict[str, Contract] = {}

        self.book = Book()
        self.orders: dict[str, Order] = {}
        self.working: dict[str, Order] = {}
        self.ended: deque[str] = deque(maxlen=RECENT)
        self.by_client_id: dict[tuple[str, str], str] = {}
        self.order_times: deque[tuple[int, str]] = deque()
        self.order_count = 0
        self.closing: dict[str, Closing] = {}
        self.closing_waits: dict[str, tuple[object, int]] = {}
        self.venue_said_at = 0
        self.venue_differs: dict[str, int] = {}
        self.venue_differs_since: dict[str, int] = {}
        self.asking = Asking()
        self.last_drill_at = 0
        self.settlements: dict[tuple[str, str], Settlement] = {}

        self.breaker = BreakerState()
        self.breaker_events: deque[BreakerEvent] = deque(maxlen=RECENT)
        #: Stops on record beside the loop that the desk has not taken up: a restart's to do.
        self.halted: list[Halted] = []
        self.switches: dict[str, Switch] = {}
        #: For how long (microseconds) the desk has run and listened, as its last beat said.
        self.ran = 0
        self.limits = Tree(config.limits)
        self.confirmations: dict[str, dict[str, int]] = {}
        self.limit_lines: tuple[LimitLine, ...] = ()
        self.greek_lines: tuple[GreeksLine, ...] = ()
        self.margins = Margins(reference, config.margin_scale)
        self.tails = Tails(config.history.shocks if config.history else None)
        self.tail_lines: tuple[TailLine, ...] = ()
        self.volatilities = Volatilities()
        self.disabled: set[str] = set()
        self.journal_failed = False
        self.exchange_halted = ""

        self.session: Session | None = None
        self.session_checked = 0
        self.calendar_ends = False
        self.day: date | None = None
        self.base: DayBase | None = None
        self.explaining = Explaining()
        self.recorded_capital: dict[str, Decimal] = {}
        self.peak: dict[str, float] = {}
        self.max_drawdown: dict[str, float] = {}
        self.marked_at = 0
        self.histories: dict[str, History] = {}
        self.earned: dict[str, Earned] = {}
        self.trips_counted = 0
        self.performance_lines: tuple[PerformanceLine, ...] = ()
        #: The five seconds and the number of fills that the lines are of.
        self.performed = (0, 0)
        self.live_since = 0
        self.untrusted_since = 0
        self.blind = False

        self.counters: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.refused_predictions: Counter[str] = Counter()
        self.triggers: Counter[str] = Counter()
        self.notes: tuple[str, ...] = ()
        self.pending = Pending()
        self.alerts = Alerts(config.alerts)
        self.occurrences = Occurrences()
        self.quality = DataQuality()
        self.signals = SignalBook()
        self.models = ModelBook()
        self.predictions = PredictionBook()
        self.chain: Chain | None = None
        self.chain_digest = b""

    @property
    def funds(self) -> tuple[str, ...]:
        """The funds of the desk, in the order of the settings."""
        return tuple(self.config.capital)

    def capital(self, fund_id: str) -> Decimal:
        """The capital of one fund, or of all of them (``*``)."""
        if fund_id == "*":
            return sum(self.config.capital.values(), Decimal(0))
        return self.config.capital[fund_id]

    def limits_of(self, where: Scope | str | None) -> dict[str, float]:
        """The limits that bind in a scope, or in a fund by its id, or desk-wide for ``None``: the tightest of each."""
        return dict(self.limits.of(where))

    def limits_set(self) -> dict[str, dict[str, float]]:
        """The limits as they were set, by the scope (as text) they were set in; the desk's (``*``) are all."""
        return self.limits.as_set()

    def keep(self, order: Order) -> None:
        """Take an order's new state into the book of orders, the next report and the journal."""
        self.restore_order(order)
        self.pending.orders.append(order)
        self.pending.records.append(OrderRecorded(self.now, order, self.contracts[order.request.symbol]))

    def restore_order(self, order: Order) -> None:
        """Take an order's state without telling anyone (recovery)."""
        before = self.orders.get(order.id)
        self.orders[order.id] = order
        if before is None:
            self.order_count += 1
            if order.state is not OrderState.REFUSED:
                self.order_times.append((order.created_at, order.id))
        if order.state in WORKING:
            self.working[order.id] = order
        else:
            self.working.pop(order.id, None)
            if before is None or before.state in WORKING:
                self.ended.append(order.id)
        if order.request.client_order_id:
            self.by_client_id[order.actor, order.request.client_order_id] = order.id

    def say(self, note: str) -> None:
        """Add a line for the operator; the last ten stand."""
        self.notes = (*self.notes, note)[-10:]

    def recent_orders(self) -> list[Order]:
        """Orders sent within the last minute, oldest first: what the order rate counts."""
        while self.order_times and self.now - self.order_times[0][0] > MINUTE:
            self.order_times.popleft()
        return [self.orders[order_id] for _, order_id in self.order_times]

    def note_breaker(self, after: BreakerState, event: BreakerEvent) -> None:
        """Take the breaker's new state, the line of its history, and the record that survives."""
        self.breaker = after
        self.breaker_events.append(event)
        if event.event in ("triggered", "repeated"):
            self.triggers[event.trigger] += 1
        self.pending.records.append(BreakerRecorded(self.now, event, after))

    def answer(self, command: Command, status: OutcomeStatus, message: str, **more: Any) -> None:
        """Answer a command: its outcome goes to whoever waits, its audit line to the journal."""
        outcome = Outcome(command.request_id, status, message, self.breaker, **more)
        self.pending.outcomes.append(outcome)
        action = type(command).__name__.lower()
        self.pending.records.append(Audited(self.now, command.actor, action, status, message, command.request_id))
