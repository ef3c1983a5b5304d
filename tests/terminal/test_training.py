"""``train``: of a file in this process, and by a desk behind a real socket."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from msgspec.structs import replace as changed

from sidecar.domain.training import JobState, TrainingJob
from sidecar.learning.bar_file import save_bars
from sidecar.servers import training
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore, Role
from sidecar.terminal.parser import main
from sidecar.trainings import Trainings
from tests.learning.market import market
from tests.servers.desk import QUICK, T0, Desk, serving


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _bars(tmp_path_factory.mktemp("bars") / "bars.parquet", 24)


def _bars(path: Path, sessions: int) -> Path:
    columns = market(5, sessions, minutes=60).columns
    save_bars(path, {"symbol": np.full(len(columns["at"]), "NIFTY", object), **columns})
    return path


class World:
    """The doors of the trainings at ``url``, with a trainer's book that a test moves by hand."""

    def __init__(self, url: str, trainings: Trainings, told: list[TrainingJob]) -> None:
        self.url = url
        self.trainings = trainings
        self.told = told

    def ends(self, state: JobState, reason: str) -> None:
        """Let the next one that is asked for run and end so."""

        def end() -> None:
            while (job := self.trainings.take()) is None:
                time.sleep(0.01)
            job = self.trainings.tell(changed(job, state=JobState.RUNNING, step="fold 1 of 5", fraction=0.3))
            time.sleep(0.3)
            self.trainings.tell(changed(job, state=state, reason=reason, ended_at=T0 + 5, seconds=0.5))

        Thread(target=end, daemon=True).start()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    told: list[TrainingJob] = []
    trainings = Trainings(lambda: T0, told.append)
    keys = KeyStore(tmp_path)
    monkeypatch.setenv("DESK_KEY", keys.add(Role.TRADER, "test"))
    ports = replace(Desk().ports(), market_now=lambda: T0)
    seen = training.Training(lambda _, __: [], trainings.ask, trainings.job, trainings.standing)
    with serving(create_app(ports, keys, QUICK, [training.router(ports, keys, seen)])) as url:
        yield World(url, trainings, told)


def test_a_file_of_bars_becomes_a_scorecard_and_nothing_is_kept(
    bars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--bars", str(bars), "--data-dir", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    for word in ("1,440 bars of NIFTY", "out of sample", "majority", "persistence", "canary", "fits saw the data"):
        assert word in told
    assert list(tmp_path.iterdir()) == []


def test_with_out_the_model_is_kept_where_it_was_asked_for(
    bars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--bars", str(bars), "--data-dir", str(tmp_path), "--out", str(tmp_path / "mine")]
    assert main(["train", *given, "--seed", "3", "--horizon", "10"]) == 0
    assert "no desk knows of it" in capsys.readouterr().out
    (model,) = (tmp_path / "mine").iterdir()
    assert sorted(one.name for one in model.iterdir()) == ["manifest.json", "model.json"]


def test_too_few_bars_are_skipped_with_1_and_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = _bars(tmp_path / "few.parquet", 3)
    assert main(["train", "--bars", str(few), "--data-dir", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "SKIPPED" in told
    assert "needed" in told


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--bars", "none.csv"], "none.csv"),
        (["--bars", __file__], "cannot be read"),
        (["--horizon", "5"], "--horizon"),
        (["--bars", "none.csv", "--strategy", "demo"], "--strategy"),
        (["--dask", "tcp://127.0.0.1:1"], "--dask"),
        (["--out", "x"], "--out"),
    ],
)
def test_what_cannot_be_meant_is_one_line(
    tmp_path: Path, given: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *given, "--data-dir", str(tmp_path)]) in (1, 2)
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


def test_a_setting_that_is_none_is_one_line(bars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--bars", str(bars), "--horizon", "0", "--data-dir", str(tmp_path)]) == 2
    assert "learning.horizon" in capsys.readouterr().err


@pytest.mark.parametrize("given", [[], ["--strategy", "demo"]])
def test_without_a_desk_it_says_where_it_looked(
    tmp_path: Path, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *given, "--url", "http://127.0.0.1:1", "--data-dir", str(tmp_path)]) == 1
    assert "127.0.0.1:1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("state", "reason"),
    [(JobState.FAILED, "its process was killed (signal 9)"), (JobState.SKIPPED, "there are no bars of NIFTY yet")],
)
def test_a_desk_that_made_no_model_says_which_it_was_and_leaves_with_1(
    world: World, tmp_path: Path, state: JobState, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.ends(state, reason)
    assert main(["train", "--url", world.url, "--data-dir", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert state.value.upper() in told
    assert reason in told


def test_a_strategy_that_is_asked_for_reaches_the_desk(world: World, tmp_path: Path) -> None:
    world.ends(JobState.SKIPPED, "12 closed trades of demo in NIFTY, of 100 needed")
    assert main(["train", "--strategy", "demo", "--url", world.url, "--data-dir", str(tmp_path)]) == 1
    assert {job.strategy for job in world.told} == {"demo"}
