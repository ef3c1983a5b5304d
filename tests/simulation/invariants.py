"""What must hold after every event of a simulated day: INV1 to INV8, against a second set of books.

INV9, the same bytes from the same seed, is for two runs to show.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sidecar.desk.state import DeskState
from sidecar.domain.breaker import BreakerStatus, Trigger
from sidecar.domain.commands import Command, PlaceOrder
from sidecar.domain.contracts import parse_id
from sidecar.domain.errors import JournalFailed
from sidecar.domain.events import AnyEvent, TradingHalt
from sidecar.domain.orders import Order, OrderState
from sidecar.domain.records import AnyRecord, BreakerRecorded, LimitsRecorded, OrderRecorded
from sidecar.domain.report import DeskReport, Outcome, Published
from sidecar.domain.scopes import Scope
from tests.simulation import checks
from tests.simulation.checks import Broken
from tests.simulation.clients import Clients
from tests.simulation.disk import Disk, Recovered
from tests.simulation.judging import adds
from tests.simulation.ledger import Ledger
from tests.simulation.readers import Readers

_NEVER = "it was never on record"
_PERSONS = frozenset({Trigger.EMERGENCY_STOP, Trigger.MANUAL_TRIGGER})


class Watch:
    """Told of every event, record, report and order that leaves; raises :class:`Broken` at the first that is wrong.

    ``every``: the dearer checks are made at each so many reports.
    """

    def __init__(self, disk: Disk, capital: dict[str, Decimal], *, every: int = 25) -> None:
        self.ledger = Ledger()
        self.reports = 0
        self.published: Published | None = None
        self._disk, self._capital, self._every = disk, capital, every
        self._event: AnyEvent | None = None
        self._seq = 0
        self._adds: dict[str, str] = {}  # why each order may add risk, "" where it only reduces
        self._granted: set[str] = set()  # orders that may leave though they add
        self._asked: dict[str, str] = {}
        self._answered: set[str] = set()
        self._limits: dict[tuple[str, str], float] = {}
        self._readers = Readers()
        self._clients = Clients()
        self._lost = False  # a client's loss went on record in this step
        self._exchange_halted = False

    @property
    def halted(self) -> bool:
        """Whether nothing at all may leave, not even what reduces."""
        return self._exchange_halted or self.ledger.breaker.status is BreakerStatus.MARKET_HALT

    # ---- what the desk does ------------------------------------------------------------------------------------

    def on_event(self, event: AnyEvent) -> None:
        """The desk takes an event now."""
        self._event = event
        if isinstance(event, Command):
            self._asked[event.request_id] = type(event).__name__
        elif isinstance(event, TradingHalt):
            self._exchange_halted = event.halted
        self._clients.hear(event)

    def on_records(self, records: Sequence[AnyRecord]) -> None:
        """The records of one step, before anything of it leaves: each new order is judged as the books stand."""
        for record in records:
            match record:
                case OrderRecorded(order=order) if order.state is OrderState.PENDING and order.id not in self._adds:
                    self._judge(order)
                case BreakerRecorded():
                    checks.turned(self.ledger.breaker, record, self._event)
                    self._revoke(record)
                case LimitsRecorded():
                    self._limits = {}  # until the report that tells of them
                case _:
                    pass
            self.ledger.take(record)
        if self.ledger.twice:
            raise Broken("INV3", f"fill {self.ledger.twice[0]} is on record twice")

    def on_send(self, order: Order, at: int) -> None:
        """An order reaches the venue."""
        why, state = self._adds.get(order.id, _NEVER), self.ledger.breaker
        if self.halted:
            raise Broken("INV4", f"{order.id} left while the market is halted")
        if why and order.id not in self._granted:
            raise Broken("INV4", f"{order.id} left while the breaker is {state.status}: {why}")
        if why and order.id not in self._disk.intents and not order.reduces_only:
            raise Broken("INV1", f"{order.id} adds risk and left before its intent was on disk")

    def on_answer(self, outcome: Outcome, failure: JournalFailed | None) -> None:
        """A command is answered."""
        if outcome.request_id in self._answered:
            raise Broken("INV1", f"{outcome.request_id} was answered twice")
        self._answered.add(outcome.request_id)
        silent = self._asked.get(outcome.request_id) in ("WhatIf", "PlanClose", "Heartbeat")
        if failure is None and not silent and outcome.request_id not in self._disk.requests:
            raise Broken("INV1", f"{outcome.request_id} was answered before it was on disk: {outcome.message}")

    def on_report(self, published: Published, state: DeskState) -> None:
        """A report leaves: everything cheap is checked, and now and then everything else."""
        report = published.report
        self.reports += 1
        if report.seq != self._seq + 1:
            raise Broken("INV7", f"report {report.seq} follows {self._seq}")
        self._seq, self.published = report.seq, published
        self._limits = {(line.name, line.scope): line.limit for line in report.limits}
        if report.breaker != self.ledger.breaker:
            raise Broken("INV5", f"the breaker {report.breaker} is not the one on record, {self.ledger.breaker}")
        checks.obeyed(self._event, report)
        self._clients.check(self._event, lost=self._lost)
        self._lost = False
        checks.filled(self._event, self.ledger, state.now)
        checks.positions(report, self.ledger)
        checks.money(published, self.ledger, self._capital)
        checks.qualities(report)
        full = self.reports % self._every == 0
        if problem := self._readers.take(published, full=full):
            raise Broken(*problem)
        if full:
            checks.exact(state, self.ledger, self._capital)

    def _judge(self, order: Order) -> None:
        """Before it is known whether it leaves: does it add risk, and may it?"""
        assert self.published is not None
        request = order.request
        ledger, fund = self.ledger, request.fund_id
        held = {key[2]: ledger.net(key[2], fund) for key in ledger.units if key[0] == fund}
        asked = isinstance(self._event, PlaceOrder)
        self._adds[order.id] = adds(order, held, ledger.working(fund), self.published.chain, planned=not asked)
        if not checks.shut(ledger.breaker, order, order.created_at):
            self._granted.add(order.id)

    def _revoke(self, record: BreakerRecorded) -> None:
        """A stop is also for what has been granted and has not left."""
        self._lost |= record.event.trigger == Trigger.HEARTBEAT_LOST
        if record.event.event != "triggered" and record.event.trigger not in _PERSONS:
            return
        scope = Scope.parse(record.event.scope)
        for name in sorted(self._granted):
            request = self.ledger.orders[name].request if name in self.ledger.orders else None
            if request is None or scope.covers(request.fund_id, request.strategy, parse_id(request.symbol).underlying):
                self._granted.discard(name)

    # ---- recovery ----------------------------------------------------------------------------------------------

    def on_start(self, found: Recovered, state: DeskState) -> None:
        """A desk has folded what was found, and has not yet taken an event."""
        known = list(found.payloads) if found.damage else self._disk.acknowledged
        if list(found.payloads[: len(known)]) != known:
            raise Broken(
                "INV1", f"{len(known)} records were acknowledged, the start finds {len(found.payloads)} others"
            )
        if problem := self._disk.verified():
            raise Broken("INV8", problem)
        limited = self.ledger.limits
        self._disk.settle(found.payloads)
        self.ledger = Ledger(found.records)
        if found.damage or limited != self.ledger.limits:
            self._limits = {}
        if self.ledger.twice:
            raise Broken("INV1", f"fill {self.ledger.twice[0]} is on record twice")
        self._same(state)
        self._seq, self._readers = 0, Readers()
        self._asked.clear()
        self._answered.clear()
        self._granted.clear()
        self._adds.clear()
        self._exchange_halted = False
        self._clients = Clients()

    def _same(self, state: DeskState) -> None:
        """The desk is what the records make of it."""
        mine = self.ledger.recovered()
        if state.orders != mine:
            wrong = sorted(one for one in mine.keys() | state.orders.keys() if state.orders.get(one) != mine.get(one))
            raise Broken("INV1", f"orders {wrong[:3]} are not as they were acknowledged")
        if state.book.seen != self.ledger.fills.keys():
            raise Broken("INV1", f"the fills differ by {sorted(state.book.seen ^ self.ledger.fills.keys())[:3]}")
        if state.disabled != self.ledger.disabled:
            raise Broken("INV1", f"disabled are {sorted(state.disabled)}, on record {sorted(self.ledger.disabled)}")
        if state.breaker != self.ledger.breaker:
            raise Broken("INV5", f"it starts {state.breaker}, on record stands {self.ledger.breaker}")
        checks.exact(state, self.ledger, self._capital)

    def limits(self) -> dict[tuple[str, str], float]:
        """Every limit as the last report told it, where a start must find the same."""
        return dict(self._limits)

    def started(self, report: DeskReport, limits: dict[tuple[str, str], float], damage: str) -> None:
        """The first report after a start; ``limits`` as they were before it."""
        now = {(line.name, line.scope): line.limit for line in report.limits}
        if changed := [key for key, limit in limits.items() if now.get(key, limit) != limit]:
            raise Broken("INV1", f"limits {changed[:3]} are not as they were acknowledged")
        if damage and report.breaker.status is not BreakerStatus.EMERGENCY_STOP:
            raise Broken("INV5", f"the journal is damaged ({damage}) and the desk starts {report.breaker.status}")

    def ended(self) -> None:
        """The day is over, and everything that waited has been told."""
        if problem := self._disk.verified():
            raise Broken("INV8", problem)
        silent = {name: kind for name, kind in self._asked.items() if name not in self._answered}
        if silent and self._disk.refusal is None:
            name, kind = next(iter(silent.items()))
            raise Broken("INV1", f"{kind} {name} was never answered")
