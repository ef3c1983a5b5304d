"""The emergency API (``/emergency``): the state of the desk, and the table of all its routes but the record's."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from sidecar.domain.clock import iso
from sidecar.servers import answers, bodies, commands, examples, quality
from sidecar.servers import examples_acts as acts
from sidecar.servers.auth import Auth
from sidecar.servers.closing import Closing
from sidecar.servers.halting import Halting
from sidecar.servers.keys import Role
from sidecar.servers.ports import HttpSettings, Ports
from sidecar.servers.problems import Problem
from sidecar.servers.routes import Row, answer, mount

SERVICE = "deskwatch"


class Emergency:
    """What the desk says of itself; each method's text stands in the API's document."""

    def __init__(self, ports: Ports, settings: HttpSettings) -> None:
        self.ports = ports
        self.settings = settings

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
        return answer({"status": "success", "report": quality.data_quality(report)})


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
    at, gate, book, e, a = (
        Emergency(ports, settings),
        Halting(ports, settings),
        Closing(ports, settings),
        examples,
        acts,
    )
    first, lost = gate.repeats, (503, 504)
    rows = (
        Row("GET", "/status", None, at.status, "The state of the desk", answers=e.STATUS, fails=(503,)),
        Row("GET", "/health", None, at.health, "Liveness and version", answers=e.HEALTH),
        Row("POST", "/stop", Role.TRADER, gate.stop, "Stop trading now", bodies.StopBody, e.STOP_ASKED, e.STOP,
            fails=lost, keyed=True),
        Row("POST", "/circuit-breaker/reset", Role.ADMIN, gate.reset, "Return to active", bodies.ResetBody,
            e.RESET_ASKED, e.RESET, fails=lost, repeats=first, conflict=a.STANDING),
        Row("POST", "/override/enable", Role.ADMIN, gate.enable_override, "Let named limits pass",
            bodies.OverrideBody, a.OVERRIDE_ASKED, a.OVERRIDE, fails=lost, repeats=first),
        Row("POST", "/override/disable", Role.TRADER, gate.disable_override, "End the override",
            bodies.OverrideEndBody, a.OVERRIDE_END_ASKED, a.OVERRIDE_END, fails=lost, repeats=first),
        Row("POST", "/heartbeat", Role.TRADER, gate.heartbeat, "A sign of life", bodies.HeartbeatBody,
            a.HEARTBEAT_ASKED, a.HEARTBEAT, fails=(404, *lost), repeats=first),
        Row("GET", "/positions", Role.VIEWER, at.positions, "Open positions", answers=e.POSITIONS, fails=(503,)),
        Row("POST", "/positions/close", Role.TRADER, book.close, "Close positions", bodies.CloseBody, e.CLOSE_ASKED,
            e.CLOSE, fails=(404, *lost), repeats=first),
        Row("GET", "/positions/plan", Role.VIEWER, book.plan, "The plan of a close", answers=a.PLAN,
            fails=(404, 409, 422, *lost)),
        Row("POST", "/manual-order", Role.TRADER, book.manual_order, "Place one order", bodies.OrderBody,
            e.ORDER_ASKED, e.MANUAL_ORDER, fails=(409, *lost), keyed=True, conflict=a.REFUSED),
        Row("GET", "/risk-metrics", Role.VIEWER, at.risk_metrics, "Risk numbers", answers=e.RISK, fails=(503,)),
        Row("GET", "/data-quality", Role.VIEWER, at.data_quality, "Data quality", answers=e.QUALITY, fails=(503,)),
    )  # fmt: skip
    return mount(APIRouter(prefix="/emergency", tags=["emergency"]), rows, auth)


def breaker_router(ports: Ports, settings: HttpSettings, auth: Auth) -> APIRouter:
    """The route that turns trading off without an alarm."""
    gate = Halting(ports, settings)
    row = Row("POST", "/disable", Role.TRADER, gate.disable, "Turn trading off", bodies.DisableBody, acts.DISABLE_ASKED,
              acts.DISABLE, fails=(503, 504), repeats=gate.repeats)  # fmt: skip
    return mount(APIRouter(prefix="/api/v1/risk/breaker", tags=["risk"]), (row,), auth)


def health_router(ports: Ports, auth: Auth) -> APIRouter:
    """The routes of ``/health``."""
    at = Health(ports)
    rows = (
        Row("GET", "/live", None, at.live, "The process answers", answers={"status": "live"}),
        Row("GET", "/ready", None, at.ready, "The desk works", answers={"status": "ready"}, fails=(503,)),
    )
    return mount(APIRouter(prefix="/health", tags=["health"]), rows, auth)
