"""``/api/v1/risk``: the limits and who changed them, what is near or over one, and the breaker's history."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from sidecar.domain.commands import ChangeLimits
from sidecar.domain.report import DeskReport
from sidecar.domain.scopes import ANY, Scope
from sidecar.servers import answers, bodies, commands, examples, recent
from sidecar.servers import examples_acts as acts
from sidecar.servers.auth import Auth
from sidecar.servers.keys import Role
from sidecar.servers.ports import HttpSettings, Ports
from sidecar.servers.repeats import Repeats
from sidecar.servers.rest import Fund, PageSize, recorded
from sidecar.servers.routes import Row, answer, mount

#: Events of the breaker that are looked through for breaches.
_LOOKED_AT = 1_000
_BREACHES = frozenset({"triggered", "repeated"})


class Limits:
    """The endpoints; each method's text stands in the API's document."""

    def __init__(self, ports: Ports, settings: HttpSettings) -> None:
        self.ports = ports
        self.settings = settings
        self.repeats = Repeats()

    async def limits(self, fund_id: Fund = "") -> Response:
        """The limits in force, and how far each is used. Fractions, counts or units, as each is stated.

        `set` holds what was set where: by scope (`*` the desk, `main`, `main/demo`, `main/*/NIFTY`); the tightest of
        those that cover an order wins.
        """
        fund = fund_id or None
        report = commands.fresh(self.ports, self.settings)
        told = {"fund_id": fund, "limits": self.ports.limits(fund), "lines": answers.limits(report, fund)}
        rows = {scope: dict(row) for scope, row in self.ports.limits_set().items()}
        mine = {scope: row for scope, row in rows.items() if fund is None or scope.partition("/")[0] in (fund, ANY)}
        return answer({**told, "set": mine, "timestamp": report.timestamp})

    async def change_limits(self, request: Request) -> Response:
        """Set some limits, with a reason: desk-wide, or for a fund, a strategy of it, an underlying of either.

        Null takes a limit away again that was set below the desk. The change is on record before the answer.
        """
        asked = await bodies.read(request, bodies.LimitsBody)
        command = ChangeLimits(
            **commands.stamp(self.ports, request),
            reason=asked.reason,
            limits=dict(asked.limits),
            fund_id=asked.fund_id,
            strategy=asked.strategy,
            underlying=asked.underlying,
        )
        outcome = commands.done(await commands.ask(self.ports, command, self.settings.command_timeout_s))
        scope = str(Scope(asked.fund_id or ANY, asked.strategy or ANY, asked.underlying or ANY))
        narrow = asked.strategy is not None or asked.underlying is not None
        now: Any = self.ports.limits_set().get(scope, {}) if narrow else self.ports.limits(asked.fund_id)
        told = {"status": "success", "message": outcome.message, "reason": asked.reason, "fund_id": asked.fund_id}
        return answer({**told, "scope": scope, "limits": dict(now), "timestamp": commands.now(self.ports)})

    async def breaches(self, limit: PageSize = 100) -> Response:
        """What is over a limit or near it `now`, the most used first; and the breaches on record, newest first."""
        report = commands.fresh(self.ports, self.settings)
        known = await recorded(self.ports, lambda: self.ports.breaker_history(_LOOKED_AT))
        rows, as_of = recent.events(known, _LOOKED_AT, report)
        history = [answers.breaker_event(row) for row in rows if row.limit_name and row.event in _BREACHES][:limit]
        return answer({"now": answers.strained(report), "history": history, "count": len(history), "as_of": as_of})

    async def breaker_history(self, limit: PageSize = 100) -> Response:
        """Triggers, repeats, resets and overrides, newest first, up to `as_of`."""
        known = await recorded(self.ports, lambda: self.ports.breaker_history(limit))
        rows, as_of = recent.events(known, limit, self._report())
        return answer({"events": [answers.breaker_event(row) for row in rows], "count": len(rows), "as_of": as_of})

    def _report(self) -> DeskReport | None:
        published = self.ports.latest()
        return published.report if published else None


def router(ports: Ports, settings: HttpSettings, auth: Auth) -> APIRouter:
    """The routes of ``/api/v1/risk`` but the one that turns trading off."""
    at, e = Limits(ports, settings), examples
    rows = (
        Row("GET", "/limits", Role.VIEWER, at.limits, "Limits", answers=e.LIMITS, fails=(422, 503)),
        Row("PUT", "/limits", Role.ADMIN, at.change_limits, "Change limits", bodies.LimitsBody, e.LIMITS_ASKED,
            e.LIMITS_CHANGED, fails=(503, 504), repeats=at.repeats),
        Row("GET", "/breaches", Role.VIEWER, at.breaches, "Breaches", answers=acts.BREACHES, fails=(422, 503)),
        Row("GET", "/breaker/history", Role.VIEWER, at.breaker_history, "The breaker's history",
            answers=e.BREAKER_HISTORY, fails=(422, 503)),
    )  # fmt: skip
    return mount(APIRouter(prefix="/api/v1/risk", tags=["risk"]), rows, auth)
