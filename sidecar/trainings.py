"""The trainings of this start: which is queued, which runs, and how far each has come. Any thread may ask."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from msgspec.structs import replace

from sidecar.domain.clock import to_datetime
from sidecar.domain.models import TrainingRun
from sidecar.domain.training import TrainingJob, run_of

#: How many are remembered; the oldest goes first.
_REMEMBERED = 200


class Trainings:
    """``told`` hears of every change; it must not wait."""

    def __init__(self, now: Callable[[], int], told: Callable[[TrainingJob], None]) -> None:
        self._now = now
        self._told = told
        self._lock = Lock()
        self._jobs: OrderedDict[str, TrainingJob] = OrderedDict()
        self._queued = ""
        self._running = ""

    def ask(self, actor: str, search: int | None = None, seed: int | None = None, strategy: str = "") -> TrainingJob:
        """Queue one; while one is queued or running that one is answered: two at once would only slow each other."""
        with self._lock:
            if (standing := self._running or self._queued) != "":
                return self._jobs[standing]
            made = replace(self._made("asked", actor), search=search, seed=seed, strategy=strategy)
            self._jobs[made.id] = made
            self._queued = made.id
        self._told(made)
        return made

    def take(self) -> TrainingJob | None:
        """The one that is queued, which is now the one that runs; None when none is."""
        with self._lock:
            if not self._queued:
                return None
            self._running, self._queued = self._queued, ""
            return self._jobs[self._running]

    def begin(self, kind: str, session: str = "", *, late: bool = False) -> TrainingJob:
        """One that nobody asked for, and that runs now."""
        with self._lock:
            made = self._made(kind, "desk", session, late=late)
            self._running = made.id
        return made

    def tell(self, job: TrainingJob) -> TrainingJob:
        """Take the newer state of one; when it is over it no longer runs."""
        with self._lock:
            self._jobs[job.id] = job
            if job.state.over and self._running == job.id:
                self._running = ""
        self._told(job)
        return job

    def forget(self, job_id: str) -> None:
        """One was broken off, and is as if it had never begun."""
        with self._lock:
            self._jobs.pop(job_id, None)
            if self._running == job_id:
                self._running = ""

    def job(self, job_id: str) -> TrainingJob | None:
        """The newest state of one; None where there was none of that id since the start."""
        with self._lock:
            return self._jobs.get(job_id)

    def standing(self) -> TrainingJob | None:
        """The one that is queued or running; None when there is none."""
        with self._lock:
            return self._jobs.get(self._running or self._queued)

    def runs(self, family: str) -> tuple[TrainingRun, ...]:
        """Those of the market itself that are over, as they go on record, oldest first; ``family`` is its."""
        with self._lock:
            jobs = tuple(self._jobs.values())
        return tuple(run_of(job, family) for job in jobs if job.state.over and not job.strategy)

    def _made(self, kind: str, actor: str, session: str = "", *, late: bool = False) -> TrainingJob:
        now = self._now()
        name = f"T{to_datetime(now):%y%m%d%H%M%S}-{secrets.token_hex(3)}"
        self._jobs[name] = made = TrainingJob(name, kind, actor, session=session, late=late, asked_at=now)
        while len(self._jobs) > _REMEMBERED:
            self._jobs.popitem(last=False)
        return made
