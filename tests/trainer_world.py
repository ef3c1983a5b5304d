"""A desk round the trainer: its clock is set by hand, and its children are real processes of a few lines."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sidecar.child import Child
from sidecar.domain.bars import Bar
from sidecar.domain.calendar import Calendar
from sidecar.domain.clock import from_datetime
from sidecar.domain.events import AnyEvent, Noticed, TrainingEnded
from sidecar.domain.models import LabelKind, ModelLine, ModelRole, RunResult, TrainingRun, Verdict
from sidecar.domain.training import TrainingJob
from sidecar.features.labels import LabelSpec
from sidecar.learning.bar_file import columns_of
from sidecar.learning.job import Job, Result, SimulatedPast, write_result
from sidecar.learning.plan import Plan
from sidecar.learning.trade_file import trades_of
from sidecar.schooling import Desk, Schooling
from sidecar.trainer import Trainer

BAR = Bar("NIFTY", 0, 60, 61, "history", True, 1.0, 2.0, 0.5, 1.5)
PAST = SimulatedPast("NSE", "NIFTY", 1, "2026-09-07", 60, 20, 2, 0.065)
LINE = ModelLine(
    "m1", "NIFTY fixed_horizon 15", "NIFTY", LabelKind.FIXED_HORIZON, 15, ModelRole.CHAMPION, Verdict.NO_SKILL,
    1, 1, 2, 3, True, "f", "h", "g", reason="the first",
)  # fmt: skip
DONE, SKIPPED = Result(RunResult.DONE, "the first", LINE, 30), Result(RunResult.SKIPPED, "4 sessions, of 15 needed")
WRITES = "import shutil; shutil.copy(sys.argv[1] + '/../made.json', sys.argv[1] + '/result.json')"


@dataclass
class World:
    """A desk that takes what it is told, and a child that does ``program``; ``now`` is set by hand."""

    folder: Path
    calendar: Calendar
    program: str = WRITES
    makes: Result = DONE
    bars: list[Bar] = field(default_factory=lambda: [BAR])
    past: SimulatedPast | None = None
    timeout_s: float = 20.0
    trades: list[tuple[int, int, float, float]] = field(default_factory=list)
    put: list[AnyEvent] = field(default_factory=list)
    offered: list[Bar] = field(default_factory=list)
    told: list[TrainingJob] = field(default_factory=list)
    report: Any = field(default_factory=lambda: SimpleNamespace(training=(), models=()))

    def at(self, text: str) -> None:
        self.now = from_datetime(datetime.fromisoformat(text).replace(tzinfo=self.calendar.zone))

    def begin(self) -> Trainer:
        jobs = self.folder / "jobs"
        jobs.mkdir(parents=True, exist_ok=True)
        write_result(jobs, self.makes)
        (jobs / "result.json").rename(jobs / "made.json")
        models = str(self.folder / "models")
        pattern = Job("", 0, "NIFTY", LabelSpec(LabelKind.FIXED_HORIZON, 15), Plan(), models, past=self.past)
        desk = Desk(lambda: self.now, lambda: self.report, lambda _: columns_of(self.bars), self.take,
                    self.offered.extend, lambda _: trades_of(self.trades), self.told.append)  # fmt: skip
        begins = ("-c", f"import os, sys, time\n{self.program}")
        schooling = Schooling(pattern, jobs, self.calendar, "16:00", self.timeout_s)
        self.trainer = Trainer(desk, schooling, lambda folder: Child(folder, begins=begins))
        self.trainer.start()
        return self.trainer

    def take(self, event: AnyEvent) -> None:
        self.put.append(event)

    def runs(self) -> list[TrainingRun]:
        return [event.run for event in self.put if isinstance(event, TrainingEnded)]

    def noticed(self) -> list[Noticed]:
        return [event for event in self.put if isinstance(event, Noticed)]

    def until(self, holds: Callable[[], bool], wait_s: float = 15.0) -> None:
        end = time.monotonic() + wait_s
        while not holds():
            assert time.monotonic() < end, self.told[-3:]
            time.sleep(0.01)
