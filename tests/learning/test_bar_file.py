from __future__ import annotations

from math import isnan, nan
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sidecar.domain.bars import Bar
from sidecar.domain.errors import FileRefused
from sidecar.learning.bar_file import bars_of, columns_of, load_bars, save_bars

BARS = [
    Bar("NIFTY", at, at + 60, at + 61, "history", True, 1.0, 2.0, 0.5, 1.5, volume=nan, minute=float(at), cost=5e-4)
    for at in (0, 60, 120)
]


def test_bars_become_columns_and_come_back(tmp_path: Path) -> None:
    columns = columns_of(BARS)
    save_bars(tmp_path / "bars.parquet", columns)
    found = load_bars(tmp_path / "bars.parquet")
    assert list(found) == list(Bar.__struct_fields__)
    for name, column in columns.items():
        np.testing.assert_array_equal(found[name], column)
        assert found[name].dtype.kind == column.dtype.kind
    assert repr(bars_of(found)) == repr(BARS)


def test_no_bars_are_columns_of_no_length(tmp_path: Path) -> None:
    save_bars(tmp_path / "none.parquet", columns_of([]))
    assert bars_of(load_bars(tmp_path / "none.parquet")) == []


def test_an_unknown_number_stays_unknown(tmp_path: Path) -> None:
    save_bars(tmp_path / "bars.parquet", columns_of(BARS))
    table = pq.ParquetFile(tmp_path / "bars.parquet").read()
    place = table.column_names.index("vix")
    pq.write_table(table.set_column(place, "vix", pa.array([None, 13.0, None])), tmp_path / "null.parquet")
    vix = [bar.vix for bar in bars_of(load_bars(tmp_path / "null.parquet"))]
    assert vix[1] == 13.0
    assert isnan(vix[0])
    assert isnan(vix[2])


def test_a_file_that_holds_no_bars_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("at,open\n")
    with pytest.raises(FileRefused, match="cannot be read as Parquet"):
        load_bars(tmp_path / "text.parquet")
    with pytest.raises(FileRefused, match="cannot be read"):
        load_bars(tmp_path / "missing.parquet")
    pq.write_table(pa.table({"at": [1], "open": [2.0]}), tmp_path / "other.parquet")
    with pytest.raises(FileRefused, match="has no column symbol"):
        load_bars(tmp_path / "other.parquet")


def test_a_time_that_is_missing_makes_no_bar(tmp_path: Path) -> None:
    save_bars(tmp_path / "bars.parquet", columns_of(BARS))
    table = pq.ParquetFile(tmp_path / "bars.parquet").read()
    place = table.column_names.index("known_at")
    pq.write_table(table.set_column(place, "known_at", pa.array([1, None, 3])), tmp_path / "null.parquet")
    with pytest.raises(FileRefused, match="known_at has no value"):
        load_bars(tmp_path / "null.parquet")
