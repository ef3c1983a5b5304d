"""Handing a command to the desk, and saying truly what came of it."""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import Any

from starlette.requests import Request

from sidecar.domain.clock import from_datetime, iso
from sidecar.domain.commands import CommandEvent
from sidecar.domain.errors import DeskError
from sidecar.domain.orders import WORKING, Order
from sidecar.domain.report import DeskReport, Outcome, OutcomeStatus
from sidecar.servers import answers
from sidecar.servers.auth import caller
from sidecar.servers.ports import HttpSettings, Ports
from sidecar.servers.problems import Problem, request_id

#: How an outcome that is not success is answered.
STATUS = {
    OutcomeStatus.REFUSED: 409,
    OutcomeStatus.CONFLICT: 409,
    OutcomeStatus.NOT_FOUND: 404,
    OutcomeStatus.INVALID: 422,
}
#: What an ``InputError`` of the desk says: its field, and what is wrong with it.
_NAMED = re.compile(r"([a-z_.0-9\[\]]+): ([^;]*)")
_LOOK_EVERY_S = 0.01
_RECORD_WAIT_S = 0.25


def stamp(ports: Ports, request: Request) -> dict[str, Any]:
    """What every command carries. Its id is new each time: a caller may repeat an X-Request-ID, an outcome may not."""
    name = f"{request_id(request)}.{secrets.token_hex(4)}"
    return {"at": ports.market_now(), "request_id": name, "actor": caller(request).actor}


async def ask(ports: Ports, command: CommandEvent, timeout_s: float) -> Outcome:
    """The outcome of a command, once it is on disk. Waits for nothing else.

    :class:`Problem` 503 if the desk cannot take or keep it, 504 if it is not confirmed in time: the command then still
    stands, and may have worked.
    """
    try:
        future = asyncio.wrap_future(ports.submit(command))
        # asyncio.wait, unlike wait_for, leaves the command alone when the time is over.
        await asyncio.wait({future}, timeout=timeout_s)
        if future.done() and not future.cancelled():
            return future.result()
    except DeskError as error:
        raise Problem(503, f"not carried out with certainty: {error}", **gate(ports)) from error
    future.add_done_callback(_look_at)
    detail = f"no confirmation within {timeout_s:g} s; it may still be carried out, so look before asking again"
    raise Problem(504, detail, **gate(ports))


def _look_at(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()


def gate(ports: Ports) -> dict[str, Any]:
    """What the newest report says of the gate, and when; unknown is null, never a guess."""
    published = ports.latest()
    if published is None:
        return {"state": None, "halt_seq": None, "as_of": None}
    breaker = published.report.breaker
    as_of = published.report.timestamp.isoformat()
    return {"state": breaker.status, "halt_seq": breaker.halt_seq, "as_of": as_of}


def done(outcome: Outcome, **extra: Any) -> Outcome:
    """The outcome if it is success; otherwise the :class:`Problem` that says why not, with ``extra`` members."""
    if outcome.status not in STATUS:
        return outcome
    extra |= {"state": outcome.breaker.status, "halt_seq": outcome.breaker.halt_seq}
    if outcome.status is OutcomeStatus.INVALID and (named := _NAMED.match(outcome.message)):
        extra["errors"] = [{"field": named[1], "problem": named[2]}]
    if outcome.refusal is not None:
        extra |= answers.refusal(outcome.refusal)
    if outcome.orders:
        extra["order"] = answers.order(outcome.orders[0])
    raise Problem(STATUS[outcome.status], outcome.message, **extra)


def told(ports: Ports, message: str, reason: str, outcome: Outcome) -> dict[str, Any]:
    """What every answer to a command about the gate begins with."""
    gate_now = {"state": outcome.breaker.status, "halt_seq": outcome.breaker.halt_seq}
    return {"status": "success", "message": message, "timestamp": now(ports), "reason": reason, **gate_now}


async def settled(ports: Ports, command: CommandEvent, outcome: Outcome, wait_s: float) -> list[Order]:
    """The newest state of the outcome's orders, when none of them works any more or ``wait_s`` seconds have passed.

    An order that has left the report has ended, but how is only known from the record: it is asked, briefly.
    """
    known = {order.id: order for order in outcome.orders}
    until = asyncio.get_running_loop().time() + wait_s
    while True:
        report = after(ports, command)
        shown = _learn(known, report) if report is not None else frozenset(known)
        working = {key for key, order in known.items() if order.state in WORKING}
        if not working & shown or asyncio.get_running_loop().time() >= until:
            break
        await asyncio.sleep(_LOOK_EVERY_S)
    if gone := sorted(working - shown):
        looked = asyncio.ensure_future(asyncio.to_thread(lambda: [ports.order(key) for key in gone]))
        looked.add_done_callback(_look_at)
        await asyncio.wait({looked}, timeout=_RECORD_WAIT_S)
        if looked.done() and looked.exception() is None:
            known |= {order.id: order for order in looked.result() if order is not None}
    return list(known.values())


async def flattened(ports: Ports, command: CommandEvent, outcome: Outcome, wait_s: float) -> list[dict[str, Any]]:
    """A line for each position that is being closed, when all are flat or ``wait_s`` seconds have passed.

    A position counts as closed only when a report after the command neither holds it nor closes it any more, which is
    when the venue has said so too. Its ``fill`` is what the order of this answer did; null when it did nothing (another
    order closed the position) or is not in the report.
    """
    until = asyncio.get_running_loop().time() + wait_s
    while True:
        report = after(ports, command)
        held = None if report is None else _open(report)
        flat = [held is not None and row[0] not in held for row in outcome.closed]
        if all(flat) or asyncio.get_running_loop().time() >= until:
            fills = {order.id: _filled(order) for order in _shown(report)}
            return [
                {
                    "position_id": at,
                    "order_id": order or None,
                    "detail": "closed" if ok else why,
                    "closed": ok,
                    "fill": fills.get(order),
                }
                for (at, order, why), ok in zip(outcome.closed, flat, strict=True)
            ]
        await asyncio.sleep(_LOOK_EVERY_S)


def _open(report: DeskReport) -> set[str]:
    return {line.id for line in report.positions} | {line.position_id for line in report.closing}


def after(ports: Ports, command: CommandEvent) -> DeskReport | None:
    """The newest report if it was made after the command, else None."""
    published = ports.latest()
    if published is None or from_datetime(published.report.timestamp) < command.at:
        return None
    return published.report


def _shown(report: DeskReport | None) -> tuple[Order, ...]:
    return () if report is None else (*report.orders, *report.order_updates)


def _filled(order: Order) -> dict[str, Any] | None:
    if not order.filled:
        return None
    return {"quantity": order.request.side.sign * order.filled, "price": order.average_price}


def _learn(known: dict[str, Order], report: DeskReport) -> frozenset[str]:
    shown = [order for order in _shown(report) if order.id in known]
    for order in shown:
        if order.updated_at >= known[order.id].updated_at:
            known[order.id] = order
    return frozenset(order.id for order in shown)


def fresh(ports: Ports, settings: HttpSettings) -> DeskReport:
    """The newest report, or :class:`Problem` 503: none yet, or the desk has gone silent."""
    published = ports.latest()
    if published is None:
        raise Problem(503, "the desk has made no report yet", retry_after_s=1, as_of=None)
    age = ports.report_age_s()
    if not age <= settings.report_stale_s:
        detail = f"the newest report is {age:.1f} s old (limit {settings.report_stale_s:g} s): the desk is silent"
        raise Problem(503, detail, as_of=published.report.timestamp.isoformat())
    return published.report


def now(ports: Ports) -> str:
    """The desk's time as text."""
    return iso(ports.market_now())
