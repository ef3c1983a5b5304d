"""The running desk: reports flow, answers follow the disk, failures are said, and nobody is left waiting."""

import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sidecar.desk.state import DeskState
from sidecar.domain.breaker import BreakerStatus
from sidecar.domain.commands import Stop
from sidecar.domain.errors import DeskError
from sidecar.domain.events import AnyEvent, MarketEvent
from sidecar.domain.records import Audited, BreakerRecorded, decode
from sidecar.domain.report import Published
from sidecar.live import Live
from sidecar.markets import MARKETS
from sidecar.pace import MarketClock
from sidecar.reference import load_reference
from sidecar.settings import desk_config
from sidecar.store.disk import JournalIO
from sidecar.store.journal import Journal
from sidecar.strategies.protocol import Strategy
from sidecar.venues.port import Broker, Feed
from tests.wiring import ask_reset, ask_stop, open_and_quoted, small, until


@dataclass
class Told:
    kept: list[tuple[int, int]] = field(default_factory=list)
    published: list[Published] = field(default_factory=list)
    events: list[AnyEvent] = field(default_factory=list)


@dataclass
class Running:
    live: Live
    journal: Journal
    state: DeskState
    path: Path
    told: Told

    def records(self) -> list[object]:
        """What is on disk now."""
        self.live.stop()
        self.journal.close()
        with Journal.open(self.path, epoch=secrets.token_bytes(16)) as journal:
            return [decode(record.payload).record for record in journal.recovered]


@contextmanager
def desk(
    folder: Path,
    *,
    feed: Feed | None = None,
    strategies: tuple[Strategy, ...] = (),
    start: bool = True,
    io: JournalIO | None = None,
    broker: Broker | None = None,
    **more: Any,
) -> Iterator[Running]:
    settings = small(folder)
    reference = load_reference()
    calendar = reference.calendar("NSE")
    state = DeskState(desk_config(settings), reference, calendar)
    market = MARKETS["sim"](settings, reference, calendar, None)
    told = Told()

    def kept(last: int, entries: object) -> None:
        assert isinstance(entries, list)
        told.kept.append((last, len(entries)))

    path = folder / "journal.log"
    journal = Journal.open(path, epoch=secrets.token_bytes(16), io=io)
    live = Live(
        state,
        journal,
        feed or market.feed,
        broker or market.broker,
        strategies,
        MarketClock(market.at, settings.speed),
        beat_s=0.02,
        kept=kept,
        publish=told.published.append,
        record=told.events.append,
        **more,
    )
    running = Running(live, journal, state, path, told)
    try:
        if start:
            live.start()
        yield running
    finally:
        live.stop()
        journal.close()


def test_reports_are_numbered_without_a_gap_and_the_newest_is_at_hand(tmp_path: Path) -> None:
    with desk(tmp_path) as running:
        until(lambda: open_and_quoted(running.live))
        until(lambda: len(running.told.published) > 30)
        assert running.live.report_age_s() < 5.0
    numbers = [published.report.seq for published in running.told.published]
    assert numbers == list(range(1, len(numbers) + 1))
    assert running.live.latest is running.told.published[-1]


def test_before_the_first_report_its_age_is_without_end(tmp_path: Path) -> None:
    with desk(tmp_path, start=False) as running:
        assert running.live.latest is None
        assert running.live.report_age_s() == float("inf")


def test_an_answer_follows_the_disk(tmp_path: Path) -> None:
    with desk(tmp_path) as running:
        until(lambda: open_and_quoted(running.live))
        outcome = ask_stop(running.live)
        on_disk = sum(count for _, count in running.told.kept)
        assert outcome.breaker.status is BreakerStatus.EMERGENCY_STOP
        assert running.journal.head.seq >= on_disk
        records = running.records()
    assert any(isinstance(record, BreakerRecorded) and record.state == outcome.breaker for record in records)
    assert any(isinstance(record, Audited) and record.request_id == outcome.request_id for record in records)


def test_what_is_kept_is_told_in_the_order_of_the_journal(tmp_path: Path) -> None:
    with desk(tmp_path) as running:
        for _ in range(20):
            ask_stop(running.live)
            ask_reset(running.live)
        until(lambda: running.told.kept[-1][0] == running.journal.head.seq)
    ends = [last for last, _ in running.told.kept]
    firsts = [last - count + 1 for last, count in running.told.kept]
    assert firsts == [1, *(last + 1 for last in ends[:-1])]


def test_one_who_gives_up_waiting_does_not_break_the_desk(tmp_path: Path) -> None:
    with desk(tmp_path) as running:
        live = running.live
        asked = [live.submit(Stop(at=live.now(), request_id=f"s{n}", actor="ann", reason="drill")) for n in range(50)]
        assert not any(future.cancel() for future in asked)
        assert all(future.result(10).breaker.status is BreakerStatus.EMERGENCY_STOP for future in asked)
        assert not live.failure


def test_stop_answers_whoever_still_waits(tmp_path: Path) -> None:
    with desk(tmp_path, start=False) as running:
        waiting = running.live.submit(Stop(at=1, request_id="early", actor="ann", reason="drill"))
        running.live.stop()
        with pytest.raises(DeskError, match="stopped before it could answer"):
            waiting.result(1)


def test_a_stopped_desk_answers_at_once_that_it_will_not(tmp_path: Path) -> None:
    with desk(tmp_path) as running:
        until(lambda: running.live.latest)
        running.live.stop()
        late: Future[object] = running.live.submit(Stop(at=1, request_id="late", actor="ann", reason="drill"))  # type: ignore[assignment]
        with pytest.raises(DeskError, match="stopped"):
            late.result(1)


def test_both_threads_end_with_stop(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with desk(tmp_path) as running:
        until(lambda: running.live.latest)
        running.live.stop()
        names = {thread.name for thread in set(threading.enumerate()) - before}
    assert not names & {"desk", "feed"}


class Breaks:
    """A feed that raises in the middle."""

    name = "breaks"
    simulated = True

    def __init__(self, whole: Feed, after: int) -> None:
        self._whole = whole
        self._after = after

    def events(self) -> Iterator[MarketEvent]:
        for number, event in enumerate(self._whole.events()):
            if number == self._after:
                raise ConnectionResetError("the line is dead")
            yield event


def feed_of(folder: Path) -> Feed:
    reference = load_reference()
    return MARKETS["sim"](small(folder), reference, reference.calendar("NSE"), None).feed


def test_a_feed_that_fails_is_shown_as_down_and_the_desk_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with desk(tmp_path, feed=Breaks(feed_of(tmp_path), 40)) as running:
        until(lambda: running.live.latest and running.told.published[-1].report.seq > 5)
        until(lambda: not running.told.published[-1].report.feed_up)
        assert not running.live.failure
        assert ask_stop(running.live).breaker.status is BreakerStatus.EMERGENCY_STOP
    assert "feed failed" in caplog.text


def test_a_bug_in_the_core_ends_stopped_on_disk_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with desk(tmp_path) as running:
        until(lambda: open_and_quoted(running.live))
        running.state.peak = None  # type: ignore[assignment]  # what no event can do: a broken invariant
        assert running.live.ended.wait(10)
        assert "TypeError" in running.live.failure or "AttributeError" in running.live.failure
        with pytest.raises(DeskError, match="the desk failed"):
            ask_stop(running.live)
        records = running.records()
    last = [record for record in records if isinstance(record, BreakerRecorded)][-1]
    assert last.state.status is BreakerStatus.TRIPPED
    assert "the desk failed" in last.event.reason
    assert "desk failed" in caplog.text


def test_a_desk_that_fails_while_stopped_stays_in_its_emergency_stop(tmp_path: Path) -> None:
    with desk(tmp_path) as running:
        until(lambda: open_and_quoted(running.live))
        ask_stop(running.live)
        running.state.peak = None  # type: ignore[assignment]
        assert running.live.ended.wait(10)
        last = [record for record in running.records() if isinstance(record, BreakerRecorded)][-1]
    assert last.state.status is BreakerStatus.EMERGENCY_STOP


def test_a_journal_that_refuses_fails_the_waiter_and_stops_the_desk(tmp_path: Path) -> None:
    with desk(tmp_path) as running:
        until(lambda: open_and_quoted(running.live))
        running.journal.close()
        with pytest.raises(DeskError, match="journal"):
            ask_reset(running.live)
        until(lambda: running.told.published[-1].report.breaker.status is BreakerStatus.TRIPPED)
        assert not running.live.failure


def test_remembering_what_the_journal_refuses_raises_nowhere(tmp_path: Path) -> None:
    with desk(tmp_path, start=False) as running:
        running.journal.close()
        running.live.remember([Audited(1, "ann", "stop", "forbidden")])
        assert running.journal.refusal is not None
