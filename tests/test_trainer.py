"""When the trainer trains, and what it tells of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from sidecar.domain.calendar import Calendar
from sidecar.domain.events import ModelOffered, TrainingEnded
from sidecar.domain.models import ModelRole, RunResult, TrainingRun
from sidecar.domain.training import JobState
from sidecar.learning.job import TRADES_FILE, read_job
from sidecar.learning.trade_file import load_trades
from sidecar.reference import load_reference
from tests.trainer_world import BAR, LINE, PAST, SKIPPED, WRITES, World


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return load_reference().calendar("NSE")


@pytest.fixture
def world(tmp_path: Path, calendar: Calendar) -> Iterator[World]:
    made = World(tmp_path, calendar)
    made.at("2026-09-07 09:15")
    yield made
    made.trainer.stop()


def before(world: World) -> TrainingRun:
    """A first run that is on record already."""
    return TrainingRun("T0", "first", "", LINE.family, "desk", RunResult.DONE, world.now, world.now, 1.0)


def test_an_empty_desk_trains_at_once_and_only_once(world: World) -> None:
    world.begin()
    world.until(lambda: len(world.runs()) == 1)
    time.sleep(1.2)
    (run,) = world.runs()
    assert (run.kind, run.result, run.session, run.model_id, run.trials) == ("first", RunResult.DONE, "", "m1", 30)
    kinds = [type(event) for event in world.put]
    assert kinds.index(ModelOffered) < kinds.index(TrainingEnded)
    assert [job.state for job in world.told][0 :: len(world.told) - 1] == [JobState.RUNNING, JobState.DONE]


def test_a_desk_without_bars_builds_its_past_and_gives_it_to_the_record(world: World) -> None:
    world.bars, world.past = [], PAST
    world.program = (
        "from pathlib import Path\n"
        "from sidecar.domain.bars import Bar\n"
        "from sidecar.learning.bar_file import columns_of, save_bars\n"
        "bar = Bar('NIFTY', 0, 60, 61, 'history', True, 1.0, 2.0, 0.5, 1.5)\n"
        "save_bars(Path(sys.argv[1]) / 'bars.parquet', columns_of([bar]))\n"
        """print('["bars",500,1000,""]', flush=True)\n""" + WRITES
    )
    world.begin()
    world.until(lambda: bool(world.runs()))
    assert [repr(bar) for bar in world.offered] == [repr(BAR)]
    (folder,) = (world.folder / "jobs").glob("T*")
    assert read_job(folder).past == PAST


def test_without_bars_and_without_a_past_there_is_nothing_to_do_and_it_says_so(world: World) -> None:
    world.bars = []
    world.begin()
    world.until(lambda: bool(world.runs()))
    assert world.runs()[0].result is RunResult.SKIPPED
    assert "no bars of NIFTY" in world.runs()[0].reason
    assert world.noticed() == []


def test_a_skip_is_neither_a_failure_nor_a_success(world: World) -> None:
    world.makes = SKIPPED
    world.begin()
    world.until(lambda: bool(world.runs()))
    assert (world.runs()[0].result, world.runs()[0].reason) == (RunResult.SKIPPED, SKIPPED.reason)
    assert world.noticed() == []


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("raise MemoryError('no room')", "MemoryError: no room"),
        ("os.kill(os.getpid(), 9)", "killed (signal 9)"),
        ("time.sleep(60)", "longer than learning.timeout_s"),
        ("pass", "it left no result"),
        ("open(sys.argv[1] + '/result.json', 'w').write('{')", "result.json"),
    ],
)
def test_a_crash_a_hang_and_a_kill_are_a_failed_run_and_an_alert_and_no_model(
    world: World, program: str, words: str
) -> None:
    world.program, world.timeout_s = program, 1.0 if "sleep" in program else 20.0
    world.begin()
    world.until(lambda: bool(world.noticed()))
    (run,) = world.runs()
    assert run.result is RunResult.FAILED
    assert words in run.reason
    assert not any(isinstance(event, ModelOffered) for event in world.put)
    (found,) = world.noticed()[0].findings
    assert found.source == "training"
    assert words in found.message
    assert "\n" not in found.message


def test_the_next_success_ends_the_alert(world: World) -> None:
    world.program = f"if os.path.exists(sys.argv[1] + '/../mended'):\n    {WRITES}\nelse: sys.exit(1)"
    trainer = world.begin()
    world.until(lambda: len(world.noticed()) == 1)
    (world.folder / "jobs" / "mended").touch()
    trainer.ask("anna")
    world.until(lambda: len(world.noticed()) == 2)
    assert world.noticed()[1].cleared == (world.noticed()[0].findings[0].fingerprint,)
    assert [run.actor for run in world.runs()] == ["desk", "anna"]


def test_every_session_is_run_for_once_and_a_missed_one_late(world: World) -> None:
    world.report.training = (before(world),)
    trainer = world.begin()
    world.at("2026-09-07 16:00")
    trainer.wake()
    world.until(lambda: len(world.runs()) == 1)
    world.at("2026-09-09 08:30")
    trainer.wake()
    world.until(lambda: len(world.runs()) == 2)
    time.sleep(1.2)
    assert [(run.kind, run.session, run.late) for run in world.runs()] == [
        ("daily", "2026-09-07", False), ("daily", "2026-09-08", True),
    ]  # fmt: skip


def test_beyond_the_sessions_table_nothing_begins(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.report.training = (before(world),)
    world.at(f"{world.calendar.last.year + 1}-01-04 16:30")
    world.begin()
    time.sleep(1.3)
    assert world.put == []
    assert [record.message for record in caplog.records].count("no daily training") == 1


def test_one_at_a_time_and_the_second_is_answered_with_the_first(world: World) -> None:
    world.program = f"time.sleep(0.5)\n{WRITES}"
    world.report.training = (before(world),)
    trainer = world.begin()
    first = trainer.ask("anna")
    world.until(lambda: trainer.trainings.standing() is not None)
    assert trainer.ask("bert").id == first.id
    world.until(lambda: bool(world.runs()))
    world.until(lambda: trainer.trainings.standing() is None)
    assert trainer.ask("bert").id != first.id
    world.until(lambda: len(world.runs()) == 2)
    assert [run.actor for run in world.runs()] == ["anna", "bert"]


def test_what_is_asked_for_reaches_the_job(world: World) -> None:
    world.report.training = (before(world),)
    world.begin().ask("anna", search=5, seed=11)
    world.until(lambda: bool(world.runs()))
    (folder,) = (world.folder / "jobs").glob("T*")
    assert (read_job(folder).plan.search, read_job(folder).plan.seed) == (5, 11)


def test_a_strategy_of_too_few_trades_is_skipped_with_their_count_and_no_child(world: World) -> None:
    world.report.training, world.trades = (before(world),), [(60, 120, 5.0, 1e6)] * 99
    world.program = "open(sys.argv[1] + '/../began', 'w')"
    world.begin().ask("anna", strategy="demo")
    world.until(lambda: bool(world.runs()))
    (run,) = world.runs()
    assert (run.result, run.family) == (RunResult.SKIPPED, "NIFTY/demo trade_outcome 1")
    assert run.reason == "99 closed trades of demo in NIFTY, of 100 needed"
    assert (world.told[-1].strategy, world.told[-1].reason) == ("demo", run.reason)
    assert list((world.folder / "jobs").glob("T*")) == []
    assert not (world.folder / "jobs" / "began").exists()


def test_a_strategys_trades_reach_the_job_and_it_follows_the_champion_of_its_own_family(world: World) -> None:
    mine = replace(LINE, id="m0", family="NIFTY/demo trade_outcome 1", symbol="NIFTY/demo")
    world.report.training, world.report.models = (before(world),), (LINE, mine)
    world.trades = [(60 + k, 120 + k, float(k), 1e6) for k in range(100)]
    world.begin().ask("anna", strategy="demo")
    world.until(lambda: bool(world.runs()))
    (folder,) = (world.folder / "jobs").glob("T*")
    job = read_job(folder)
    assert (job.symbol, job.family, job.champion) == ("NIFTY", mine.family, mine)
    assert load_trades(folder / TRADES_FILE)["net"].tolist() == [float(k) for k in range(100)]
    assert world.runs()[0].family == mine.family


def test_a_training_of_a_strategy_stands_in_for_none_of_the_markets(world: World) -> None:
    world.at("2026-09-07 16:30")
    mine = replace(before(world), family="NIFTY/demo trade_outcome 1")
    world.report.training, world.report.models = (mine,), (replace(LINE, family=mine.family),)
    world.begin()
    world.until(lambda: bool(world.runs()))
    assert (world.runs()[0].kind, world.runs()[0].family) == ("first", LINE.family)


def test_a_champion_that_changed_meanwhile_keeps_its_place(world: World) -> None:
    world.program = f"time.sleep(0.5)\n{WRITES}"
    world.begin()
    world.until(lambda: any(job.state is JobState.RUNNING for job in world.told))
    time.sleep(0.2)
    world.report.models = (replace(LINE, id="m0"),)
    world.until(lambda: bool(world.runs()))
    offered = next(event.model for event in world.put if isinstance(event, ModelOffered))
    assert offered.role is ModelRole.CANDIDATE
    assert "another model became champion" in offered.reason


def test_a_stop_breaks_it_off_and_leaves_nothing_on_record(world: World) -> None:
    world.program = "time.sleep(60)"
    trainer = world.begin()
    world.until(lambda: bool(world.told))
    began = time.monotonic()
    trainer.stop()
    assert time.monotonic() - began < 5.0
    assert world.put == []


def test_old_folders_go_and_a_few_stay(world: World) -> None:
    world.report.training = (before(world),)
    (world.folder / "jobs" / "T000000000000-left").mkdir(parents=True)
    trainer = world.begin()
    for number in range(1, 6):
        world.at(f"2026-09-07 10:0{number}")
        world.until(lambda: trainer.trainings.standing() is None)
        trainer.ask("anna")
        world.until(lambda count=number: len(world.runs()) == count)  # type: ignore[misc]
    world.until(lambda: len(list((world.folder / "jobs").glob("T*"))) <= 3)
    assert not (world.folder / "jobs" / "T000000000000-left").exists()
    assert np.unique([run.id for run in world.runs()]).size == 5
