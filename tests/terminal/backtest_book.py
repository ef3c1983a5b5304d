"""The book of backtests behind a door, moved by a test's hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from msgspec.structs import replace as changed

from sidecar.domain.backtests import BacktestJob, BacktestRequest, BacktestState
from sidecar.domain.errors import InputError
from sidecar.proving.jobs import Backtests
from tests.servers.desk import T0


class World:
    """The doors of the backtests at ``url``, with a book that a test moves by hand; ``result`` is what is kept."""

    def __init__(self) -> None:
        self.jobs = Backtests(lambda: T0)
        self.result = b"null"
        self.url = ""
        self.looked = Event()

    def job(self, job_id: str) -> BacktestJob | None:
        self.looked.set()
        return self.jobs.job(job_id)

    def take(self, actor: str, request: BacktestRequest) -> BacktestJob | None:
        if request.commission is not None:
            raise InputError("commission", "5 is 500% of the price", "give a fraction")
        made = self.jobs.made(actor, request)
        return made if self.jobs.queue(made) else None

    def cancel(self, job_id: str, actor: str) -> BacktestJob | None:
        found = self.jobs.job(job_id)
        reason = f"cancelled by {actor}"
        return found and self.jobs.tell(changed(found, state=BacktestState.CANCELLED, reason=reason, ended_at=T0 + 1))

    def then(self, act: Callable[[BacktestJob], Any]) -> None:
        """Do it to the next one that is asked for, once it runs."""

        def work() -> None:
            while (job := self.jobs.take()) is None:
                time.sleep(0.01)
            act(self.jobs.tell(changed(job, state=BacktestState.RUNNING, step="run", fraction=0.5)))

        Thread(target=work, daemon=True).start()

    def ends(self, state: BacktestState, reason: str = "") -> None:
        self.then(
            lambda job: self.jobs.tell(changed(job, state=state, reason=reason, ended_at=T0 + 5_000_000, seconds=5.0))
        )
