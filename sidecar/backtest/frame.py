"""Bars from prices by time: a user's frame, or the columns of a file, placed in the sessions of their exchange."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sidecar.backtest.stamps import instants
from sidecar.domain.bars import Bar
from sidecar.domain.calendar import Calendar, Session
from sidecar.domain.clock import MINUTE
from sidecar.domain.errors import InputError, NotKnown
from sidecar.domain.reference import Reference
from sidecar.tariff import round_trip

Columns = dict[str, NDArray[Any]]
Floats = NDArray[np.float64]

PRICES = ("open", "high", "low", "close")


class Exchange(NamedTuple):
    """Where the bars of ``symbol`` trade; ``source`` names whoever saw them."""

    symbol: str
    source: str
    calendar: Calendar
    reference: Reference


def of_frame(
    frame: pd.DataFrame, symbol: str, calendar: Calendar, reference: Reference, zone: str | None = None
) -> Columns:
    """The bars of a frame with ``open``, ``high``, ``low``, ``close`` and perhaps ``volume`` (in any case of letters),
    by its index of the times at which they begin.

    Rows stay as they are and in their order, those outside the hours of trading too: ``bars.honest`` sorts, leaves out
    and says so. ``zone`` is that of an index without one.

    :raises InputError: ``index``, where it is naive and no zone is named, or no times; a column that is missing, stands
        twice or holds no numbers; ``zone``.
    """
    if not isinstance(frame, pd.DataFrame):
        raise InputError("frame", f"it is a {type(frame).__name__}", "give a pandas DataFrame")
    names = [str(name).strip().lower() for name in frame.columns]
    for name in PRICES:
        if name not in names:
            raise InputError(name, "there is no such column", "give open, high, low and close")
    at = instants(frame.index, "index", zone)
    if not at.size:
        raise InputError("frame", "it has no row", "give at least one bar")
    found = {name: _numbers(frame, names, name) for name in (*PRICES, "volume")}
    return placed(at, found, Exchange(symbol, "frame", calendar, reference))


def placed(at: NDArray[np.int64], numbers: Mapping[str, Floats], exchange: Exchange) -> Columns:
    """Bars that begin at ``at`` (n,), microseconds UTC, in whatever order; ``numbers`` has the prices and ``volume``.

    Their length is the commonest distance of two of them, a minute where there is one alone; none ends after its
    interval of trading. Outside the hours of trading ``minute`` and ``session`` are NaN. All else is unknown.
    """
    n = len(at)
    length = _length(at)
    columns: Columns = {name: np.full(n, np.nan) for name in Bar.__struct_fields__}
    columns |= {
        "symbol": np.full(n, exchange.symbol, object), "source": np.full(n, exchange.source, object),
        "simulated": np.zeros(n, np.bool_), "at": at, "closes_at": at + length,
    }  # fmt: skip
    columns |= {name: np.asarray(numbers[name], np.float64) for name in (*PRICES, "volume")}
    order = np.argsort(at, kind="stable")
    begins = at[order]
    for session in _sessions(exchange.calendar, at):
        counts = [-((opens - closes) // length) for opens, closes in session.intervals]
        for number, (opens, closes) in enumerate(session.intervals):
            start, stop = np.searchsorted(begins, (opens, closes))
            rows = order[start:stop]
            columns["closes_at"][rows] = np.minimum(at[rows] + length, closes)
            columns["minute"][rows] = sum(counts[:number]) + (at[rows] - opens) // length
            columns["minutes"][rows] = sum(counts)
            columns["session"][rows] = session.date.toordinal()
    columns["known_at"] = columns["closes_at"].copy()
    columns["cost"] = _costs(columns, exchange)
    return columns


def _length(at: NDArray[np.int64]) -> int:
    steps, counts = np.unique(np.diff(np.unique(at)), return_counts=True)
    return int(steps[np.argmax(counts)]) if len(steps) else MINUTE


def _sessions(calendar: Calendar, at: NDArray[np.int64]) -> tuple[Session, ...]:
    first, last = (calendar.local_date(int(end)) for end in (at.min(), at.max()))
    first, last = max(first, calendar.first), min(last, calendar.last)
    return calendar.sessions_between(first, last) if first <= last else ()


def _costs(columns: Columns, exchange: Exchange) -> Floats:
    """What a round trip costs at each bar's close, a fraction of it; NaN where no table knows."""
    found = np.full(len(columns["at"]), np.nan)
    pairs = zip(columns["session"].tolist(), columns["close"].tolist(), strict=True)
    for row, (ordinal, price) in enumerate(pairs):
        if ordinal == ordinal and 0.0 < price < np.inf:
            found[row] = _cost(exchange, date.fromordinal(int(ordinal)), price)
    return found


def _cost(exchange: Exchange, day: date, price: float) -> float:
    try:
        return round_trip(exchange.reference, exchange.symbol, day, price)
    except NotKnown:
        return float("nan")


def _numbers(frame: pd.DataFrame, names: list[str], name: str) -> Floats:
    """One column by its name in small letters; NaN throughout where it is not there."""
    places = [place for place, each in enumerate(names) if each == name]
    if not places:
        return np.full(len(frame), np.nan)
    if len(places) > 1:
        raise InputError(name, f"{len(places)} columns have that name", "give one")
    column = frame.iloc[:, places[0]]
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_complex_dtype(column):
        raise InputError(name, f"it holds {column.dtype}, not numbers", "give numbers")
    return np.asarray(column.to_numpy(np.float64, na_value=np.nan), np.float64)
