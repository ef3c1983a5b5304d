"""How the desk's answers look in a terminal: the head that says whose market it is, tables, and numbers."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from sidecar.client import Json

_UNKNOWN = "–"
_PIPED_WIDTH = 200


def show(options: argparse.Namespace, told: Json, parts: Sequence[RenderableType]) -> int:
    """Print an answer: its head, what is wrong with its market, and its parts; with ``--json`` as it came. Gives 0."""
    # A pipe has no width of its own, and a number cut short is another number.
    console = Console(width=None if Console().is_terminal else _PIPED_WIDTH, highlight=False, markup=False)
    if options.json:
        console.print_json(data=told)
        return 0
    market = "SIMULATED MARKET" if told["simulated"] else told["source"]
    console.print(f"{market} · report {told['seq']} of {told['timestamp']} · amounts in {told['currency']}")
    if not told["feed_up"] or told["blind"]:
        console.print("The feed is down." if not told["feed_up"] else "BLIND: no trusted marks.", style="bold red")
    for part in parts:
        console.print(part)
    return 0


def table_of(words: Iterable[str], numbers: Iterable[str]) -> Table:
    """An empty table of columns of words, then of numbers."""
    table = Table()
    for heading in words:
        table.add_column(heading, overflow="fold")
    for heading in numbers:
        table.add_column(heading, justify="right", overflow="fold")
    return table


def add(table: Table, *cells: Any) -> None:
    """Add a row, its cells as they are: no markup in them is obeyed."""
    table.add_row(*(Text(str(cell)) for cell in cells))


def number(value: float | None, places: int = 0) -> str:
    """A number with digit groups; a dash where it is not known."""
    if value is None:
        return _UNKNOWN
    text = f"{value:,.{places}f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text


def move(share: float) -> str:
    """A fraction as a signed percentage."""
    return f"{100 * share:+.4g} %"
