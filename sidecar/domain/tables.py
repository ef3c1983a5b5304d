"""The reference tables as text: their columns, and what a cell may hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from sidecar.domain.errors import InputError, NotKnown

TABLES: Mapping[str, tuple[str, ...]] = {
    "exchanges": ("exchange", "zone", "source"),
    "sessions": ("exchanges", "date", "open", "close", "second_open", "second_close", "kind", "source"),
    "contract_rules": ("underlying", "rule", "from", "value", "source"),
    "lots": ("underlying", "expiry_first", "expiry_last", "first", "last", "lot", "source"),
    "expiry_rules": ("underlying", "cycle", "weekday", "first", "last", "listed", "source"),
    "fees": ("exchanges", "instruments", "part", "from", "value", "source"),
    "margins": ("underlyings", "part", "from", "value", "source"),
}
"""The files of ``data/reference/`` (without ``.csv``) and their columns."""

Row = Mapping[str, str]
Dated = tuple[tuple[date, str], ...]
"""Values with the day each starts to hold, in order."""

BASES = ("intrinsic", "settlement")
"""What the tax on an exercised option is taken on."""


def value_on(values: Dated, table: str, subject: str, on: date) -> str:
    """The value of the last row that starts on or before ``on``."""
    for start, value in reversed(values):
        if start <= on:
            return value
    raise NotKnown(table, subject, on)


def checked_rows(table: str, rows: Iterable[Row]) -> list[Row]:
    """The rows, each with every column of the table, no other, and a source. :raises InputError: with the line."""
    kept = list(rows)
    for line, row in enumerate(kept, start=2):
        if set(row) != set(TABLES[table]) or None in row.values():
            columns = ", ".join(TABLES[table])
            raise InputError(f"{table}.csv", f"line {line} has other columns or not all", f"give {columns}")
        if not row["source"].strip():
            raise InputError(f"{table}.csv", f"line {line} has no source", "say where the fact is published")
    return kept


def extended(before: Dated, table: str, row: Row, key: str, checks: Mapping[str, Callable[[str], str]]) -> Dated:
    """``before`` with the row's value from the row's day on; ``checks`` says what each ``key`` may hold.

    :raises InputError: an unknown key, a value that its check refuses, or a day that is not after the last one.
    """
    try:
        if key not in checks:
            raise ValueError(f"{key!r} is not one of {', '.join(checks)}")
        start, value = date.fromisoformat(row["from"]), checks[key](row["value"])
    except ValueError as problem:
        raise InputError(f"{table}.csv", f"{dict(row)}: {problem}", "see data/reference/README.md") from None
    if before and start <= before[-1][0]:
        raise InputError(f"{table}.csv", f"{dict(row)} does not start after {before[-1][0]}", "order rows by day")
    return (*before, (start, value))


def rate(text: str) -> str:
    """A number of zero or more, as written. :raises ValueError: anything else."""
    try:
        good = Decimal(text).is_finite() and Decimal(text) >= 0
    except InvalidOperation:
        good = False
    if not good:
        raise ValueError(f"{text!r} is not a number of zero or more")
    return text


def step(text: str) -> str:
    """A number above zero, as written. :raises ValueError: anything else."""
    if Decimal(rate(text)) == 0:
        raise ValueError("a step of zero")
    return text


def quantity(text: str) -> str:
    """A whole number above zero, as written. :raises ValueError: anything else."""
    if int(text) <= 0:
        raise ValueError(f"{text} is not a quantity of at least 1")
    return text


def base(text: str) -> str:
    """One of :data:`BASES`. :raises ValueError: anything else."""
    if text not in BASES:
        raise ValueError(f"{text!r} is not one of {', '.join(BASES)}")
    return text


def day(text: str, column: str) -> date:
    """The day of a cell; an empty one is open: for ever back in a ``first`` column, for ever on in a ``last`` one."""
    if text:
        return date.fromisoformat(text)
    return date.max if column.endswith("last") else date.min
