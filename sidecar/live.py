"""The live desk: one thread that owns the state, another that plays the feed, and the journal behind both.

No server in here: what asks the desk (HTTP, a test, the terminal) gets ``latest``, ``submit`` and ``now``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from threading import Event as Flag
from threading import Lock, Thread

from sidecar.desk import loop
from sidecar.desk.inbox import Inbox
from sidecar.desk.state import DeskState
from sidecar.domain.breaker import Cause, Trigger
from sidecar.domain.errors import DeskError, JournalFailed
from sidecar.domain.events import AnyEvent, CommandEvent, FeedState, MarketEvent
from sidecar.domain.records import AnyRecord, Entry, encode
from sidecar.domain.report import Outcome, Published
from sidecar.drive import Drive
from sidecar.pace import MarketClock, play
from sidecar.risk import breaker
from sidecar.store.journal import Journal
from sidecar.strategies.protocol import Strategy
from sidecar.venues.port import Broker, Feed

log = logging.getLogger(__name__)

#: How long (seconds) market time waits for a feed's first event.
FEED_WAIT_S = 5.0

Kept = Callable[[int, Sequence[Entry]], None]


#: How long a failing desk waits (seconds) for its trip to be on disk.
_HALT_WAIT_S = 5.0


def wall_now() -> int:
    """The wall clock, microseconds UTC."""
    return time.time_ns() // 1_000


class Live:
    """A running desk. ``start`` it once; ``stop`` ends both threads and leaves the journal to its owner.

    :param kept: told the sequence number of the last of some entries, and the entries, once they are on disk.
    :param publish: told each report on the desk's thread; must not wait.
    :param on_tick: told how long (seconds) the oldest news that is in a report waited for it.
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
    ) -> None:
        self.latest: Published | None = None
        self.failure = ""
        self.ended = Flag()
        self._journal = journal
        self._feed = feed
        self._broker = broker
        self._clock = clock
        self._beat_s = beat_s
        self._kept = kept
        self._publish = publish
        self._on_beat = on_beat
        self._on_tick = on_tick
        self._published_at = 0.0
        self._state = state
        self.inbox = Inbox()
        self._waiting: dict[str, Future[Outcome]] = {}
        self._waiting_lock = Lock()
        self._ended = ""
        self._stopped = Flag()
        self._from = clock.now()
        self._flowing = Flag()
        self._held_until = float("inf")
        self.drive = Drive(
            state,
            broker,
            strategies,
            keep=self.keep,
            publish=self._take_report,
            answer=self._answer,
            later=self.inbox.call,
            record=record,
        )
        self._threads = (
            Thread(target=self._run_desk, name="desk", daemon=True),
            Thread(target=self._run_feed, name="feed", daemon=True),
        )

    def start(self) -> None:
        """Begin: the desk first, so that what the feed says finds it."""
        self._held_until = time.monotonic() + FEED_WAIT_S
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End both threads; what waits for an answer is told that there will be none."""
        self._stopped.set()
        self.inbox.close()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout=5.0)
        self._end("the desk was stopped before it could answer")
        self.ended.set()

    def submit(self, command: CommandEvent) -> Future[Outcome]:
        """Ask the desk; the future resolves once what came of it is on disk, or fails with a ``DeskError``."""
        future: Future[Outcome] = Future()
        future.set_running_or_notify_cancel()  # who no longer waits cannot take the answer away from the desk
        with self._waiting_lock:
            if self._ended:
                future.set_exception(DeskError(self._ended))
                return future
            self._waiting[command.request_id] = future
        self.inbox.put(command)
        return future

    def now(self) -> int:
        """Market time, microseconds UTC. It stands still until the feed's first event is ready, for a while at most.

        A feed that takes a moment to begin would otherwise be stale before its first quote, the more so at speed.
        """
        if self._flowing.is_set():
            return self._clock.now()
        if time.monotonic() < self._held_until:
            return self._from
        self._flow()
        return self._clock.now()

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

    def _answer(self, outcome: Outcome, failure: JournalFailed | None) -> None:
        with self._waiting_lock:
            future = self._waiting.pop(outcome.request_id, None)
        if future is None:
            return
        if failure is not None:
            future.set_exception(failure)
        else:
            future.set_result(outcome)

    def _end(self, why: str) -> None:
        """Answer whoever waits, and whoever asks from now on."""
        with self._waiting_lock:
            self._ended = self._ended or why
            for future in self._waiting.values():
                future.set_exception(DeskError(self._ended))
            self._waiting.clear()

    def _flow(self) -> None:
        """Let market time run."""
        with self._waiting_lock:
            if not self._flowing.is_set():
                self._clock.set(self._from)
                self._flowing.set()

    def _events(self) -> Iterator[MarketEvent]:
        for event in self._feed.events():
            self._flow()
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
            loop.run(self.inbox, self.drive.handle, self.now, self._beat_s, self._on_beat)
        except Exception as error:
            # A bug in the core: stop the machine with the breaker open on disk, so that a restart does not trade on.
            log.exception("desk failed")
            self.failure = f"{type(error).__name__}: {error}"
            try:
                self._halt()
            finally:
                self._end(f"the desk failed: {self.failure}")
                self.ended.set()

    def _halt(self) -> None:
        """Put the trip on disk, whatever of a half-done event goes with it, and ask for the cancel of what works."""
        state = self._state
        cause = Cause(Trigger.ORDER_FAILURE, state.now, "desk", f"the desk failed: {self.failure}")
        state.note_breaker(*breaker.trip(state.breaker, cause))
        kept = self.keep(state.pending.records)
        for order in list(state.working.values()):
            self._broker.cancel(order, state.now)
        kept.result(timeout=_HALT_WAIT_S)
