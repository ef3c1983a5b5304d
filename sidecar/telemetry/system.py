"""The system's state, measured every few seconds by a thread of its own, and at once when it is another.

No report holds any of it: a replay of the same events on another machine is the same to the byte.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf, isfinite, nan
from threading import Event as Flag
from threading import Thread

from sidecar.domain.breaker import BreakerState
from sidecar.domain.events import Noticed
from sidecar.domain.report import DeskReport
from sidecar.domain.system import SystemLine
from sidecar.telemetry.machine import LEAST_S, Machine
from sidecar.telemetry.troubles import Seen, Watch

log = logging.getLogger(__name__)

#: How often (seconds) it is looked whether the desk is still in the state that was told last.
LOOK_S = 0.25
JOB = "system"


@dataclass(frozen=True)
class Sources:
    """Where a measurement finds what the operating system does not know; each callable answers at once.

    ``problems`` keep the desk from being ready. ``trades`` are closed round trips, ``errors`` those logged so far.
    ``lag_s`` is how late beats were since it was last asked. ``database`` says why the database falls behind, empty
    where it does not. ``market_now`` is microseconds UTC.
    """

    report: Callable[[], DeskReport | None]
    report_age_s: Callable[[], float]
    uptime_s: Callable[[], float]
    market_now: Callable[[], int]
    problems: Callable[[], tuple[str, ...]]
    trades: Callable[[], int]
    strategies: Callable[[], int]
    traders: Callable[[], int]
    portfolios: int
    connections: Callable[[], int]
    lag_s: Callable[[], float]
    least_free_bytes: int
    models: Callable[[], int] = lambda: 0
    errors: Callable[[], float] = lambda: 0.0
    database: Callable[[], str] = lambda: ""
    queues: Mapping[str, Callable[[], int]] = field(default_factory=dict)


class Sampler:
    """Measures until it is stopped.

    :param tell: told every measurement, on the sampler's thread; none may wait.
    :param notice: told what somebody should know of them, and what has ended.
    :param on_job: told of each measurement whether it could be made.
    """

    def __init__(
        self,
        sources: Sources,
        machine: Machine,
        tell: Sequence[Callable[[SystemLine], None]],
        notice: Callable[[Noticed], None] = lambda _: None,
        on_job: Callable[[str, bool], None] = lambda _, __: None,
        every_s: float = 5.0,
    ) -> None:
        self._sources = sources
        self._machine = machine
        self._tell = tell
        self._notice = notice
        self._on_job = on_job
        self._every_s = every_s
        self._watch = Watch()
        self._errors = sources.errors()
        self._latest: SystemLine | None = None
        self._stopped = Flag()
        self.taken = 0
        self._thread = Thread(target=self._run, name="system", daemon=True)

    def start(self) -> None:
        """Begin to measure; the first is told a moment later, since a share of time needs two looks."""
        self._thread.start()

    def stop(self) -> None:
        """End at once; nothing is told afterwards."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=5.0)

    def latest(self) -> SystemLine | None:
        """The newest measurement; None before the first."""
        return self._latest

    def measure(self) -> SystemLine:
        """Measure now, and tell. For one thread alone."""
        line, free_bytes = self._line()
        errors = self._sources.errors()
        since, self._errors = errors - self._errors, errors
        self._latest = line
        self.taken += 1
        for tell in self._tell:
            tell(line)
        seen = Seen(line, free_bytes, self._sources.least_free_bytes, since, self._sources.database())
        findings, cleared = self._watch.look(seen, time.monotonic())
        if findings or cleared:
            self._notice(Noticed(self._sources.market_now(), findings, cleared))
        return line

    def _line(self) -> tuple[SystemLine, float]:
        asked, read = self._sources, self._machine.read()
        report = asked.report()
        status, problems = _status(report, asked.problems())
        age = asked.report_age_s()
        line = SystemLine(
            timestamp=datetime.now(UTC),
            api_status=status,
            problems=problems,
            ml_models=asked.models(),
            active_traders=asked.traders(),
            strategies=asked.strategies(),
            portfolios=asked.portfolios,
            total_trades=asked.trades(),
            system_load=read.load,
            memory_usage=read.memory,
            cpu_usage=read.cpu,
            process_memory_bytes=read.process_memory_bytes,
            process_cpu=read.process_cpu,
            threads=read.threads,
            loop_lag_s=asked.lag_s(),
            report_age_s=age if isfinite(age) else nan,
            uptime_s=asked.uptime_s(),
            active_connections=asked.connections(),
            queues={name: depth() for name, depth in asked.queues.items()},
            feeds=_feeds(report),
        )
        return line, read.free_bytes

    def _run(self) -> None:
        self._stopped.wait(LEAST_S)
        due, shown = -inf, ""
        while not self._stopped.is_set():
            try:
                status, _ = _status(self._sources.report(), self._sources.problems())
                if time.monotonic() >= due or status != shown:
                    due, shown = time.monotonic() + self._every_s, status
                    self.measure()
                    self._on_job(JOB, True)
            except Exception:
                # Whatever one measurement fails of, the next is due all the same: silence would look like health.
                log.exception("the system could not be measured")
                self._on_job(JOB, False)
            self._stopped.wait(min(LOOK_S, self._every_s))


def _status(report: DeskReport | None, problems: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """``ok``, ``degraded`` or ``stopped``, and every reason for it."""
    if report is None:
        return "degraded", problems
    down = () if report.feed_up else (f"the feed {report.source or 'of the market'} is down",)
    said = (*_shut(report.breaker), *problems, *down)
    return ("stopped" if not report.breaker.active else "degraded" if said else "ok"), said


def _shut(breaker: BreakerState) -> tuple[str, ...]:
    whole = () if breaker.active else (f"trading is off: {breaker.status}",)
    causes = tuple(f"{cause.trigger}: {cause.detail}" for cause in breaker.causes) if not breaker.active else ()
    return (*whole, *causes, *(f"{cause.scope} is shut: {cause.detail}" for cause in breaker.partial))


def _feeds(report: DeskReport | None) -> dict[str, str]:
    if report is None or not report.source:
        return {}
    return {report.source: "up" if report.feed_up else "down"}
