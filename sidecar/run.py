"""The wiring. With ``doors.py`` the only file that knows every room. Start-up and crash recovery are one path.

lock → journal (verified) → DuckDB (a projection of it) → state (folded from it) → venue (reconciled with it) → desk →
servers. What fails on the way is one error with its remedy; nothing is half started.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Self

import msgspec

from sidecar import __version__
from sidecar.asking import queries_of
from sidecar.beforehand import warming
from sidecar.desk.recovery import restore, start_state, unfunded
from sidecar.desk.state import DeskState
from sidecar.domain.commands import Stop
from sidecar.domain.errors import ConfigurationError
from sidecar.domain.records import AnyRecord, Entry, Started
from sidecar.domain.report import Published
from sidecar.learner import Learner
from sidecar.live import Live, wall_now
from sidecar.loading import strategies_of
from sidecar.markets import MARKETS, Market, calendar_of
from sidecar.noticing import begin, notices_of
from sidecar.opening import epoch_of, open_journal, runs_of, settled
from sidecar.pace import MarketClock
from sidecar.projecting import Projecting
from sidecar.proving.wiring import Proving
from sidecar.recorder import Recorder
from sidecar.reference import load_reference
from sidecar.replay import loosened
from sidecar.retaining import retention_of
from sidecar.risk import breaker
from sidecar.servers.hub import Hub
from sidecar.servers.keys import KeyStore
from sidecar.servers.stream_settings import StreamSettings
from sidecar.settings import Settings, desk_config
from sidecar.stop_file import StopFile
from sidecar.store.lock import DataDirectoryLock
from sidecar.store.reader import Reader
from sidecar.store.writer import Writer
from sidecar.telemetry.measured import Telemetry
from sidecar.vitals import sampler_of

log = logging.getLogger(__name__)


class Sidecar:
    """Everything of one data directory, started. Use it as a context: leaving it stops and closes in order."""

    def __init__(self, settings: Settings, telemetry: Telemetry | None = None) -> None:
        self.settings = settings
        self.began = time.monotonic()
        self.telemetry = telemetry or Telemetry()
        with ExitStack() as opened:
            self._open(settings, opened)
            self._opened = opened.pop_all()

    def _open(self, settings: Settings, opened: ExitStack) -> None:
        """Open everything in order; what fails on the way closes what was opened before it."""
        warmed = warming()
        config = desk_config(settings)
        reference = load_reference()
        self.state = DeskState(config, reference, calendar_of(settings, reference))
        folder = settings.data_dir
        folder.mkdir(parents=True, exist_ok=True)
        opened.callback(DataDirectoryLock(folder).release)
        self.stop_file = StopFile(folder)
        self.keys = KeyStore(folder)
        self.notices = notices_of(settings)
        self.writer = self._writer(settings)
        opened.callback(self.writer.close)
        head, projected = self.writer.head(), self.writer.last_breaker()
        journal = open_journal(folder, (head,) if head else (), wall_now(), self.telemetry.on_sync, self._stop_full)
        self.journal = journal.journal
        opened.callback(self.journal.close)
        self.writer.catch_up(journal.records, self.journal.head)
        self.writer.give_way(journal.full)
        self.projecting = Projecting(lambda: self.journal.head, self._kept)
        self.reader = Reader(self.writer.cursor)
        self.queries = opened.enter_context(queries_of(settings, self.writer.cursor))

        records = [entry.record for _, entry in journal.entries]
        market = self._market(settings, records)
        restore(self.state, records)
        if missing := unfunded(self.state):
            problem = f"fund {missing[0]!r} holds positions or orders in {settings.data_dir} but has no capital"
            raise ConfigurationError("capital", problem, "give it capital in desk.toml, or close what it holds first")
        # A projection that lags behind the journal says nothing against it.
        agrees_so_far = head is not None and head == self.journal.head
        note = start_state(self.state, projected if agrees_so_far else None, fresh=not records, live=market.live)
        notes = (note, self.journal.note, self.writer.note, journal.damage)
        self.state.notes = (*self.state.notes, *(text for text in notes if text))
        self.recorder = self._recorder(settings, market, fresh=not records and not journal.damage)
        if self.recorder:
            opened.callback(self.recorder.close)
        self._wire(settings, market)
        self.epoch = epoch_of(records, journal.damage)
        self.hub.begin(self.epoch, runs_of(records) + 1, journal.entries)
        opened.callback(self.live.stop)
        self.learner = Learner(self, simulated=market.feed.simulated)
        opened.callback(self.learner.stop)
        self.proving = Proving(self)
        opened.callback(self.proving.stop)
        self.sampler = sampler_of(self, self.writer.offer_system)
        opened.callback(self.sampler.stop)
        self.retention = retention_of(self, simulated=market.feed.simulated)
        opened.callback(self.retention.stop)
        opened.callback(self.notices.stop)
        self.notices.fold(entry for _, entry in journal.entries)
        warmed.result()
        self._begin(market, journal.damage)
        begin(self.notices, self.live, simulated=market.feed.simulated)

    def _writer(self, settings: Settings) -> Writer:
        return Writer.open(
            settings.data_dir / "desk.duckdb",
            commit_s=settings.store.commit_ms / 1_000,
            report_every_s=settings.store.report_every_s,
            quotes=settings.store.quotes,
            on_commit=lambda seconds, _: self.telemetry.on_commit(seconds),
            now=wall_now(),
        )

    def _wire(self, settings: Settings, market: Market) -> None:
        stream_settings = StreamSettings(settings.server.allowed_origins, settings.server.heartbeat_s)
        self.hub = Hub(__version__, wall_now, self.keys.valid, stream_settings, self.telemetry.on_send)
        self.live = Live(
            self.state,
            self.journal,
            market.feed,
            market.broker,
            strategies_of(settings.strategy, settings.fund, settings.simulation.underlyings[0]),
            MarketClock(max(market.at, self.state.now), settings.speed),
            beat_s=settings.desk.beat_ms / 1_000,
            kept=self.projecting.take,
            publish=self._publish,
            record=self.recorder.take if self.recorder else lambda _: None,
            on_beat=self.telemetry.on_beat,
            on_tick=self.telemetry.on_tick,
            watchdog_s=settings.desk.watchdog_s,
            stop_file=self.stop_file,
        )

    def _market(self, settings: Settings, records: Sequence[AnyRecord]) -> Market:
        """Open the market, at the moment where the journal left it; a journal of another market is refused."""
        before = [record for record in records if isinstance(record, Started)]
        resume_at = max((record.at for record in records), default=0) or None
        state = self.state
        market = MARKETS[settings.market](settings, state.reference, state.calendar, resume_at)
        if before and before[-1].market != market.label:
            raise ConfigurationError(
                "data_dir",
                f"{settings.data_dir} holds the book of {before[-1].market!r}, not of {market.label!r}",
                "use another --data-dir for another market",
            )
        if market.stale_s > state.config.limits["stale"]:
            state.limits[None] = loosened(state.limits[None], market.stale_s)
            state.notes = (f"staleness limit set to {market.stale_s:.0f} s: this tape has no faster index",)
        return market

    def _begin(self, market: Market, damage: str) -> None:
        """Put the start on record and reconcile with the venue before anything may trade."""
        state = self.state
        now = max(state.now, market.at)
        first: list[AnyRecord] = [Started(now, __version__, market.label, market.feed.simulated, self.epoch)]
        stops = [("desk", f"the journal was damaged: {damage}")] if damage else []
        stops += [(halted.actor, halted.reason) for halted in state.halted]
        stops += [("stop-file", reason) for reason in self.stop_file.look_at_start()]
        for actor, reason in stops:
            state.note_breaker(*breaker.stop(state.breaker, now, actor, reason))
        state.halted.clear()
        first += state.pending.records
        state.pending.records.clear()
        self.live.keep(first).result(timeout=30)
        settled(self.settings.data_dir)
        self.stop_file.settle(wall_now())
        held = {position.symbol: state.book.net(position.symbol) for position in state.book.open_positions()}
        market.broker.restore(held)
        self._reconcile(now)

    def _reconcile(self, now: int) -> None:
        """Compare with the venue. A failed query is not an empty book: trading is then off until a person resets."""
        state, drive = self.state, self.live.drive
        told = drive.broker.book(now, tuple(state.working.values()))
        if told is None or told.problem:
            why = f"the venue could not say what it holds: {told.problem if told else 'no answer'}"
            state.note_breaker(*breaker.disable(state.breaker, now, "desk", why))
        if told is not None:
            drive.handle(told)

    def _kept(self, first: int, entries: Sequence[Entry], digest: bytes) -> None:
        """What is on disk, in the journal's order; none of these may wait."""
        self.writer.offer_entries(first, entries, digest)
        self.hub.keep(first, entries)
        self.notices.take(first, entries)

    def _publish(self, published: Published) -> None:
        """Plain calls, none of which may wait."""
        self.hub.offer(published)
        self.writer.offer(published)
        self.telemetry.on_report(published)
        self.learner.offer(published)
        if self.recorder:
            self.recorder.reports.add(published)

    def _recorder(self, settings: Settings, market: Market, *, fresh: bool) -> Recorder | None:
        if settings.record is None:
            return None
        if not fresh:
            raise ConfigurationError("record", "a recording begins with an empty book", "use a new --data-dir")
        if self.stop_file.look_at_start():
            raise ConfigurationError("record", "a stop file lies in the data directory", "remove it first")
        state = self.state
        config = msgspec.structs.replace(state.config, limits=dict(state.limits[None]))
        return Recorder(settings.record, config, market.feed, zone=state.calendar.zone.key, notes=state.notes)

    def _stop_full(self) -> None:
        """The disk is full, and the journal lives on its reserve: no more risk, until a person says so."""
        log.critical("disk full", extra={"folder": str(self.settings.data_dir)})
        if not hasattr(self, "live"):
            return  # nothing trades yet, and readiness says why
        reason = f"the disk of {self.settings.data_dir} is full; make room, then reset"
        stop = Stop(at=self.live.now(), request_id=f"full-{time.monotonic_ns()}", actor="desk", reason=reason)
        self.live.submit(stop).add_done_callback(lambda done: done.exception())

    def start(self) -> None:
        """Let the desk run."""
        self.live.start()
        self.sampler.start()
        self.learner.start()
        self.proving.start()
        self.retention.start()

    def close(self) -> None:
        """Stop the desk, drain what it wrote, close in the reverse order of opening."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
