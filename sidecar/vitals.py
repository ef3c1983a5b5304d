"""What the system's sampler is shown of a running sidecar."""

from __future__ import annotations

import time
from collections.abc import Callable

from sidecar.domain.clock import from_datetime
from sidecar.domain.report import DeskReport
from sidecar.domain.system import SystemLine
from sidecar.doors import Running, not_ready
from sidecar.servers import monitoring
from sidecar.telemetry.machine import Machine
from sidecar.telemetry.system import Sampler, Sources

#: Less free disk than this is worth an alert: some hours of quotes, and many times the journal's reserve.
LEAST_FREE_BYTES = 64 * 1024 * 1024


def sampler_of(running: Running, *tell: Callable[[SystemLine], None]) -> Sampler:
    """The sampler of a sidecar that is not started yet. ``tell`` and the topic ``status`` are told every measurement.

    None of ``tell`` may wait.
    """
    settings, hub = running.settings, running.hub

    def publish(line: SystemLine) -> None:
        hub.tell("status", [monitoring.system(line)], from_datetime(line.timestamp))

    return Sampler(
        _sources(running),
        Machine(settings.data_dir),
        (*tell, publish),
        notice=running.live.inbox.put,
        on_job=running.telemetry.on_job,
        every_s=settings.server.status_every_s,
    )


def _sources(running: Running) -> Sources:
    state, live, settings, told = running.state, running.live, running.settings, running.telemetry
    beat_s = settings.desk.beat_ms / 1_000
    before = state.book.trades().closed  # nothing runs yet: later only reports may be read

    def report() -> DeskReport | None:
        return live.latest.report if live.latest is not None else None

    def trades() -> int:
        seen = report()
        return seen.total.trades if seen is not None else before

    return Sources(
        report=report,
        report_age_s=live.report_age_s,
        uptime_s=lambda: time.monotonic() - running.began,
        market_now=live.now,
        problems=lambda: not_ready(running),
        trades=trades,
        strategies=lambda: len(live.drive.strategies),
        traders=lambda: sum(one.name not in state.disabled for one in live.drive.strategies),
        portfolios=len(state.funds),
        connections=lambda: running.hub.counts().connections,
        lag_s=lambda: told.beats.worst_s(beat_s),
        least_free_bytes=LEAST_FREE_BYTES,
        models=running.learner.models,
        errors=lambda: told.total("system_errors_total"),
        database=lambda: running.writer.failure or "",
        queues={
            "frames": lambda: running.hub.waiting,
            "inbox": lambda: len(live.inbox),
            "journal": lambda: running.journal.waiting,
            "store": lambda: running.writer.queue_depth,
        },
    )
