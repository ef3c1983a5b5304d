"""The machine and this process, as the operating system counts them. What it cannot say is NaN, never 0."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import nan
from pathlib import Path
from typing import NamedTuple

import psutil

#: Seconds between two looks at the processors: over less, their clock ticks are too coarse to be a share of anything.
LEAST_S = 0.5


class Reading(NamedTuple):
    """One look. Shares are fractions: ``memory`` and ``cpu`` of the machine's, ``process_cpu`` of one core.

    ``load`` is a minute's load average over the number of cores. The shares of processors are since the look before,
    NaN at one that is too close to the first.
    """

    load: float
    memory: float
    cpu: float
    process_cpu: float
    process_memory_bytes: int
    threads: int
    free_bytes: float


class _Times(NamedTuple):
    """Processor time in seconds: all that passed on all cores, what of it was work, and what was ours."""

    at: float
    passed: float
    worked: float
    ours: float


class Machine:
    """What ``psutil`` says of this machine, and of the disk that holds ``folder``. Not for two threads at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = psutil.Process()
        self._before = self._times()
        self._shares = (nan, nan)

    def read(self) -> Reading:
        """Look now. :raises psutil.Error, OSError: the process's own numbers cannot be read."""
        cpu, process_cpu = self._processors()
        return Reading(
            load=_known(lambda: psutil.getloadavg()[0] / (psutil.cpu_count() or nan)),
            memory=_known(_memory),
            cpu=cpu,
            process_cpu=process_cpu,
            process_memory_bytes=self._process.memory_info().rss,
            threads=self._process.num_threads(),
            free_bytes=free_bytes(self._folder),
        )

    def _processors(self) -> tuple[float, float]:
        now, before = self._times(), self._before
        seconds, passed = now.at - before.at, now.passed - before.passed
        if seconds >= LEAST_S:
            self._before = now
            work = min(max((now.worked - before.worked) / passed, 0.0), 1.0) if passed > 0.0 else nan
            self._shares = (work, (now.ours - before.ours) / seconds)
        return self._shares

    def _times(self) -> _Times:
        # Guests' time is counted in the user's too; waiting for a disk is no work. Not every system knows all of these.
        all_cores = psutil.cpu_times()
        passed = sum(all_cores) - sum(getattr(all_cores, name, 0.0) for name in ("guest", "guest_nice"))
        idle = sum(getattr(all_cores, name, 0.0) for name in ("idle", "iowait"))
        ours = self._process.cpu_times()
        return _Times(time.monotonic(), passed, passed - idle, ours.user + ours.system)


def free_bytes(folder: Path) -> float:
    """What is left of the disk that holds ``folder``."""
    return _known(lambda: float(psutil.disk_usage(str(folder)).free))


def threads() -> float:
    """Threads of this process, its libraries' too."""
    return _known(lambda: float(psutil.Process().num_threads()))


def _memory() -> float:
    seen = psutil.virtual_memory()
    return 1.0 - seen.available / seen.total


def _known(ask: Callable[[], float]) -> float:
    try:
        return ask()
    except (psutil.Error, OSError, AttributeError, NotImplementedError):
        return nan
