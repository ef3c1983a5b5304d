"""The sampler: what it says, how soon, and that nothing that fails silences it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import inf, isnan
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sidecar.domain import wire
from sidecar.domain.breaker import BreakerState, BreakerStatus, Cause, Trigger
from sidecar.domain.events import Noticed
from sidecar.domain.report import DeskReport
from sidecar.domain.system import SystemLine
from sidecar.telemetry.machine import Machine
from sidecar.telemetry.system import Sampler, Sources
from sidecar.telemetry.troubles import TROUBLES
from tests.servers.desk import T0, report

CAUSE = Cause(Trigger.VIX_SPIKE, T0, "desk", "the VIX is 41.2")


@dataclass
class Bench:
    """A sampler of settable things, and what it told."""

    folder: Path
    report: DeskReport | None = field(default_factory=report)
    problems: tuple[str, ...] = ()
    errors: float = 3.0
    database: str = ""
    age_s: float = 0.2
    lag_s: float = 0.01
    every_s: float = 5.0
    lines: list[SystemLine] = field(default_factory=list)
    noticed: list[Noticed] = field(default_factory=list)
    jobs: list[tuple[str, bool]] = field(default_factory=list)
    tell: Callable[[SystemLine], None] = lambda _: None

    def sampler(self, **changes: Any) -> Sampler:
        sources = Sources(
            report=lambda: self.report, report_age_s=lambda: self.age_s, uptime_s=lambda: 12.5, market_now=lambda: T0,
            problems=lambda: self.problems, trades=lambda: 42, strategies=lambda: 2, traders=lambda: 1, portfolios=3,
            connections=lambda: 7, lag_s=lambda: self.lag_s, least_free_bytes=1, errors=lambda: self.errors,
            database=lambda: self.database, queues={"inbox": lambda: 5, "store": lambda: 0},
        )  # fmt: skip
        told = (self.lines.append, lambda line: self.tell(line))
        machine, given = Machine(self.folder), replace(sources, **changes)
        return Sampler(given, machine, told, self.noticed.append, lambda *job: self.jobs.append(job), self.every_s)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@contextmanager
def running(sampler: Sampler) -> Iterator[Sampler]:
    sampler.start()
    try:
        yield sampler
    finally:
        sampler.stop()


def until(true: Callable[[], Any], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_line_says_what_was_asked_and_what_was_measured(bench: Bench) -> None:
    line = bench.sampler().measure()
    assert (line.api_status, line.problems, line.feeds) == ("ok", (), {"simulated": "up"})
    assert (line.ml_models, line.active_traders, line.strategies, line.portfolios, line.total_trades) == (
        0,
        1,
        2,
        3,
        42,
    )
    assert (line.active_connections, line.uptime_s, line.report_age_s, line.loop_lag_s) == (7, 12.5, 0.2, 0.01)
    assert line.queues == {"inbox": 5, "store": 0}
    assert abs((datetime.now(UTC) - line.timestamp).total_seconds()) < 5.0
    assert line.process_memory_bytes > 10_000_000
    assert line.threads >= threading.active_count() - 1


def test_shares_of_time_are_unknown_at_the_first_look_and_null_on_the_wire(bench: Bench) -> None:
    bench.age_s = inf
    line = bench.sampler().measure()
    assert isnan(line.cpu_usage)
    told = wire.builtins(line)
    assert (told["cpu_usage"], told["process_cpu"], told["report_age_s"]) == (None, None, None)
    assert told["memory_usage"] > 0.0


@pytest.mark.parametrize(
    ("changes", "problems", "status", "said"),
    [
        ({}, ("keys: gone",), "degraded", ("keys: gone",)),
        ({"feed_up": False}, (), "degraded", ("the feed simulated is down",)),
        ({"breaker": BreakerState(partial=(msgspec.structs.replace(CAUSE, scope="main/demo"),))}, (), "degraded",
         ("main/demo is shut: the VIX is 41.2",)),
        ({"breaker": BreakerState(BreakerStatus.TRIPPED, (CAUSE,))}, ("old report",), "stopped",
         ("trading is off: tripped", "vix_spike: the VIX is 41.2", "old report")),
    ],
)  # fmt: skip
def test_the_state_is_the_gravest_and_every_reason_is_named(
    bench: Bench, changes: dict[str, Any], problems: tuple[str, ...], status: str, said: tuple[str, ...]
) -> None:
    bench.report, bench.problems = report(**changes), problems
    line = bench.sampler().measure()
    assert (line.api_status, line.problems) == (status, said)


def test_a_desk_that_never_reported_is_not_well(bench: Bench) -> None:
    bench.report, bench.problems = None, ("no report yet",)
    line = bench.sampler().measure()
    assert (line.api_status, line.problems, line.feeds) == ("degraded", ("no report yet",), {})


def test_another_state_is_told_within_a_second_and_the_same_one_when_it_is_due(bench: Bench) -> None:
    bench.every_s = 60.0
    with running(bench.sampler()) as sampler:
        until(lambda: bench.lines)
        began = time.monotonic()
        bench.report = report(breaker=BreakerState(BreakerStatus.EMERGENCY_STOP, (CAUSE,)))
        until(lambda: len(bench.lines) == 2)
        assert time.monotonic() - began < 1.0
        assert bench.lines[1].api_status == "stopped"
        time.sleep(0.6)
        assert len(bench.lines) == sampler.taken == 2
        assert sampler.latest() is bench.lines[1]
    assert not isnan(bench.lines[0].cpu_usage)  # measured over the moment before it was told


def test_it_measures_again_and_again_and_ends_at_once(bench: Bench) -> None:
    bench.every_s = 0.05
    with running(bench.sampler()):
        until(lambda: len(bench.lines) >= 4)
        began = time.monotonic()
    assert time.monotonic() - began < 0.5
    told = len(bench.lines)
    time.sleep(0.2)
    assert len(bench.lines) == told
    assert set(bench.jobs) == {("system", True)}


def test_stopping_what_never_began_is_no_error(bench: Bench) -> None:
    bench.sampler().stop()
    assert bench.lines == []


def test_what_fails_of_one_measurement_is_counted_and_the_next_comes_all_the_same(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.every_s = 0.05

    def fails(_: SystemLine) -> None:
        raise RuntimeError("a reader that is broken")

    bench.tell = fails
    with running(bench.sampler()):
        until(lambda: ("system", False) in bench.jobs)
        bench.tell = lambda _: None
        until(lambda: ("system", True) in bench.jobs)
    assert "the system could not be measured" in caplog.text


def test_what_somebody_should_know_is_an_event_with_the_markets_time(bench: Bench) -> None:
    sampler = bench.sampler()
    sampler.measure()
    assert [(event.at, event.findings, len(event.cleared)) for event in bench.noticed] == [(T0, (), len(TROUBLES))]
    bench.database = "IO Error: no space left"
    sampler.measure()
    sampler.measure()
    (finding,) = bench.noticed[1].findings
    assert (finding.source, finding.kind, finding.message) == ("storage", "database", "IO Error: no space left")
    assert len(bench.noticed) == 2


def test_errors_are_those_since_the_measurement_before(bench: Bench) -> None:
    bench.errors = 1_000.0  # of an earlier time: no surge
    sampler = bench.sampler()
    sampler.measure()
    bench.errors += 20.0
    sampler.measure()
    assert [finding.message for event in bench.noticed for finding in event.findings] == [
        "20 errors were logged since the measurement before"
    ]


def test_a_disk_with_less_room_than_wanted_is_found_by_measuring_the_disk(bench: Bench) -> None:
    sampler = bench.sampler(least_free_bytes=2**62)
    sampler.measure()
    assert [finding.kind for event in bench.noticed for finding in event.findings] == ["disk"]
