"""``POST /api/v1/what-if``: what orders would do, judged by the gate and sent to nobody."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from sidecar.domain.commands import WhatIf
from sidecar.domain.impact import FundImpact, FundState, Impact, OrderImpact
from sidecar.servers import bodies, commands
from sidecar.servers.auth import Auth
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import HttpSettings, Ports
from sidecar.servers.routes import Row, answer, mount

#: The desk answers between two beats; more orders at once would keep it from them.
MOST_ORDERS = 20
_HEAD = ("seq", "timestamp", "simulated", "source", "currency", "feed_up", "blind")
_TOLD = ("symbol", "side", "quantity", "price", "fund_id", "strategy")
_ASKED: dict[str, Any] = {"orders": [{"symbol": "NIFTY26150CE", "quantity": 75, "side": "sell", "price": 83.4}]}
_LIMIT = {"name": "stress_loss", "limit": 0.5, "before": 0.0, "after": 0.06, "within": True}
_BOOK: dict[str, Any] = {
    "greeks": [{"underlying": "NIFTY", "delta": 0.0, "gamma": 0.0, "vega": 0.0, "theta": 0.0}],
    "used_margin": 0.0,
    "available_margin": 5_000_000.0,
    "tail": {"var_95": 0.0, "var_99": 0.0, "es_975": 0.0, "worst": 0.0, "worst_case": "", "method": "implied"},
}
_ANSWER: dict[str, Any] = {
    "seq": 1,
    "timestamp": "2025-11-24T06:30:00+00:00",
    "simulated": True,
    "source": "simulated",
    "currency": "INR",
    "feed_up": True,
    "blind": False,
    "accepted": True,
    "orders": [
        {
            "symbol": "NIFTY-20251125-26150-CE",
            "side": "sell",
            "quantity": 75,
            "price": 83.4,
            "fund_id": "main",
            "strategy": "manual",
            "accepted": True,
            "reduces_only": False,
            "limit_name": "",
            "detail": "",
            "limits": [_LIMIT],
            "largest_quantity": 600,
        }
    ],
    "funds": [{"fund_id": "main", "before": _BOOK, "after": {**_BOOK, "used_margin": 261_000.0}}],
}


class WhatIfBody(bodies.Body):
    """Orders as one would place them, sent one after another; each is judged with the ones before it working."""

    orders: Annotated[tuple[bodies.OrderBody, ...], Field(min_length=1, max_length=MOST_ORDERS, strict=False)]


class Asking:
    """The endpoint."""

    def __init__(self, ports: Ports, settings: HttpSettings) -> None:
        self._ports = ports
        self._settings = settings

    async def what_if(self, request: Request) -> Response:
        """The gate's answer to each order, every limit before and after it, and each fund's book before and after all.

        Nothing is sent. `limits` count every working order at its worst fills; `funds` show the book as it is and with
        these orders filled. `largest_quantity` are the quantities, in the proportion asked, with which all would pass;
        one lot more of each smallest step does not.
        """
        asked = await bodies.read(request, WhatIfBody)
        wanted = tuple(order.request(self._ports.resolve(order.symbol).id, "") for order in asked.orders)
        command = WhatIf(**commands.stamp(self._ports, request), orders=wanted)
        outcome = commands.done(await commands.ask(self._ports, command, self._settings.command_timeout_s))
        published = self._ports.latest()
        if outcome.impact is None or published is None:
            raise RuntimeError("a what-if was answered without an impact")
        report = published.report
        return answer({**{name: getattr(report, name) for name in _HEAD}, **told(outcome.impact)})


def told(impact: Impact) -> dict[str, Any]:
    """An impact in the API's words."""
    return {
        "accepted": all(order.accepted for order in impact.orders),
        "orders": [
            {**_order(order), "largest_quantity": most}
            for order, most in zip(impact.orders, impact.largest, strict=True)
        ],
        "funds": [_fund(fund) for fund in impact.funds],
    }


def _order(order: OrderImpact) -> dict[str, Any]:
    asked = {name: getattr(order.request, name) for name in _TOLD}
    rest = {name: getattr(order, name) for name in order.__struct_fields__ if name != "request"}
    return {**asked, **rest}


def _fund(fund: FundImpact) -> dict[str, Any]:
    return {"fund_id": fund.fund_id, "before": _state(fund.before), "after": _state(fund.after)}


def _state(state: FundState) -> dict[str, Any]:
    return {name: getattr(state, name) for name in state.__struct_fields__}


def router(ports: Ports, keys: KeyStore, settings: HttpSettings) -> APIRouter:
    """The route, for ``create_app(…, routers=[…])``."""
    at = Asking(ports, settings)
    row = Row("POST", "/what-if", Role.VIEWER, at.what_if, "What orders would do", WhatIfBody, _ASKED, _ANSWER,
        fails=(503, 504))  # fmt: skip
    return mount(APIRouter(prefix="/api/v1", tags=["analytics"]), (row,), Auth(keys, ports))
