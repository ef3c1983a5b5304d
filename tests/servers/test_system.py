"""Process and machine over REST: counts of this run, and the history of measurements."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from sidecar.domain.alerts import Alert, AlertLevel, AlertType
from sidecar.domain.clock import SECOND, from_datetime, iso, to_datetime
from sidecar.domain.report import Published
from sidecar.domain.system import SystemLine
from sidecar.servers import examples_system, system
from sidecar.servers.http import create_app
from sidecar.servers.keys import Role
from tests.servers.desk import EMPTY, QUICK, T0, Stand, report

SYSTEM = "/api/v1/monitoring/system"
STATUS = "/api/v1/monitoring/status"


def line(number: int, **changes: Any) -> SystemLine:
    """The measurement of five seconds times ``number``."""
    made = SystemLine(
        timestamp=to_datetime(T0 + 5 * number * SECOND), api_status="ok", problems=(), ml_models=0, active_traders=1,
        strategies=1, portfolios=1, total_trades=number, system_load=0.2, memory_usage=0.4, cpu_usage=nan,
        process_memory_bytes=300 * 2**20, process_cpu=0.1, threads=9, loop_lag_s=0.01, report_age_s=0.1, uptime_s=9.0,
        active_connections=0, queues={"inbox": 0}, feeds={"simulated": "up"},
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


class Bench(Stand):
    """A stand whose record of measurements is a list, newest last, and which has told some things."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.kept = [line(number) for number in range(5)]
        self.latest: SystemLine | None = self.kept[-1]
        self.failure = ""
        ports = exchanged(self.desk.ports(), record_failure=lambda: self.failure)
        told = system.Told(lambda: self.latest, lambda: 3, lambda: 17, lambda: 4, lambda: 29)
        app = create_app(ports, self.keys, QUICK, [system.router(ports, self.keys, told, self.lines)])
        self.client = TestClient(app, base_url="http://127.0.0.1:8000")

    def lines(
        self, limit: int, before: tuple[int, str] | None, since: int | None, until: int | None
    ) -> Sequence[SystemLine]:
        """As the store's reader gives them: each has the empty id."""
        places = [(from_datetime(row.timestamp), row) for row in reversed(self.kept)]
        return [
            row
            for at, row in places
            if (before is None or (at, "") < before)
            and (since is None or at >= since)
            and (until is None or at < until)
        ][:limit]


def exchanged(ports: Any, **changes: Any) -> Any:
    """The ports with some of them exchanged."""
    return type(ports)(**{**vars(ports), **changes})


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def trades(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [row["total_trades"] for row in answer.json()["system"]]


def test_measurements_are_newest_first_and_an_unknown_number_is_null(bench: Bench) -> None:
    answer = bench.ask("GET", SYSTEM, None, Role.VIEWER)
    assert trades(answer) == [4, 3, 2, 1, 0]
    told = answer.json()
    assert (told["count"], told["next_cursor"]) == (5, None)
    assert told["as_of"] == iso(T0 + 20 * SECOND)
    newest = told["system"][0]
    assert newest["cpu_usage"] is None
    assert (newest["queues"], newest["feeds"]) == ({"inbox": 0}, {"simulated": "up"})
    assert set(newest) == set(examples_system.SYSTEM_LINE) == set(SystemLine.__struct_fields__)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_pages_hold_every_measurement_once(bench: Bench, size: int) -> None:
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = bench.ask("GET", f"{SYSTEM}?limit={size}&cursor={cursor}")
        seen += trades(answer)
        cursor = answer.json()["next_cursor"]
    assert seen == [4, 3, 2, 1, 0]


def test_from_is_included_and_to_is_not(bench: Bench) -> None:
    asked = {"from": iso(T0 + 5 * SECOND), "to": iso(T0 + 15 * SECOND)}
    answer = bench.client.get(SYSTEM, params=asked, headers=bench.headers(Role.VIEWER))
    assert trades(answer) == [2, 1]


def test_a_measurement_that_is_not_on_record_yet_is_there_once_and_on_the_first_page_alone(bench: Bench) -> None:
    bench.latest = line(5)
    first = bench.ask("GET", f"{SYSTEM}?limit=2")
    assert trades(first) == [5, 4]
    assert trades(bench.ask("GET", f"{SYSTEM}?limit=9&cursor={first.json()['next_cursor']}")) == [3, 2, 1, 0]
    bench.kept.append(bench.latest)
    assert trades(bench.ask("GET", SYSTEM)) == [5, 4, 3, 2, 1, 0]
    bench.kept.clear()
    assert trades(bench.ask("GET", SYSTEM)) == [5]


def test_a_measurement_out_of_the_span_is_not_merged_into_it(bench: Bench) -> None:
    bench.latest = line(5)
    asked = {"to": iso(T0 + 25 * SECOND)}
    assert trades(bench.client.get(SYSTEM, params=asked, headers=bench.headers(Role.VIEWER)))[0] == 4
    asked = {"from": iso(T0 + 25 * SECOND + 1)}
    assert trades(bench.client.get(SYSTEM, params=asked, headers=bench.headers(Role.VIEWER))) == []


def test_before_the_first_measurement_there_is_none(bench: Bench) -> None:
    bench.latest, bench.kept = None, []
    assert bench.ask("GET", SYSTEM).json() == {"system": [], "count": 0, "next_cursor": None, "as_of": None}


def test_a_record_that_falls_behind_is_no_empty_list(bench: Bench) -> None:
    bench.failure = "disk full"
    answer = bench.ask("GET", SYSTEM)
    assert answer.status_code == 503
    assert "disk full" in answer.json()["detail"]


@pytest.mark.parametrize(
    "asked", ["limit=0", "limit=1001", "cursor=x", "cursor=1", "from=2025-11-24T06:30:00", "to=soon", "fund_id=main"]
)
def test_a_question_that_cannot_be_is_422(bench: Bench, asked: str) -> None:
    assert bench.ask("GET", f"{SYSTEM}?{asked}").status_code == 422


@pytest.mark.parametrize("path", [SYSTEM, STATUS])
def test_a_viewer_may_and_nobody_may_not(bench: Bench, path: str) -> None:
    assert [bench.ask("GET", path, None, role).status_code for role in (None, *Role)] == [401, 200, 200, 200]


def test_the_status_counts_what_this_run_has_told(bench: Bench) -> None:
    stands = Alert("A1", "f", "limits", "breach", AlertType.ERROR, AlertLevel.ERROR, 4, "t", "m", T0, T0)
    over = msgspec.structs.replace(stands, id="A2", resolved=True)
    bench.desk.published = Published(report(alerts=(stands, over)), EMPTY)
    told = bench.ask("GET", STATUS).json()
    assert told == {
        "active_connections": 3,
        "active_alerts": 1,
        "performance_updates": 17,
        "trading_signals": 4,
        "system_status_updates": 29,
        "timestamp": iso(T0),
    }
    assert set(told) == set(examples_system.STATUS)


def test_a_desk_that_never_reported_has_an_unknown_number_of_alerts_and_not_none(bench: Bench) -> None:
    bench.desk.published = None
    assert bench.ask("GET", STATUS).json()["active_alerts"] is None
