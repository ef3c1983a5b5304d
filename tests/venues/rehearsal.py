"""A real desk and drive over a paper venue with faults, a market that walks, and what must hold of it afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import Any

from sidecar.domain.breaker import BreakerStatus
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import CancelOrder, PlaceOrder, Reset, Stop
from sidecar.domain.contracts import Contract
from sidecar.domain.events import AnyEvent, Beat, MarketEvent, VenueBook, VenueEvent
from sidecar.domain.orders import WORKING, Order, OrderRequest, OrderState, Side
from sidecar.domain.report import DeskReport, Outcome, Published
from sidecar.drive import Drive
from sidecar.venues.faults import Faults
from sidecar.venues.faulty import FaultyBroker
from sidecar.venues.matching import PaperSettings
from sidecar.venues.paper import PaperBroker
from tests.desk.world import CALL, LISTED, LOT, OPEN, PUT, SPOT, chain, fresh, index, quote, ticks

LOOSE = {
    "order_rate": 1e6, "duplicate_order": 0.0, "net_delta": 1e9, "net_gamma": 1e9, "net_vega": 1e9, "net_theta": 1e9,
    "drawdown": 1.0, "daily_loss": 1.0, "strategy_allocation": 1.0, "var_95": 1e6, "stress_loss": 1e6,
    "loss_streak": 1e6,
}  # fmt: skip


class Watched:
    """A broker that remembers what was sent, and in which state of the breaker."""

    def __init__(self, venue: FaultyBroker, room: Rehearsal) -> None:
        self.name = venue.name
        self.sent: Counter[str] = Counter()
        self.cancels: Counter[str] = Counter()
        self.shut: list[Order] = []
        self._venue = venue
        self._room = room

    def restore(self, positions: Mapping[str, int]) -> None:
        self._venue.restore(positions)

    def send(self, order: Order, contract: Contract, at: int) -> tuple[VenueEvent, ...]:
        self.sent[order.id] += 1
        if not self._room.state.breaker.active:
            self.shut.append(order)
        return self._venue.send(order, contract, at)

    def cancel(self, order: Order, at: int) -> tuple[VenueEvent, ...]:
        self.cancels[order.id] += 1
        return self._venue.cancel(order, at)

    def on_market(self, event: MarketEvent) -> tuple[VenueEvent, ...]:
        return self._venue.on_market(event)

    def on_time(self, at: int) -> tuple[VenueEvent, ...]:
        return self._venue.on_time(at)

    def book(self, at: int, orders: Any = ()) -> VenueBook | None:
        return self._venue.book(at, orders)


class Rehearsal:
    """Time moves by ``run``; every second what is traded is quoted round a spot that walks, and the desk beats."""

    def __init__(self, faults: Faults, seed: int, *, walk: float = 4.0) -> None:
        self.walk = walk
        self.random = Random(seed)
        self.state = fresh(limits=LOOSE, capital={"main": Decimal(10**9)})
        self.paper = PaperBroker(seed=seed, settings=PaperSettings(latency_us=50_000))
        self.faulty = FaultyBroker(self.paper, faults, seed=seed)
        self.venue = Watched(self.faulty, self)
        self.answers: list[Outcome] = []
        self.reports: list[DeskReport] = []
        self.drive = Drive(
            self.state, self.venue, publish=self._published, answer=lambda outcome, _: self.answers.append(outcome)
        )
        self.at = OPEN + SECOND
        self.spot = SPOT
        self.requests = 0
        first: list[AnyEvent] = [LISTED, *chain(self.at)]
        for event in first:
            self.drive.handle(event)
        self.run(2)

    def _published(self, published: Published) -> None:
        self.reports.append(published.report)

    @property
    def report(self) -> DeskReport:
        return self.reports[-1]

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.at += SECOND
            self.spot = max(24_400.0, min(25_000.0, self.spot + self.random.gauss(0.0, self.walk)))
            quotes = (quote(contract, self.at, self.spot) for contract in (CALL, PUT))
            events: list[AnyEvent] = [index(self.at, self.spot), *quotes, Beat(self.at)]
            for event in events:
                self.drive.handle(event)

    def ask(self, kind: Any, **fields: Any) -> Outcome:
        self.requests += 1
        self.drive.handle(kind(at=self.at, request_id=f"r{self.requests}", actor="ann", **fields))
        return next(o for o in reversed(self.answers) if o.request_id == f"r{self.requests}")

    def order(self, contract: Contract, side: Side, lots: int, ticks_through: int) -> Outcome:
        """An order so many ticks through the touch; a negative number rests behind it."""
        last = self.state.board.last(contract.id)
        assert last is not None
        touch = last.ask if side is Side.BUY else last.bid
        price = Decimal(str(round(ticks(touch + side.sign * 0.05 * ticks_through), 2)))
        return self.ask(PlaceOrder, request=OrderRequest(contract.id, side, lots * LOT, price))

    def any_order(self) -> None:
        """An order of any kind, now and then a cancel; after a stop a person resets first."""
        if not self.state.breaker.active:
            self.ask(Reset, reason="looked at")
        draw = self.random
        self.order(draw.choice((CALL, PUT)), draw.choice(tuple(Side)), draw.randint(1, 4), draw.randint(-6, 4))
        if self.state.working and draw.random() < 0.4:
            self.ask(CancelOrder, order_id=draw.choice(list(self.state.working)))

    def stop(self) -> Outcome:
        return self.ask(Stop, reason="now")

    def check(self) -> None:
        """What holds at every moment: the book adds up, nothing was sent twice or blind, a shut gate let nothing by."""
        assert self.state.book.imbalance() == 0
        assert all(count == 1 for count in self.venue.sent.values())
        assert all(order.reduces_only for order in self.venue.shut)
        for order in self.state.orders.values():
            assert 0 <= order.filled <= order.request.quantity
            if order.state is OrderState.UNKNOWN:
                assert order.id in self.report.unconfirmed

    def agree(self) -> None:
        """What holds once the venue can be reached and has been asked: desk and venue say the same."""
        truth = self.paper.book(self.at, tuple(self.state.orders.values()))
        held = {p.symbol: self.state.book.net(p.symbol) for p in self.state.book.open_positions()}
        assert {symbol: units for symbol, units in held.items() if units} == truth.positions
        assert {order.id for order in self.state.working.values()} == set(truth.open_orders)
        assert {fill.fill_id for fill in truth.fills} <= set(self.state.book.seen)
        filled = Counter[str]()
        for fill in truth.fills:
            filled[fill.order_id] += fill.quantity
        assert {o.id: o.filled for o in self.state.orders.values() if o.filled} == dict(filled)
        assert not [o for o in self.state.working.values() if o.state not in WORKING - {OrderState.UNKNOWN}]

    @property
    def stopped(self) -> bool:
        return self.state.breaker.status is BreakerStatus.EMERGENCY_STOP
