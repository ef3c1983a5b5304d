"""``query``: one SELECT over the desk's tables, as a table, or as JSON lines (``--json``)."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sidecar.domain import wire
from sidecar.domain.errors import DeskUnreachable
from sidecar.settings import load_settings
from sidecar.store.queries import Queries
from sidecar.store.reader import connect_read_only
from sidecar.terminal.asking import desk_of

_UNKNOWN = "–"
#: A pipe has no width of its own, and a cell cut short is another value.
_PIPED_WIDTH = 500


def run(options: argparse.Namespace) -> int:
    """Ask the running desk; without one, the file that it left."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        table = _asked(options)
    if options.json:
        for row in table.to_pylist():
            sys.stdout.write(wire.encode({name: _plain(value) for name, value in row.items()}).decode() + "\n")
    else:
        _show(table)
    for told in warned:
        print(told.message, file=sys.stderr)
    return 0


def _asked(options: argparse.Namespace) -> pa.Table:
    try:
        with desk_of(options) as desk:
            return desk.sql(options.sql, options.limit)
    except DeskUnreachable:
        file = load_settings(data_dir=options.data_dir).data_dir / "desk.duckdb"
        if options.url or os.environ.get("DESK_URL") or not file.is_file():
            raise
        print("the sidecar does not run: this is what it left", file=sys.stderr)
        return _left(file, options.sql, options.limit)


def _left(file: Path, sql: str, limit: int) -> pa.Table:
    """The answer of a file that nobody has open."""
    connection = connect_read_only(file)
    try:
        with Queries(connection.cursor) as queries:
            answer = queries.ask(sql, limit, "arrow")
            assert answer is not None  # noqa: S101 - it is the only one that is asked
            table = pa.ipc.open_stream(answer.result().body).read_all()
    finally:
        connection.close()
    if table.schema.metadata[b"truncated"] == b"true":
        warnings.warn(f"there are more than these {table.num_rows:,} rows: give a larger --limit", stacklevel=2)
    return table


def _show(table: pa.Table) -> None:
    console = Console(width=None if Console().is_terminal else _PIPED_WIDTH, highlight=False, markup=False)
    shown = Table()
    for field in table.schema:
        numeric = pa.types.is_integer(field.type) or pa.types.is_floating(field.type) or pa.types.is_decimal(field.type)
        shown.add_column(Text(field.name), justify="right" if numeric else "left", overflow="fold")
    for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
        shown.add_row(*(Text(_UNKNOWN if value is None else str(_plain(value))) for value in row))
    console.print(shown)
    console.print(f"{table.num_rows:,} row{'' if table.num_rows == 1 else 's'}")


def _plain(value: Any) -> Any:
    """Times as ISO 8601, one without a zone too, as the text that it is."""
    return value.isoformat() if isinstance(value, datetime) else value
