"""What of a measurement becomes a finding, and when it is over."""

from __future__ import annotations

from datetime import UTC, datetime
from math import nan
from typing import Any

import msgspec
import pytest

from sidecar.domain.alerts import SOURCES
from sidecar.domain.system import SystemLine
from sidecar.telemetry.troubles import AGAIN_S, CLEAR_AFTER, TROUBLES, Seen, Watch

LINE = SystemLine(
    timestamp=datetime(2026, 8, 18, tzinfo=UTC), api_status="ok", problems=(), ml_models=0, active_traders=1,
    strategies=1, portfolios=1, total_trades=0, system_load=0.2, memory_usage=0.4, cpu_usage=0.1,
    process_memory_bytes=300 * 2**20, process_cpu=0.1, threads=9, loop_lag_s=0.01, report_age_s=0.1, uptime_s=9.0,
    active_connections=0, queues={}, feeds={},
)  # fmt: skip
ALL = {f"{row.source}:{row.kind}:{row.subject}" for row in TROUBLES}
MEMORY, DISK, LAG, DATABASE, ERRORS = (
    "system:memory:machine", "storage:disk:data", "system:loop_lag:desk", "storage:database:desk.duckdb",
    "system:errors:log",
)  # fmt: skip


def seen(**changes: Any) -> Seen:
    outside = {"free_bytes": 1e9, "least_free_bytes": 2**26, "errors": 0.0, "database": ""}
    given = {name: changes.pop(name, value) for name, value in outside.items()}
    return Seen(msgspec.structs.replace(LINE, **changes), **given)


BAD: dict[str, dict[str, Any]] = {
    MEMORY: {"memory_usage": 0.91},
    DISK: {"free_bytes": 2**26 - 1.0},
    LAG: {"loop_lag_s": 1.01},
    DATABASE: {"database": "IO Error"},
    ERRORS: {"errors": 11.0},
}


def calm() -> Watch:
    watch = Watch()
    watch.look(seen(), 0.0)
    return watch


def found(watch: Watch, now_s: float, **changes: Any) -> tuple[list[str], list[str]]:
    findings, cleared = watch.look(seen(**changes), now_s)
    return [finding.fingerprint for finding in findings], list(cleared)


def test_the_first_quiet_measurement_ends_whatever_a_run_before_left_standing() -> None:
    watch = Watch()
    assert set(found(watch, 0.0)[1]) == ALL == set(BAD)
    assert found(watch, 5.0) == ([], [])


@pytest.mark.parametrize("name", BAD)
def test_a_trouble_is_told_when_it_begins_and_once_when_it_has_ended(name: str) -> None:
    watch, bad = calm(), BAD[name]
    times = next(row.times for row in TROUBLES if f"{row.source}:{row.kind}:{row.subject}" == name)
    told = [found(watch, float(turn), **bad) for turn in range(times + 2)]
    assert told == [([], [])] * (times - 1) + [([name], [])] + [([], [])] * 2
    after = [found(watch, 20.0 + turn) for turn in range(CLEAR_AFTER + 1)]
    assert after == [([], [])] * (CLEAR_AFTER - 1) + [([], [name])] + [([], [])]


@pytest.mark.parametrize("edge", [{"memory_usage": 0.90}, {"free_bytes": 2.0**26}, {"loop_lag_s": 1.0}, {"errors": 10}])
def test_a_threshold_itself_is_no_trouble(edge: dict[str, float]) -> None:
    assert [found(calm(), float(turn), **edge) for turn in range(4)] == [([], [])] * 4


def test_a_late_loop_is_a_finding_only_after_three_measurements_in_a_row() -> None:
    watch = calm()
    lags = (1.5, 1.5, 0.1, 1.5, 1.5, 1.5)
    assert [found(watch, float(turn), loop_lag_s=lag)[0] for turn, lag in enumerate(lags)] == [[]] * 5 + [[LAG]]


def test_what_stands_is_told_again_now_and_then_for_someone_may_have_resolved_it_by_hand() -> None:
    watch = calm()
    at = [turn for turn in range(0, 200, 5) if found(watch, float(turn), memory_usage=0.95)[0]]
    assert at == [0, int(AGAIN_S), int(2 * AGAIN_S), int(3 * AGAIN_S)]


def test_what_cannot_be_measured_neither_begins_nor_ends_a_trouble() -> None:
    unknown = {"memory_usage": nan, "free_bytes": nan, "loop_lag_s": nan}
    watch = Watch()
    assert set(found(watch, 0.0, **unknown)[1]) == {DATABASE, ERRORS}
    assert found(watch, 1.0, memory_usage=0.95)[0] == [MEMORY]
    assert [found(watch, 2.0 + turn, **unknown)[1] for turn in range(9)] == [[]] * 9


def test_a_trouble_that_comes_and_goes_does_not_end_each_time() -> None:
    watch = calm()
    told = [found(watch, float(turn), memory_usage=0.91 if turn % 2 else 0.89) for turn in range(12)]
    assert [row for row in told if row != ([], [])] == [([MEMORY], [])]


def test_every_finding_says_what_was_measured_in_words_of_a_known_source() -> None:
    for name, bad in BAD.items():
        watch = calm()
        findings = [one for turn in range(3) for one in watch.look(seen(**bad), float(turn))[0]]
        assert [one.fingerprint for one in findings] == [name]
        assert findings[0].source in SOURCES
        assert findings[0].message
        assert 1 <= findings[0].severity <= 5
    (memory,), _ = calm().look(seen(memory_usage=0.934), 1.0)
    assert memory.message == "93% of the machine's memory is in use; this process holds 300 MiB"
