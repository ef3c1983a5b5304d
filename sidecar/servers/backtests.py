"""``/api/v1/backtest``: backtests asked for, watched, cancelled, and what came of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import Response

from sidecar.domain.backtests import BacktestJob, BacktestRequest, BacktestState, StrategyLine
from sidecar.domain.clock import iso
from sidecar.servers import backtest_answers as shown
from sidecar.servers import bodies
from sidecar.servers import examples_backtests as e
from sidecar.servers.auth import Auth, caller
from sidecar.servers.backtest_body import BacktestBody
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import Ports
from sidecar.servers.problems import Problem
from sidecar.servers.repeats import Repeats
from sidecar.servers.rest import Cursor, PageSize, page, page_query, reading, recorded
from sidecar.servers.routes import Row, answer, declared, failing, mount

BacktestId = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$", examples=["B251124063000-3f2a9c"])]
#: What an id looks like: no other text is looked up, or made into a path.
_ID = re.compile(r"B\d{12}-[0-9a-f]{6}", re.ASCII)
_NOT_YET = 10**17
#: A report is a page that draws itself: its own script and style, and nothing from anywhere, in an origin of its own.
REPORT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "sandbox allow-scripts allow-downloads; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True)
class Testing:
    """The backtester as the doors see it. ``standing`` and ``strategies`` answer at once, all else may read.

    ``ask`` takes the actor and the request, and gives None where too many wait; it raises ``InputError`` for what
    cannot be asked. ``cancel`` takes an id and the actor, and gives the job as it then is, None where it is over.
    ``over`` are those that are over by (``ended_at``, ``id``), newest first. ``result`` and ``report`` are the bytes
    of an id's files, None where there are none.
    """

    ask: Callable[[str, BacktestRequest], BacktestJob | None]
    cancel: Callable[[str, str], BacktestJob | None]
    job: Callable[[str], BacktestJob | None]
    standing: Callable[[], Sequence[BacktestJob]]
    over: Callable[[int, tuple[int, str] | None], Sequence[BacktestJob]]
    strategies: Callable[[], Sequence[StrategyLine]]
    result: Callable[[str], bytes | None]
    report: Callable[[str], bytes | None]


class BacktestRoutes:
    """The endpoints; each method's text stands in the API's document."""

    def __init__(self, ports: Ports, testing: Testing) -> None:
        self._ports = ports
        self._testing = testing
        self.repeats = Repeats()

    async def run(self, request: Request) -> Response:
        """Run a strategy over the past, beside the desk. Follow `backtest/{id}`, or the topic `backtests`.

        Days are the exchange's, both ends in; `commission` and `slippage` fractions of the price a side, null for the
        dated tariff and for the quotes as they were. A strategy is one of `backtest/strategies`: no file can be named
        from here. One runs at a time, others wait; 429 where too many do.
        """
        asked = (await bodies.read(request, BacktestBody)).request()
        made = await recorded(self._ports, lambda: self._testing.ask(caller(request).actor, asked))
        if made is None:
            raise Problem(429, "too many backtests wait; let one end, or cancel one")
        return answer({"job_id": made.id, "job": shown.job(made)}, 202)

    async def strategies(self) -> Response:
        """What can be tested: what it does, what runs it, and its parameters with their defaults."""
        rows = await reading(self._testing.strategies)
        return answer({"strategies": list(rows), "count": len(rows)})

    async def backtests(self, limit: PageSize = 100, cursor: Cursor = "") -> Response:
        """Backtests, newest first by when they ended; in front of them those that wait or run.

        `done` has a result, `failed` says why in `reason`, `cancelled` by whom. The figures are null until it is done.
        """
        query = page_query(limit, cursor, "", "")
        standing = sorted(self._testing.standing(), key=_place, reverse=True)
        before = [one for one in standing if query.before is None or _place(one) < query.before]
        over = await recorded(self._ports, lambda: self._testing.over(query.limit, query.before))
        rows = list({one.id: one for one in (*before, *over)}.values())
        return page("backtests", rows, limit, _place, shown.job, iso(self._ports.market_now()))

    async def backtest(self, backtest_id: BacktestId) -> Response:
        """One backtest: where it is, and its `result` when it is done; where there is none, `why`.

        Files of results are kept for the newest alone; of an older one the job is told, from the record.
        """
        job = await self._job(backtest_id)
        found = await reading(lambda: self._testing.result(job.id)) if job.state is BacktestState.DONE else None
        result = msgspec.Raw(found) if found is not None else None
        return answer({"job": shown.job(job), "result": result, "why": None if result else _why(job)})

    async def report(self, backtest_id: BacktestId) -> Response:
        """The result as one page that needs nothing else: figures, their uncertainty, curves, trades, assumptions."""
        job = await self._job(backtest_id)
        found = await reading(lambda: self._testing.report(job.id)) if job.state is BacktestState.DONE else None
        if found is None:
            raise Problem(404, f"there is no report of {job.id}: {_why(job)}")
        name = f'attachment; filename="backtest-{job.id}.html"'
        headers = {"content-disposition": name, "content-security-policy": REPORT_POLICY}
        return Response(found, headers=headers, media_type="text/html; charset=utf-8")

    async def cancel(self, request: Request, backtest_id: BacktestId) -> Response:
        """Cancel one that waits or runs; nothing is left of its files. 409 where it is over."""
        job = await self._job(backtest_id)
        told = await reading(lambda: self._testing.cancel(job.id, caller(request).actor))
        if told is None:
            raise Problem(409, f"backtest {job.id} is over: nothing was cancelled")
        return answer(shown.job(told))

    async def _job(self, backtest_id: str) -> BacktestJob:
        known = _ID.fullmatch(backtest_id) is not None
        found = await recorded(self._ports, lambda: self._testing.job(backtest_id)) if known else None
        if found is None:
            raise Problem(404, f"there is no backtest {backtest_id}")
        return found


def _why(job: BacktestJob) -> str:
    """Why there is no result."""
    if not job.state.over:
        return f"it is {job.state.value}"
    return job.reason or "its files are no longer kept"


def _place(job: BacktestJob) -> tuple[int, str]:
    """Where a page goes on; what has not ended comes before all that has."""
    return (job.ended_at, job.id) if job.state.over else (_NOT_YET, job.id)


def router(ports: Ports, keys: KeyStore, testing: Testing) -> APIRouter:
    """The routes, for ``create_app(…, routers=[…])``."""
    at, auth = BacktestRoutes(ports, testing), Auth(keys, ports)
    rows = (
        Row("POST", "/run", Role.TRADER, at.run, "Run a backtest", BacktestBody, e.RUN_ASKED, e.RUN, status=202,
            fails=(429, 503), repeats=at.repeats),
        Row("GET", "", Role.VIEWER, at.backtests, "Backtests", answers=e.BACKTESTS, fails=(422, 503)),
        # Before the ids: a name that is none must not be taken for one.
        Row("GET", "/strategies", Role.VIEWER, at.strategies, "What can be tested", answers=e.STRATEGIES, fails=(503,)),
        Row("GET", "/{backtest_id}", Role.VIEWER, at.backtest, "One backtest", answers=e.BACKTEST,
            fails=(404, 422, 503)),
        Row("POST", "/{backtest_id}/cancel", Role.TRADER, at.cancel, "Cancel a backtest", answers=e.JOB,
            fails=(404, 409, 422, 503)),
    )  # fmt: skip
    made = mount(APIRouter(prefix="/api/v1/backtest", tags=["backtest"]), rows, auth)
    page_of: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
    made.add_api_route(
        "/{backtest_id}/report",
        at.report,
        methods=["GET"],
        dependencies=[Depends(auth.require(Role.VIEWER)), Depends(declared)],
        response_model=None,
        summary="A backtest's report",
        response_class=Response,
        responses={
            200: {"description": "A page", "content": page_of},
            **{code: failing(code) for code in (400, 401, 403, 404, 422, 503)},
        },
        openapi_extra={"x-role": Role.VIEWER.value, "security": [{"key": []}, {"bearer": []}]},
    )
    return made
