from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from sidecar.domain.breaker import BreakerStatus, Trigger
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import CancelOrder, PlaceOrder, Reset, Stop, WhatIf
from sidecar.domain.errors import JournalFailed
from sidecar.domain.events import AnyEvent, Beat
from sidecar.domain.orders import OrderRequest, OrderState, Side
from sidecar.domain.records import AnyRecord, OrderRecorded
from sidecar.domain.report import AskVenue, Intent, Outcome, OutcomeStatus, Published
from sidecar.drive import Drive
from sidecar.strategies.protocol import Strategy
from sidecar.venues.matching import PaperSettings
from sidecar.venues.paper import PaperBroker
from tests.desk.world import CALL, LISTED, LOT, OPEN, PUT, chain, fresh, quote


@dataclass
class Wants:
    """A strategy that wants what it is told to want, once each."""

    name: str = "wants"
    queue: list[Intent] = field(default_factory=list)
    asked: int = 0
    breaks: bool = False

    def on_report(self, published: Published) -> Iterable[Intent]:
        self.asked += 1
        if self.breaks:
            raise ValueError("no such thing")
        wanted, self.queue = tuple(self.queue), []
        return wanted


class Slow:
    """A journal that completes when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[int], list[AnyRecord]]] = []

    def keep(self, records: Sequence[AnyRecord]) -> Future[int]:
        future: Future[int] = Future()
        self.waiting.append((future, list(records)))
        return future

    def complete(self, error: Exception | None = None) -> None:
        waiting, self.waiting = self.waiting, []
        for future, _ in waiting:
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(1)


class Room:
    """A desk, its drive and a paper venue without latency, with all that comes out of them."""

    def __init__(
        self, strategies: Sequence[Strategy] = (), *, keep: Any = None, venue: PaperBroker | None = None, **more: Any
    ) -> None:
        self.state = fresh(**more)
        self.venue = venue or PaperBroker(seed=1, settings=PaperSettings(latency_us=0))
        self.reports: list[Published] = []
        self.answers: list[tuple[Outcome, JournalFailed | None]] = []
        self.events: list[AnyEvent] = []
        options: dict[str, Any] = {"keep": keep} if keep is not None else {}
        self.drive = Drive(
            self.state,
            self.venue,
            strategies,
            publish=self.reports.append,
            answer=lambda outcome, failure: self.answers.append((outcome, failure)),
            record=self.events.append,
            **options,
        )
        self.at = OPEN + SECOND
        self.requests = 0
        self.drive.handle(LISTED)
        self.trade()

    def trade(self, beats: int = 1, spot: float = 24_700.0) -> None:
        for _ in range(beats):
            self.at += SECOND
            events: list[AnyEvent] = [*chain(self.at, spot), Beat(self.at)]
            for event in events:
                self.drive.handle(event)

    def ask(self, kind: Any, **fields: Any) -> None:
        self.requests += 1
        self.drive.handle(kind(at=self.at, request_id=f"r{self.requests}", actor=fields.pop("actor", "ann"), **fields))

    def place(self, **changes: Any) -> None:
        self.ask(PlaceOrder, request=request(**changes))

    @property
    def outcome(self) -> Outcome:
        return self.answers[-1][0]

    def orders(self) -> list[OrderState]:
        return [order.state for order in self.state.orders.values()]


def request(**changes: Any) -> OrderRequest:
    fields = {"symbol": CALL.id, "side": Side.SELL, "quantity": LOT, "price": Decimal("21.00"), **changes}
    return OrderRequest(**fields)


def at_venue(room: Room) -> tuple[str, ...]:
    return room.venue.book(room.at).open_orders


def test_an_order_travels_from_command_to_venue_to_book_and_every_report_is_published_in_order() -> None:
    room = Room()
    room.place()
    assert room.outcome.status is OutcomeStatus.DONE
    room.trade()
    assert room.orders() == [OrderState.FILLED]
    assert room.state.book.net(CALL.id) == -LOT
    assert [published.report.seq for published in room.reports] == list(range(1, len(room.reports) + 1))


def test_a_strategys_order_passes_the_same_gate_under_its_own_name() -> None:
    strategy = Wants(queue=[Intent(place=request(quantity=6 * LOT, strategy="wants"))])
    room = Room([strategy])
    assert room.outcome.status is OutcomeStatus.REFUSED
    assert room.state.orders["O260907034459-00001"].actor == "strategy:wants"
    assert at_venue(room) == ()
    strategy.queue = [Intent(place=request(strategy="wants", price=Decimal("22.00")))]
    room.trade()
    assert at_venue(room) == ("O260907034459-00002",)
    strategy.queue = [Intent(cancel="O260907034459-00002")]
    room.trade(2)
    assert room.orders() == [OrderState.REFUSED, OrderState.CANCELLED]


def test_an_order_of_a_strategy_that_the_desk_could_not_read_disables_it_and_the_desk_goes_on() -> None:
    strategy = Wants(queue=[Intent(place=request(strategy="wants", price=22.0))])
    room = Room([strategy])
    assert room.state.disabled == {"wants"}
    room.trade(2)
    assert room.orders() == []


@pytest.mark.parametrize(
    ("limits", "changes", "name"),
    [
        ({}, {"quantity": 6 * LOT}, "order_lots"),
        ({}, {"price": Decimal("30.00")}, "price_band"),
        ({"positions": 0}, {}, "positions"),
        ({"capital_per_trade": 0.001}, {}, "capital_per_trade"),
        ({"capital_utilization": 0.001}, {}, "capital_utilization"),
        ({"strategy_allocation": 0.001}, {}, "strategy_allocation"),
        ({"position_allocation": 0.001}, {}, "position_allocation"),
        ({"margin_utilization": 0.001}, {}, "margin_utilization"),
        ({"net_delta": 1.0}, {}, "net_delta"),
        ({"net_gamma": 0.001}, {}, "net_gamma"),
        ({"net_vega": 1.0}, {}, "net_vega"),
        ({"net_theta": 1.0}, {}, "net_theta"),
        ({"order_rate": 0}, {}, "order_rate"),
    ],
)
@pytest.mark.parametrize("by_strategy", [False, True])
def test_every_limit_of_the_gate_stands_on_every_order_path(
    limits: dict[str, float], changes: dict[str, Any], name: str, by_strategy: bool
) -> None:
    strategy = Wants()
    room = Room([strategy], limits=limits)
    if by_strategy:
        strategy.queue = [Intent(place=request(strategy="wants", **changes))]
        room.trade()
    else:
        room.place(**changes)
    assert room.outcome.refusal is not None
    assert room.outcome.refusal.limit_name == name
    room.trade(3)
    assert room.orders() == [OrderState.REFUSED]
    assert room.state.book.positions == {}


def test_a_repeated_order_within_the_pause_is_refused() -> None:
    room = Room()
    room.place()
    room.place()
    assert room.outcome.refusal is not None
    assert room.outcome.refusal.limit_name == "duplicate_order"


def test_an_order_leaves_and_is_answered_only_once_its_intent_is_on_disk() -> None:
    journal = Slow()
    room = Room(keep=journal.keep)
    journal.complete()
    room.answers.clear()
    room.place(price=Decimal("22.00"))
    assert (at_venue(room), room.answers) == ((), [])
    intent = journal.waiting[0][1][0]
    assert isinstance(intent, OrderRecorded)
    assert intent.order.state is OrderState.PENDING
    room.trade(3)
    assert at_venue(room) == ()
    journal.complete()
    assert at_venue(room) == ("O260907034459-00001",)
    assert [outcome.status for outcome, _ in room.answers] == [OutcomeStatus.DONE]


def test_a_what_if_is_answered_at_once_and_neither_kept_nor_sent() -> None:
    journal = Slow()
    room = Room(keep=journal.keep)
    journal.complete()
    room.answers.clear()
    request = OrderRequest(CALL.id, Side.SELL, LOT, Decimal("22.00"))
    room.drive.handle(WhatIf(at=room.state.now, request_id="what", actor="vera", orders=(request,)))
    ((outcome, failure),) = room.answers
    assert (outcome.request_id, failure, outcome.impact is None) == ("what", None, False)
    assert journal.waiting == []
    assert (room.state.orders, at_venue(room)) == ({}, ())


def test_an_order_whose_intent_is_on_its_way_never_leaves_after_a_stop() -> None:
    journal = Slow()
    room = Room(keep=journal.keep)
    room.place()
    room.ask(Stop, reason="drill")
    journal.complete()
    room.trade(3)
    assert at_venue(room) == ()
    assert room.orders() == [OrderState.CANCELLED]
    assert room.state.book.positions == {}
    assert room.state.breaker.status is BreakerStatus.EMERGENCY_STOP


class Deaf(PaperBroker):
    """A venue that does not answer a cancel of what it never had."""

    def cancel(self, order: Any, at: int) -> Any:
        return ()


def test_that_does_not_hang_on_the_venues_answer_to_the_cancel() -> None:
    journal = Slow()
    room = Room(keep=journal.keep)
    room.drive.broker = Deaf(seed=1, settings=PaperSettings(latency_us=0))
    room.place(price=Decimal("22.00"))
    room.ask(CancelOrder, order_id="O260907034459-00001")
    journal.complete()
    told = room.drive.broker.book(room.at)
    assert told is not None
    assert told.open_orders == ()
    assert room.orders() == [OrderState.CANCELLED]


def test_an_order_in_the_very_report_that_trips_does_not_leave() -> None:
    room = Room()
    room.at += 11 * SECOND
    stale = [replace(quote(CALL, room.at), received_at=room.at)]
    for event in stale:
        room.drive.handle(event)
    room.place()  # the quote is fresh, but the index is not: the beat of this instant trips
    room.drive.handle(Beat(room.at))
    room.trade(3)
    assert Trigger.DATA_FAILURE in [cause.trigger for cause in room.state.breaker.causes]
    assert OrderState.FILLED not in room.orders()
    assert at_venue(room) == ()


def test_a_failing_journal_rejects_what_adds_risk_trips_the_breaker_and_says_so() -> None:
    journal = Slow()
    room = Room(keep=journal.keep)
    journal.complete()
    room.place()
    journal.complete(JournalFailed("the disk is gone"))
    assert room.orders() == [OrderState.REJECTED]
    assert [cause.trigger for cause in room.state.breaker.causes] == [Trigger.ORDER_FAILURE]
    _, failure = room.answers[-1]
    assert isinstance(failure, JournalFailed)
    room.ask(Reset, actor="root", reason="try")
    journal.complete(JournalFailed("the disk is gone"))
    assert room.state.breaker.status is BreakerStatus.TRIPPED
    assert "journal" in room.outcome.message


def test_orders_that_only_reduce_still_leave_when_the_journal_fails() -> None:
    journal = Slow()
    room = Room(keep=journal.keep)
    room.place()
    journal.complete()
    room.trade()
    journal.complete()
    assert room.state.book.net(CALL.id) == -LOT
    room.place(side=Side.BUY, price=Decimal("22.00"))
    journal.complete(JournalFailed("the disk is gone"))
    room.trade(2)
    assert room.state.book.net(CALL.id) == 0


def test_an_unexpected_error_of_the_journal_is_not_swallowed() -> None:
    journal = Slow()
    room = Room(keep=journal.keep)
    errors: list[Callable[[], None]] = []
    room.drive._later = errors.append
    journal.complete(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        errors[0]()


def test_a_strategy_that_raises_is_disabled_and_the_desk_goes_on() -> None:
    bad, good = Wants(name="bad"), Wants(name="good")
    room = Room([bad, good])
    bad.queue = [Intent(place=request(strategy="bad", price=Decimal("22.00")))]
    room.trade()
    assert at_venue(room) == ("O260907034459-00001",)
    bad.breaks = True
    room.trade(4)
    assert bad.asked == 3, "asked no more once it has raised"
    assert good.asked == 6
    assert room.state.disabled == {"bad"}
    assert room.orders() == [OrderState.CANCELLED]
    assert room.state.breaker.active
    assert any("strategy bad is disabled: ValueError: no such thing" in note for note in room.reports[-1].report.notes)
    room.place(strategy="bad", symbol=PUT.id, price=Decimal("21.00"))
    assert room.outcome.refusal is not None
    bad.breaks = False
    room.ask(Reset, actor="root", reason="mended")
    assert "enabled again: bad" in room.outcome.message
    room.trade()
    assert bad.asked == 4


def test_nothing_fills_at_a_quote_that_the_desk_refused() -> None:
    room = Room()
    room.place(price=Decimal("22.00"))
    good = quote(CALL, room.at + 1)
    room.drive.handle(replace(good, bid=2_200.0, ask=2_201.0, last=2_200.0))
    assert at_venue(room) == ("O260907034459-00001",)
    room.drive.handle(replace(good, at=good.at + 1, bid=22.05, ask=22.10, last=22.05))
    assert room.orders() == [OrderState.FILLED]


def test_the_recorded_events_alone_give_the_same_reports_again() -> None:
    from sidecar.replay import ReportHash, Silent

    strategy = Wants(queue=[Intent(place=request(strategy="wants"))])
    room = Room([strategy])
    room.trade(3)
    room.ask(Stop, reason="drill", flatten=True)
    room.trade(3)
    first, again = ReportHash(), ReportHash()
    for published in room.reports:
        first.add(published)
    drive = Drive(fresh(), Silent(), publish=again.add)
    for event in tuple(room.events):
        drive.handle(event)
    assert (again.count, again.hex) == (first.count, first.hex)
    assert room.state.book.net(CALL.id) == 0


def test_two_runs_give_the_same_bytes_under_another_hash_seed(repository: Any) -> None:
    import os
    import subprocess
    import sys

    program = (
        "from tests.test_drive import Room, Wants, Intent, request, Stop\n"
        "from sidecar.replay import ReportHash\n"
        "room = Room([Wants(queue=[Intent(place=request(strategy='wants'))])], limits={'positions': 0.0})\n"
        "room.place(strategy='b'); room.trade(3); room.ask(Stop, reason='drill', flatten=True); room.trade(3)\n"
        "total = ReportHash()\n"
        "[total.add(published) for published in room.reports]\n"
        "print(total.count, total.hex)\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], cwd=repository, check=True, capture_output=True, text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "4711")
    }  # fmt: skip
    assert len(outputs) == 1
    assert int(outputs.pop().split()[0]) > 6


class Raising(PaperBroker):
    """A venue whose calls raise while they are named in ``broken``."""

    def __init__(self) -> None:
        super().__init__(seed=1, settings=PaperSettings(latency_us=0))
        self.broken: set[str] = set()
        self.sends = 0

    def _or_raise(self, name: str) -> None:
        if name in self.broken:
            raise ConnectionResetError("gone")

    def send(self, *args: Any) -> Any:
        self.sends += 1
        answers = super().send(*args)  # it arrives, and the answer is lost
        self._or_raise("send")
        return answers

    def cancel(self, *args: Any) -> Any:
        self._or_raise("cancel")
        return super().cancel(*args)

    def book(self, *args: Any) -> Any:
        self._or_raise("book")
        return super().book(*args)

    def on_market(self, event: Any) -> Any:
        self._or_raise("on_market")
        return super().on_market(event)

    def on_time(self, at: int) -> Any:
        self._or_raise("on_time")
        return super().on_time(at)


def raising() -> tuple[Room, Raising]:
    venue = Raising()
    return Room(venue=venue), venue


def test_an_order_whose_send_raised_is_unknown_and_found_by_asking_and_never_sent_again() -> None:
    room, venue = raising()
    venue.broken = {"send", "book"}
    room.place(price=Decimal("22.00"))
    assert room.orders() == [OrderState.UNKNOWN]
    assert room.state.orders["O260907034459-00001"].note == "the send failed: ConnectionResetError: gone"
    room.trade(10)
    assert room.orders() == [OrderState.UNKNOWN], "a question that raised is no answer"
    assert "the venue does not say what it holds: ConnectionResetError: gone" in room.reports[-1].report.notes
    venue.broken = set()
    room.trade(10)
    assert room.orders() == [OrderState.OPEN]
    assert venue.sends == 1
    assert room.state.breaker.active


def test_a_cancel_that_raised_is_sent_again() -> None:
    room, venue = raising()
    room.place(price=Decimal("22.00"))
    venue.broken = {"cancel"}
    room.ask(Stop, reason="now")
    assert room.state.breaker.status is BreakerStatus.EMERGENCY_STOP
    assert "stopped here, venue unconfirmed: 1" in room.reports[-1].report.notes
    room.trade(3)
    assert room.orders() == [OrderState.OPEN]
    venue.broken = set()
    room.trade(10)
    assert room.orders() == [OrderState.CANCELLED]
    assert not any("unconfirmed" in note for note in room.reports[-1].report.notes)


@pytest.mark.parametrize("deaf", ["on_market", "on_time"])
def test_a_venue_that_cannot_be_heard_does_not_end_the_desk_and_what_was_missed_is_asked_for(deaf: str) -> None:
    room, venue = raising()
    room.place()
    venue.broken = {"on_market", "on_time", "book"}
    room.trade(5)
    venue.broken = {deaf}
    room.trade(40)
    venue.broken = set()
    room.trade(5)
    assert room.orders() == [OrderState.FILLED]
    assert room.state.book.net(CALL.id) == -LOT
    assert room.state.breaker.active


def test_an_order_that_became_unknown_on_its_way_to_the_disk_never_leaves() -> None:
    journal = Slow()
    room = Room(keep=journal.keep)
    journal.complete()
    room.place(price=Decimal("22.00"))
    room.venue.book = lambda *_: None  # type: ignore[method-assign,assignment]
    room.trade(6)
    assert room.orders() == [OrderState.UNKNOWN]
    journal.complete()
    del room.venue.book
    assert at_venue(room) == ()
    assert room.orders() == [OrderState.CANCELLED]
    assert room.state.orders["O260907034459-00001"].note == "withdrawn before it left"


def test_the_desk_asks_and_the_answer_of_a_venue_that_answers_later_is_waited_for() -> None:
    class Later(Raising):
        def book(self, *args: Any) -> Any:
            return None

    room = Room(venue=Later())
    room.place(price=Decimal("22.00"))
    room.trade(70)
    asked = [action for p in room.reports for action in p.report.actions if isinstance(action, AskVenue)]
    assert len(asked) == 1
    assert room.orders() == [OrderState.OPEN]
