"""One seed, one virtual trading day: the real core, a seeded market, venue, disk and people, and a watch on all of it.

Nothing here reads a clock or has a thread: the same seed and options give the same day to the last byte.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from math import nan
from unittest.mock import patch

from sidecar.desk import recovery, surfaces
from sidecar.desk.state import DeskState
from sidecar.domain.clock import MINUTE, SECOND, iso
from sidecar.domain.contracts import Contract
from sidecar.domain.events import AnyEvent, Beat, Quote
from sidecar.domain.orders import Order, Side
from sidecar.domain.records import AnyRecord, Started
from sidecar.domain.report import Published
from sidecar.drive import Drive
from sidecar.replay import ReportHash
from sidecar.risk import breaker
from tests.simulation import options as families
from tests.simulation.checks import Broken
from tests.simulation.day import Day, Failed
from tests.simulation.disk import Crash, Disk
from tests.simulation.erratic import Erratic
from tests.simulation.faults import Venue
from tests.simulation.feed import Market
from tests.simulation.invariants import Watch
from tests.simulation.options import Options
from tests.simulation.people import People
from tests.simulation.rest import at_rest
from tests.simulation.scene import CALENDAR, REFERENCE, scene

_TAIL = 20
#: A smile is fitted anew this often, not each two seconds: half the cost of a day, and nothing here rests on it.
_SMILES = 20 * MINUTE


class Simulation:
    """One day. ``drive`` is the desk's engine while it lives; ``at`` is the virtual time, microseconds UTC."""

    def __init__(self, seed: int, options: Options, *, lies: bool = False, every: int = 25) -> None:
        self.scene = scene(seed, options)
        self.day = Day(seed, options)
        faults = self.day.faults
        self.disk = Disk(self.scene, faults, lies=lies)
        self.watch = Watch(self.disk, self.scene.config.capital, every=every)
        self.market = Market(self.scene, faults)
        self.venue = Venue(self.scene, faults, self._sent)
        self.people = People(self.scene, faults, self.touch)
        self.drive: Drive | None = None
        self.calm = False
        self.at = self.scene.session.open_at - 2 * MINUTE
        self._chance, self._pace = self.scene.random("crash"), self.scene.random("pace")
        self._works: deque[Callable[[], None]] = deque()
        self._tail: deque[AnyEvent | str] = deque(maxlen=_TAIL)
        self._hash = ReportHash()
        self._burst = 0
        self._dead_until = 0
        self._began = 0

    # ---- the day -----------------------------------------------------------------------------------------------

    def run(self) -> Day:
        """Live the day. :raises Failed: something did not hold."""
        try:
            self._live()
        except Broken as broken:
            raise self._failed(broken.invariant, str(broken)) from broken
        except Exception as error:
            # Whatever the core raises is a finding like any other.
            raise self._failed("CORE", traceback.format_exc(limit=-6)) from error
        day, watch = self.day, self.watch
        day.reports, day.orders, day.stops = watch.reports, self.venue.orders, self.people.stops
        day.fills, day.digest = len(watch.ledger.fills), self._hash.hex
        return day

    def _failed(self, invariant: str, detail: str) -> Failed:
        tail = [event if isinstance(event, str) else f"{iso(event.at)} {event!r}"[:220] for event in self._tail]
        return Failed(self.day.seed, self.day.options, invariant, detail, tail)

    def _live(self) -> None:
        session = self.scene.session
        rest = session.close_at - 25 * MINUTE if self.scene.on("flatten") else session.close_at
        self._until(rest)
        if self.scene.on("flatten"):
            self.settle_down()
            at_rest(self)
            self.calm = self.market.calm = self.venue.calm = self.disk.calm = False
        self._until(session.close_at + 10 * MINUTE)
        if self.scene.on("overnight"):
            self.at = self.scene.next_session.open_at - SECOND
            self._until(self.scene.next_session.open_at + 5 * MINUTE)
        self.settle_down()
        self.watch.ended()

    def _until(self, end: int) -> None:
        while self.at < end:
            self.at = self._next(end)
            self.step()

    def _next(self, end: int) -> int:
        """The next moment: seconds apart in a lively stretch and round the marks of the day, minutes apart between."""
        if self._burst:
            self._burst -= 1
            return self.at + int(self._pace.choice((0.1, 0.3, 1.0, 1.0, 2.0, 5.0)) * SECOND)
        far = self.at + int(self._pace.uniform(300.0, 1_400.0) * SECOND)
        session = self.scene.session
        marks = [session.open_at, session.close_at, end, *(one.expires_at or 0 for one in self.scene.contracts)]
        mark = min(one for one in marks if one > self.at)
        if far >= mark - SECOND:
            self._burst = 6
            return max(mark - SECOND, self.at + SECOND)
        self._burst = self._pace.choice((0, 0, 4, 9))
        return far

    def step(self) -> None:
        """One moment: the market speaks, people ask, the desk beats, the disk catches up. The desk may die in it."""
        if self.at < self._dead_until:
            # Nothing bad: what a venue trades on is its own, not what a line makes of it.
            self.market.calm = True
            self.venue.meanwhile(self.market.news(self.at), self.at)
            self.market.calm = self.calm
            return
        try:
            if self.drive is None:
                self._start()
            for event in self.market.news(self.at):
                self.handle(event)
            if not self.calm and self.watch.published is not None:
                for command in self.people.ask(self.at, self.watch.published.report, busy=self._burst > 0):
                    self.handle(command)
            self.handle(self._beat())
            if self.disk.waits and (self.calm or self._chance.random() < 0.6):
                self.disk.sync()
            while self._works:
                self._works.popleft()()
            if self.disk.refusal is not None and self._chance.random() < 0.05:
                raise Crash  # an operator starts the desk again on a good disk
        except Crash:
            self._die()

    def handle(self, event: AnyEvent) -> None:
        assert self.drive is not None
        self.drive.handle(event)

    def _beat(self) -> Beat:
        return Beat(self.at, self.at - self._began) if len(Beat.__struct_fields__) > 1 else Beat(self.at)

    def settle_down(self) -> None:
        """Nothing more goes wrong: the desk lives, everything that waited is told."""
        self.calm = self.market.calm = self.venue.calm = self.disk.calm = True
        self.at = max(self.at, self._dead_until) + SECOND
        if self.disk.refusal is not None:
            self._die()
            self.at = self._dead_until + SECOND
        for _ in range(3):
            self.step()
            self.at += SECOND

    # ---- life and death of the desk ----------------------------------------------------------------------------

    def _start(self) -> None:
        """What the wiring does: fold, verify, put the start on record, reconcile with the venue."""
        found = self.disk.open()
        state = DeskState(self.scene.config, REFERENCE, CALENDAR)
        recovery.restore(state, found.records)
        self.watch.on_start(found, state)
        limits = self.watch.limits()
        recovery.start_state(state, None, fresh=not found.records)
        self._began = self.at
        now = max(state.now, self.at)
        first: list[AnyRecord] = [Started(now, "simulated", "simulation", True)]
        if found.damage:
            state.note_breaker(*breaker.stop(state.breaker, now, "desk", f"the journal was damaged: {found.damage}"))
            first += state.pending.records
            state.pending.records.clear()
        strategies = [Erratic(self._chance, self.scene.contracts, self.touch)] if self.scene.on("raising") else []
        self.drive = Drive(
            state,
            self.venue,
            strategies,
            keep=self._keep,
            publish=self._publish,
            answer=self.watch.on_answer,
            later=self._works.append,
            record=self._taken,
        )
        kept = self._keep(first)
        if not kept.done():
            self.disk.sync()
        self.venue.restore({one.symbol: state.book.net(one.symbol) for one in state.book.open_positions()})
        self.handle(self.venue.book(now))
        assert self.watch.published is not None
        self.watch.started(self.watch.published.report, limits, found.damage)
        self.handle(self.market.listed(self.at))

    def _die(self) -> None:
        self.day.crashes += 1
        self._tail.append(f"{iso(self.at)} the process dies")
        self.disk.crash()
        self.drive = None
        self._works.clear()
        self._dead_until = self.at + int(self._chance.choice((0.5, 5.0, 120.0)) * SECOND)

    def _perhaps_die(self) -> None:
        if self.scene.on("crash") and not self.calm and self._chance.random() < 0.0015:
            self.day.faults["crash"] += 1
            raise Crash

    # ---- what the desk calls -----------------------------------------------------------------------------------

    def _taken(self, event: AnyEvent) -> None:
        self.day.events += 1
        if not isinstance(event, Quote):
            self._tail.append(event)
        self.watch.on_event(event)

    def _keep(self, records: Sequence[AnyRecord]) -> Future[int]:
        self.watch.on_records(records)
        self._perhaps_die()
        kept = self.disk.keep(records)
        self._perhaps_die()
        return kept

    def _sent(self, order: Order, at: int) -> None:
        self._perhaps_die()
        self._tail.append(f"{iso(at)} the venue gets {order.id}")
        self.watch.on_send(order, at)

    def _publish(self, published: Published) -> None:
        assert self.drive is not None
        self._hash.add(published)
        self.watch.on_report(published, self.drive.state)
        counters = published.report.counters
        self.day.refused = max(self.day.refused, sum(counters.orders_refused.values()))
        self.day.trips = max(self.day.trips, published.report.breaker.halt_seq)
        self._perhaps_die()

    def touch(self, contract: Contract, side: Side) -> float:
        quote = self.drive.state.board.last(contract.id) if self.drive else None
        return nan if quote is None else quote.ask if side is Side.BUY else quote.bid


def simulate(seed: int, options: Options | None = None, *, lies: bool = False, every: int = 25) -> Day:
    """The day of a seed, with the faults that it draws or those that are given."""
    drawn = families.drawn(seed) if options is None else options
    with patch.object(surfaces, "_EVERY", _SMILES):
        return Simulation(seed, drawn, lies=lies, every=every).run()
