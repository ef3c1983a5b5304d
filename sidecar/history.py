"""Daily closes from a CSV file: the history that tail risk draws its one-day moves from."""

from __future__ import annotations

import csv
from datetime import date
from math import isfinite, nan
from pathlib import Path

from sidecar.domain.errors import ConfigurationError, FileRefused
from sidecar.risk.shocks import FEWEST, WARM_UP, Shocks, filtered, historical

COLUMNS = ("date", "symbol", "close")
_METHODS = {"filtered": filtered, "historical": historical}


def load_history(path: Path, method: str, volatility_index: str) -> Shocks:
    """The one-day moves of the file's indices and of their volatility index.

    The file has the columns ``date`` (ISO 8601), ``symbol`` and ``close``, a row a day and symbol in any order. The
    symbol of the ``volatility_index`` is not an underlying: its changes are those of every underlying's volatility. A
    day that lacks a symbol makes no move.

    :raises FileRefused: the file is missing, has other columns, or a row of it cannot be read.
    :raises ConfigurationError: there are too few days, or what is there makes no moves.
    """
    closes = _closes(path)
    days = sorted({day for series in closes.values() for day in series})
    index = closes.pop(volatility_index, None)
    spots = {name: [series.get(day, nan) for day in days] for name, series in sorted(closes.items())}
    vols = {name: [index.get(day, nan) for day in days] for name in spots} if index else {}
    try:
        moves = _METHODS[method](days, spots, vols) if spots and vols else None
    except ValueError as problem:
        raise ConfigurationError("desk.history", f"{path}: {problem}", "mend the file") from None
    if moves is None:
        raise ConfigurationError(
            "desk.history",
            f"{path} has too few days on which every index and {volatility_index} closed",
            f"give at least {FEWEST + WARM_UP + 1} days in a row, or take the setting out",
        )
    return moves


def _closes(path: Path) -> dict[str, dict[date, float]]:
    found: dict[str, dict[date, float]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            rows = csv.DictReader(lines)
            if tuple(rows.fieldnames or ()) != COLUMNS:
                raise FileRefused(str(path), "has other columns", "its first line is " + ",".join(COLUMNS))
            for number, row in enumerate(rows, start=2):
                _take(found, path, number, row)
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise FileRefused(str(path), f"cannot be read ({problem})", "give a CSV file of " + ",".join(COLUMNS)) from None
    return found


def _take(found: dict[str, dict[date, float]], path: Path, number: int, row: dict[str, str]) -> None:
    try:
        day, close = date.fromisoformat(row["date"] or ""), float(row["close"] or "")
    except (TypeError, ValueError):
        raise FileRefused(str(path), "is no date and close", "write 2026-08-18,NIFTY,24154.90", row=number) from None
    if not (isfinite(close) and close > 0):
        raise FileRefused(str(path), f"a close of {close:g}", "closes are above zero", row=number)
    series = found.setdefault((row["symbol"] or "").strip().upper(), {})
    if day in series:
        raise FileRefused(str(path), f"{row['symbol']} closed twice on {day}", "keep one row", row=number)
    series[day] = close
