"""The shapes of a backtest: its job, its result, and its round trips as a file. NaN is ``null``, times are ISO 8601.

The process that runs a backtest leaves its result in this shape, and REST shows what it left.
"""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec

from sidecar.domain import wire
from sidecar.domain.backtest_result import BacktestResult, BacktestTrade, EquityPoint
from sidecar.domain.backtests import BacktestJob
from sidecar.domain.clock import iso
from sidecar.servers.cells import cell

Row = dict[str, Any]


def job(told: BacktestJob) -> Row:
    """A backtest that waits, runs or is over; what has not come yet is ``null``."""
    times = {name: _time(getattr(told, name)) for name in ("asked_at", "started_at", "ended_at")}
    return {**wire.fields(told), **times, "seconds": told.seconds if told.state.over else None}


def result(told: BacktestResult) -> Row:
    """What came of one, whole."""
    return {
        **wire.fields(told),
        "trades": [_dated(row, "opened_at", "closed_at") for row in told.trades],
        "equity_curve": _curve(told.equity_curve),
        "benchmark_curve": _curve(told.benchmark_curve),
        "windows": [_dated(row, "labels_to") for row in told.windows],
        "refused": [_dated(row, "first_at", "last_at") for row in told.refused],
    }


def table(told: BacktestResult) -> str:
    """The round trips as CSV (RFC 4180): money with all its digits, and no cell that a spreadsheet would run."""
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(BacktestTrade.__struct_fields__)
    for row in told.trades:
        writer.writerow([_in_a_cell(value) for value in _dated(row, "opened_at", "closed_at").values()])
    return made.getvalue()


def _curve(points: tuple[EquityPoint, ...]) -> list[Row]:
    return [{"timestamp": iso(one.at), "equity": one.equity, "drawdown": one.drawdown} for one in points]


def _in_a_cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else repr(value)  # a negative number is no formula
    return cell(value)


def _dated(row: msgspec.Struct, *names: str) -> Row:
    return {**wire.fields(row), **{name: _time(getattr(row, name)) for name in names}}


def _time(at: int) -> str | None:
    return iso(at) if at else None
