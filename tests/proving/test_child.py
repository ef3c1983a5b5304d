"""The process that runs a backtest, as a real one: small requests, and everything that can befall it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from sidecar.domain.backtests import Engine
from sidecar.learning.bar_file import save_bars
from sidecar.learning.job import progress_of
from sidecar.proving.job import BARS_FILE, RESULT_FILE, Ended, read_ended, write_work
from sidecar.settings import desk_config, load_settings
from tests.backtest_world import PAST, work
from tests.learning.market import market
from tests.nursery import Nursery

NAME = "B260907034500-00000a"
#: What such a process loads first: all that it needs, by having run one.
LOADED = """
import pathlib, sys, tempfile
from sidecar.proving.job import read_work
from sidecar.proving.run import run
from sidecar.proving.child import leave
from sidecar.reference import load_reference
from tests.proving.test_child import folder_of
with tempfile.TemporaryDirectory() as place:
    folder = folder_of(pathlib.Path(place))
    work = read_work(folder)
    leave(folder, run(work.job.request, work.past, load_reference()))
"""
FORKED = "import sys; from sidecar.proving.child import main; sys.exit(main(sys.argv[1:]))"
#: A user's own rule, which does what is put after it.
OWN = """
from sidecar.strategies.rules import stepped
class Rule:
    name, needs_model, batch = "own", False, stepped
    def stepper(self):
        def step(bar):
            {}
        return step
"""
COLUMNS = market(5, 4, minutes=375).columns
DAYS = [date.fromordinal(int(day)) for day in np.unique(COLUMNS["session"])]


def folder_of(place: Path, own: str = "", memory_mb: int = 4_096, strategy_s: float = 5.0, **asked: Any) -> Path:
    folder = place / NAME
    past = replace(PAST, config=desk_config(load_settings()), bars=str(folder / BARS_FILE), strategy_s=strategy_s)
    if own:
        (place / "own.py").write_text(OWN.format(own))
        past, asked = replace(past, strategy_file=str(place / "own.py")), {"strategy": "own.py", **asked}
    made = work(NAME, past=past, **{"start_date": DAYS[0], "end_date": DAYS[-1], **asked})
    write_work(folder, replace(made, memory_mb=memory_mb))
    save_bars(folder / BARS_FILE, {"symbol": np.full(len(COLUMNS["at"]), "NIFTY", object), **COLUMNS})
    return folder


def forked(nursery: Nursery, folder: Path) -> Ended:
    child = nursery.run(FORKED, folder)
    assert child.returncode == 0, child.stderr
    found = read_ended(folder)
    assert found is not None
    return found


def results(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir() if one.name.startswith(("result", "report", "trades")))


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    made = Nursery(tmp_path_factory.mktemp("nursery"), LOADED)
    yield made
    made.close()


def test_a_request_becomes_a_result_a_report_and_a_line_and_its_steps_are_told(
    nursery: Nursery, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path)
    ended = forked(nursery, folder)
    assert (ended.done, ended.reason, len(ended.hash), ended.simulated) == (True, "", 64, True)
    assert results(folder) == ["report.html", RESULT_FILE, "trades.csv"]
    told = json.loads((folder / RESULT_FILE).read_text(), parse_constant=pytest.fail)
    assert (told["hash"], told["total_return"], told["total_trades"]) == (
        ended.hash, ended.total_return, ended.total_trades,
    )  # fmt: skip
    assert (folder / "trades.csv").read_text().count("\n") == told["total_trades"] + 1
    steps = [progress_of(line) for line in nursery.out.read_bytes().splitlines()]
    assert [step.step for step in steps if step][-1] == "report"
    again = forked(nursery, folder_of(tmp_path / "again"))
    assert again.hash == ended.hash


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"start_date": date(2023, 1, 2)}, "start_date: 2023-01-02"),
        ({"symbols": ("NONE",)}, "symbols: 'NONE' has no data"),
        ({"strategy": "own.py"}, "strategy: 'own.py' is not known"),
        ({"own": "raise ValueError('the reason')"}, "the reason"),
        ({"own": "while True: pass", "strategy_s": 0.3, "engine": Engine.EVENT}, "0.3 s"),
        (
            {"own": "return len(bytes(1 << 30))", "memory_mb": 64},
            "ran out of the 64 MB it may take; raise backtest.memory_mb",
        ),
    ],
)
def test_what_cannot_be_done_is_a_failure_in_one_line_and_no_result(
    nursery: Nursery, tmp_path: Path, asked: dict[str, Any], words: str
) -> None:
    folder = folder_of(tmp_path, **asked)
    ended = forked(nursery, folder)
    assert not ended.done
    assert words in ended.reason
    assert "\n" not in ended.reason
    assert results(folder) == []


def test_a_desk_without_bars_says_so(nursery: Nursery, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / BARS_FILE).unlink()
    assert "no data" in forked(nursery, folder).reason


def test_a_disk_that_refuses_the_report_is_a_failure(nursery: Nursery, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "report.html").mkdir()
    ended = forked(nursery, folder)
    assert (ended.done, "report.html" in ended.reason) == (False, True)
    assert RESULT_FILE not in results(folder)


def test_a_kill_leaves_no_end_and_no_half_of_a_result(nursery: Nursery, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    process = nursery.begin(FORKED, folder)
    until = time.monotonic() + 30.0
    while '["data"' not in (nursery.out.read_text() if nursery.out.exists() else ""):
        assert time.monotonic() < until, "it never came so far"
        time.sleep(0.002)
    os.kill(process, signal.SIGKILL)
    assert nursery.end().returncode == -signal.SIGKILL
    assert read_ended(folder) is None
    assert RESULT_FILE not in results(folder)


def test_a_folder_that_is_no_backtest_is_refused_in_a_line(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "sidecar.proving.child", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert told.returncode == 2
    assert "job.json" in told.stderr
    assert "Traceback" not in told.stderr
