from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from sidecar.domain.errors import FileRefused
from sidecar.proving.job import (
    ENDED_FILE,
    JOB_FILE,
    REPORT_FILE,
    RESULT_FILE,
    TRADES_FILE,
    Ended,
    empty,
    folders,
    read_ended,
    read_work,
    tidy,
    write_ended,
    write_work,
)
from tests.backtest_world import work


def names(place: Path) -> list[str]:
    return sorted(one.name for one in place.iterdir())


def test_what_is_to_be_done_comes_back_from_its_folder_as_it_was(tmp_path: Path) -> None:
    made = work("B260907034500-000001", capital=Decimal("1500000.25"), parameters={"fast": 5.0}, sweep={"slow": (1.0,)})
    write_work(tmp_path / made.job.id, made)
    assert read_work(tmp_path / made.job.id) == made
    assert names(tmp_path / made.job.id) == [JOB_FILE]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"job": 3}', "\xff"])
def test_a_job_that_is_not_this_programs_is_refused_in_a_line(tmp_path: Path, text: str) -> None:
    (tmp_path / JOB_FILE).write_text(text, encoding="latin-1")
    with pytest.raises(FileRefused, match=JOB_FILE):
        read_work(tmp_path)


def test_one_that_was_broken_off_has_no_end_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    assert read_ended(tmp_path) is None
    (tmp_path / ENDED_FILE).write_bytes(b'{"done":tr')
    with pytest.raises(FileRefused, match=ENDED_FILE):
        read_ended(tmp_path)


def test_an_end_is_whole_and_what_is_not_known_stays_so(tmp_path: Path) -> None:
    ended = Ended(True, hash="h", total_return=0.1, total_trades=3, simulated=True)
    write_ended(tmp_path, ended)
    assert read_ended(tmp_path) == ended
    assert names(tmp_path) == [ENDED_FILE]


def test_nothing_half_written_is_left_of_a_result(tmp_path: Path) -> None:
    for name in (JOB_FILE, RESULT_FILE, f"{RESULT_FILE}.unfinished", REPORT_FILE, TRADES_FILE, "errors.txt"):
        (tmp_path / name).touch()
    empty(tmp_path)
    assert names(tmp_path) == ["errors.txt", JOB_FILE]
    empty(tmp_path / "none")


def test_the_newest_stay_and_neither_one_that_stands_nor_a_strangers_folder_goes(tmp_path: Path) -> None:
    made = [f"B26090703450{number}-00000{number}" for number in range(5)]
    for name in (*made, "B1", "notes", "..B"):
        (tmp_path / name / "x").mkdir(parents=True)
    assert [one.name for one in folders(tmp_path)] == made
    tidy(tmp_path, 2, [made[0]])
    assert [one.name for one in folders(tmp_path)] == [made[0], made[3], made[4]]
    assert {"B1", "notes", "..B"} <= set(names(tmp_path))
    assert folders(tmp_path / "none") == []
