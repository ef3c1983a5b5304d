"""The archive: imported quotes as Parquet by day, ``archive/<format>/<underlying>/date=YYYY-MM-DD/``.

There stand ``quotes.parquet`` and ``contracts.parquet``, and ``bars.parquet`` where what was imported was bars. DuckDB
reads it with ``read_parquet('archive/*/*/*/quotes.parquet', hive_partitioning = true)``. A day that is imported again
replaces itself; a crash leaves the old file or the new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sidecar.domain.contracts import Contract

QUOTES = "quotes.parquet"
CONTRACTS = "contracts.parquet"
BARS = "bars.parquet"
#: The source of a day that was made by a simulation.
SIMULATED_TAPE = "simulated_tape"
#: The source of a day that left the database of a desk, and of one whose market was simulated.
DESK, SIMULATED_DESK = "desk", "simulated_desk"
#: Those of no real market.
SIMULATED = frozenset({SIMULATED_TAPE, SIMULATED_DESK})
_UNFINISHED = ".unfinished"
CONTRACT_SCHEMA = pa.schema(
    [
        ("symbol", pa.string()),
        ("underlying", pa.string()),
        ("kind", pa.string()),
        ("expiry", pa.date32()),
        ("strike", pa.float64()),
        ("right", pa.string()),
        ("expires_at", pa.int64()),
        ("lot_size", pa.int64()),
        ("tick_size", pa.decimal128(18, 4)),
        ("freeze_quantity", pa.int64()),
    ]
)


def put_day(
    folder: Path,
    source: str,
    day: date,
    quotes: pd.DataFrame,
    contracts: Sequence[Contract],
    bars: pd.DataFrame | None = None,
) -> tuple[Path, ...]:
    """Writes a day's ``quotes`` (with ``symbol`` and ``at``) and ``contracts`` under ``folder/source``, by underlying.

    ``bars`` are those whose closes are quotes: ``symbol``, ``since``, ``at``, ``open``, ``high``, ``low``.
    Returns the day folders that were there before and are now replaced.
    """
    underlying = {contract.id: contract.underlying for contract in contracts}
    groups = quotes.groupby(quotes["symbol"].map(underlying), sort=True, observed=True)
    replaced = []
    for name, rows in groups:
        place = day_folder(folder, source, str(name), day)
        if (place / QUOTES).exists():
            replaced.append(place)
        place.mkdir(parents=True, exist_ok=True)
        listed = [contract for contract in contracts if contract.underlying == name]
        _replace(place / CONTRACTS, _contract_table(listed))
        mine = None if bars is None else bars[bars["symbol"].map(underlying) == name]
        if mine is None or mine.empty:
            (place / BARS).unlink(missing_ok=True)
        else:
            _replace(place / BARS, _table(mine))
        _replace(place / QUOTES, _table(rows))
    return tuple(replaced)


def day_folder(folder: Path, source: str, underlying: str, day: date) -> Path:
    """Where a day of an underlying stands."""
    return folder / source / underlying / f"date={day.isoformat()}"


def _table(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def _contract_table(contracts: Sequence[Contract]) -> pa.Table:
    rows = [
        {
            "symbol": contract.id,
            "underlying": contract.underlying,
            "kind": contract.kind.value,
            "expiry": contract.expiry,
            "strike": contract.strike,
            "right": contract.right.value if contract.right else None,
            "expires_at": contract.expires_at,
            "lot_size": contract.lot_size,
            "tick_size": contract.tick_size,
            "freeze_quantity": contract.freeze_quantity,
        }
        for contract in contracts
    ]
    return pa.Table.from_pylist(rows, schema=CONTRACT_SCHEMA)


def _replace(path: Path, table: pa.Table) -> None:
    unfinished = path.with_name(path.name + _UNFINISHED)
    pq.write_table(table, unfinished, compression="zstd")
    unfinished.replace(path)
