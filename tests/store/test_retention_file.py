"""The file of a day has the rows of both, each once, and is the old one or the new one."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sidecar.store.retention_file import DayFile, put

SCHEMA = pa.schema([("at", pa.int64()), ("symbol", pa.string()), ("bid", pa.float64())])


def rows(*given: tuple[int, str, float | None]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in given], schema=SCHEMA)


def written(path: Path, *slices: pa.Table) -> list[tuple[object, ...]]:
    """The file after slices of ten each, from nought on."""
    with DayFile(path) as file:
        for number, one in enumerate(slices):
            file.take(10 * number, 10 * number + 10, one)
        file.finish()
    return [tuple(row.values()) for row in pq.read_table(path).to_pylist()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "day" / "rows.parquet"


def test_slices_stand_in_their_order_each_a_part_of_its_own(path: Path) -> None:
    assert written(path, rows((1, "A", 1.0)), rows(), rows((21, "A", None))) == [(1, "A", 1.0), (21, "A", None)]
    with DayFile(path) as file:
        assert file.spans() == [(1, 1), (21, 21)]


def test_what_stands_in_the_file_already_comes_once_and_the_unknown_is_a_value_too(path: Path) -> None:
    written(path, rows((1, "A", None), (3, "B", 2.0)), rows((11, "A", 1.0)))
    found = written(path, rows((1, "A", None), (2, "A", 5.0), (3, "B", 2.5)), rows())
    assert found == [(1, "A", None), (2, "A", 5.0), (3, "B", 2.0), (3, "B", 2.5), (11, "A", 1.0)]


def test_a_column_that_is_new_is_unknown_in_the_rows_before(path: Path) -> None:
    put(path_of(path), pa.table({"at": [1], "symbol": ["A"]}))
    assert written(path, rows((2, "A", 1.0))) == [(1, "A", None), (2, "A", 1.0)]


def path_of(path: Path) -> Path:
    path.parent.mkdir()
    return path


def test_one_that_is_given_up_leaves_the_file_before(path: Path) -> None:
    written(path, rows((1, "A", 1.0)))
    with DayFile(path) as file:
        file.take(0, 10, rows((2, "A", 1.0)))
    assert pq.read_table(path)["at"].to_pylist() == [1]
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_times_are_found_under_either_name(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    times = pa.array([5, 15], pa.int64()).cast(pa.timestamp("us", "UTC"))
    with DayFile(path) as file:
        file.take(0, 20, pa.table({"timestamp": times, "n": [1, 2]}))
        file.finish()
    with DayFile(path) as file:
        assert file.spans() == [(5, 15)]
        file.take(0, 10, pa.table({"timestamp": times[:1], "n": [1]}))
        file.take(10, 20, pa.table({"timestamp": times[:0], "n": pa.array([], pa.int64())}))
        file.finish()
    assert pq.read_table(path)["n"].to_pylist() == [1, 2]
