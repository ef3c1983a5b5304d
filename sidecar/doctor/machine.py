"""Checks of the machine and of what is installed on it."""

from __future__ import annotations

import ctypes
import importlib.metadata
import platform
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
from packaging.requirements import Requirement

from sidecar.doctor.findings import Found, doubtful, faulty, well
from sidecar.doctor.scene import Scene
from sidecar.domain import clock
from sidecar.domain.records import decode
from sidecar.settings import REPOSITORY
from sidecar.vitals import LEAST_FREE_BYTES

GIB = 1024**3
#: Less free disk than this wants a look: some weeks of a small desk.
_ROOMY_BYTES = 2 * GIB
_ROOMY_INODES = 10_000
_MEMORY_BYTES = GIB
#: Sockets of 200 readers, and as much again for files.
_FILES = 1_024
_OLDEST_PYTHON = (3, 11)
_TIME_ERROR = 5
_WORST_OFF_MS = 100.0
#: How far the newest record may lie ahead of the clock: more is a clock that was set back.
_AHEAD = 2 * clock.SECOND
_NAMED = 3


def python(_: Scene) -> Found:
    """The interpreter is new enough."""
    says = f"{platform.python_version()} on {platform.system()} {platform.release()} ({platform.machine()})"
    if sys.version_info < _OLDEST_PYTHON:
        return faulty(says, "use Python 3.11 or newer")
    return well(says)


def libraries(_: Scene, lock: Path = REPOSITORY / "requirements.txt") -> Found:
    """What is installed is what the lock names."""
    if not lock.is_file():
        return doubtful(f"{lock} is not there, so there is nothing to compare with", "restore it from the repository")
    wrong, count = [], 0
    for name, version in locked(lock):
        count += 1
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return faulty(f"{name} {version} of the lock is not installed", "make run installs it")
        if found != version:
            wrong.append(f"{name} {found}, not {version}")
    if wrong:
        more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        says = f"{len(wrong)} of {count} are not the lock's: {', '.join(wrong[:_NAMED])}{more}"
        return doubtful(says, "nobody tested these together: make run installs those of the lock")
    return well(f"all {count} are the lock's")


def locked(lock: Path) -> Iterator[tuple[str, str]]:
    """The packages that a lock asks for on this machine, with their versions."""
    for line in lock.read_text().splitlines():
        if "==" in line and not line.startswith((" ", "#")):
            wanted = Requirement(line.rstrip("\\ "))
            if wanted.marker is None or wanted.marker.evaluate():
                yield wanted.name, next(iter(wanted.specifier)).version


def zones(scene: Scene) -> Found:
    """The exchange's time zone is known, and from where."""
    zone = scene.calendar.zone
    try:
        version = importlib.metadata.version("tzdata")
    except importlib.metadata.PackageNotFoundError:
        version = "of the system"
    offset = clock.to_datetime(scene.now).astimezone(zone).strftime("%z")
    return well(f"{zone.key} is UTC{offset[:3]}:{offset[3:]}, tzdata {version}")


def clocks(scene: Scene) -> Found:
    """The clock is kept by somebody, and was not set back behind the newest record."""
    newest = _newest(scene)
    if newest is not None and newest > scene.now + _AHEAD:
        behind = (newest - scene.now) / clock.SECOND
        return faulty(f"it is {behind:,.0f} s behind the journal's newest record", "set it right, then start the desk")
    off_ms = _kept()
    if off_ms is None:
        return doubtful(
            f"{clock.iso(scene.now)}; nobody says that it is kept", "see that chrony or systemd-timesyncd runs"
        )
    if off_ms > _WORST_OFF_MS:
        return doubtful(f"it may be {off_ms:,.0f} ms off", "see chronyc tracking or timedatectl timesync-status")
    return well(f"kept, at most {off_ms:.1f} ms off")


def _newest(scene: Scene) -> int | None:
    journal = scene.journal
    return decode(journal.scan.records[-1].payload).wall_at if journal and journal.scan.records else None


def _kept() -> float | None:
    """By how many milliseconds the clock may be off, by the kernel's account; None where nobody keeps it."""
    state = ctypes.create_string_buffer(512)
    try:
        answer = ctypes.CDLL(None).adjtimex(state)
    except (OSError, AttributeError):
        return None
    return int.from_bytes(state.raw[24:32], "little") / 1_000 if 0 <= answer < _TIME_ERROR else None


def disk(scene: Scene) -> Found:
    """There is room for the journal, and for what comes."""
    usage = psutil.disk_usage(str(_there(scene.folder)))
    says = f"{usage.free / GIB:,.1f} GiB free of {usage.total / GIB:,.1f}"
    if usage.free < LEAST_FREE_BYTES:
        return faulty(says, "make room: the desk stops when the disk is full")
    if usage.free < _ROOMY_BYTES:
        return doubtful(says, "make room, or shorten [retention] in desk.toml and move archive/ and history/ away")
    return well(says)


def memory(_: Scene) -> Found:
    """There is memory for the desk and its database, and as many files as it opens."""
    available, (files_most, _hard) = psutil.virtual_memory().available, resource.getrlimit(resource.RLIMIT_NOFILE)
    says = f"{available / GIB:,.1f} GiB available, {files_most:,} files may be open"
    if available < _MEMORY_BYTES:
        return doubtful(says, "the desk takes about half a GiB, its database up to one")
    if files_most < _FILES:
        return doubtful(says, f"raise it to {_FILES:,}: ulimit -n, or LimitNOFILE of the service")
    return well(says)


def _there(path: Path) -> Path:
    """The nearest folder above that exists."""
    return next(each for each in (path.absolute(), *path.absolute().parents) if each.is_dir())
