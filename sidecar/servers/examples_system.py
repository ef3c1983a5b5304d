"""One worked example of what is told of the process and the machine."""

from __future__ import annotations

from typing import Any

from sidecar.servers.examples import AT
from sidecar.servers.shapes import Maybe, Named

SYSTEM_LINE: dict[str, Any] = {
    "timestamp": AT,
    "api_status": "ok",
    "problems": [""],
    "ml_models": 0,
    "active_traders": 1,
    "strategies": 1,
    "portfolios": 1,
    "total_trades": 42,
    "system_load": 0.31,
    "memory_usage": 0.42,
    "cpu_usage": 0.17,
    "process_memory_bytes": 367_611_904,
    "process_cpu": 0.15,
    "threads": 19,
    "loop_lag_s": 0.004,
    "report_age_s": 0.03,
    "uptime_s": 86_400.0,
    "active_connections": 3,
    "queues": Named({"inbox": 0, "store": 1}),
    "feeds": Named({"simulated": "up"}),
}
SYSTEM: dict[str, Any] = {"system": [SYSTEM_LINE], "count": 1, "next_cursor": None, "as_of": Maybe(AT)}
SNAPSHOT: dict[str, Any] = {"folder": "snapshot-3f2a9c10", "bytes": 52_428_800, "journal_seq": 1_024, "timestamp": AT}
STATUS: dict[str, Any] = {
    "active_connections": 3,
    "active_alerts": 1,
    "performance_updates": 720,
    "trading_signals": 12,
    "system_status_updates": 720,
    "timestamp": AT,
}
