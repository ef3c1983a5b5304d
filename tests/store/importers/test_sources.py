"""A file that cannot be read whole is one clear refusal, whatever is wrong with it."""

import gzip
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from sidecar.domain.errors import FileRefused
from sidecar.store.importers.sources import archive_files, glance, parquet_table, required, text_table


def _parquet(path: Path) -> Path:
    pd.DataFrame({"a": range(5_000), "b": 1.5}).to_parquet(path)
    return path


def test_rows_are_numbered_from_one_and_texts_stay_texts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfx,y\n1,-\n,007\n")
    table = text_table(tmp_path / "a.csv")
    assert table["x"].tolist() == ["1", ""]
    assert table["y"].tolist() == ["-", "007"]
    assert table["row"].tolist() == [1, 2]
    assert table["file"].tolist() == ["a.csv", "a.csv"]


def test_gzip_and_a_zip_with_one_member_are_read_like_the_plain_file(tmp_path: Path) -> None:
    text = "x,y\n1,2\n"
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(tmp_path / "a.csv.zip", "w") as archive:
        archive.writestr("a.csv", text)
    for name in ("a.csv.gz", "a.csv.zip"):
        assert glance(tmp_path / name).head == "x,y"
        assert text_table(tmp_path / name)["y"].tolist() == ["2"]


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_truncated_file_of_any_kind_is_refused(tmp_path: Path, keep: float) -> None:
    whole = {
        "a.parquet": _parquet(tmp_path / "whole.parquet").read_bytes(),
        "a.csv.gz": gzip.compress(b"x,y\n" + b"1,2\n3,4\n5,678\n" * 500),
    }
    for name, content in whole.items():
        path = tmp_path / name
        path.write_bytes(content[: int(len(content) * keep)])
        with pytest.raises(FileRefused, match="cannot be read whole") as refused:
            text_table(path) if name.endswith("gz") else parquet_table(path, ("a",))
        assert "\n" not in str(refused.value)


def test_a_missing_an_empty_and_a_garbled_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "bad.csv").write_bytes(b"x,y\n\xff\xfe\x80,2\n")
    for name, said in (("none.csv", "is not a file"), ("empty.csv", "is empty")):
        with pytest.raises(FileRefused, match=said):
            glance(tmp_path / name)
    with pytest.raises(FileRefused, match="cannot be read whole"):
        text_table(tmp_path / "bad.csv")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="has no column c; force another format"):
        parquet_table(_parquet(tmp_path / "a.parquet"), ("a", "c"))
    with pytest.raises(FileRefused, match="has no column c, d"):
        required(pd.DataFrame({"a": []}), ("a", "c", "d"), tmp_path / "a.csv")


def test_the_files_of_an_archive_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("c", "a/", "a/b"):
            archive.writestr(name, name)
    assert [name for name, _ in archive_files(tmp_path / "a.zip")] == ["a/b", "c"]
