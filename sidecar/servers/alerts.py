"""Alerts over REST (``/api/v1/monitoring/alerts``): read, raised, acknowledged, resolved; Alertmanager's webhook."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from sidecar.domain.alerts import Alert, AlertLevel, Finding
from sidecar.domain.clock import parse
from sidecar.domain.commands import AcknowledgeAlert, CommandEvent, RaiseAlert, ResolveAlert
from sidecar.domain.report import DeskReport
from sidecar.servers import alert_bodies as asked_for
from sidecar.servers import alertmanager, bodies, commands, monitoring
from sidecar.servers import examples_alerts as e
from sidecar.servers.auth import Auth
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import HttpSettings, Ports
from sidecar.servers.problems import Problem
from sidecar.servers.recent_alerts import ReadPage, Wanted, newer, page_of, place_of
from sidecar.servers.repeats import Repeats
from sidecar.servers.rest import Cursor, PageSize, page, page_query, recorded
from sidecar.servers.routes import Row, answer, mount
from sidecar.servers.witness import Since, Until

AlertId = Annotated[str, Path(max_length=96, pattern=r"^[A-Za-z0-9_.:-]+$", examples=["A260907034459-00001"])]
Status = Annotated[Literal["standing", "resolved", "all"], Query(description="Those that stand, are over, or both")]
Least = Annotated[asked_for.LevelWord, Query(description="Alerts of this level, and graver ones")]
Source = Annotated[str, Query(max_length=40, pattern=r"^[a-z_]*$", description="The part of the desk that found it")]
#: Findings of one command.
MOST_AT_ONCE = 100
_LOOK_EVERY_S = 0.02


@dataclass(frozen=True)
class Kept:
    """Where the record of alerts is read: a page of them (:data:`ReadPage`), and one by its id."""

    alerts: ReadPage  # reads
    alert: Callable[[str], Alert | None]  # reads


class Alerts:
    """The endpoints; each method's text stands in the API's document."""

    def __init__(self, ports: Ports, kept: Kept, settings: HttpSettings) -> None:
        self._ports = ports
        self._kept = kept
        self._settings = settings
        self.repeats = Repeats()

    async def alerts(
        self,
        limit: PageSize = 100,
        cursor: Cursor = "",
        status: Status = "all",
        level: Least = "info",
        source: Source = "",
        since: Since = None,
        until: Until = None,
    ) -> Response:
        """Alerts, newest first by when each was first found, as they stood at `as_of`.

        `from` and `to` bound that time. An alert that is not `shown` is held back: another one explains it
        (`inhibited_by`), or there were too many. `as_of` is null while the record is a moment behind the desk.
        """
        before = page_query(limit, cursor, "", "").before
        bounds = [None if text is None else parse(text, name) for name, text in (("from", since), ("to", until))]
        standing = {"standing": True, "resolved": False}.get(status)
        wanted = Wanted(limit + 1, before, bounds[0], bounds[1], standing, "" if level == "info" else level, source)
        report = self._report()
        rows, as_of = await recorded(self._ports, lambda: page_of(self._kept.alerts, wanted, report))
        return page("alerts", rows, limit, place_of, monitoring.alert, as_of)

    async def alert(self, alert_id: AlertId) -> Response:
        """One alert in its newest state."""
        found = await self._newest(alert_id)
        if found is None:
            raise Problem(404, f"there is no alert {alert_id}")
        return answer(monitoring.alert(found))

    async def tell(self, request: Request) -> Response:
        """Raise an alert, or count one more of what stands already: alerts of one `kind` and `subject` are one.

        It goes on record, to every subscriber and, if it is grave enough, to the channels that notices leave by.
        """
        asked = await bodies.read(request, asked_for.AlertBody)
        level = AlertLevel(asked.level)
        finding = Finding(
            source="outside",
            kind=asked.kind,
            subject=asked.subject or asked.title,
            level=level,
            severity=asked.severity or asked_for.SEVERITY[level],
            title=asked.title,
            message=asked.message,
            details=asked.details,
        )
        made = await self._ask(RaiseAlert(**commands.stamp(self._ports, request), findings=(finding,)))
        if not made:
            raise Problem(503, "it was counted, but too many alerts stand to tell it apart: resolve some")
        return answer(monitoring.alert(made[-1]), 201)

    async def acknowledge(self, request: Request, alert_id: AlertId) -> Response:
        """Say that you deal with it: it escalates no more. Needs no body. 409 when it is over."""
        asked = await bodies.read(request, asked_for.AcknowledgeBody)
        stamp = commands.stamp(self._ports, request)
        (made,) = await self._ask(AcknowledgeAlert(**stamp, alert_id=alert_id, note=asked.note))
        return answer(monitoring.alert(made))

    async def resolve(self, request: Request, alert_id: AlertId) -> Response:
        """Say that it is over; while its cause stands it comes back. Needs no body. 409 when it is over already."""
        asked = await bodies.read(request, asked_for.ResolveBody)
        stamp = commands.stamp(self._ports, request)
        (made,) = await self._ask(ResolveAlert(**stamp, alert_id=alert_id, reason=asked.reason))
        return answer(monitoring.alert(made))

    async def webhook(self, request: Request) -> Response:
        """Alertmanager's webhook (version 4): what fires is raised, what is resolved is cleared.

        The label `severity` gives the level: critical, page; error, high, major; info, none, notice; else a warning.
        Send the key as `http_config: {authorization: {credentials: …}}`. Fields that are not known here are let be,
        and long texts are cut. A message over 64 kB is refused: `max_alerts: 50` keeps it below.
        """
        asked = await bodies.read(request, asked_for.WebhookBody)
        found, over = alertmanager.findings(asked), alertmanager.cleared(asked)
        made: list[Alert] = []
        for start in range(0, max(len(found), len(over)), MOST_AT_ONCE):
            part = slice(start, start + MOST_AT_ONCE)
            stamp = commands.stamp(self._ports, request)
            made += await self._ask(RaiseAlert(**stamp, findings=found[part], cleared=over[part]))
        told = {"status": "success", "raised": len(found), "cleared": len(over)}
        return answer({**told, "alerts": [monitoring.alert(alert) for alert in made]})

    async def _ask(self, command: CommandEvent) -> tuple[Alert, ...]:
        outcome = await commands.ask(self._ports, command, self._settings.command_timeout_s)
        return commands.done(outcome).alerts

    async def _newest(self, alert_id: str) -> Alert | None:
        """The alert as the report has it, or else as it is on record, once that has caught up with its end."""
        until = asyncio.get_running_loop().time() + self._settings.settle_wait_s
        while True:
            known = await recorded(self._ports, lambda: self._kept.alert(alert_id))
            report = self._report()
            told = next((one for one in report.alerts if one.id == alert_id), None) if report else None
            if told is not None and (known is None or newer(told, known)):
                return told
            ended_unrecorded = report is not None and known is not None and not known.resolved and told is None
            if not ended_unrecorded or asyncio.get_running_loop().time() >= until:
                return known
            await asyncio.sleep(_LOOK_EVERY_S)

    def _report(self) -> DeskReport | None:
        published = self._ports.latest()
        return published.report if published else None


def router(ports: Ports, keys: KeyStore, kept: Kept, settings: HttpSettings) -> APIRouter:
    """The routes of alerts, for ``create_app(…, routers=[…])``."""
    at = Alerts(ports, kept, settings)
    rows = (
        Row("GET", "/alerts", Role.VIEWER, at.alerts, "Alerts", answers=e.ALERTS, fails=(422, 503)),
        Row("POST", "/alerts", Role.TRADER, at.tell, "Raise an alert", asked_for.AlertBody, e.ALERT_ASKED, e.ALERT,
            status=201, fails=(503, 504), repeats=at.repeats),
        Row("POST", "/alerts/webhook", Role.TRADER, at.webhook, "Alertmanager's webhook", asked_for.WebhookBody,
            e.WEBHOOK_ASKED, e.WEBHOOK, fails=(503, 504), repeats=at.repeats),
        Row("GET", "/alerts/{alert_id}", Role.VIEWER, at.alert, "One alert", answers=e.ALERT, fails=(404, 422, 503)),
        Row("POST", "/alerts/{alert_id}/acknowledge", Role.TRADER, at.acknowledge, "Acknowledge an alert",
            asked_for.AcknowledgeBody, e.ACKNOWLEDGE_ASKED, e.ALERT, fails=(404, 409, 503, 504), repeats=at.repeats),
        Row("POST", "/alerts/{alert_id}/resolve", Role.TRADER, at.resolve, "Resolve an alert", asked_for.ResolveBody,
            e.RESOLVE_ASKED, e.RESOLVED, fails=(404, 409, 503, 504), repeats=at.repeats),
    )  # fmt: skip
    return mount(APIRouter(prefix="/api/v1/monitoring", tags=["monitoring"]), rows, Auth(keys, ports))
