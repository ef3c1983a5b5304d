"""A desk round the backtester: its clock is set by hand, and its children are real processes of a few lines."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from sidecar.child import Child
from sidecar.desk.config import DeskConfig
from sidecar.domain.backtests import BacktestJob, BacktestRequest
from sidecar.domain.models import LabelKind
from sidecar.domain.records import BacktestRecorded
from sidecar.features.labels import LabelSpec
from sidecar.learning.plan import Plan
from sidecar.proving.backtester import Backtester, Desk
from sidecar.proving.job import Ended, Work
from sidecar.proving.past import Past
from sidecar.venues.matching import PaperSettings

NOW = 1_788_753_600_000_000
PAST = Past(
    config=DeskConfig({"main": Decimal(2_000_000)}, {"vix": 40.0}), paper=PaperSettings(),
    spec=LabelSpec(LabelKind.FIXED_HORIZON, 15), plan=Plan(),
)  # fmt: skip
REQUEST = BacktestRequest(("NIFTY",), "sma_cross", date(2026, 8, 3), date(2026, 8, 17))
DONE = Ended(True, hash="h0", total_return=0.01, max_drawdown=0.02, total_trades=3, simulated=True)
#: What a child does that goes through: two files of a result, and the end.
WRITES = (
    f"text = {msgspec.json.encode(DONE).decode()!r}\n"
    "for name in ('report.html', 'result.json', 'ended.json'):\n"
    "    open(sys.argv[1] + '/' + name, 'w').write(text)\n"
)


def work(name: str, *, capital: Decimal = Decimal(2_000_000), past: Past = PAST, **asked: Any) -> Work:
    request = msgspec.structs.replace(REQUEST, initial_capital=capital, **asked)
    return Work(BacktestJob(name, "ann", request, asked_at=NOW), past)


@dataclass
class World:
    """A desk that keeps what it is told, and a child that does ``program``."""

    folder: Path
    program: str = WRITES
    timeout_s: float = 20.0
    keep: int = 50
    now: int = NOW
    records: list[BacktestRecorded] = field(default_factory=list)
    told: list[BacktestJob] = field(default_factory=list)
    bars: Callable[[BacktestRequest, Path], None] = lambda _, path: path.touch()
    makes: Callable[[BacktestJob], Work] = lambda job: Work(job, PAST)

    def begin(self) -> Backtester:
        desk = Desk(
            lambda: self.now, lambda job: self.makes(job), lambda *asked: self.bars(*asked), self.records.append,
            self.recorded, self.told.append,
        )  # fmt: skip
        begins = ("-c", f"import os, sys, time\n{self.program}")
        self.backtester = Backtester(
            desk, self.folder, keep=self.keep, timeout_s=self.timeout_s,
            child=lambda folder: Child(folder, begins=begins, setting="backtest.timeout_s"),
        )  # fmt: skip
        self.backtester.start()
        return self.backtester

    def ask(self, actor: str = "ann") -> BacktestJob:
        made = self.backtester.ask(actor, REQUEST)
        assert made is not None
        return made

    def recorded(self, job_id: str) -> BacktestJob | None:
        return next((record.job for record in self.records if record.job.id == job_id), None)

    def over(self, job: BacktestJob) -> BacktestJob:
        """The job when it is over."""
        self.until(lambda: (self.backtester.backtests.job(job.id) or job).state.over)
        return self.backtester.backtests.job(job.id) or job

    def files(self, job: BacktestJob) -> list[str]:
        return sorted(one.name for one in (self.folder / job.id).iterdir())

    def until(self, holds: Callable[[], bool], wait_s: float = 15.0) -> None:
        end = time.monotonic() + wait_s
        while not holds():
            assert time.monotonic() < end, self.told[-3:]
            time.sleep(0.01)
