"""The sampler of a running sidecar: real numbers of a real desk, on record and at the doors."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from pathlib import Path

import pytest

from sidecar import vitals
from sidecar.client import Desk
from sidecar.domain.system import SystemLine
from sidecar.doors import app_of
from sidecar.run import Sidecar
from sidecar.servers.keys import Role
from sidecar.store.writer import Writer
from tests.servers.desk import serving
from tests.wiring import ask_stop, small, started, until

KEY = "s" * 40


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Sidecar]:
    with Sidecar(small(tmp_path, server={"status_every_s": 1.0}, strategy="demo")) as sidecar:
        sidecar.keys.add(Role.ADMIN, "test", KEY)
        yield started(sidecar)


def newest(sidecar: Sidecar, status: str) -> SystemLine:
    def found() -> SystemLine | None:
        line = sidecar.sampler.latest()
        return line if line is not None and line.api_status == status else None

    line: SystemLine = until(found, what=status)
    return line


def test_a_running_desk_is_measured_and_a_stopped_one_is_told_at_once(running: Sidecar) -> None:
    line = newest(running, "ok")
    assert (line.strategies, line.active_traders, line.portfolios, line.ml_models) == (1, 1, 1, 0)
    assert line.feeds == {"simulated": "up"}
    assert set(line.queues) >= {"inbox", "journal", "store", "frames"}
    assert 0.0 <= line.loop_lag_s < 5.0
    assert line.report_age_s < 5.0
    assert not isnan(line.cpu_usage)
    running.state.disabled.add(running.live.drive.strategies[0].name)
    ask_stop(running.live)
    stopped = newest(running, "stopped")
    assert stopped.problems[0] == "trading is off: emergency_stop"
    assert (stopped.strategies, stopped.active_traders) == (1, 0)


def test_what_was_measured_is_on_record_and_counted_over_rest(running: Sidecar) -> None:
    newest(running, "ok")
    with serving(app_of(running)) as url, Desk(url, KEY) as desk:
        until(lambda: len(running.reader.system(9)) >= 2, what="two measurements on record")
        told = desk.system()
        assert told["count"] >= 2
        times = [row["timestamp"] for row in told["system"]]
        assert times == sorted(times, reverse=True)
        assert len(set(times)) == len(times)
        page = desk.system(limit=1)
        assert desk.system(limit=1, cursor=page["next_cursor"])["system"][0]["timestamp"] < times[0]
        counted = desk.monitoring()
        assert counted["system_status_updates"] >= told["count"]
        assert counted["active_connections"] == 0


def test_a_database_that_falls_behind_degrades_the_desk(running: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    newest(running, "ok")
    # On the class: the writer's thread forgets its own failure at the next commit.
    monkeypatch.setattr(Writer, "failure", property(lambda _: "disk full", lambda *_: None), raising=False)
    assert "database: disk full" in newest(running, "degraded").problems


def test_a_disk_with_little_room_is_an_alert_until_a_desk_finds_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def standing(sidecar: Sidecar) -> set[str]:
        published = sidecar.live.latest
        return {alert.fingerprint for alert in published.report.alerts} if published is not None else set()

    with monkeypatch.context() as little:
        little.setattr(vitals, "LEAST_FREE_BYTES", 2**62)
        with Sidecar(small(tmp_path)) as sidecar:
            started(sidecar)
            until(lambda: "storage:disk:data" in standing(sidecar), what="the alert")
    with Sidecar(small(tmp_path)) as sidecar:
        started(sidecar)
        until(lambda: sidecar.sampler.taken, what="a measurement")
        until(lambda: "storage:disk:data" not in standing(sidecar), what="its end")
