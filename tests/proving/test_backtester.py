"""When a backtest runs, what befalls it, and what is told of that."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.domain.backtests import BacktestJob, BacktestState
from sidecar.domain.errors import InputError, StoreError
from sidecar.proving.backtester import BROKEN_OFF
from sidecar.proving.job import ENDED_FILE, JOB_FILE, RESULT_FILE, read_work, write_ended, write_work
from sidecar.proving.jobs import MOST_WAITING
from tests.backtest_world import DONE, NOW, WRITES, World, work

LONG = "print('[\"window 1 of 2\",1,2,\"3 trades\"]', flush=True)\nopen(sys.argv[1] + '/report.html.unfinished', 'w')\n"
HANGS = LONG + "time.sleep(60)"
LEFT = "B260907034500-00000a"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "backtests")
    yield made
    made.backtester.stop()


def running(world: World, job: BacktestJob) -> None:
    """Wait until its child has told of a step."""
    world.until(lambda: bool((world.backtester.backtests.job(job.id) or job).note))


def test_one_that_goes_through_is_told_kept_and_on_record_once(world: World) -> None:
    world.begin()
    job = world.over(made := world.ask())
    assert (job.state, job.actor, job.request) == (BacktestState.DONE, "ann", made.request)
    assert (job.hash, job.total_return, job.sharpe_ratio, job.total_trades) == ("h0", 0.01, None, 3)
    assert (job.fraction, job.asked_at, job.started_at, job.ended_at) == (1.0, NOW, NOW, NOW)
    assert job.seconds > 0
    assert [record.job for record in world.records] == [job]
    assert [told.state.value for told in world.told] == ["queued", "running", "done"]
    assert world.files(job) == [ENDED_FILE, "errors.txt", JOB_FILE, "report.html", RESULT_FILE]  # the bars are gone


def test_its_steps_are_told_as_they_come(world: World) -> None:
    world.program = LONG + WRITES
    world.begin()
    world.over(world.ask())
    step = world.told[-2]
    assert (step.step, step.note, step.fraction) == ("window 1 of 2", "3 trades", 0.5)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("raise MemoryError('no room')", "MemoryError: no room"),
        ("os.kill(os.getpid(), 9)", "killed (signal 9)"),
        ("time.sleep(60)", "it took longer than backtest.timeout_s allows"),
        ("pass", "it left no result"),
        ("open(sys.argv[1] + '/ended.json', 'w').write('{')", "ended.json"),
        ("open(sys.argv[1] + '/ended.json', 'w').write('{\"done\":false,\"reason\":\"the gate refused all\"}')",
         "the gate refused all"),
    ],
)  # fmt: skip
def test_whatever_befalls_it_is_a_failed_backtest_with_a_line_and_no_half_of_a_result(
    world: World, program: str, words: str
) -> None:
    world.program = "open(sys.argv[1] + '/result.json.unfinished', 'w')\n" + program
    world.timeout_s = 0.6 if "sleep" in program else 20.0
    world.begin()
    job = world.over(world.ask())
    assert (job.state, job.hash, job.total_return) == (BacktestState.FAILED, "", None)
    assert words in job.reason
    assert "\n" not in job.reason
    assert [record.job for record in world.records] == [job]
    assert not [name for name in world.files(job) if name.startswith(("result", "report", "bars"))]


def test_a_child_that_somebody_kills_has_failed_and_the_next_one_runs(world: World) -> None:
    world.program = f"open(sys.argv[1] + '/pid', 'w').write(str(os.getpid()))\n{HANGS}"
    backtester = world.begin()
    first, second = world.ask(), world.ask()
    running(world, first)
    os.kill(int((world.folder / first.id / "pid").read_text()), signal.SIGKILL)
    assert "killed (signal 9)" in world.over(first).reason
    running(world, second)
    assert [job.id for job in backtester.backtests.standing()] == [second.id]


def test_what_cannot_be_prepared_is_a_failure_too(world: World) -> None:
    def refuse(*_: object) -> None:
        raise InputError("bars", "cannot be read")

    world.bars = refuse
    world.begin()
    assert world.over(world.ask()).reason == "bars: cannot be read"
    world.bars = lambda *_: 1 // 0  # type: ignore[assignment]
    assert world.over(world.ask()).reason.startswith("ZeroDivisionError")


def test_one_that_runs_is_cancelled_at_once_and_leaves_nothing(world: World) -> None:
    world.program = HANGS
    backtester = world.begin()
    running(world, job := world.ask())
    began = time.monotonic()
    told = backtester.cancel(job.id, "bert")
    assert time.monotonic() - began < 3.0
    assert told is not None
    assert (told.state, told.reason, told.fraction) == (BacktestState.CANCELLED, "cancelled by bert", 0.5)
    assert [record.job for record in world.records] == [told]
    assert not (world.folder / job.id).exists()
    assert backtester.cancel(job.id, "bert") is None


def test_one_that_waits_is_cancelled_without_the_one_that_runs(world: World) -> None:
    world.program = HANGS
    backtester = world.begin()
    first, second = world.ask(), world.ask()
    running(world, first)
    told = backtester.cancel(second.id, "bert")
    assert told is not None
    assert (told.state, told.started_at, told.seconds) == (BacktestState.CANCELLED, 0, 0.0)
    assert not (world.folder / second.id).exists()
    assert [job.id for job in backtester.backtests.standing()] == [first.id]


def test_where_too_many_wait_one_more_leaves_nothing_behind(world: World) -> None:
    world.program = HANGS
    backtester = world.begin()
    running(world, world.ask())
    for _ in range(MOST_WAITING):
        world.ask()
    assert backtester.ask("ann", world.told[0].request) is None
    assert len(list(world.folder.iterdir())) == MOST_WAITING + 1


def test_a_disk_that_refuses_takes_none(world: World) -> None:
    world.begin()
    world.folder.write_text("not a folder")
    with pytest.raises(StoreError, match="was not taken"):
        world.ask()
    assert world.backtester.backtests.standing() == ()
    world.folder.unlink()


def test_what_the_desks_end_breaks_off_is_told_at_the_next_start_and_only_once(world: World) -> None:
    world.program = HANGS
    world.begin()
    first, second = world.ask(), world.ask()
    running(world, first)
    began = time.monotonic()
    world.backtester.stop()
    assert time.monotonic() - began < 5.0
    assert world.records == []
    for _ in range(2):
        world.begin()
        world.until(lambda: len(world.records) == 2)
        world.backtester.stop()
    assert [(record.job.id, record.job.state, record.job.reason) for record in world.records] == [
        (name, BacktestState.FAILED, BROKEN_OFF) for name in sorted((first.id, second.id))
    ]
    assert world.files(first) == ["errors.txt", JOB_FILE]


def test_one_that_had_ended_when_the_desk_was_killed_is_told_as_it_ended(world: World) -> None:
    write_work(world.folder / LEFT, work(LEFT))
    write_ended(world.folder / LEFT, DONE)
    (world.folder / "B260907034500-00000b").mkdir()
    (world.folder / "B260907034500-00000b" / JOB_FILE).write_text("{")
    world.begin()
    world.until(lambda: len(world.records) == 1)
    (record,) = world.records
    assert (record.job.id, record.job.state, record.job.hash) == (LEFT, BacktestState.DONE, "h0")
    assert world.backtester.backtests.job(LEFT) == record.job


def test_old_folders_go_and_their_lines_stay(world: World) -> None:
    world.keep = 2
    world.begin()
    made = []
    for number in range(4):
        world.now = NOW + number * 1_000_000
        made.append(world.over(world.ask()))
    world.until(lambda: len(list(world.folder.iterdir())) == 2)
    assert sorted(one.name for one in world.folder.iterdir()) == [job.id for job in made[2:]]
    assert [record.job.id for record in world.records] == [job.id for job in made]


def test_what_a_child_is_given_is_what_was_asked_for(world: World) -> None:
    world.begin()
    job = world.over(made := world.ask("cleo"))
    assert read_work(world.folder / job.id).job == made
