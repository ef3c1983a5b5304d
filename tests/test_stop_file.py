from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.stop_file import StopFile

NOW = 1_788_000_000_000_000


def test_no_file_is_no_stop(tmp_path: Path) -> None:
    assert StopFile(tmp_path).look() is None
    assert StopFile(tmp_path / "gone").look() is None
    assert StopFile(tmp_path).look_at_start() == ()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"fat finger\nmore", "fat finger"),
        (b"", "the stop file gives no reason"),
        (b"\n\n", "the stop file gives no reason"),
        (b"a\x1b[31mb\x00c", "a[31mbc"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"x" * 9000, "x" * 200),
    ],
)
def test_the_first_line_is_the_reason(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "STOP").write_bytes(content)
    found = StopFile(tmp_path).look()
    assert found is not None
    assert found.reason == reason


def test_whatever_lies_there_under_that_name_is_a_stop(tmp_path: Path) -> None:
    file = StopFile(tmp_path)
    kinds: tuple[Callable[[], None], ...] = (
        lambda: file.path.mkdir(),
        lambda: os.mkfifo(file.path),
        lambda: file.path.symlink_to(tmp_path / "nowhere"),
        lambda: file.path.touch(mode=0),
    )
    for make in kinds:
        make()
        found = file.look()
        assert found is not None
        assert found.reason
        assert file.take(NOW)
        assert file.look() is None


def test_a_taken_file_is_renamed_with_the_time(tmp_path: Path) -> None:
    file = StopFile(tmp_path)
    file.give("fat finger")
    assert file.path.read_text() == "fat finger\n"
    assert file.take(NOW)
    (taken,) = tmp_path.iterdir()
    assert taken.name.startswith("STOP.taken-2026")
    assert taken.read_text() == "fat finger\n"
    assert file.take(NOW)


def test_the_same_file_is_known_again_and_a_new_one_is_not(tmp_path: Path) -> None:
    file = StopFile(tmp_path)
    file.give("one")
    first = file.look()
    assert first == file.look()
    file.give("two")
    second = file.look()
    assert first is not None
    assert second is not None
    assert first.mark != second.mark


def test_a_start_reads_stop_file_and_witness_and_settles_both(tmp_path: Path) -> None:
    file = StopFile(tmp_path)
    file.give("one")
    file.testify("two (by ann)")
    assert file.look_at_start() == ("one", "two (by ann)")
    file.settle(NOW)
    assert file.look_at_start() == ()
    assert [path.name.split("-")[0] for path in tmp_path.iterdir()] == ["STOP.taken"]
