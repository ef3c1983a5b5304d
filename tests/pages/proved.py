"""What the app's desk knows of backtests, in tests: the doors over the backtester's own book, and nothing that runs."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter
from msgspec.structs import replace

from sidecar.backtest.asking import Known, checked
from sidecar.domain import wire
from sidecar.domain.backtests import BacktestJob, BacktestRequest, BacktestState, Engine, StrategyLine
from sidecar.proving.jobs import Backtests
from sidecar.reference import load_reference
from sidecar.servers import backtests
from sidecar.servers.examples_backtests import RESULT
from sidecar.servers.keys import KeyStore
from sidecar.servers.ports import Ports
from sidecar.servers.shapes import plain
from tests.servers.desk import T0
from tests.store.learnt import backtest

_BOTH = (Engine.VECTORISED, Engine.EVENT)
LINES = (
    StrategyLine("iron_condor", "Iron condor", "Four options.", (Engine.EVENT,), {"wing": 0.08}),
    StrategyLine(
        "sma_cross", "Crossing averages", "Long while <b>fast</b> is above.", _BOTH, {"fast": 20.0, "slow": 50.0}
    ),
    StrategyLine("ml_only", "Model alone", "Looks at p(buy).", _BOTH, {"threshold": 0.4}, needs_model=True),
)
KNOWN = Known(("NIFTY",), {one.name: one for one in LINES}, load_reference().calendar("NSE"), date(2026, 9, 7),
              date(2026, 6, 12), date(2026, 9, 7))  # fmt: skip


def result(**changes: Any) -> dict[str, Any]:
    """What came of one, as its file has it."""
    return {**plain(RESULT), **changes}


class Proved:
    """``jobs`` wait, for nothing runs them; ``over`` are on record, and ``results`` are the files of some of them."""

    def __init__(self) -> None:
        self.jobs = Backtests(lambda: T0)
        self.over: list[BacktestJob] = []
        self.results: dict[str, dict[str, Any]] = {}
        self.read = 0

    def end(self, number: int, state: BacktestState = BacktestState.DONE, **changes: Any) -> str:
        """Put one on record that is over; one that is done has a result, with ``changes``."""
        name = f"B25112406300{number}-00000{number}"
        reason = "no bar of that day" if state is BacktestState.FAILED else ""
        self.over.insert(0, backtest(name, T0 + number, state=state, reason=reason))
        if state is BacktestState.DONE:
            self.results[name] = result(**changes)
        return name

    def router(self, ports: Ports, keys: KeyStore) -> APIRouter:
        """The doors of the backtests."""
        testing = backtests.Testing(
            self._ask, self._cancel, self._job, lambda: self.jobs.standing(), lambda most, _: self.over[:most],
            lambda: LINES, self._result, lambda name: b"<!doctype html>" if name in self.results else None,
        )  # fmt: skip
        return backtests.router(ports, keys, testing)

    def _ask(self, actor: str, request: BacktestRequest) -> BacktestJob | None:
        made = self.jobs.made(actor, checked(request, KNOWN))
        return made if self.jobs.queue(made) else None

    def _cancel(self, job_id: str, actor: str) -> BacktestJob | None:
        found = self.jobs.cancel(job_id, actor)
        return found and self.jobs.tell(replace(found, state=BacktestState.CANCELLED, reason=f"cancelled by {actor}"))

    def _job(self, job_id: str) -> BacktestJob | None:
        return self.jobs.job(job_id) or next((one for one in self.over if one.id == job_id), None)

    def _result(self, job_id: str) -> bytes | None:
        self.read += 1
        found = self.results.get(job_id)
        return None if found is None else wire.encode(found)
