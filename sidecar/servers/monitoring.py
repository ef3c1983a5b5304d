"""The shapes of what watches the desk (CONTRACT section 6): alerts, signals, performance, the system. NaN is ``null``.

REST and the topics show the same rows.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sidecar.domain.alerts import Alert
from sidecar.domain.clock import iso
from sidecar.domain.performance import PerformanceLine
from sidecar.domain.signals import Signal
from sidecar.domain.system import SystemLine

Row = dict[str, Any]


def _fields(struct: msgspec.Struct) -> Row:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def _time(at: int) -> str | None:
    return iso(at) if at else None


def alert(row: Alert) -> Row:
    """One alert; ``timestamp`` is when it was first found."""
    times = {name: _time(getattr(row, name)) for name in ("updated_at", "resolved_at", "acknowledged_at")}
    told = {**_fields(row), **times, "timestamp": iso(row.at)}
    del told["at"]
    return told


def signal(row: Signal) -> Row:
    """One signal, flat; ``timestamp`` is when it was given."""
    times = {"due_at": _time(row.due_at), "scored_at": _time(row.scored_at)}
    told = {**_fields(row), **_fields(row.request), **times, "timestamp": iso(row.at)}
    del told["at"], told["request"]
    return told


def performance(line: PerformanceLine) -> Row:
    """One fund's performance."""
    return _fields(line)


def system(line: SystemLine) -> Row:
    """One measurement of the machine and the process."""
    return _fields(line)
