"""The live desk: one thread that owns the state, another that plays the feed, and the journal behind both.

No server in here: what asks the desk (HTTP, a test, the terminal) gets ``latest``, ``submit`` and ``now``.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from threading import Event as Flag
from threading import Thread

from sidecar.beside import Beside, shown
from sidecar.desk import loop
from sidecar.desk.inbox import Inbox
from sidecar.desk.state import DeskState
from sidecar.domain.breaker import BreakerState, BreakerStatus, Cause, Trigger
from sidecar.domain.commands import CommandEvent, Reset, Stop
from sidecar.domain.events import AnyEvent, FeedState, MarketEvent
from sidecar.domain.records import AnyRecord, Entry, encode
from sidecar.domain.report import Outcome, Published
from sidecar.drive import Drive
from sidecar.latch import Latch, Latched
from sidecar.pace import Held, MarketClock, play
from sidecar.risk import breaker
from sidecar.stop_file import StopFile
from sidecar.store.journal import Journal
from sidecar.strategies.protocol import Strategy
from sidecar.venues.port import Broker, Feed
from sidecar.waiting import Waiting
from sidecar.watchman import Watchman

log = logging.getLogger(__name__)

Kept = Callable[[int, Sequence[Entry]], None]


#: How long a failing desk waits (seconds) for its trip to be on disk.
_HALT_WAIT_S = 5.0


def wall_now() -> int:
    """The wall clock, microseconds UTC."""
    return time.time_ns() // 1_000


class Live:
    """A running desk. ``start`` it once; ``stop`` ends its threads and leaves the journal to its owner.

    :param kept: told the sequence number of the last of some entries, and the entries, once they are on disk.
    :param publish: told each report on the desk's thread; must not wait.
    :param on_tick: told how long (seconds) the oldest news that is in a report waited for it.
    :param watchdog_s: how long the loop may be without a beat before the desk is stopped beside it.
    :param stop_file: what stops the desk without HTTP, if anything does.
    """

    def __init__(
        self,
        state: DeskState,
        journal: Journal,
        feed: Feed,
        broker: Broker,
        strategies: Sequence[Strategy],
        clock: MarketClock,
        *,
        beat_s: float,
        kept: Kept = lambda _, __: None,
        publish: Callable[[Published], None] = lambda _: None,
        record: Callable[[AnyEvent], None] = lambda _: None,
        on_beat: Callable[[float], None] = lambda _: None,
        on_tick: Callable[[float], None] = lambda _: None,
        watchdog_s: float = float("inf"),
        stop_file: StopFile | None = None,
    ) -> None:
        self.latest: Published | None = None
        self.failure = ""
        self.ended = Flag()
        self._journal = journal
        self._feed = feed
        self.beats = 0
        self.latch = Latch()
        self._broker = Latched(broker, self.latch)
        self._clock = clock
        self._beat_s = beat_s
        self._kept = kept
        self._publish = publish
        self._on_beat = on_beat
        self._on_tick = on_tick
        self._published_at = 0.0
        self._state = state
        self.inbox = Inbox()
        self._waiting = Waiting()
        self._stopped = Flag()
        self._held = Held(clock)
        self.drive = Drive(
            state,
            self._broker,
            strategies,
            keep=self.keep,
            publish=self._take_report,
            answer=self._waiting.answer,
            later=self.inbox.call,
            record=record,
        )
        self.watchman = Watchman(self, stop_file, watchdog_s, wall_now)
        self._beside = Beside(
            self._broker,
            keep=self.keep,
            report=lambda: self.latest.report if self.latest else None,
            standing=lambda: state.breaker,
            now=self.now,
            put=self.inbox.put,
            show=self._show,
            answer=self._waiting.answer,
        )
        self._threads = (
            Thread(target=self._run_desk, name="desk", daemon=True),
            Thread(target=self._run_feed, name="feed", daemon=True),
        )

    def start(self) -> None:
        """Begin: the desk first, so that what the feed says finds it."""
        self._held.begin()
        for thread in self._threads:
            thread.start()
        self.watchman.start()

    def stop(self) -> None:
        """End the threads; what waits for an answer is told that there will be none."""
        self._stopped.set()
        self.inbox.close()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout=5.0)
        self._waiting.end("the desk was stopped before it could answer")
        self.watchman.stop()
        self.ended.set()

    def submit(self, command: CommandEvent) -> Future[Outcome]:
        """Ask the desk; the future resolves once what came of it is on disk, or fails with a ``DeskError``.

        A stop shuts the latch here and now, and is answered even if the loop is not.
        """
        if isinstance(command, Stop):
            self.latch.pull(command.request_id)
        future = self._waiting.ask(command.request_id)
        if isinstance(command, Stop):
            self.watchman.expect(command, future)
        self.inbox.put(command)
        return future

    def halt(self, actor: str, reason: str) -> Future[Outcome]:
        """Stop the desk from this side of its doors: a file, a signal, the watchdog."""
        name = f"{actor}-{secrets.token_hex(6)}"
        return self.submit(Stop(at=self.now(), request_id=name, actor=actor, reason=reason))

    def halt_beside(self, stops: Sequence[Stop]) -> None:
        """Put stops through that the loop has not taken; it takes them too when it returns."""
        self._beside.halt(stops)

    def now(self) -> int:
        """Market time, microseconds UTC."""
        return self._held.now()

    def report_age_s(self) -> float:
        """Wall seconds since the newest report; infinite before the first."""
        return time.monotonic() - self._published_at if self._published_at else float("inf")

    def keep(self, records: Sequence[AnyRecord]) -> Future[int]:
        """Put records into the journal; the future gives the last one's number."""
        entries = [Entry(wall_now(), record) for record in records]
        future = self._journal.append_many([encode(entry) for entry in entries])
        future.add_done_callback(lambda done: None if done.exception() else self._kept(done.result(), entries))
        return future

    def remember(self, records: Sequence[AnyRecord]) -> None:
        """Put records that nobody waits for into the journal; a failure shows in the journal's own ``refusal``."""
        self.keep(records).add_done_callback(lambda done: done.exception())

    def _take_report(self, published: Published) -> None:
        self.latest = published
        self._published_at = time.monotonic()
        if (waited := self.inbox.reported_s()) is not None:
            self._on_tick(waited)
        self._publish(published)

    def _show(self, after: BreakerState) -> None:
        """What a reader sees of a stop that the loop has not taken."""
        published = self.latest
        if published is not None:
            self.latest = Published(shown(published.report, after), published.chain)

    def _events(self) -> Iterator[MarketEvent]:
        for event in self._feed.events():
            self._held.flow()
            yield event

    def _run_feed(self) -> None:
        detail = "the feed has ended"
        try:
            play(self._events(), self._clock, self.inbox.put, self._state.calendar.is_open, self._stopped)
        except Exception as error:
            # The desk sees a dead feed as staleness and acts on that; here it only has to be said.
            log.exception("feed failed", extra={"feed": self._feed.name})
            detail = f"{type(error).__name__}: {error}"
        if not self._stopped.is_set():
            self.inbox.put(FeedState(self.now(), self._feed.name, False, detail))

    def _run_desk(self) -> None:
        try:
            loop.run(self.inbox, self._handle, self.now, self._beat_s, self._count_beat)
        except Exception as error:
            # A bug in the core: stop the machine with the breaker open on disk, so that a restart does not trade on.
            log.exception("desk failed")
            self.failure = f"{type(error).__name__}: {error}"
            try:
                self._halt()
            finally:
                self._waiting.end(f"the desk failed: {self.failure}")
                self.ended.set()

    def _handle(self, event: AnyEvent) -> None:
        self.drive.handle(event)
        if isinstance(event, Stop):
            self.latch.take(event.request_id)
        elif isinstance(event, Reset) and self._state.breaker.status is not BreakerStatus.EMERGENCY_STOP:
            self.latch.release()

    def _count_beat(self, late_s: float) -> None:
        self.beats += 1
        self._on_beat(late_s)

    def _halt(self) -> None:
        """Put the trip on disk, whatever of a half-done event goes with it, and ask for the cancel of what works."""
        state = self._state
        cause = Cause(Trigger.ORDER_FAILURE, state.now, "desk", f"the desk failed: {self.failure}")
        state.note_breaker(*breaker.trip(state.breaker, cause))
        kept = self.keep(state.pending.records)
        for order in list(state.working.values()):
            self.drive.broker.cancel(order, state.now)
        kept.result(timeout=_HALT_WAIT_S)
