"""What a training is given to work with, and what becomes of what it made."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from sidecar.domain.bars import Bar
from sidecar.domain.models import ModelRole, RunResult
from sidecar.domain.training import TrainingJob
from sidecar.features.labels import LabelSpec
from sidecar.learning.bar_file import columns_of, load_bars, save_bars
from sidecar.learning.job import BARS_FILE, ArchivedPast, Job, Result, SimulatedPast, read_job
from sidecar.learning.plan import Plan
from sidecar.learning.trade_file import trades_of
from sidecar.reference import load_reference
from sidecar.schooling import Desk, Schooling
from tests.trainer_world import BAR, DONE, LINE, PAST

NOW = 1_788_753_600_000_000
ASKED = TrainingJob("T1", "asked", "anna")
IMPORTED = ArchivedPast("NSE", "NIFTY", "archive", 0, 0.065)


def schooling(folder: Path, past: SimulatedPast | ArchivedPast | None = None) -> Schooling:
    pattern = Job("", 0, "NIFTY", LabelSpec(LINE.label, LINE.horizon), Plan(search=2), "models", past=past)
    return Schooling(pattern, folder, load_reference().calendar("NSE"))


def desk(bars: list[Bar], *models: Any, taken: list[list[Bar]] | None = None) -> Desk:
    def offer(offered: Any) -> None:
        if taken is not None:
            taken.append(list(offered))

    report: Any = SimpleNamespace(models=models)
    return Desk(lambda: NOW, lambda: report, lambda _: columns_of(bars), lambda _: None, offer, lambda _: trades_of([]))


def test_bars_on_record_are_learnt_from_and_no_past_is_built(tmp_path: Path) -> None:
    made = schooling(tmp_path, PAST).prepare(replace(ASKED, seed=5), desk([BAR], LINE))
    assert isinstance(made, Job)
    assert read_job(tmp_path / "T1") == made
    assert (made.id, made.at, made.past, made.champion) == ("T1", NOW, None, LINE)
    assert (made.plan.search, made.plan.seed) == (2, 5)  # what was not asked for stays as it is set
    assert load_bars(tmp_path / "T1" / BARS_FILE)["close"].tolist() == [BAR.close]


@pytest.mark.parametrize(("past", "wanted"), [(PAST, PAST), (IMPORTED, replace(IMPORTED, until=NOW))])
def test_without_bars_the_past_is_built_and_of_an_archive_only_what_has_been(
    tmp_path: Path, past: SimulatedPast | ArchivedPast, wanted: SimulatedPast | ArchivedPast
) -> None:
    made = schooling(tmp_path, past).prepare(ASKED, desk([]))
    assert isinstance(made, Job)
    assert read_job(tmp_path / "T1").past == wanted
    assert not (tmp_path / "T1" / BARS_FILE).exists()


def test_without_bars_and_without_a_past_it_is_skipped_and_leaves_nothing(tmp_path: Path) -> None:
    made = schooling(tmp_path).prepare(ASKED, desk([]))
    assert isinstance(made, Result)
    assert made.result is RunResult.SKIPPED
    assert "no bars of NIFTY" in made.reason
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_was_to_follow_another_champion_takes_nobodys_place(tmp_path: Path) -> None:
    mine = schooling(tmp_path)
    made = mine.prepare(ASKED, desk([BAR], LINE))
    assert isinstance(made, Job)
    report: Any = SimpleNamespace(models=(LINE,))
    assert mine.settled(made, DONE, report) == DONE
    report.models = (replace(LINE, id="another"),)
    settled = mine.settled(made, DONE, report)
    assert settled.model is not None
    assert settled.model.role is ModelRole.CANDIDATE
    assert "another model became champion" in settled.reason
    skipped = Result(RunResult.SKIPPED, "too few")
    assert mine.settled(made, skipped, report) == skipped


def test_a_built_past_goes_to_the_record_a_thousand_bars_at_a_time(tmp_path: Path) -> None:
    taken: list[list[Bar]] = []
    bars = [replace(BAR, at=minute) for minute in range(2_500)]
    (tmp_path / "T1").mkdir()
    save_bars(tmp_path / "T1" / BARS_FILE, columns_of(bars))
    schooling(tmp_path).offer("T1", desk([], taken=taken))
    assert [len(part) for part in taken] == [1_000, 1_000, 500]
    assert [bar.at for part in taken for bar in part] == list(range(2_500))


def test_the_newest_folders_stay(tmp_path: Path) -> None:
    for name in ("T1", "T2", "T3", "T4", "other"):
        (tmp_path / name).mkdir()
    schooling(tmp_path).tidy(2)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["T3", "T4", "other"]
    schooling(tmp_path / "missing").tidy(0)
