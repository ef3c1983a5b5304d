"""The backtests of this start: which wait, which runs, and how far each has come. Any thread may ask."""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Event as Flag
from threading import Lock

from msgspec.structs import replace

from sidecar.domain.backtests import BacktestJob, BacktestRequest, BacktestState
from sidecar.domain.clock import to_datetime

#: How many may wait; one more is refused.
MOST_WAITING = 20
#: How many are remembered; the oldest that is over goes first.
_REMEMBERED = 200


class Backtests:
    """``told`` hears of every change; it must not wait."""

    def __init__(self, now: Callable[[], int], told: Callable[[BacktestJob], None] = lambda _: None) -> None:
        self._now = now
        self._told = told
        self._lock = Lock()
        self._jobs: OrderedDict[str, BacktestJob] = OrderedDict()
        self._queue: deque[str] = deque()
        self._running = ""
        #: Set when the one that runs is to be broken off; ``cancelled_by`` is by whom, empty where nobody cancelled it.
        self.broken = Flag()
        self.cancelled_by = ""

    def made(self, actor: str, request: BacktestRequest) -> BacktestJob:
        """A backtest with an id of its own, which waits for nothing yet."""
        now = self._now()
        return BacktestJob(f"B{to_datetime(now):%y%m%d%H%M%S}-{secrets.token_hex(3)}", actor, request, asked_at=now)

    @property
    def full(self) -> bool:
        """Whether no more may wait."""
        return len(self._queue) >= MOST_WAITING

    def queue(self, job: BacktestJob) -> bool:
        """Let it wait for its turn; False, and nothing done, where too many do."""
        with self._lock:
            if self.full:
                return False
            self._jobs[job.id] = job
            self._queue.append(job.id)
        self._told(job)
        return True

    def take(self) -> BacktestJob | None:
        """The one that has waited longest, which is now the one that runs; None when none waits."""
        with self._lock:
            if not self._queue:
                return None
            name = self._running = self._queue.popleft()
            self.broken.clear()
            self.cancelled_by = ""
            began = replace(self._jobs[name], state=BacktestState.RUNNING, started_at=self._now(), step="begins")
            self._jobs[name] = began
        self._told(began)
        return began

    def tell(self, job: BacktestJob) -> BacktestJob:
        """Take the newer state of one; when it is over it no longer runs."""
        with self._lock:
            self._jobs[job.id] = job
            if job.state.over and self._running == job.id:
                self._running = ""
            self._forget()
        self._told(job)
        return job

    def cancel(self, job_id: str, actor: str) -> BacktestJob | None:
        """Take one that waits out of the queue, or have the one that runs broken off: as it was, None if it is over."""
        with self._lock:
            if job_id in self._queue:
                self._queue.remove(job_id)
            elif job_id and job_id == self._running:
                self.cancelled_by = actor
                self.broken.set()
            else:
                return None
            return self._jobs[job_id]

    def job(self, job_id: str) -> BacktestJob | None:
        """The newest state of one; None where there was none of that id since the start."""
        with self._lock:
            return self._jobs.get(job_id)

    def standing(self) -> tuple[BacktestJob, ...]:
        """The one that runs, and those that wait in the order of their turns."""
        with self._lock:
            names = ([self._running] if self._running else []) + list(self._queue)
            return tuple(self._jobs[name] for name in names)

    def over(self) -> tuple[BacktestJob, ...]:
        """Those that are over, the newest first by (``ended_at``, ``id``)."""
        with self._lock:
            jobs = [job for job in self._jobs.values() if job.state.over]
        return tuple(sorted(jobs, key=lambda job: (job.ended_at, job.id), reverse=True))

    def _forget(self) -> None:
        while len(self._jobs) > _REMEMBERED:
            oldest = next(name for name, job in self._jobs.items() if job.state.over)
            del self._jobs[oldest]
