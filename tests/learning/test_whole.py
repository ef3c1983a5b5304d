from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.domain.errors import FileRefused
from sidecar.learning.whole import get, put


def test_a_file_is_there_whole_and_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    for text in (b"[1]", b"[2,3]"):
        put(tmp_path / "x.json", text)
    assert get(tmp_path / "x.json", list[int], "write it again") == [2, 3]
    assert [one.name for one in tmp_path.iterdir()] == ["x.json"]


def test_a_write_that_fails_leaves_the_file_before_as_it_was(tmp_path: Path) -> None:
    put(tmp_path / "x.json", b"[1]")
    (tmp_path / "x.json.unfinished").mkdir()
    with pytest.raises(IsADirectoryError):
        put(tmp_path / "x.json", b"[2]")
    assert (tmp_path / "x.json").read_bytes() == b"[1]"


@pytest.mark.parametrize("data", [None, b"", b"[1", b'["a"]', b"\xff"])
def test_what_is_not_this_programs_is_refused_with_what_to_do(tmp_path: Path, data: bytes | None) -> None:
    if data is not None:
        (tmp_path / "x.json").write_bytes(data)
    with pytest.raises(FileRefused, match=r"x\.json: is not this program's .*; write it again"):
        get(tmp_path / "x.json", list[int], "write it again")
