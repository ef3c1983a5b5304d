"""One reader of ``bench.query``: asks, waits, asks again; says what it waited and how old what it saw was."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from sidecar.client import Desk
from sidecar.store.schema import connect

ASK_S = 0.05
POSITIONS = (
    "SELECT symbol, quantity, current_price, unrealized_pnl, delta, timestamp FROM positions "
    "WHERE report_seq = (SELECT max(report_seq) FROM positions) ORDER BY symbol"
)
OTHERS = (
    "SELECT timestamp, portfolio_value, daily_pnl FROM pnl WHERE fund_id = '*' ORDER BY timestamp DESC LIMIT 600",
    "SELECT id, level, title, timestamp FROM alerts ORDER BY timestamp DESC LIMIT 20",
)


def reader(seconds: float, kind: str, where: str, secret: str = "") -> None:
    """A reader's process: prints the waits and ages that it saw, in milliseconds, and its failed tries."""
    waits, ages, failures = list[float](), list[float](), 0
    ask = _http(where, secret) if kind == "http" else _file(where)
    while not ask(POSITIONS):
        time.sleep(ASK_S)
    print("ready", flush=True)
    sys.stdin.readline()
    end, n = time.perf_counter() + seconds, 0
    while (began := time.perf_counter()) < end:
        n += 1
        try:
            times = ask(POSITIONS)
            waits.append(1e3 * (time.perf_counter() - began))
            if times:
                ages.append(time.time() - max(times))
            if n % 10 == 0:
                ask(OTHERS[n // 10 % 2])
        except (duckdb.Error, OSError):
            failures += 1
        time.sleep(max(0.0, ASK_S - (time.perf_counter() - began)))
    print(json.dumps([waits, ages, failures]))


def _http(url: str, secret: str) -> Callable[[str], list[float]]:

    desk = Desk(url, secret)
    return lambda sql: [moment.timestamp() for moment in desk.sql(sql).column("timestamp").to_pylist()]


def _file(path: str) -> Callable[[str], list[float]]:
    def ask(sql: str) -> list[float]:
        end = time.perf_counter() + 5.0
        while True:
            try:
                with connect(Path(path), read_only=True) as connection:
                    table = connection.sql(sql).to_arrow_table()
                return [moment.timestamp() for moment in table.column("timestamp").to_pylist()]
            except duckdb.Error:
                if time.perf_counter() > end:
                    raise
                time.sleep(0.002)

    return ask


if __name__ == "__main__":
    reader(float(sys.argv[1]), *sys.argv[2:])
