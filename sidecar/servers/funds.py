"""``/api/v1/funds`` and ``/api/v1/capital``: each fund's money now, and its equity over the day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from sidecar.domain import clock
from sidecar.domain.clock import MINUTE
from sidecar.domain.report import DeskReport, FundLine
from sidecar.servers import examples_performance as e
from sidecar.servers.auth import Auth
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import Ports
from sidecar.servers.problems import Problem
from sidecar.servers.rest import reading
from sidecar.servers.routes import Row, answer, mount

FundId = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_.:*-]+$", examples=["*"])]
Points = Annotated[int, Query(ge=1, le=1_000, description="How many points at most; a longer line is thinned")]
Minutes = Annotated[int, Query(ge=1, le=10_080, description="How far back from the newest report, market time")]


_MONEY = (
    "fund_id", "capital", "portfolio_value", "used_margin", "available_margin", "capital_utilization", "realized_pnl",
    "unrealized_pnl", "fees", "quality",
)  # fmt: skip

#: (fund or ``*``, since, at most so many) to points, oldest first.
Equity = Callable[[str, int, int], Sequence[Any]]


class Funds:
    """The endpoints."""

    def __init__(self, ports: Ports, equity: Equity) -> None:
        self._ports = ports
        self._equity = equity

    async def funds(self) -> Response:
        """Capital, value, P&L, drawdown and margin of every fund, and of the desk (``*``)."""
        report = self._report()
        return answer({"funds": report.funds, "timestamp": report.timestamp})

    async def capital(self) -> Response:
        """What every fund was given, is worth, has bound and has free, and the same of all together (`total`).

        `portfolio_value` is capital and realised P&L less fees and unrealised P&L; margins do not offset over funds.
        """
        report = self._report()
        told = {"funds": [_money(line) for line in report.funds[:-1]], "total": _money(report.total)}
        seen = {"currency": report.currency, "simulated": report.simulated, "timestamp": report.timestamp}
        return answer({**told, **seen})

    async def performance(self, fund_id: FundId, limit: Points = 400, minutes: Minutes = 480) -> Response:
        """The equity line of a fund (``*`` for the desk), oldest first."""
        report = self._report()
        if fund_id not in {line.fund_id for line in report.funds}:
            raise Problem(404, f"fund_id: {fund_id[:40]!r} is not a fund of this desk")
        since = clock.from_datetime(report.timestamp) - minutes * MINUTE
        points = await reading(lambda: self._equity(fund_id, since, limit))
        items = [
            {
                "timestamp": clock.to_datetime(point.at),
                "fund_id": fund_id,
                "portfolio_value": point.portfolio_value,
                "low": point.low,
                "high": point.high,
                "daily_pnl": point.daily_pnl,
                "drawdown": point.drawdown,
            }
            for point in points
        ]
        return answer({"items": items, "count": len(items)})

    def _report(self) -> DeskReport:
        published = self._ports.latest()
        if published is None:
            raise Problem(503, "the desk has not reported yet")
        return published.report


def _money(line: FundLine) -> dict[str, Any]:
    return {name: getattr(line, name) for name in _MONEY}


def router(ports: Ports, keys: KeyStore, equity: Equity) -> APIRouter:
    """The funds' routes, for ``create_app(…, routers=[…])``."""
    funds = Funds(ports, equity)
    rows = (
        Row("GET", "/funds", Role.VIEWER, funds.funds, "Every fund's money", answers=e.FUNDS, fails=(503,)),
        Row("GET", "/capital", Role.VIEWER, funds.capital, "Every fund's capital", answers=e.CAPITAL, fails=(503,)),
        Row(
            "GET",
            "/funds/{fund_id}/performance",
            Role.VIEWER,
            funds.performance,
            "A fund's equity line",
            answers=e.EQUITY,
            fails=(404, 422, 503),
        ),
    )
    return mount(APIRouter(prefix="/api/v1", tags=["funds"]), rows, Auth(keys, ports))
