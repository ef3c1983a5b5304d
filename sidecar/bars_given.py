"""Bars from a user's file: those of this program as Parquet, or prices of one instrument as CSV or Parquet.

Prices need a time (``datetime``, ``timestamp`` or ``time``, with a ``date`` beside it or not, or ``date`` alone; times
since 1970 too) at which the bar begins, and ``open``, ``high``, ``low``, ``close``; ``volume`` where it is known. The
rest is unknown.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sidecar.backtest.frame import PRICES, Exchange, placed
from sidecar.backtest.stamps import epochs, instants
from sidecar.domain.bars import Bar
from sidecar.domain.calendar import Calendar
from sidecar.domain.errors import FileRefused, InputError
from sidecar.domain.reference import Reference
from sidecar.learning.bar_file import load_bars

_STAMPS = ("datetime", "timestamp", "time", "date")
#: A smaller number is a time of day.
_EPOCH = 100_000_000


def bars_given(
    path: Path, symbol: str, calendar: Calendar, reference: Reference, zone: str | None = None
) -> dict[str, NDArray[Any]]:
    """The bars of a file; numbers since 1970 say by their size whether they are s, ms, µs or ns.

    ``zone`` None is for a training: times without an offset are the exchange's own, bars are in order, and those
    outside the hours of trading are left out. A backtest guesses nothing and hides nothing: with the name of a zone
    times without an offset are of that zone, with ``""`` they are refused, texts are ISO 8601, and every row stands
    where it stood, for ``backtest.bars.honest`` to sift.

    :raises FileRefused: it cannot be read, lacks a column, has times that are none, or no bar of it lies in a session.
    """
    if path.suffix == ".parquet" and _whole(path):
        return load_bars(path)
    table = _table(path)
    missing = [name for name in PRICES if name not in table]
    if missing:
        raise FileRefused(path.name, f"has no column {', '.join(missing)}", "give open, high, low and close")
    try:
        at = _times(path, table, calendar) if zone is None else _instants(path, table, zone)
    except InputError as problem:
        if isinstance(problem, FileRefused):
            raise
        raise FileRefused(path.name, f"{problem.field}: {problem.problem}", problem.remedy) from None
    numbers = {name: _numbers(path, table, name) for name in (*PRICES, "volume")}
    columns = placed(at, numbers, Exchange(symbol, path.name, calendar, reference)) if at.size else {}
    inside = np.isfinite(columns["minute"]) if columns else np.zeros(0, np.bool_)
    if not inside.any():
        raise FileRefused(
            path.name, "no bar of it lies in a session of the exchange", "see data/reference/sessions.csv"
        )
    if zone is not None:
        return columns
    order = np.argsort(at, kind="stable")
    order = order[inside[order]]
    return {name: values[order] for name, values in columns.items()}


def _whole(path: Path) -> bool:
    try:
        return set(Bar.__struct_fields__) <= set(pq.read_schema(path).names)
    except (OSError, ValueError) as problem:  # pyarrow's own errors are ValueErrors
        raise _unreadable(path, problem) from None


def _table(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype={"Date": str})
    except (OSError, ValueError, UnicodeDecodeError) as problem:
        raise _unreadable(path, problem) from None
    return table.rename(columns={name: str(name).strip().lower() for name in table.columns})


def _unreadable(path: Path, problem: Exception) -> FileRefused:
    told = " ".join(str(problem).split())[:120]
    return FileRefused(path.name, f"cannot be read ({told})", "give bars as CSV or Parquet")


def _stamp(path: Path, table: pd.DataFrame) -> str:
    name = next((one for one in _STAMPS if one in table), "")
    if not name:
        raise FileRefused(path.name, f"has no column {', '.join(_STAMPS)}", "say when each bar begins")
    return name


def _text(table: pd.DataFrame, name: str) -> pd.Series[str]:
    stamp = table[name].astype(str)
    return stamp if name == "date" or "date" not in table else table["date"].astype(str) + " " + stamp


def _instants(path: Path, table: pd.DataFrame, zone: str) -> NDArray[np.int64]:
    """When each bar begins, microseconds UTC, and nothing guessed; ``zone`` is that of times which say none."""
    name = _stamp(path, table)
    # A column of its own for the day makes the other a time of day, whatever it is made of.
    joined = name != "date" and "date" in table
    return instants(_text(table, name) if joined else table[name], name, zone or None)


def _times(path: Path, table: pd.DataFrame, calendar: Calendar) -> NDArray[np.int64]:
    """When each bar begins, microseconds UTC; a time without an offset is the exchange's."""
    name = _stamp(path, table)
    stamp = table[name]
    try:
        if pd.api.types.is_numeric_dtype(stamp) and float(stamp.min()) > _EPOCH:
            return epochs(stamp.to_numpy(), name)
        found = pd.to_datetime(_text(table, name))
        if found.dt.tz is None:
            found = found.dt.tz_localize(str(calendar.zone))
        return np.asarray(found.dt.tz_convert("UTC").dt.as_unit("us").astype("int64"), np.int64)
    except (ValueError, TypeError, AttributeError, OverflowError) as problem:
        told = " ".join(str(problem).split())[:120]
        raise FileRefused(path.name, f"{name}: {told}", "write 2024-01-01 09:15") from None


def _numbers(path: Path, table: pd.DataFrame, name: str) -> NDArray[np.float64]:
    if name not in table:
        return np.full(len(table), np.nan)
    try:
        return table[name].to_numpy(np.float64)
    except (ValueError, TypeError) as problem:
        raise FileRefused(path.name, f"{name}: {str(problem)[:80]}", "give numbers") from None
