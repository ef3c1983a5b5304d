"""The doors: what of a running sidecar the servers and the metrics are shown."""

from __future__ import annotations

import platform
import time
from hashlib import sha256
from typing import Protocol

from fastapi import APIRouter, FastAPI

from sidecar import __version__
from sidecar.analysis.asking import Analysis
from sidecar.desk.state import DeskState
from sidecar.domain.errors import InputError
from sidecar.features import indicators as charts
from sidecar.learner import Learner
from sidecar.live import Live, wall_now
from sidecar.notices.notifier import Notices
from sidecar.proving.wiring import Proving
from sidecar.reference import load_stresses
from sidecar.servers import (
    alerts,
    analytics,
    asyncapi,
    browser,
    funds,
    indicators,
    metrics,
    performance,
    query,
    signals,
    snapshots,
    stream,
    system,
    trades,
    what_if,
    witness,
)
from sidecar.servers.http import create_app
from sidecar.servers.hub import Hub
from sidecar.servers.keys import KeyStore
from sidecar.servers.ports import HttpSettings, Ports
from sidecar.settings import Settings
from sidecar.store import snapshot
from sidecar.store.journal import Journal
from sidecar.store.queries import Queries
from sidecar.store.reader import Reader
from sidecar.store.writer import Writer
from sidecar.telemetry import log
from sidecar.telemetry.exposition import scraper
from sidecar.telemetry.machine import free_bytes, threads
from sidecar.telemetry.measured import Telemetry
from sidecar.telemetry.news import PERFORMANCE, SIGNALS
from sidecar.telemetry.scene import Facts, StoreFacts
from sidecar.telemetry.system import Sampler
from sidecar.telemetry.trips import Trips

#: A desk that has not reported for this long (seconds) is not ready.
REPORT_STALE_S = 5.0


class Running(Protocol):
    """A sidecar's parts, as ``run.Sidecar`` holds them."""

    settings: Settings
    began: float
    state: DeskState
    live: Live
    journal: Journal
    writer: Writer
    reader: Reader
    queries: Queries
    keys: KeyStore
    notices: Notices
    hub: Hub
    learner: Learner
    proving: Proving
    telemetry: Telemetry
    sampler: Sampler


def app_of(running: Running) -> FastAPI:
    """Every route on this desk."""
    ports = ports_of(running)
    server = running.settings.server
    settings = HttpSettings(
        allowed_hosts=server.allowed_hosts,
        command_timeout_s=server.answer_wait_s,
        stop_timeout_s=server.stop_wait_s,
        settle_wait_s=server.stop_wait_s,
        report_stale_s=REPORT_STALE_S,
        flatten_on_stop=server.flatten_on_stop,
    )
    return create_app(ports, running.keys, settings, routers_of(running, ports, settings))


def routers_of(running: Running, ports: Ports, settings: HttpSettings) -> tuple[APIRouter, ...]:
    """The routes that are the desk's rooms' own, beside those that every application has."""
    scrape = scraper(facts_of(running), running.telemetry)
    return (
        stream.router(running.hub, ports, running.keys),
        asyncapi.router(__version__, running.hub.settings),
        metrics.router(scrape, ports, running.keys),
        funds.router(ports, running.keys, running.reader.equity),
        performance.router(ports, running.keys, running.reader.performance),
        analytics.router(ports, running.keys, _analysis(running, ports), settings),
        what_if.router(ports, running.keys, settings),
        query.router(ports, running.keys, running.queries.ask),
        witness.router(ports, running.keys, _records(running)),
        alerts.router(ports, running.keys, alerts.Kept(running.reader.alerts, running.reader.alert), settings),
        signals.router(ports, running.keys, running.reader.signals, settings),
        trades.router(ports, running.keys, lambda: tuple(running.state.book.round_trips)),
        system.router(ports, running.keys, _told(running), running.reader.system),
        indicators.router(ports, running.keys, running.reader.bars, charts),
        *running.learner.routers(ports, running.keys, settings),
        running.proving.router(ports, running.keys),
        snapshots.router(ports, running.keys, lambda: _copied(running)),
        browser.router(),
    )


def ports_of(running: Running) -> Ports:
    """The callables that the servers may use."""
    state, live, reader, told = running.state, running.live, running.reader, running.telemetry

    def limits(fund_id: str | None) -> dict[str, float]:
        if fund_id is not None and fund_id not in state.config.capital:
            raise InputError("fund_id", f"{fund_id[:40]!r} is not a fund of this desk")
        return dict(state.limits_of(fund_id))

    return Ports(
        latest=lambda: live.latest,
        report_age_s=live.report_age_s,
        submit=live.submit,
        market_now=live.now,
        wall_now=wall_now,
        resolve=lambda symbol: state.board.universe.resolve(symbol, live.now()),
        order=state.orders.get,
        orders=lambda query: reader.orders(query.limit, query.before, query.fund_id, query.strategy),
        fills=lambda query: reader.fills(query.limit, query.before, query.fund_id, query.strategy),
        breaker_history=reader.breaker_history,
        limits=limits,
        limits_set=state.limits_set,
        ready=lambda: not_ready(running),
        audit=lambda record: live.remember([record]),
        on_request=told.on_request,
        on_auth_failure=told.on_auth_failure,
        on_stop=told.on_stop,
        version=__version__,
        record_failure=lambda: running.writer.failure or "",
    )


def _copied(running: Running) -> snapshot.Snapshot:
    with running.writer.between() as database:
        return snapshot.take(database)


def _records(running: Running) -> witness.Records:
    head = running.journal
    return witness.Records(running.reader.audit, lambda: (head.head.seq, head.head.digest.hex()), log.recent)


def _told(running: Running) -> system.Told:
    hub, told, sampler = running.hub, running.telemetry, running.sampler
    return system.Told(
        latest=sampler.latest,
        connections=lambda: hub.counts().connections,
        performance=lambda: told.total(PERFORMANCE),
        signals=lambda: told.total(SIGNALS),
        measurements=lambda: sampler.taken,
    )


def _analysis(running: Running, ports: Ports) -> Analysis:
    state = running.state
    return Analysis(ports.latest, state.rates, load_stresses(), state.calendar.zone)


def not_ready(running: Running) -> tuple[str, ...]:
    """What keeps the desk from being ready; empty when nothing does."""
    live = running.live
    age = live.report_age_s()
    checks = (
        (live.latest is None, "no report yet"),
        (live.latest is not None and age > REPORT_STALE_S, f"the newest report is {age:.0f} s old"),
        (bool(live.failure), f"the desk failed: {live.failure}"),
        (live.watchman.failed, "nobody watches for stop file and hanging loop: restart the sidecar"),
        (running.journal.refusal is not None, str(running.journal.refusal)),
        (bool(running.writer.failure), f"database: {running.writer.failure}"),
        (bool(running.keys.problem), f"keys: {running.keys.problem}"),
    )
    return tuple(text for failed, text in checks if failed)


def facts_of(running: Running) -> Facts:
    """Where a scrape finds what it reads."""
    writer, journal = running.writer, running.journal
    return Facts(
        version=__version__,
        config=sha256(running.settings.model_dump_json(exclude={"bootstrap_keys"}).encode()).hexdigest()[:12],
        latest=lambda: running.live.latest,
        report_age_s=running.live.report_age_s,
        uptime_s=lambda: time.monotonic() - running.began,
        streams=running.hub.counts,
        store=lambda: StoreFacts(writer.queue_depth, writer.size_bytes, dict(writer.rows)),
        audit_head=lambda: journal.head.seq,
        models=running.learner.facts,
        notices=running.notices.counts,
        free_bytes=lambda: free_bytes(running.settings.data_dir),
        threads=threads,
        ready=lambda: not not_ready(running),
        trips=Trips(lambda: running.state.book.round_trips, running.telemetry.strategy),
        system={
            "python": platform.python_version(),
            "source": running.settings.market,
            "currency": running.settings.desk.currency,
        },
    )
