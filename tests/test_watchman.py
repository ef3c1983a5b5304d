"""A stop that needs neither the desk's loop nor its disk: a second is promised, what is allowed here is noise."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Future
from decimal import Decimal
from pathlib import Path

import pytest

from sidecar.domain.breaker import BreakerStatus
from sidecar.domain.commands import PlaceOrder, Stop
from sidecar.domain.errors import DeskError
from sidecar.domain.orders import Order, OrderRequest, OrderState, Side
from sidecar.domain.records import Audited, BreakerRecorded, Halted
from sidecar.domain.report import Intent, Outcome, Published
from sidecar.live import Live
from sidecar.stop_file import StopFile
from sidecar.store.disk import Disk
from tests.test_live import Running, desk
from tests.wiring import ask_reset, ask_stop, open_and_quoted, until

#: The promise is 1 s; other tests run beside this one.
NOISY_S = 2.5


class Blocks:
    """A strategy that does not come back when it is told not to, as a loop without an end would not."""

    name = "blocks"

    def __init__(self) -> None:
        self.hold = threading.Event()
        self.inside = threading.Event()
        self.back = threading.Event()

    def on_report(self, published: Published) -> Iterable[Intent]:
        if self.hold.is_set() and not self.inside.is_set():
            self.inside.set()
            assert self.back.wait(30)
        return ()

    def block(self) -> None:
        self.hold.set()
        assert self.inside.wait(20)


class Stuck(Disk):
    """A disk whose syncs do not come back while they are held."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()
        self.waits = threading.Event()

    def fdatasync(self, fd: int) -> None:
        if not self.free.is_set():
            self.waits.set()
        assert self.free.wait(60)
        super().fdatasync(fd)


def stop(live: Live, name: str = "s", reason: str = "fat finger") -> Future[Outcome]:
    return live.submit(Stop(at=live.now(), request_id=name, actor="ann", reason=reason))


def sale(running: Running, name: str = "o") -> Future[Outcome]:
    """A lot of a dear option, sold well above the market: it adds risk and does not fill soon."""
    assert running.live.latest is not None
    chain = running.live.latest.chain
    row = next(n for n, c in enumerate(chain.contracts) if c.right and 20 < chain.bid[n] < 200)
    contract, price = chain.contracts[row], Decimal(str(round(chain.ask[row] * 1.03 * 20) / 20))
    request = OrderRequest(contract.id, Side.SELL, contract.lot_size, price)
    return running.live.submit(PlaceOrder(at=running.live.now(), request_id=name, actor="ann", request=request))


def resting(running: Running) -> Order:
    """An order that works at the venue; one that the market met or the gate refused is tried again."""
    for number in range(10):
        order = sale(running, f"o{number}").result(10).orders[0]
        time.sleep(0.3)
        if running.state.orders[order.id].state is OrderState.OPEN:
            return order
    raise AssertionError("no order rests")


def state_of(running: Running) -> BreakerStatus:
    assert running.live.latest is not None
    return running.live.latest.report.breaker.status


def test_a_stop_is_put_through_beside_a_loop_that_hangs_and_taken_up_when_it_returns(tmp_path: Path) -> None:
    blocks = Blocks()
    with desk(tmp_path, strategies=(blocks,)) as running:
        until(lambda: open_and_quoted(running.live))
        working = resting(running)
        blocks.block()
        began = time.monotonic()
        outcome = stop(running.live).result(10)
        assert time.monotonic() - began < NOISY_S
        assert outcome.breaker.status is BreakerStatus.EMERGENCY_STOP
        assert "beside the desk's loop" in outcome.message
        assert "1 of 1 cancels asked" in outcome.message
        assert [order.id for order in outcome.orders] == [working.id]
        assert state_of(running) is BreakerStatus.EMERGENCY_STOP
        assert running.live.latest is not None
        assert "beside the desk's loop" in running.live.latest.report.notes[-1]
        assert running.state.breaker.active  # the desk itself has not heard of it yet
        assert running.live.latch.shut

        blocks.back.set()
        until(lambda: running.state.breaker.status is BreakerStatus.EMERGENCY_STOP)
        until(lambda: running.state.orders[working.id].state is OrderState.CANCELLED)
        assert running.live.latch.shut
        assert ask_reset(running.live).breaker.active
        assert not running.live.latch.shut
        records = running.records()
    assert [(r.actor, r.reason, r.source) for r in records if isinstance(r, Halted)] == [
        ("ann", "fat finger", "watchman")
    ]
    assert [r.request_id for r in records if isinstance(r, Audited) and r.action == "stop"] == ["s"]


def test_a_desk_that_dies_while_it_hangs_starts_stopped(tmp_path: Path) -> None:
    blocks = Blocks()
    with desk(tmp_path, strategies=(blocks,)) as running:
        until(lambda: open_and_quoted(running.live))
        blocks.block()
        stop(running.live).result(10)
        on_disk = (tmp_path / "journal.log").read_bytes()
        blocks.back.set()
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "journal.log").write_bytes(on_disk)
    assert b"fat finger" in on_disk


def test_an_order_that_the_desk_sends_before_it_takes_the_stop_does_not_leave(tmp_path: Path) -> None:
    disk = Stuck()
    with desk(tmp_path, io=disk) as running:
        until(lambda: open_and_quoted(running.live))
        disk.free.clear()
        asked = sale(running)
        until(disk.waits.is_set)
        running.live.latch.pull("on its way")
        disk.free.set()
        order = asked.result(10).orders[0]
        until(lambda: running.state.orders[order.id].state is OrderState.CANCELLED)
        assert running.state.orders[order.id].note == "a stop was given before it left"


def test_a_hundred_stops_at_once_are_one_transition_and_a_hundred_answers(tmp_path: Path) -> None:
    with desk(tmp_path) as running:
        until(lambda: open_and_quoted(running.live))
        answers = in_parallel(running.live, 100)
        assert {answer.breaker.status for answer in answers} == {BreakerStatus.EMERGENCY_STOP}
        assert {answer.breaker.halt_seq for answer in answers} == {1}
        records = running.records()
    assert transitions(records) == {"triggered": 1, "repeated": 99}
    assert len({r.request_id for r in records if isinstance(r, Audited) and r.action == "stop"}) == 100


def test_a_hundred_stops_beside_a_loop_that_hangs_are_answered_and_on_record_too(tmp_path: Path) -> None:
    blocks = Blocks()
    with desk(tmp_path, strategies=(blocks,)) as running:
        until(lambda: open_and_quoted(running.live))
        blocks.block()
        began = time.monotonic()
        answers = in_parallel(running.live, 100)
        assert time.monotonic() - began < NOISY_S
        assert {answer.breaker.halt_seq for answer in answers} == {1}
        blocks.back.set()
        until(lambda: running.state.triggers["emergency_stop"] == 100)
        records = running.records()
    assert sum(isinstance(record, Halted) for record in records) == 100
    assert transitions(records) == {"triggered": 1, "repeated": 99}


def in_parallel(live: Live, count: int) -> list[Outcome]:
    answers: list[Future[Outcome]] = []
    threads = [threading.Thread(target=lambda n=n: answers.append(stop(live, f"s{n}"))) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answer.result(10) for answer in answers]


def transitions(records: list[object]) -> Counter[str]:
    return Counter(record.event.event for record in records if isinstance(record, BreakerRecorded))


def test_with_a_disk_that_does_not_sync_the_gate_is_shut_the_desk_goes_on_and_a_witness_stands(tmp_path: Path) -> None:
    disk, file = Stuck(), StopFile(tmp_path)
    with desk(tmp_path, io=disk, stop_file=file) as running:
        until(lambda: open_and_quoted(running.live))
        disk.free.clear()
        began = time.monotonic()
        answer = stop(running.live)
        assert running.live.latch.shut
        until(lambda: state_of(running) is BreakerStatus.EMERGENCY_STOP)
        assert time.monotonic() - began < NOISY_S
        until(file.witness_path.exists)
        assert time.monotonic() - began < NOISY_S
        assert not answer.done()
        assert file.look_at_start() == ("fat finger (by ann; not confirmed by the journal)",)
        seen = len(running.told.published)
        until(lambda: len(running.told.published) > seen + 5, what="a desk that goes on")
        disk.free.set()
        assert answer.result(10).breaker.status is BreakerStatus.EMERGENCY_STOP
        until(lambda: not file.witness_path.exists(), what="the witness's dismissal")


def test_a_stop_that_never_reaches_the_disk_leaves_the_witness_for_the_next_start(tmp_path: Path) -> None:
    file = StopFile(tmp_path)
    with desk(tmp_path, stop_file=file) as running:
        until(lambda: open_and_quoted(running.live))
        running.journal.close()
        with pytest.raises(DeskError, match="journal"):
            stop(running.live).result(10)
        until(file.witness_path.exists)
    assert file.look_at_start() == ("fat finger (by ann; not confirmed by the journal)",)


@pytest.mark.parametrize("hangs", [False, True])
def test_a_stop_file_is_obeyed_and_renamed_once_it_is_on_disk(hangs: bool, tmp_path: Path) -> None:
    blocks, file = Blocks(), StopFile(tmp_path)
    with desk(tmp_path, strategies=(blocks,), stop_file=file) as running:
        until(lambda: open_and_quoted(running.live))
        if hangs:
            blocks.block()
        began = time.monotonic()
        file.give("smoke in the room")
        until(lambda: not file.path.exists(), what="the file's taking")
        assert time.monotonic() - began < NOISY_S
        assert running.live.latch.shut
        blocks.back.set()
        until(lambda: running.state.breaker.status is BreakerStatus.EMERGENCY_STOP)
        (cause,) = running.state.breaker.causes
        assert (cause.actor, cause.detail) == ("stop-file", "smoke in the room")
        assert [path.read_text() for path in tmp_path.glob("STOP.taken-*")] == ["smoke in the room\n"]
        assert ask_reset(running.live).breaker.active


def test_a_stop_file_that_cannot_be_renamed_is_obeyed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = StopFile(tmp_path)
    monkeypatch.setattr(file, "take", lambda _: False)
    with desk(tmp_path, stop_file=file) as running:
        until(lambda: open_and_quoted(running.live))
        file.give("one")
        until(lambda: running.state.breaker.status is BreakerStatus.EMERGENCY_STOP)
        assert ask_reset(running.live).breaker.active
        time.sleep(0.3)
        assert running.state.breaker.active
        file.give("two")
        until(lambda: running.state.breaker.status is BreakerStatus.EMERGENCY_STOP)


def test_a_loop_without_a_beat_is_stopped_by_the_watchdog_and_an_ordinary_one_is_not(tmp_path: Path) -> None:
    blocks = Blocks()
    with desk(tmp_path, strategies=(blocks,), watchdog_s=1.0) as running:
        until(lambda: open_and_quoted(running.live))
        assert running.state.breaker.active
        blocks.block()
        until(lambda: state_of(running) is BreakerStatus.EMERGENCY_STOP)
        assert running.live.latest is not None
        (cause,) = running.live.latest.report.breaker.causes
        assert (cause.actor, cause.detail) == ("watchdog", "the desk's loop has not beaten for 1 s")
        blocks.back.set()
        until(lambda: running.state.breaker.status is BreakerStatus.EMERGENCY_STOP)
        assert ask_reset(running.live).breaker.active
        time.sleep(0.3)
        assert running.state.breaker.active
        records = running.records()
    assert [record.actor for record in records if isinstance(record, Halted)] == ["watchdog"]


def test_a_stop_that_the_desk_answers_is_not_put_through_twice(tmp_path: Path) -> None:
    with desk(tmp_path, stop_file=StopFile(tmp_path)) as running:
        until(lambda: open_and_quoted(running.live))
        for _ in range(3):
            ask_stop(running.live)
            ask_reset(running.live)
        time.sleep(0.4)
        records = running.records()
    assert not any(isinstance(record, Halted) for record in records)
    assert not (tmp_path / "STOP.witness").exists()
