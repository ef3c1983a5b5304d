"""How a desk trains: the pattern of its jobs, their folders, and what stands when one of them has ended."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from numpy.typing import NDArray

from sidecar.domain.bars import Bar
from sidecar.domain.calendar import Calendar
from sidecar.domain.events import AnyEvent
from sidecar.domain.models import LabelKind, ModelLine, ModelRole, RunResult, TrainingRun
from sidecar.domain.report import DeskReport
from sidecar.domain.training import TrainingJob
from sidecar.features.labels import LabelSpec
from sidecar.learning.bar_file import bars_of, load_bars, save_bars
from sidecar.learning.dataset import LEAST_TRADES
from sidecar.learning.job import BARS_FILE, TRADES_FILE, ArchivedPast, Job, Result, write_job
from sidecar.learning.trade_file import Trades, save_trades

#: Bars that are offered to the record at once.
_AT_ONCE = 1_000


@dataclass(frozen=True)
class Desk:
    """What a trainer is shown of the desk, and what it may do to it; none of these may wait but ``bars``, which reads.

    ``now`` is market time. ``trades`` are a strategy's closed round trips in what is learnt: ``entry_at`` and
    ``exit_at`` (microseconds UTC), ``net`` (after fees) and ``value``, the capital of its fund, both money, so that a
    trade's move is its return on that capital, a fraction. ``told`` hears of each change of a training, ``ended`` of
    each run when it is over.
    """

    now: Callable[[], int]
    report: Callable[[], DeskReport | None]
    bars: Callable[[str], dict[str, NDArray[Any]]]
    put: Callable[[AnyEvent], None]
    offer_bars: Callable[[Sequence[Bar]], None]
    trades: Callable[[str], Trades]
    told: Callable[[TrainingJob], None] = lambda _: None
    ended: Callable[[TrainingRun], None] = lambda _: None


@dataclass(frozen=True)
class Schooling:
    """``pattern`` is what every training does; its ``past`` is built only where there are no bars yet.

    ``folder`` holds the jobs' folders. ``train_at`` is HH:MM of the exchange, empty for no daily run.
    """

    pattern: Job
    folder: Path
    calendar: Calendar
    train_at: str = "16:00"
    timeout_s: float = 3_600.0

    def pattern_of(self, strategy: str) -> Job:
        """What a training of the market does, or, where ``strategy`` names one, of whether that one's trades win."""
        if not strategy:
            return self.pattern
        # The trades are the record's: a past that is built has none beside its bars.
        return replace(self.pattern, strategy=strategy, spec=LabelSpec(LabelKind.TRADE_OUTCOME, 1), past=None)

    def champion(self, report: DeskReport | None, family: str) -> ModelLine | None:
        """The model of ``family`` whose place a new one may take."""
        models = report.models if report else ()
        return next((one for one in models if (one.family, one.role) == (family, ModelRole.CHAMPION)), None)

    def prepare(self, job: TrainingJob, desk: Desk) -> Job | Result:
        """The job's folder, ready for a child; or why there is nothing to do.

        :raises OSError: the disk refuses. :raises DeskError: the record cannot be read.
        """
        pattern = self.pattern_of(job.strategy)
        trades = desk.trades(job.strategy) if job.strategy else None
        if trades is not None and (closed := len(trades["net"])) < LEAST_TRADES:
            told = f"{closed} closed trades of {job.strategy} in {pattern.symbol}, of {LEAST_TRADES} needed"
            return Result(RunResult.SKIPPED, told)
        columns, now = desk.bars(pattern.symbol), desk.now()
        past = None if len(columns["at"]) else pattern.past
        if isinstance(past, ArchivedPast):
            past = replace(past, until=now)  # an archive may hold what this desk has yet to live through
        if past is None and not len(columns["at"]):
            return Result(RunResult.SKIPPED, f"there are no bars of {pattern.symbol} yet; record or import some")
        asked = {name: value for name in ("search", "seed") if (value := getattr(job, name)) is not None}
        plan, champion = replace(pattern.plan, **asked), self.champion(desk.report(), pattern.family)
        made = replace(pattern, id=job.id, at=now, plan=plan, champion=champion, past=past)
        write_job(self.folder / job.id, made)
        if past is None:
            save_bars(self.folder / job.id / BARS_FILE, columns)
        if trades is not None:
            save_trades(self.folder / job.id / TRADES_FILE, trades)
        return made

    def settled(self, made: Job, result: Result, report: DeskReport | None) -> Result:
        """The result; a model that was to follow a champion that is none any more takes nobody's place."""
        now, model = self.champion(report, made.family), result.model
        same = (now.id if now else "") == (made.champion.id if made.champion else "")
        if model is None or model.role is not ModelRole.CHAMPION or same:
            return result
        why = "another model became champion while it was trained"
        return replace(result, reason=why, model=replace(model, role=ModelRole.CANDIDATE, reason=why))

    def offer(self, job_id: str, desk: Desk) -> None:
        """Give the record the past that a job has built, so that what is live begins warm.

        :raises FileRefused: its file cannot be read.
        """
        found = bars_of(load_bars(self.folder / job_id / BARS_FILE))
        for first in range(0, len(found), _AT_ONCE):
            desk.offer_bars(found[first : first + _AT_ONCE])

    def tidy(self, left: int) -> None:
        """Remove the folders of all but the newest ``left`` trainings."""
        folders = sorted(self.folder.glob("T*")) if self.folder.is_dir() else []
        for one in folders[: len(folders) - left]:
            shutil.rmtree(one, ignore_errors=True)
