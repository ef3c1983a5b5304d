"""Bars as columns, and columns as a Parquet file: how a training is handed what it learns from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sidecar.domain.bars import Bar
from sidecar.domain.errors import FileRefused

#: The fields of a bar by name, an array of one entry a bar each; times int64, words as objects, numbers float64.
Columns = Mapping[str, NDArray[Any]]

_TYPES: Mapping[str, pa.DataType] = {
    "symbol": pa.string(),
    "at": pa.int64(),
    "closes_at": pa.int64(),
    "known_at": pa.int64(),
    "source": pa.string(),
    "simulated": pa.bool_(),
}
_KINDS: Mapping[str, Any] = {
    "symbol": object, "source": object, "at": np.int64, "closes_at": np.int64, "known_at": np.int64, "simulated": bool,
}  # fmt: skip
_SCHEMA = pa.schema([(name, _TYPES.get(name, pa.float64())) for name in Bar.__struct_fields__])


def columns_of(bars: Sequence[Bar]) -> dict[str, NDArray[Any]]:
    """Bars as columns, in their order.

    >>> columns_of([Bar("NIFTY", 0, 60, 61, "live", False, 1.0, 2.0, 0.5, 1.5)])["high"].tolist()
    [2.0]
    """
    return {
        name: np.array([getattr(bar, name) for bar in bars], dtype=_KINDS.get(name, np.float64))
        for name in _SCHEMA.names
    }


def bars_of(columns: Columns) -> list[Bar]:
    """Columns as bars; the opposite of :func:`columns_of`."""
    return [Bar(*row) for row in zip(*(columns[name].tolist() for name in _SCHEMA.names), strict=True)]


def joined(parts: Iterable[Columns]) -> dict[str, NDArray[Any]]:
    """Columns after each other; of two bars of the same minute the first stands. Sorted by ``at``."""
    held = list(parts)
    found = {name: np.concatenate([part[name] for part in held]) for name in _SCHEMA.names}
    _, first = np.unique(found["at"], return_index=True)
    return {name: column[first] for name, column in found.items()}


def save_bars(path: Path, columns: Columns) -> None:
    """Write columns to ``path``; unknown numbers stay NaN. :raises OSError: the disk does not take them."""
    table = pa.table({name: pa.array(columns[name], type=_SCHEMA.field(name).type) for name in _SCHEMA.names})
    pq.write_table(table, path, compression="zstd")


def load_bars(path: Path) -> dict[str, NDArray[Any]]:
    """The columns of a file of :func:`save_bars`.

    :raises FileRefused: it is not there, is no Parquet file, or holds other columns.
    """
    try:
        table = pq.ParquetFile(path).read(use_threads=False)
    except (OSError, pa.ArrowException) as problem:
        told = " ".join(str(problem).split())[:120]
        raise FileRefused(path.name, f"cannot be read as Parquet ({told})", "give a file of bars") from None
    missing = [name for name in _SCHEMA.names if name not in table.column_names]
    if missing:
        raise FileRefused(path.name, f"has no column {', '.join(missing[:5])}", "give a file of bars")
    try:
        table = table.select(_SCHEMA.names).cast(_SCHEMA)
    except (pa.ArrowException, ValueError) as problem:
        told = " ".join(str(problem).split())[:120]
        raise FileRefused(path.name, f"its columns are of other types ({told})", "give a file of bars") from None
    lacking = [name for name in _TYPES if table[name].null_count]
    if lacking:
        raise FileRefused(path.name, f"its column {lacking[0]} has no value in some rows", "give a file of bars")
    return {name: _array(table[name].combine_chunks(), name) for name in _SCHEMA.names}


def _array(column: pa.Array, name: str) -> NDArray[Any]:
    # A number that is null comes out as NaN, which is what is unknown here.
    found = np.asarray(column.to_numpy(zero_copy_only=False))
    return found.astype(_KINDS[name]) if name in _KINDS else found
