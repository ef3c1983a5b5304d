"""CSV content as a table of texts, a line a row; a line that has not a field for each name is marked, not guessed at.

No format that is read here has a line break within quotes: each line stands alone, so that a stray quote or comma
costs its own line and never the rest of the file.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any

import pandas as pd

BROKEN = "broken"
"""The column that is true where a line could not be divided; its texts are empty."""


def divided(content: bytes, width: int) -> tuple[list[list[str]], list[bool]]:
    """The lines of ``content`` that are not blank, each as ``width`` fields, and which of them are broken.

    :raises ValueError: it is not UTF-8.
    """
    return _checked([_fields(line) for line in _lines(content)], width)


def delimited(content: bytes, names: Sequence[Any] | None = None, skip: int = 0) -> pd.DataFrame:
    """``content`` after ``skip`` lines, a column of texts for each name (of the first line, if none is given).

    The column :data:`BROKEN` says which rows are. :raises ValueError: it is not UTF-8, or has no line at all.
    """
    lines = _lines(content, skip)
    if names is None:
        if not lines:
            raise ValueError("no line in it")
        names = _distinct(_fields(lines.pop(0)) or [])
    rows, broken = _checked([_fields(line) for line in lines], len(names))
    table = pd.DataFrame(rows, columns=list(names), dtype="str")
    return table.assign(**{BROKEN: pd.Series(broken, table.index, dtype="bool")})


def _lines(content: bytes, skip: int = 0) -> list[str]:
    text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    return [line for line in text.split("\n")[skip:] if line and not line.isspace()]


def _fields(line: str) -> list[str] | None:
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error:
        return None


def _checked(rows: list[list[str] | None], width: int) -> tuple[list[list[str]], list[bool]]:
    broken = [row is None or len(row) != width for row in rows]
    nothing = [""] * width
    return [nothing if bad or row is None else row for row, bad in zip(rows, broken, strict=True)], broken


def _distinct(names: list[str]) -> list[str]:
    """A name that returns gets a number, so that each stands for one column."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        count = seen.get(name, 0)
        seen[name] = count + 1
        found.append(f"{name}.{count}" if count else name)
    return found
