"""The shapes of what watches the desk (CONTRACT section 6): alerts, signals, performance, the system. NaN is ``null``.

REST and the topics show the same rows.
"""

from __future__ import annotations

from typing import Any

from sidecar.domain import wire
from sidecar.domain.alerts import Alert
from sidecar.domain.clock import iso
from sidecar.domain.performance import PerformanceLine
from sidecar.domain.signals import Signal
from sidecar.domain.system import SystemLine

Row = dict[str, Any]


def _time(at: int) -> str | None:
    return iso(at) if at else None


def alert(row: Alert) -> Row:
    """One alert; ``timestamp`` is when it was first found."""
    times = {name: _time(getattr(row, name)) for name in ("updated_at", "resolved_at", "acknowledged_at")}
    told = {**wire.fields(row), **times, "timestamp": iso(row.at)}
    del told["at"]
    return told


def signal(row: Signal) -> Row:
    """One signal, flat; ``timestamp`` is when it was given."""
    times = {"due_at": _time(row.due_at), "scored_at": _time(row.scored_at)}
    told = {**wire.fields(row), **wire.fields(row.request), **times, "timestamp": iso(row.at)}
    del told["at"], told["request"]
    return told


def performance(line: PerformanceLine) -> Row:
    """One fund's performance."""
    return wire.fields(line)


def system(line: SystemLine) -> Row:
    """One measurement of the machine and the process."""
    return wire.fields(line)
