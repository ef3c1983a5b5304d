"""How the machine and the process are: measured, never assumed. No part of a report, which replays to the byte."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec


class SystemLine(msgspec.Struct, frozen=True):
    """One measurement. Shares are fractions; an unknown number is NaN.

    ``api_status`` is ``ok``, ``degraded`` (``problems`` say why) or ``stopped`` (the breaker is not active).
    ``system_load`` is the load average of a minute over the number of cores, ``memory_usage`` of the machine's memory,
    ``cpu_usage`` of all its cores since the measurement before; ``process_`` ones are this process alone (CPU: of one
    core). ``loop_lag_s`` is how late the desk's beats were at most since then, ``report_age_s`` the newest report's
    age. ``queues`` are depths by name; ``feeds`` say of each feed ``up`` or ``down``.
    """

    timestamp: datetime
    api_status: str
    problems: tuple[str, ...]
    ml_models: int
    active_traders: int
    strategies: int
    portfolios: int
    total_trades: int
    system_load: float
    memory_usage: float
    cpu_usage: float
    process_memory_bytes: int
    process_cpu: float
    threads: int
    loop_lag_s: float
    report_age_s: float
    uptime_s: float
    active_connections: int
    queues: Mapping[str, int]
    feeds: Mapping[str, str]
