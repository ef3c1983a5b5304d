"""One event through the desk, and all that follows from it at once: the venue's answers, the strategies' orders.

The same object drives the live desk, a replay and a test, so that what is replayed is what ran.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import get_args

from sidecar.desk.state import DeskState
from sidecar.desk.step import step
from sidecar.domain.commands import CancelOrder, PlaceOrder, SendSignal
from sidecar.domain.errors import JournalFailed
from sidecar.domain.events import (
    AnyEvent,
    Beat,
    MarketEvent,
    OrderCancelled,
    OrderRejected,
    Quote,
    StorageFailed,
    StrategyFailed,
    VenueEvent,
)
from sidecar.domain.orders import WORKING, Order, OrderState
from sidecar.domain.records import AnyRecord
from sidecar.domain.report import AskVenue, CancelAtVenue, Intent, Outcome, Published, SendOrder
from sidecar.strategies.protocol import Strategy
from sidecar.strategies.wanted import whole
from sidecar.venues.guarded import Guarded
from sidecar.venues.port import Broker

MARKET = get_args(MarketEvent)

Keep = Callable[[Sequence[AnyRecord]], Future[int]]
Answer = Callable[[Outcome, JournalFailed | None], None]
Later = Callable[[Callable[[], None]], None]

log = logging.getLogger(__name__)

#: Why an order ended that the venue never saw.
WITHDRAWN = "withdrawn before it left"


def kept(_: Sequence[AnyRecord]) -> Future[int]:
    """A ``Keep`` for runs that keep nothing (replays, tests): durable at once."""
    done: Future[int] = Future()
    done.set_result(0)
    return done


class Drive:
    """The desk's engine room. Not thread-safe: one thread calls ``handle``, and ``later`` brings work back to it.

    A strategy that raises is disabled; after a reset by a named person it is asked again. A broker that raises is a
    venue that gave no answer: what was sent so is unknown, and never sent again.

    :param keep: makes records durable; an order that adds risk leaves, and an answer is given, only after it has.
    :param answer: told each command's outcome once its records are on disk, or why they are not.
    :param publish: told each report; must not wait.
    :param record: told each event in the order in which the desk took it; must not wait.
    """

    def __init__(
        self,
        state: DeskState,
        broker: Broker,
        strategies: Sequence[Strategy] = (),
        *,
        keep: Keep = kept,
        publish: Callable[[Published], None] = lambda _: None,
        answer: Answer = lambda _, __: None,
        later: Later = lambda work: work(),
        record: Callable[[AnyEvent], None] = lambda _: None,
    ) -> None:
        self.state = state
        self.broker: Broker = Guarded(broker)
        self.strategies = list(strategies)
        self._keep = keep
        self._publish = publish
        self._answer = answer
        self._later = later
        self._record = record
        self._queue: deque[AnyEvent] = deque()
        self._busy = False
        self._intents = 0
        self._unsent: set[str] = set()
        self.journal_failed = False

    def handle(self, event: AnyEvent) -> None:
        """Take one event, and whatever answers it calls forth, to the end."""
        self._queue.append(event)
        if self._busy:
            return
        self._busy = True
        try:
            while self._queue:
                self._take(self._queue.popleft())
        finally:
            self._busy = False

    def _take(self, event: AnyEvent) -> None:
        self._record(event)
        published = step(self.state, event)
        if isinstance(event, Quote):
            # The paper venue trades in the market that the desk believes: nothing fills at a refused quote.
            if self.state.board.last(event.symbol) is event:
                self._queue.extend(self.broker.on_market(event))
        elif isinstance(event, MARKET):
            self._queue.extend(self.broker.on_market(event))
        elif isinstance(event, Beat):
            self._queue.extend(self.broker.on_time(event.at))
        if published is None:
            return
        self._keep_and_act(published)
        self._publish(published)
        if isinstance(event, Beat):
            for strategy in self.strategies:
                if strategy.name not in self.state.disabled:
                    self._ask(strategy, published)

    def _keep_and_act(self, published: Published) -> None:
        report = published.report
        sends = [action for action in report.actions if isinstance(action, SendOrder)]
        self._unsent.update(action.order.id for action in sends)
        for action in report.actions:
            if isinstance(action, CancelAtVenue):
                self._cancel(action)
            elif isinstance(action, AskVenue):
                self._ask_venue(action)
        if not report.records:
            # What leaves no record is answered at once: a what-if.
            for outcome in report.outcomes:
                self._answer(outcome, None)
            return
        durable = self._keep(report.records)
        if durable.done():
            self._durable(durable, sends, report.outcomes)
        else:
            outcomes = report.outcomes
            durable.add_done_callback(lambda done: self._later(lambda: self._durable(done, sends, outcomes)))

    def _durable(self, done: Future[int], sends: Sequence[SendOrder], outcomes: Sequence[Outcome]) -> None:
        failure = done.exception()
        if failure is not None and not isinstance(failure, JournalFailed):
            raise failure
        for outcome in outcomes:
            self._answer(outcome, failure)
        for action in sends:
            self._send(action, failure)
        if failure is not None and not self.journal_failed:
            self.journal_failed = True
            log.critical("journal failed", extra={"detail": str(failure)})
            self.handle(StorageFailed(self.state.now, str(failure)))

    def _cancel(self, action: CancelAtVenue) -> None:
        """A cancel leaves at once; an order whose intent is still on its way to the disk never leaves at all."""
        order_id = action.order.id
        if order_id in self._unsent:
            self._unsent.discard(order_id)
            self._queue.append(OrderCancelled(self.state.now, order_id, WITHDRAWN))
        else:
            self._queue.extend(self.broker.cancel(action.order, self.state.now))

    def _ask_venue(self, action: AskVenue) -> None:
        answer = self.broker.book(self.state.now, action.orders)
        if answer is not None:
            self._queue.append(answer)

    def _send(self, action: SendOrder, failure: JournalFailed | None) -> None:
        order = self.state.orders[action.order.id]
        withdrawn = order.id not in self._unsent or order.state not in WORKING
        self._unsent.discard(order.id)
        if withdrawn:
            return  # a stop came while the intent was on its way to the disk
        withheld = self._withheld(order, failure)
        if withheld is not None:
            self.handle(withheld)
            return
        contract = self.state.contracts[order.request.symbol]
        for answer in self.broker.send(order, contract, self.state.now):
            self.handle(answer)

    def _withheld(self, order: Order, failure: JournalFailed | None) -> VenueEvent | None:
        """The last word before the venue: what the desk is told of an order that must not leave; None lets it go."""
        now = self.state.now
        if order.state is not OrderState.PENDING:
            return OrderCancelled(now, order.id, WITHDRAWN)  # its intent took so long that it is unknown by now
        if failure is not None and not order.reduces_only:
            return OrderRejected(now, order.id, "its intent could not be put on disk")
        return None

    def _ask(self, strategy: Strategy, published: Published) -> None:
        try:
            intents = whole(strategy.on_report(published))
        except Exception as error:
            # A strategy is a user's code: it may fail, the desk may not.
            log.exception("strategy failed", extra={"strategy": strategy.name})
            self._queue.append(StrategyFailed(self.state.now, strategy.name, f"{type(error).__name__}: {error}"))
            return
        for intent in intents:
            self._intents += 1
            self._queue.append(self._command(strategy.name, intent))

    def _command(self, name: str, intent: Intent) -> AnyEvent:
        at, request_id, actor = self.state.now, f"{name}-{self._intents}", f"strategy:{name}"
        if intent.place is not None:
            return PlaceOrder(at=at, request_id=request_id, actor=actor, request=intent.place)
        if intent.signal is not None:
            return SendSignal(at=at, request_id=request_id, actor=actor, request=intent.signal)
        return CancelOrder(at=at, request_id=request_id, actor=actor, order_id=intent.cancel or "", reason="strategy")
