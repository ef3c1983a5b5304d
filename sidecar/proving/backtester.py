"""The backtests beside the desk: one at a time, in a process of its own, in the order in which they were asked for.

Whatever happens to one, the desk hears of it in one record. One that the desk's own end has broken off is told at the
next start, as failed: a person who was promised an answer gets one.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag
from threading import Thread

from msgspec.structs import replace

from sidecar.bounds import in_a_line
from sidecar.child import Child
from sidecar.domain.backtests import BacktestJob, BacktestRequest, BacktestState
from sidecar.domain.errors import DeskError, StoreError
from sidecar.domain.records import BacktestRecorded
from sidecar.learning.plan import Progress
from sidecar.proving.job import (
    BARS_FILE,
    Ended,
    Work,
    empty,
    folders,
    read_ended,
    read_work,
    tidy,
    write_work,
)
from sidecar.proving.jobs import Backtests

log = logging.getLogger(__name__)

BEGINS = ("-m", "sidecar.proving.child")
SETTING = "backtest.timeout_s"
BROKEN_OFF = "the desk ended before it was over; ask for it again"
_STOP_WAIT_S = 10.0
#: How long whoever cancels one that runs waits for its end.
_CANCEL_WAIT_S = 3.0
_LOOK_EVERY_S = 0.02
#: What a backtest's line has of what came of it.
_FIGURES = ("reason", "hash", "total_return", "sharpe_ratio", "max_drawdown", "total_trades", "simulated")


@dataclass(frozen=True)
class Desk:
    """What the backtester is shown of the desk. ``now`` is market time; ``work`` makes what a child is given of a job,
    and ``bars`` puts the bars that it is to run on into its folder: both read. ``remember`` puts a record on disk and
    ``ended`` hears of each that is; neither waits. ``recorded`` finds one that is on record.
    """

    now: Callable[[], int]
    work: Callable[[BacktestJob], Work]
    bars: Callable[[BacktestRequest, Path], None]
    remember: Callable[[BacktestRecorded], None]
    recorded: Callable[[str], BacktestJob | None]
    told: Callable[[BacktestJob], None] = lambda _: None
    ended: Callable[[BacktestJob], None] = lambda _: None


class Backtester:
    """``start`` it once the desk runs; ``stop`` ends it and whatever it runs.

    :param folder: where the folders of backtests are, of which the newest ``keep`` stay.
    :param child: makes the process for a backtest's folder.
    """

    def __init__(
        self,
        desk: Desk,
        folder: Path,
        *,
        keep: int = 50,
        timeout_s: float = 1_800.0,
        child: Callable[[Path], Child] | None = None,
    ) -> None:
        self.backtests = Backtests(desk.now, desk.told)
        self._desk = desk
        self._folder = folder
        self._keep = keep
        self._timeout_s = timeout_s
        self._child = child or (lambda place: Child(place, begins=BEGINS, setting=SETTING))
        self._before: list[Path] = []
        self._stopped = Flag()
        self._wanted = Flag()
        self._thread = Thread(target=self._run, name="backtester", daemon=True)

    def start(self) -> None:
        """Begin; what an earlier start left is looked at first."""
        self._before = folders(self._folder)
        self._thread.start()

    def stop(self) -> None:
        """End; what waits or runs is broken off, and told so at the next start."""
        self._stopped.set()
        self.backtests.broken.set()
        self._wanted.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_WAIT_S)

    def ask(self, actor: str, request: BacktestRequest) -> BacktestJob | None:
        """Let one wait for its turn; it is on disk when this returns. None where too many wait.

        :raises StoreError: the disk does not take it. :raises DeskError: what it needs cannot be read.
        """
        made = self.backtests.made(actor, request)
        if self.backtests.full:
            return None
        try:
            write_work(self._folder / made.id, self._desk.work(made))
        except OSError as error:
            shutil.rmtree(self._folder / made.id, ignore_errors=True)
            raise StoreError(f"{self._folder}: the backtest was not taken ({error.strerror})") from error
        if not self.backtests.queue(made):
            shutil.rmtree(self._folder / made.id, ignore_errors=True)
            return None
        self._wanted.set()
        return made

    def cancel(self, job_id: str, actor: str) -> BacktestJob | None:
        """Cancel one: as it then is, which is over but for a child that will not die; None where it is over already.

        Nothing is left of its files.
        """
        found = self.backtests.cancel(job_id, actor)
        if found is None:
            return None
        if found.state is BacktestState.QUEUED:
            return self._cancelled(found, actor, 0.0)
        until = time.monotonic() + _CANCEL_WAIT_S
        while (now := self.backtests.job(job_id) or found).state.over is False and time.monotonic() < until:
            time.sleep(_LOOK_EVERY_S)
        return now

    def _run(self) -> None:
        # The child writes to this thread and dies with it: the kernel ties a child to the thread that began it.
        for folder in self._before:
            self._recover(folder)
        self._tidy()
        while not self._stopped.is_set():
            self._wanted.clear()
            if (job := self.backtests.take()) is not None:
                self._work(job)
                self._tidy()
            else:
                self._wanted.wait()

    def _recover(self, folder: Path) -> None:
        """Tell what became of one that an earlier start was asked for and never told the end of."""
        try:
            if self._desk.recorded(folder.name) is not None:
                return
            job, ended = read_work(folder).job, read_ended(folder) or Ended(False, BROKEN_OFF)
        except DeskError as error:
            log.warning("a backtest cannot be told of", extra={"job": folder.name, "reason": str(error)})
            return
        self._ended(job, ended, 0.0)

    def _work(self, job: BacktestJob) -> None:
        began = time.monotonic()
        if self._stopped.is_set():
            self.backtests.broken.set()
        log.info("backtest begins", extra={"job": job.id, "strategy": job.request.strategy})
        try:
            ended = self._worked(job)
        except (DeskError, OSError) as error:
            ended = Ended(False, in_a_line(str(error)))
        except Exception as error:  # what was not foreseen is a failed backtest, and not the backtester's end
            log.exception("the backtester failed", extra={"job": job.id})
            ended = Ended(False, in_a_line(f"{type(error).__name__}: {error}"))
        job, seconds = self.backtests.job(job.id) or job, time.monotonic() - began
        (self._folder / job.id / BARS_FILE).unlink(missing_ok=True)
        if ended.done:
            self._ended(job, ended, seconds)
        elif self.backtests.cancelled_by:
            self._cancelled(job, self.backtests.cancelled_by, seconds)
        elif not self._stopped.is_set():  # else it was not the backtest that failed, and the next start tells of it
            self._ended(job, ended, seconds)

    def _worked(self, job: BacktestJob) -> Ended:
        """Let the child do it; what came of it."""
        folder = self._folder / job.id
        self._desk.bars(job.request, folder / BARS_FILE)
        child, stop = self._child(folder), self.backtests.broken
        why = child.work(self._timeout_s, stop, lambda step: self._told(job.id, step))
        if why:
            return Ended(False, why)
        return read_ended(folder) or Ended(False, "it left no result")

    def _told(self, job_id: str, progress: Progress) -> None:
        job = self.backtests.job(job_id)
        share = min(max(progress.done / max(progress.total, 1), 0.0), 1.0)
        if job is not None:
            self.backtests.tell(replace(job, step=progress.step[:80], note=progress.note[:300], fraction=share))

    def _ended(self, job: BacktestJob, ended: Ended, seconds: float) -> BacktestJob:
        told = {name: getattr(ended, name) for name in _FIGURES}
        if not ended.done:
            empty(self._folder / job.id)
        return self._record(
            replace(
                job,
                state=BacktestState.DONE if ended.done else BacktestState.FAILED,
                ended_at=self._desk.now(),
                seconds=seconds,
                fraction=1.0 if ended.done else job.fraction,
                **told,
            )
        )

    def _cancelled(self, job: BacktestJob, actor: str, seconds: float) -> BacktestJob:
        shutil.rmtree(self._folder / job.id, ignore_errors=True)
        why, now = f"cancelled by {actor}", self._desk.now()
        return self._record(replace(job, state=BacktestState.CANCELLED, ended_at=now, seconds=seconds, reason=why))

    def _record(self, job: BacktestJob) -> BacktestJob:
        self._desk.remember(BacktestRecorded(job.ended_at, job))
        self._desk.ended(job)
        log.info("backtest ended", extra={"job": job.id, "state": job.state.value, "reason": job.reason})
        return self.backtests.tell(job)

    def _tidy(self) -> None:
        tidy(self._folder, self._keep, (job.id for job in self.backtests.standing()))
