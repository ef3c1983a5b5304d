"""The machine's own numbers, against what the machine says by other roads."""

from __future__ import annotations

import os
import threading
import time
from math import isnan
from pathlib import Path

import psutil
import pytest

from sidecar.telemetry.machine import LEAST_S, Machine, free_bytes, threads


def test_a_look_is_what_the_operating_system_says(tmp_path: Path) -> None:
    read = Machine(tmp_path).read()
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    resident = int(status.split("VmRSS:")[1].split()[0]) * 1024
    assert read.process_memory_bytes == pytest.approx(resident, rel=0.05)
    assert read.threads == threading.active_count() or read.threads == len(list(Path("/proc/self/task").iterdir()))
    disk = os.statvfs(tmp_path)
    assert read.free_bytes == pytest.approx(disk.f_bavail * disk.f_frsize, rel=0.02)
    assert read.load == pytest.approx(os.getloadavg()[0] / (os.cpu_count() or 1), abs=0.5)
    assert 0.0 < read.memory < 1.0


def test_the_first_share_of_a_processor_is_unknown_and_not_zero(tmp_path: Path) -> None:
    read = Machine(tmp_path).read()
    assert isnan(read.cpu)
    assert isnan(read.process_cpu)


def test_a_busy_process_is_seen_to_be_busy(tmp_path: Path) -> None:
    looked = Machine(tmp_path)
    end = time.monotonic() + LEAST_S + 0.05
    while time.monotonic() < end:
        sum(range(1_000))
    busy = looked.read()
    assert 0.02 < busy.process_cpu < 1.5  # of one core, which others want too
    assert 0.0 < busy.cpu <= 1.0
    again = looked.read()  # too soon for another share: the last one stands
    assert (again.cpu, again.process_cpu) == (busy.cpu, busy.process_cpu)


@pytest.mark.parametrize("error", [OSError("gone"), psutil.AccessDenied(), NotImplementedError()])
def test_what_cannot_be_measured_is_unknown_and_the_rest_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object) -> None:
        raise error

    looked = Machine(tmp_path)
    for name in ("getloadavg", "virtual_memory", "disk_usage"):
        monkeypatch.setattr(psutil, name, fails)
    read = looked.read()
    assert [isnan(value) for value in (read.load, read.memory, read.free_bytes)] == [True] * 3
    assert read.process_memory_bytes > 1_000_000


def test_a_folder_that_is_gone_has_no_known_room(tmp_path: Path) -> None:
    assert isnan(Machine(tmp_path / "gone").read().free_bytes)


def test_a_scrape_reads_disk_and_threads_as_a_look_does(tmp_path: Path) -> None:
    read = Machine(tmp_path).read()
    assert free_bytes(tmp_path) == pytest.approx(read.free_bytes, rel=0.02)
    assert abs(threads() - read.threads) <= 2


def test_a_disk_that_is_gone_is_unknown_and_not_empty(tmp_path: Path) -> None:
    assert isnan(free_bytes(tmp_path / "gone"))
