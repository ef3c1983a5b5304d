"""When bars begin, out of whatever a file or a frame says it with: instants or a refusal, never a guess."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sidecar.domain.clock import SECOND, from_datetime
from sidecar.domain.errors import InputError

Instants = NDArray[np.int64]

#: No bar of any exchange that this program knows is older or newer: microseconds.
_FIRST = from_datetime(datetime(1980, 1, 1, tzinfo=UTC))
_LAST = from_datetime(datetime(2100, 1, 1, tzinfo=UTC))
#: Since 1970 in seconds, ms, µs and ns; over these years no number can be two of them.
_UNITS = (("seconds", 1), ("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9))
_ISO = re.compile(
    r"\d{4}-?\d{2}-?\d{2}[ T]\d{2}:?\d{2}(?::?\d{2}(?:[.,]\d{1,9})?)?(?P<offset> ?(?:Z|[+-]\d{2}(?::?\d{2})?))?"
)
_REMEDY = "give times with an offset, as 2026-08-18T09:15:00+05:30, or name their zone"


def instants(stamps: pd.Series[Any] | pd.Index[Any], field: str, zone: str | None = None) -> Instants:
    """Microseconds UTC of ``stamps`` (n,), in their order: aware times, ISO 8601 texts with an offset, or numbers since
    1970 whose size leaves no doubt of their unit. ``zone`` is that of times which say none; None where there may be
    none such.

    :raises InputError: ``field``, for anything else, with the first that is wrong; ``zone``, for one that is not known.
    """
    known = zone_of(zone)
    if isinstance(stamps, pd.MultiIndex):
        raise InputError(field, "it has several levels", "give one time for each bar")
    series = pd.Series(stamps).reset_index(drop=True)
    if not len(series):
        return np.empty(0, np.int64)
    if series.isna().any():
        raise InputError(field, f"row {int(np.argmax(series.isna()))} has no time", "leave such rows out")
    if isinstance(series.dtype, pd.DatetimeTZDtype) or np.issubdtype(_kind(series), np.datetime64):
        return _within(_of_times(series, field, known), field)
    if pd.api.types.is_bool_dtype(series):
        raise InputError(field, "true and false are no times", _REMEDY)
    if pd.api.types.is_numeric_dtype(series):
        return epochs(series.to_numpy(), field)
    return _within(_of_objects(series.astype(object), field, known), field)


def zone_of(name: str | None) -> ZoneInfo | None:
    """The zone of that name; None for none. :raises InputError: there is no such zone."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InputError("zone", f"there is no time zone {name[:40]!r}", "write Asia/Kolkata") from None


def epochs(numbers: NDArray[Any], field: str) -> Instants:
    """Microseconds UTC of ``numbers`` (n,) since 1970; their size says whether they are s, ms, µs or ns.

    :raises InputError: they are of no one unit between 1980 and 2100: a date like 20240101, a row's number, a mixture.
    """
    values = np.asarray(numbers)
    if values.dtype == object or np.iscomplexobj(values) or not np.isfinite(values.astype(np.float64)).all():
        raise InputError(field, "a number of it is no time", _REMEDY)
    lowest, highest = float(values.min()), float(values.max())
    for _, each in _UNITS:
        if _FIRST * each / SECOND <= lowest and highest < _LAST * each / SECOND:
            return _scaled(values, each)
    told = f"{lowest:.0f}" + ("" if lowest == highest else f" to {highest:.0f}")
    problem = f"{told} is no time since 1970 in one of " + ", ".join(name for name, _ in _UNITS)
    raise InputError(field, problem, _REMEDY)


def _scaled(values: NDArray[Any], each: int) -> Instants:
    """Numbers of ``each`` a second as whole microseconds; integers stay exact."""
    if np.issubdtype(values.dtype, np.integer):
        whole = values.astype(np.int64)
        return whole * (SECOND // each) if each <= SECOND else whole // (each // SECOND)
    return np.asarray(np.round(values.astype(np.float64) * (SECOND / each)), np.int64)


def _kind(series: pd.Series[Any]) -> Any:
    return series.dtype if isinstance(series.dtype, np.dtype) else np.dtype(object)


def _of_times(series: pd.Series[Any], field: str, zone: ZoneInfo | None) -> Instants:
    if series.dt.tz is None:
        if zone is None:
            raise InputError(field, f"{series.iloc[0]} has no time zone", _REMEDY)
        try:
            series = series.dt.tz_localize(zone)
        except ValueError as problem:
            # An hour that a change of the clock left out, or that was there twice.
            raise InputError(field, " ".join(str(problem).split())[:120], "give times with an offset") from None
    return np.asarray(series.dt.tz_convert("UTC").dt.as_unit("us").astype("int64"), np.int64)


def _of_objects(series: pd.Series[Any], field: str, zone: ZoneInfo | None) -> Instants:
    values = series.tolist()
    if all(isinstance(value, str) for value in values):
        return _of_texts([value.strip() for value in values], field, zone)
    if all(isinstance(value, datetime) for value in values):
        naive = [value for value in values if value.utcoffset() is None]
        if naive and (zone is None or len(naive) < len(values)):
            raise InputError(field, f"{naive[0]} has no time zone", _REMEDY)
        return np.array([from_datetime(value.replace(tzinfo=zone) if naive else value) for value in values], np.int64)
    if all(isinstance(value, date) for value in values):
        raise InputError(field, f"{values[0]} is a day, not a time", _REMEDY)
    kinds = sorted({type(value).__name__ for value in values})
    raise InputError(field, f"{', '.join(kinds[:4])} are no times", _REMEDY)


def _of_texts(values: list[str], field: str, zone: ZoneInfo | None) -> Instants:
    found = [_ISO.fullmatch(value) for value in values]
    for value, match in zip(values, found, strict=True):
        if match is None:
            raise InputError(field, f"{value[:40]!r} is not a time in ISO 8601", _REMEDY)
    offsets = [match["offset"] is not None for match in found if match is not None]
    if not all(offsets) and (zone is None or any(offsets)):
        raise InputError(field, f"{values[offsets.index(False)][:40]!r} has no time zone", _REMEDY)
    try:
        times = pd.Series(pd.to_datetime(pd.Series(values), format="ISO8601", utc=all(offsets)))
    except (ValueError, OverflowError) as problem:
        raise InputError(field, " ".join(str(problem).split())[:120], _REMEDY) from None
    return _of_times(times, field, zone)


def _within(at: Instants, field: str) -> Instants:
    far = np.flatnonzero((at < _FIRST) | (at >= _LAST))
    if far.size:
        raise InputError(field, f"row {int(far[0])} is not between 1980 and 2100", _REMEDY)
    return at
