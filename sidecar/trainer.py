"""The training beside the desk: it decides when, lets a process of its own do it, and tells what came of it.

One training at a time: a ``first`` one on an empty desk, a ``daily`` one after each session, and what a person
``asked`` for. Whatever happens to it, the desk hears of it in one record and, for a failure, one alert; models stay.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag
from threading import Thread

from msgspec.structs import replace

from sidecar.child import Child
from sidecar.domain.alerts import AlertLevel, Finding
from sidecar.domain.errors import CalendarBeyond, DeskError, FileRefused
from sidecar.domain.events import ModelOffered, Noticed, TrainingEnded
from sidecar.domain.models import RunResult, TrainingRun
from sidecar.domain.training import JobState, TrainingJob, run_of, strategy_of
from sidecar.learning import schedule
from sidecar.learning.job import BARS_READY, Result, read_result
from sidecar.learning.plan import Progress
from sidecar.learning.registry import Registry
from sidecar.schooling import Desk, Schooling
from sidecar.trainings import Trainings

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
_STOP_WAIT_S = 10.0
#: Folders of ended trainings that are left to look at.
_FOLDERS_LEFT = 3


class Trainer:
    """``start`` it once the desk runs; ``stop`` ends it and whatever trains.

    :param child: makes the process for a job's folder.
    """

    def __init__(self, desk: Desk, schooling: Schooling, child: Callable[[Path], Child] | None = None) -> None:
        threads = schooling.pattern.plan.threads
        self.trainings = Trainings(desk.now, desk.told)
        self._desk = desk
        self._schooling = schooling
        self._child = child or (lambda folder: Child(folder, threads=threads))
        self._stopped = Flag()
        self._wanted = Flag()
        self._beyond = ""
        self._thread = Thread(target=self._run, name="trainer", daemon=True)

    def start(self) -> None:
        """Begin to look for something to do."""
        self._thread.start()

    def stop(self) -> None:
        """End; a training that runs is broken off, leaves nothing, and is due again at the next start."""
        self._stopped.set()
        self._wanted.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_WAIT_S)

    def ask(self, actor: str, search: int | None = None, seed: int | None = None, strategy: str = "") -> TrainingJob:
        """Train now, with another ``search`` or ``seed`` if given; where one is queued or running already, that one.

        Of the market, or, where ``strategy`` names one, of whether its trades win.
        """
        made = self.trainings.ask(actor, search, seed, strategy)
        self.wake()
        return made

    def wake(self) -> None:
        """Look now whether something is due."""
        self._wanted.set()

    def _run(self) -> None:
        # The child writes to this thread and dies with it: the kernel ties a child to the thread that began it.
        self._schooling.tidy(0)
        for name in Registry(Path(self._schooling.pattern.models)).tidy():
            log.warning("an unfinished model was removed", extra={"model": name})
        while not self._stopped.is_set():
            self._wanted.clear()
            if (due := self.trainings.take() or self._due()) is not None:
                self._train(due)
            if not self._stopped.is_set():
                self._wanted.wait(_LOOK_EVERY_S)

    def _due(self) -> TrainingJob | None:
        """The training that is due now by itself: of the market, which no training of a strategy stands in for."""
        report = self._desk.report()
        if report is None:
            return None
        here = self.trainings.runs(self._schooling.pattern.family)
        runs = (*(run for run in report.training if not strategy_of(run.family)), *here)
        if not runs and all(strategy_of(model.family) for model in report.models):
            return self.trainings.begin("first")
        due = self._daily(runs)
        return self.trainings.begin("daily", due.session, late=due.late) if due else None

    def _daily(self, runs: tuple[TrainingRun, ...]) -> schedule.Due | None:
        """The daily run that is due; none beyond the sessions table, for nobody knows when the market trades there."""
        calendar, train_at = self._schooling.calendar, self._schooling.train_at
        if not train_at:
            return None
        try:
            return schedule.due(self._desk.now(), calendar, train_at, schedule.newest(runs, calendar, train_at))
        except CalendarBeyond as beyond:
            if self._beyond != str(beyond):
                self._beyond = str(beyond)
                log.error("no daily training", extra={"reason": self._beyond})
            return None

    def _train(self, job: TrainingJob) -> None:
        began = time.monotonic()
        job = self.trainings.tell(replace(job, state=JobState.RUNNING, started_at=self._desk.now(), step="begins"))
        log.info("training begins", extra={"job": job.id, "kind": job.kind})
        try:
            result = self._worked(job)
        except (DeskError, OSError) as error:
            result = Result(RunResult.FAILED, _line(str(error)))
        except Exception as error:  # what was not foreseen is a failed run like any other, and not the trainer's end
            log.exception("the trainer failed", extra={"job": job.id})
            result = Result(RunResult.FAILED, _line(f"{type(error).__name__}: {error}"))
        if self._stopped.is_set() and result.result is RunResult.FAILED:
            self.trainings.forget(job.id)  # it was not the training that failed: the desk is being stopped
            return
        self._record(self.trainings.job(job.id) or job, result, time.monotonic() - began)
        self._schooling.tidy(_FOLDERS_LEFT)

    def _worked(self, job: TrainingJob) -> Result:
        """Let the child do it; what came of it."""
        made = self._schooling.prepare(job, self._desk)
        if isinstance(made, Result):
            return made
        folder = self._schooling.folder / job.id
        why = self._child(folder).work(self._schooling.timeout_s, self._stopped, lambda step: self._told(job.id, step))
        if why:
            return Result(RunResult.FAILED, why)
        result = read_result(folder)
        if result is None:
            return Result(RunResult.FAILED, "it left no result")
        return self._schooling.settled(made, result, self._desk.report())

    def _told(self, job_id: str, progress: Progress) -> None:
        if progress.step == BARS_READY:
            try:
                self._schooling.offer(job_id, self._desk)
            except FileRefused:
                log.exception("the past was not kept", extra={"job": job_id})
        job = self.trainings.job(job_id)
        share = min(max(progress.done / max(progress.total, 1), 0.0), 1.0)
        if job is not None:
            self.trainings.tell(replace(job, step=progress.step[:80], note=progress.note[:300], fraction=share))

    def _record(self, job: TrainingJob, result: Result, seconds: float) -> None:
        """Offer the model first, then say that the run has ended: a run on record names a model that is there."""
        now, model = self._desk.now(), result.model
        ended = replace(
            job,
            state=JobState(result.result.value),
            ended_at=now,
            seconds=seconds,
            trials=result.trials,
            reason=result.reason,
            model_id=model.id if model else "",
            fraction=1.0 if result.result is RunResult.DONE else job.fraction,
        )
        run = run_of(ended, self._schooling.pattern_of(job.strategy).family)
        if model is not None:
            self._desk.put(ModelOffered(now, model))
        self._desk.put(TrainingEnded(now, run))
        self._notice(now, run)
        self._desk.ended(run)
        self.trainings.tell(ended)
        log.info("training ended", extra={"job": run.id, "result": run.result.value, "reason": run.reason})

    def _notice(self, now: int, run: TrainingRun) -> None:
        """One alert for a failure; the next success ends it. A skip is neither."""
        title, message = "A training failed", f"{run.id}: {run.reason}; the models stay as they were"
        found = Finding("training", "failed", run.family, AlertLevel.ERROR, 4, title, message)
        if run.result is RunResult.FAILED:
            self._desk.put(Noticed(now, (found,)))
        elif run.result is RunResult.DONE:
            self._desk.put(Noticed(now, (), (found.fingerprint,)))


def _line(text: str) -> str:
    return " ".join(text.split())[:300]
