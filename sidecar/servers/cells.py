"""The cells of a CSV file: no text in them is one that a spreadsheet would run."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

#: What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: Any) -> str:
    """A value as a cell: money with all its digits, a text that would be a formula after an apostrophe.

    >>> cell(Decimal("-1.50")), cell("=A1")
    ('-1.50', "'=A1")
    """
    if isinstance(value, Decimal):
        return f"{value:f}"
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
