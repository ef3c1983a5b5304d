"""The machine as the screens read it: measurements, readiness, sockets, the log, and the app's own process."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from importlib.metadata import version
from typing import Any, NamedTuple

import psutil
from streamlit import runtime

from pages.parts import reads
from pages.parts.tables import Columns
from pages.parts.words import age, known, moment, number, percent
from sidecar.client import Desk
from sidecar.domain.errors import DeskRefused

Row = dict[str, Any]
OFTEN_S, SELDOM_S = 5.0, 15.0
#: Measurements are five seconds apart: half an hour of them, or what one page of the record holds.
SPANS = {"30 min": 360, "80 min": 1_000}
LEVELS = ("debug", "info", "warning", "error", "critical")
#: What is looked at over time: wire name, word, unit, and what to multiply by.
LINES = {
    "share": (("cpu_usage", "machine's CPU", 100.0), ("process_cpu", "sidecar's CPU (of one core)", 100.0),
              ("memory_usage", "machine's memory", 100.0), ("system_load", "load a core", 100.0)),
    "delay": (("loop_lag_s", "loop late by", 1_000.0), ("report_age_s", "newest report's age", 1_000.0)),
    "memory": (("process_memory_bytes", "sidecar's memory", 1 / 2**20),),
}  # fmt: skip
UNITS = {"share": "%", "delay": "ms", "memory": "MiB"}
SOCKET: Columns = {
    "client_id": ("Client", "text", ""),
    "connected_at": ("Since", "time", "exchange zone"),
    "role": ("Role", "text", ""),
    "topics": ("Topics", "text", ""),
    "message_count": ("Sent", "%,d", "frames"),
    "queue": ("Waiting", "%,d", "frames that this client has not taken yet"),
    "conflated": ("Conflated", "%,d", "updates that a newer one replaced before this client took them"),
}
LOG: Columns = {
    "timestamp": ("Time", "time", "exchange zone"),
    "level": ("Level", "text", ""),
    "message": ("Message", "text", ""),
    "logger": ("From", "text", ""),
}
JOB: Columns = {
    "kind": ("Job", "phrase", ""),
    "id": ("Id", "text", ""),
    "state": ("State", "phrase", ""),
    "started_at": ("Began", "time", "exchange zone"),
    "ended_at": ("Ended", "time", "exchange zone"),
    "reason": ("Said", "text", ""),
}


class Ready(NamedTuple):
    """Whether the desk can be relied on: ``missing`` says what is not so; ``why`` that it could not be asked."""

    ok: bool
    missing: list[str]
    why: str = ""


def system(span: str) -> tuple[list[Row] | None, str]:
    """Measurements, newest first."""
    most = SPANS.get(span, 360)
    return reads.shared().told(f"system {most}", OFTEN_S, lambda desk: list(desk.system(most)["system"]))


def ready() -> Ready:
    """What the desk says of itself; a desk that cannot be asked is not ready."""
    found, why = reads.shared().told("ready", OFTEN_S, _ready)
    if why or found is None:
        return Ready(False, [], why or "never asked")
    return found


def _ready(desk: Desk) -> Ready:
    try:
        desk.ready()
    except DeskRefused as refused:
        if refused.status != 503:
            raise
        listed = refused.document.get("not_ready")
        return Ready(False, [str(one) for one in listed] if isinstance(listed, list) else [refused.detail])
    return Ready(True, [])


def streams() -> tuple[Row | None, str]:
    """The open sockets."""
    return reads.shared().told("streams", OFTEN_S, lambda desk: desk.streams())


def counts() -> tuple[Row | None, str]:
    """What this run has told, and its version."""
    return reads.shared().told("monitoring", OFTEN_S, lambda desk: {**desk.health(), **desk.monitoring()})


def jobs() -> tuple[list[Row] | None, str]:
    """Trainings, newest first."""
    return reads.shared().told("machine jobs", SELDOM_S, lambda desk: list(desk.jobs(limit=20)["jobs"]))


def logs(level: str) -> tuple[list[Row] | None, str]:
    """Log lines, newest first; an admin's."""
    return reads.shared().told(f"log {level}", OFTEN_S, lambda desk: desk.logs(200, level))


class Own(NamedTuple):
    """The app's own process."""

    memory_bytes: int
    threads: int
    uptime_s: float
    sessions: int | None
    versions: dict[str, str]


def own() -> Own:
    """The app itself; ``sessions`` is None where it is not served."""
    process = psutil.Process()
    made = {name: version(name) for name in ("streamlit", "plotly", "pandas")}
    made["python"] = sys.version.split()[0]
    seen = process.oneshot
    with seen():
        return Own(process.memory_info().rss, process.num_threads(), time.time() - process.create_time(), _sessions(),
                   made)  # fmt: skip


def _sessions() -> int | None:
    if not runtime.exists():
        return None
    # No public door counts them.
    manager = getattr(runtime.get_instance(), "_session_mgr", None)
    counted = getattr(manager, "num_active_sessions", None)
    return int(counted()) if callable(counted) else None


def silence(rows: list[Row], now: datetime) -> float | None:
    """Seconds since the newest measurement; None where there is none."""
    at = moment(rows[0].get("timestamp")) if rows else None
    return None if at is None else max(0.0, (now - at).total_seconds())


def cells(row: Row) -> tuple[tuple[str, str, str], ...]:
    """The newest measurement in figures: label, value, note."""
    delay, memory = known(row.get("loop_lag_s")), known(row.get("process_memory_bytes"))
    late = "–" if delay is None else f"{number(1_000 * delay, 1)} ms"
    return (
        ("CPU", percent(row.get("cpu_usage"), 0), f"sidecar {percent(row.get('process_cpu'), 0)} of one core"),
        ("Memory", percent(row.get("memory_usage"), 0),
         f"sidecar {number(None if memory is None else memory / 2**20, 0)} MiB"),
        ("Load a core", number(row.get("system_load")), f"{number(row.get('threads'), 0)} threads"),
        ("Loop late by", late, f"report {age(row.get('report_age_s'))} old"),
        ("Up for", age(row.get("uptime_s")), f"sockets open: {number(row.get('active_connections'), 0)}"),
    )  # fmt: skip
