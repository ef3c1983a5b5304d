from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.domain.errors import FileRefused
from sidecar.domain.models import LabelKind, RunResult
from sidecar.domain.training import strategy_of
from sidecar.features.labels import LabelSpec
from sidecar.learning.job import (
    JOB_FILE,
    RESULT_FILE,
    ArchivedPast,
    Job,
    Result,
    SimulatedPast,
    line_of,
    progress_of,
    read_job,
    read_result,
    write_job,
    write_result,
)
from sidecar.learning.plan import Plan, Progress

PAST = SimulatedPast("NSE", "NIFTY", 1, "2026-09-07", 60, 20, 2, 0.065)
JOB = Job("T1", 5, "NIFTY", LabelSpec(LabelKind.FIXED_HORIZON, 15), Plan(), "/somewhere/models", past=PAST)


@pytest.mark.parametrize("past", [None, PAST, ArchivedPast("NSE", "NIFTY", "archive", 9, 0.065)])
def test_a_job_comes_back_from_its_folder_as_it_was(tmp_path: Path, past: SimulatedPast | ArchivedPast | None) -> None:
    job = Job("T1", 5, "NIFTY", JOB.spec, Plan(seed=3), "models", past=past, dask="tcp://127.0.0.1:8786")
    write_job(tmp_path / "T1", job)
    assert read_job(tmp_path / "T1") == job


def test_a_job_of_a_strategy_has_a_family_of_its_own(tmp_path: Path) -> None:
    assert (JOB.subject, JOB.family) == ("NIFTY", "NIFTY fixed_horizon 15")
    spec = LabelSpec(LabelKind.TRADE_OUTCOME, 1)
    job = Job("T1", 5, "NIFTY", spec, Plan(), "models", strategy="demo")
    write_job(tmp_path / "T1", job)
    assert read_job(tmp_path / "T1") == job
    assert (job.subject, job.family) == ("NIFTY/demo", "NIFTY/demo trade_outcome 1")
    assert (strategy_of(job.family), strategy_of(JOB.family)) == ("demo", "")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": 3}', '{"id":"T1","extra":1}', "\xff"])
def test_a_job_that_is_not_this_programs_is_refused_in_a_line(tmp_path: Path, text: str) -> None:
    (tmp_path / JOB_FILE).write_text(text, encoding="latin-1")
    with pytest.raises(FileRefused, match=JOB_FILE):
        read_job(tmp_path)


def test_a_training_that_was_broken_off_has_no_result_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    assert read_result(tmp_path) is None
    (tmp_path / RESULT_FILE).write_bytes(b'{"result":"done"')
    with pytest.raises(FileRefused, match=RESULT_FILE):
        read_result(tmp_path)


def test_a_result_is_whole_or_not_there(tmp_path: Path) -> None:
    result = Result(RunResult.SKIPPED, "3 sessions, of 15 needed")
    write_result(tmp_path, result)
    assert read_result(tmp_path) == result
    assert [path.name for path in tmp_path.iterdir()] == [RESULT_FILE]


def test_a_step_is_a_line_and_anything_else_on_the_output_is_none() -> None:
    step = Progress("fold 2 of 5", 2, 9, "61 rounds\nand more")
    line = line_of(step)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert progress_of(line) == step
    for noise in (b"", b"a warning of a library", b"{}", b'["a",1]', b'["a","b",3,""]', b"[" * 20_000, b"\xff\xfe"):
        assert progress_of(noise) is None
