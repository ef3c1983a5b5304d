"""The emergency API (``/emergency``): state, stop, reset, close, a manual order, and what the book looks like."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from sidecar.domain.clock import iso
from sidecar.domain.events import ClosePositions, Reset, Stop
from sidecar.domain.orders import WORKING, Order, OrderState
from sidecar.domain.report import Outcome
from sidecar.servers import answers, bodies, commands, examples
from sidecar.servers.auth import Auth
from sidecar.servers.keys import Role
from sidecar.servers.placing import place
from sidecar.servers.ports import HttpSettings, Ports
from sidecar.servers.problems import Problem
from sidecar.servers.repeats import Repeats
from sidecar.servers.routes import Row, answer, mount

SERVICE = "deskwatch"


class Emergency:
    """The endpoints; each method's text stands in the API's document."""

    def __init__(self, ports: Ports, settings: HttpSettings) -> None:
        self.ports = ports
        self.settings = settings
        self.repeats = Repeats()

    async def status(self) -> Response:
        """Breaker, market condition and counts. 503 when the desk cannot know; never an invented number."""
        report = commands.fresh(self.ports, self.settings)
        return answer({"status": "success", "data": answers.status(report)})

    async def health(self) -> Response:
        """That this process answers, and its version. Whether the desk works is `/health/ready`."""
        told = {"status": "healthy", "timestamp": iso(self.ports.wall_now())}
        return answer({**told, "service": SERVICE, "version": self.ports.version})

    async def positions(self) -> Response:
        """Every open position with its P&L and Greeks, and the totals."""
        return answer(answers.positions(commands.fresh(self.ports, self.settings)))

    async def risk_metrics(self) -> Response:
        """P&L, drawdown, utilisation, Greeks, limits. What is not measured is null."""
        report = commands.fresh(self.ports, self.settings)
        return answer({"status": "success", "data": answers.risk_metrics(report)})

    async def data_quality(self) -> Response:
        """How fresh and how complete the market data is, by underlying; overall is the worst of them."""
        report = commands.fresh(self.ports, self.settings)
        return answer({"status": "success", "report": answers.data_quality(report)})

    async def stop(self, request: Request) -> Response:
        """Shut the gate now, cancel every working order, and with `flatten` begin to close what is open.

        Needs no body. The halt is on disk before the answer leaves; cancels that the venue has not answered by then are
        named. Repeating it is safe: every stop is obeyed and recorded.
        """
        began = time.perf_counter()
        asked = await bodies.read(request, bodies.StopBody)
        flatten = self.settings.flatten_on_stop if asked.flatten is None else asked.flatten
        command = Stop(**commands.stamp(self.ports, request), reason=asked.reason, flatten=flatten)
        outcome = commands.done(await commands.ask(self.ports, command, self.settings.stop_timeout_s))
        taken = time.perf_counter() - began
        self.ports.on_stop(taken)
        orders, closing = await asyncio.gather(
            commands.settled(self.ports, command, outcome, self.settings.settle_wait_s),
            commands.flattened(self.ports, command, outcome, self.settings.settle_wait_s),
        )
        cancelled, closed = cancels(orders), _closed(closing)
        open_still, unanswered = closed["asked"] - closed["done"], len(cancelled["outstanding"])
        message = outcome.message
        message += f"; {unanswered} cancels not answered yet" if unanswered else ""
        message += f"; {open_still} positions still open" if open_still else ""
        told = {
            **_told(self.ports, message, asked.reason, outcome),
            "orders_cancelled": cancelled,
            "positions_closed": closed,
            "positions": closing,
            "latency_ms": round(taken * 1_000, 3),
        }
        return answer(told)

    async def reset(self, request: Request) -> Response:
        """Return to active. 409 with the causes and the live breaches while one still stands."""
        asked = await bodies.read(request, bodies.ResetBody)
        command = Reset(**commands.stamp(self.ports, request), reason=asked.reason)
        outcome = await commands.ask(self.ports, command, self.settings.command_timeout_s)
        published = self.ports.latest()
        commands.done(
            outcome,
            causes=[answers.cause(cause) for cause in outcome.breaker.causes],
            breaches=answers.breaches(published.report) if published else None,
        )
        return answer(_told(self.ports, outcome.message, asked.reason, outcome))

    async def close(self, request: Request) -> Response:
        """Close one position, all of one symbol, or all; exactly one of the three.

        The desk keeps trying until they are flat. `closed` says which are flat now; the others carry their order or why
        there is none yet, and `status` is `pending` until all are.
        """
        return await self.repeats.once(request, lambda: self._close(request))

    async def _close(self, request: Request) -> Response:
        asked = await bodies.read(request, bodies.CloseBody)
        symbol = self.ports.resolve(asked.symbol).id if asked.symbol else None
        command = ClosePositions(
            **commands.stamp(self.ports, request),
            reason=asked.reason,
            position_id=asked.position_id,
            symbol=symbol,
            close_all=asked.close_all,
        )
        outcome = commands.done(await commands.ask(self.ports, command, self.settings.command_timeout_s))
        lines = await commands.flattened(self.ports, command, outcome, self.settings.settle_wait_s)
        closed = _closed(lines)
        told = _told(self.ports, outcome.message, asked.reason, outcome)
        if closed["done"] < closed["asked"]:
            told["status"] = "pending"
        return answer({**told, "positions": lines, "positions_closed": closed})

    async def manual_order(self, request: Request) -> Response:
        """Send one order through every pre-trade check. A repeated `client_order_id` returns the first answer."""
        outcome, asked = await place(self.ports, self.settings, request)
        order = outcome.orders[0]
        told = _told(self.ports, outcome.message, asked.reason, outcome)
        return answer({**told, "order_id": order.id, "order": answers.order(order)})


def _told(ports: Ports, message: str, reason: str, outcome: Outcome) -> dict[str, Any]:
    gate = {"state": outcome.breaker.status, "halt_seq": outcome.breaker.halt_seq}
    return {"status": "success", "message": message, "timestamp": commands.now(ports), "reason": reason, **gate}


def cancels(known: list[Order]) -> dict[str, Any]:
    """How many cancels were asked and are done; those that filled first, and those not answered, by id."""
    return {
        "done": sum(order.state is OrderState.CANCELLED for order in known),
        "asked": len(known),
        "outstanding": [order.id for order in known if order.state in WORKING],
        "ended_otherwise": [o.id for o in known if o.state not in WORKING and o.state is not OrderState.CANCELLED],
    }


def _closed(lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {"done": sum(line["closed"] for line in lines), "asked": len(lines)}


class Health:
    """Liveness and readiness, for whoever supervises the process."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports

    async def live(self) -> Response:
        """That the process answers."""
        return answer({"status": "live"})

    async def ready(self) -> Response:
        """That the desk can be relied on; 503 names what is not ready."""
        missing = self.ports.ready()
        if missing:
            raise Problem(503, "not ready: " + "; ".join(missing), not_ready=list(missing))
        return answer({"status": "ready"})


def router(ports: Ports, settings: HttpSettings, auth: Auth) -> APIRouter:
    """The routes of ``/emergency``."""
    at, e = Emergency(ports, settings), examples
    rows = (
        Row("GET", "/status", None, at.status, "The state of the desk", answers=e.STATUS, fails=(503,)),
        Row("GET", "/health", None, at.health, "Liveness and version", answers=e.HEALTH),
        Row("POST", "/stop", Role.TRADER, at.stop, "Stop trading now", bodies.StopBody, e.STOP_ASKED, e.STOP,
            fails=(503, 504)),
        Row("POST", "/circuit-breaker/reset", Role.ADMIN, at.reset, "Return to active", bodies.ResetBody,
            e.RESET_ASKED, e.RESET, fails=(409, 503, 504)),
        Row("GET", "/positions", Role.VIEWER, at.positions, "Open positions", answers=e.POSITIONS, fails=(503,)),
        Row("POST", "/positions/close", Role.TRADER, at.close, "Close positions", bodies.CloseBody, e.CLOSE_ASKED,
            e.CLOSE, fails=(404, 409, 503, 504)),
        Row("POST", "/manual-order", Role.TRADER, at.manual_order, "Place one order", bodies.OrderBody,
            e.ORDER_ASKED, e.MANUAL_ORDER, fails=(409, 503, 504)),
        Row("GET", "/risk-metrics", Role.VIEWER, at.risk_metrics, "Risk numbers", answers=e.RISK, fails=(503,)),
        Row("GET", "/data-quality", Role.VIEWER, at.data_quality, "Data quality", answers=e.QUALITY, fails=(503,)),
    )  # fmt: skip
    return mount(APIRouter(prefix="/emergency", tags=["emergency"]), rows, auth)


def health_router(ports: Ports, auth: Auth) -> APIRouter:
    """The routes of ``/health``."""
    at = Health(ports)
    rows = (
        Row("GET", "/live", None, at.live, "The process answers", answers={"status": "live"}),
        Row("GET", "/ready", None, at.ready, "The desk works", answers={"status": "ready"}, fails=(503,)),
    )
    return mount(APIRouter(prefix="/health", tags=["health"]), rows, auth)
