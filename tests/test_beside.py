"""The parts of a stop beside the loop, each by itself; with a desk that hangs they are in ``test_watchman.py``."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from msgspec.structs import replace

from sidecar.beside import Beside, shown
from sidecar.domain.breaker import BreakerState, BreakerStatus
from sidecar.domain.commands import Stop
from sidecar.domain.errors import JournalFailed
from sidecar.domain.events import AnyEvent, OrderCancelled
from sidecar.domain.orders import Order, OrderState
from sidecar.domain.records import AnyRecord, Halted
from sidecar.domain.report import Outcome
from sidecar.latch import Latch, Latched
from tests.desk.world import OPEN, World
from tests.test_latch import ORDER, Hung
from tests.wiring import until


class Bench:
    """All that a stop beside the loop touches, settable."""

    def __init__(self, venue: Hung) -> None:
        self.records: list[AnyRecord] = []
        self.kept: Future[int] = Future()
        self.put: list[AnyEvent] = []
        self.shown: list[BreakerState] = []
        self.answers: list[tuple[Outcome, JournalFailed | None]] = []
        report = World().begin().report
        working = (ORDER, _in(OrderState.FILLED, "O2"), _in(OrderState.UNKNOWN, "O3"))
        self.report: Any = _with(report, working)
        self.beside = Beside(
            Latched(venue, Latch()),  # type: ignore[arg-type]
            keep=self.keep,
            report=lambda: self.report,
            standing=BreakerState,
            now=lambda: OPEN,
            put=self.put.append,
            show=self.shown.append,
            answer=lambda outcome, failure: self.answers.append((outcome, failure)),
        )

    def keep(self, records: Sequence[AnyRecord]) -> Future[int]:
        self.records += records
        return self.kept


def _in(state: OrderState, name: str) -> Order:
    return replace(ORDER, id=name, state=state)


def _with(report: Any, orders: tuple[Order, ...]) -> Any:
    return replace(report, orders=orders)


def stops(count: int, **more: Any) -> list[Stop]:
    return [Stop(at=OPEN, request_id=f"s{n}", actor="ann", reason="why", **more) for n in range(count)]


def test_every_stop_is_on_record_and_what_works_is_cancelled_and_answers_wait_for_the_disk() -> None:
    bench = Bench(Hung())
    bench.beside.halt(stops(2))
    until(lambda: len(bench.put) == 2)
    assert bench.records == [Halted(OPEN, "ann", "why", "watchman")] * 2
    assert bench.put == [OrderCancelled(OPEN, "O1", "by request"), OrderCancelled(OPEN, "O3", "by request")]
    assert [state.status for state in bench.shown] == [BreakerStatus.EMERGENCY_STOP]
    assert bench.answers == []
    bench.kept.set_result(7)
    until(lambda: len(bench.answers) == 2)
    assert all(outcome.breaker == bench.shown[0] and failure is None for outcome, failure in bench.answers)
    assert "2 of 2 cancels asked" in bench.answers[0][0].message


def test_a_record_that_is_refused_is_a_failure_and_not_a_stop() -> None:
    bench = Bench(Hung())
    bench.kept.set_exception(JournalFailed("the disk refused"))
    bench.beside.halt(stops(1))
    until(lambda: bench.answers)
    assert isinstance(bench.answers[0][1], JournalFailed)


def test_what_it_did_not_do_it_says() -> None:
    venue = Hung()
    bench = Bench(venue)
    bench.kept.set_result(1)
    bench.beside._broker._inside.acquire()
    bench.beside.halt(stops(1, flatten=True))
    until(lambda: bench.answers)
    message = bench.answers[0][0].message
    assert "no cancel asked, for the loop is at the venue" in message
    assert "positions are closed once it does" in message
    assert venue.cancelled == []


def test_without_a_report_there_is_nothing_to_cancel() -> None:
    bench = Bench(Hung())
    bench.report = None
    bench.kept.set_result(1)
    bench.beside.halt(stops(1))
    until(lambda: bench.answers)
    assert "0 of 0 cancels asked" in bench.answers[0][0].message


def test_a_report_shows_the_stop_and_that_the_rest_of_it_is_old() -> None:
    report = World().begin().report
    after = shown(report, BreakerState(BreakerStatus.EMERGENCY_STOP, halt_seq=1))
    assert after.breaker.status is BreakerStatus.EMERGENCY_STOP
    assert after.seq == report.seq
    assert "all else here is as of this report's time" in after.notes[-1]
