"""A strategy's closed trades as columns, and columns as a Parquet file: what a training learns from beside the bars."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sidecar.domain.errors import FileRefused

#: The fields of a trade by name, an array of one entry a trade each, as ``learning.dataset.build_trades`` takes them.
Trades = Mapping[str, NDArray[Any]]

_SCHEMA = pa.schema([("entry_at", pa.int64()), ("exit_at", pa.int64()), ("net", pa.float64()), ("value", pa.float64())])
_KINDS: Mapping[str, Any] = {"entry_at": np.int64, "exit_at": np.int64, "net": np.float64, "value": np.float64}


def trades_of(rows: list[tuple[int, int, float, float]]) -> dict[str, NDArray[Any]]:
    """Rows of ``entry_at``, ``exit_at`` (microseconds UTC), ``net`` and ``value`` (money) as columns, in their order.

    >>> trades_of([(0, 60, -5.0, 1e6)])["net"].tolist()
    [-5.0]
    """
    return {name: np.array([row[k] for row in rows], dtype=kind) for k, (name, kind) in enumerate(_KINDS.items())}


def save_trades(path: Path, trades: Trades) -> None:
    """Write columns to ``path``. :raises OSError: the disk does not take them."""
    pq.write_table(pa.table({name: trades[name] for name in _SCHEMA.names}, schema=_SCHEMA), path, compression="zstd")


def load_trades(path: Path) -> dict[str, NDArray[Any]]:
    """The columns of a file of :func:`save_trades`.

    :raises FileRefused: it is not there, is no Parquet file, or holds other columns.
    """
    try:
        table = pq.ParquetFile(path).read(use_threads=False).select(_SCHEMA.names).cast(_SCHEMA)
    except (OSError, KeyError, ValueError, pa.ArrowException) as problem:
        told = " ".join(str(problem).split())[:120]
        raise FileRefused(path.name, f"cannot be read as trades ({told})", "let the training run again") from None
    return {name: np.asarray(table[name].to_numpy(), _KINDS[name]) for name in _SCHEMA.names}
