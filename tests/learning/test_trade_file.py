from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sidecar.domain.errors import FileRefused
from sidecar.learning.trade_file import load_trades, save_trades, trades_of

ROWS = [(1, 2, -5.5, 1e6), (3, 9, 0.25, 2e6)]


def test_trades_come_back_as_they_were(tmp_path: Path) -> None:
    for rows in (ROWS, []):
        save_trades(tmp_path / "trades.parquet", trades_of(rows))
        found = load_trades(tmp_path / "trades.parquet")
        assert list(zip(*(column.tolist() for column in found.values()), strict=True)) == rows
        assert [str(column.dtype) for column in found.values()] == ["int64", "int64", "float64", "float64"]


def test_what_is_no_file_of_trades_is_refused(tmp_path: Path) -> None:
    other, text = tmp_path / "other.parquet", tmp_path / "text.parquet"
    pq.write_table(pa.table({"entry_at": [1], "exit_at": [2]}), other)
    text.write_text("entry_at,exit_at")
    for path in (tmp_path / "none.parquet", other, text):
        with pytest.raises(FileRefused, match=path.name):
            load_trades(path)
