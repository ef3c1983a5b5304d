"""REST (``/api/v1``): orders and fills."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from sidecar.domain.commands import CancelAll, CancelOrder
from sidecar.domain.orders import WORKING, OrderState
from sidecar.domain.report import DeskReport
from sidecar.servers import answers, bodies, commands, examples, recent
from sidecar.servers.auth import Auth
from sidecar.servers.examples_acts import REFUSED
from sidecar.servers.keys import Role
from sidecar.servers.placing import place
from sidecar.servers.ports import HttpSettings, PageQuery, Ports
from sidecar.servers.problems import Problem
from sidecar.servers.repeats import Repeats
from sidecar.servers.routes import Row, answer, mount

OrderId = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$", examples=["O260907034459-00001"])]
PageSize = Annotated[int, Query(ge=1, le=1_000, description="How many, newest first")]
Cursor = Annotated[
    str,
    Query(
        max_length=120,
        description="`next_cursor` of the page before",
        json_schema_extra={"pattern": r"^([0-9]{1,18}~[A-Za-z0-9_.:*-]{0,96})?$"},
    ),
]
Fund = Annotated[str, Query(max_length=64, pattern=r"^[A-Za-z0-9_.:-]*$")]
_CURSOR = re.compile(r"(\d{1,18})~([A-Za-z0-9_.:*-]{0,96})", re.ASCII)
_READ_TIMEOUT_S = 5.0
_T = TypeVar("_T")


async def reading(work: Callable[[], _T]) -> _T:
    """The result of a read that may touch the disk, in a thread; :class:`Problem` 503 when it takes too long."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    await asyncio.wait({task}, timeout=_READ_TIMEOUT_S)
    if not task.done():
        task.cancel()
        raise Problem(503, f"the record did not answer within {_READ_TIMEOUT_S:g} s")
    return task.result()


async def recorded(ports: Ports, work: Callable[[], _T]) -> _T:
    """What is on record; :class:`Problem` 503 while the record falls behind: an old list is not the list."""
    if failure := ports.record_failure():
        raise Problem(503, f"the record is behind the desk: {failure}")
    return await reading(work)


def page_query(limit: int, cursor: str, fund_id: str, strategy: str) -> PageQuery:
    """The query for one page, with one item more than asked for, which tells whether another page follows."""
    match = _CURSOR.fullmatch(cursor)
    if cursor and match is None:
        raise Problem(422, "cursor: is not a next_cursor of this list", errors=[_CURSOR_ROW])
    before = (int(match[1]), match[2]) if match else None
    return PageQuery(limit + 1, before, fund_id, strategy)


_CURSOR_ROW = {"field": "cursor", "problem": "is not a next_cursor of this list"}


def page(
    name: str,
    rows: Sequence[_T],
    limit: int,
    place_of: Callable[[_T], tuple[int, str]],
    show: Callable[[_T], Any],
    as_of: str | None,
) -> Response:
    """One page as an answer; ``next_cursor`` is null on the last."""
    shown = rows[:limit]
    after = "{}~{}".format(*place_of(shown[-1])) if len(rows) > limit else None
    told = {name: [show(row) for row in shown], "count": len(shown), "next_cursor": after}
    return answer({**told, "as_of": as_of})


class Rest:
    """The endpoints; each method's text stands in the API's document."""

    def __init__(self, ports: Ports, settings: HttpSettings) -> None:
        self.ports = ports
        self.settings = settings
        self.repeats = Repeats()

    async def orders(
        self, limit: PageSize = 100, cursor: Cursor = "", fund_id: Fund = "", strategy: Fund = ""
    ) -> Response:
        """Orders of every state, newest first, as they stood at `as_of`."""
        query = page_query(limit, cursor, fund_id, strategy)
        known = await recorded(self.ports, lambda: self.ports.orders(query))
        rows, as_of = recent.orders(known, query, self._report())
        return page("orders", rows, limit, recent.place_of_order, answers.order, as_of)

    async def fills(
        self, limit: PageSize = 100, cursor: Cursor = "", fund_id: Fund = "", strategy: Fund = ""
    ) -> Response:
        """Executions and settlements, newest first; the quantity is signed.

        `as_of` is the time up to which none is missing; null when the newest are not on record yet and none is shown.
        """
        query = page_query(limit, cursor, fund_id, strategy)
        rows = await recorded(self.ports, lambda: self.ports.fills(query))
        as_of = recent.fills_as_of(rows, query, self._report())
        return page("fills", rows, limit, lambda row: (row.at, row.id), answers.fill, as_of)

    async def place(self, request: Request) -> Response:
        """Send one order through every pre-trade check. A repeated id returns the first answer."""
        outcome, _ = await place(self.ports, self.settings, request)
        return answer(answers.order(outcome.orders[0]), 201)

    async def order(self, order_id: OrderId) -> Response:
        """One order, whatever became of it."""
        found = await reading(lambda: self.ports.order(order_id))
        if found is None:
            raise Problem(404, f"there is no order {order_id}")
        return answer(answers.order(found))

    async def cancel(self, request: Request, order_id: OrderId) -> Response:
        """Cancel one order. 200 once it is cancelled; 202 while the venue has not answered; 409 if it has ended."""
        command = CancelOrder(**commands.stamp(self.ports, request), order_id=order_id, reason="asked over REST")
        outcome = commands.done(await commands.ask(self.ports, command, self.settings.command_timeout_s))
        order = (await commands.settled(self.ports, command, outcome, self.settings.settle_wait_s))[0]
        if order.state not in WORKING and order.state is not OrderState.CANCELLED:
            raise Problem(409, f"order {order.id} is {order.state}: not cancelled", order=answers.order(order))
        return answer(answers.order(order), 202 if order.state in WORKING else 200)

    async def cancel_all(self, request: Request) -> Response:
        """Cancel every working order, or those of one fund. Needs no body."""
        asked = await bodies.read(request, bodies.CancelAllBody)
        command = CancelAll(**commands.stamp(self.ports, request), reason=asked.reason, fund_id=asked.fund_id)
        outcome = commands.done(await commands.ask(self.ports, command, self.settings.command_timeout_s))
        orders = answers.cancels(await commands.settled(self.ports, command, outcome, self.settings.settle_wait_s))
        told = {"status": "pending" if orders["outstanding"] else "success", "message": outcome.message}
        return answer({**told, "timestamp": commands.now(self.ports), "orders_cancelled": orders})

    def _report(self) -> DeskReport | None:
        published = self.ports.latest()
        return published.report if published else None


def router(ports: Ports, settings: HttpSettings, auth: Auth) -> APIRouter:
    """The routes of ``/api/v1``."""
    at, e = Rest(ports, settings), examples
    rows = (
        Row("GET", "/orders", Role.VIEWER, at.orders, "Orders", answers=e.ORDERS, fails=(422, 503)),
        Row("POST", "/orders", Role.TRADER, at.place, "Place one order", bodies.OrderBody, e.ORDER_ASKED, e.ORDER,
            status=201, fails=(409, 503, 504), keyed=True, conflict=REFUSED),
        Row("POST", "/orders/cancel-all", Role.TRADER, at.cancel_all, "Cancel all orders", bodies.CancelAllBody,
            e.CANCEL_ALL_ASKED, e.CANCEL_ALL, fails=(503, 504), repeats=at.repeats),
        Row("GET", "/orders/{order_id}", Role.VIEWER, at.order, "One order", answers=e.ORDER, fails=(404, 422, 503)),
        Row("DELETE", "/orders/{order_id}", Role.TRADER, at.cancel, "Cancel one order", answers=e.ORDER,
            fails=(404, 409, 422, 503, 504)),
        Row("GET", "/fills", Role.VIEWER, at.fills, "Fills", answers=e.FILLS, fails=(422, 503)),
    )  # fmt: skip
    return mount(APIRouter(prefix="/api/v1", tags=["rest"]), rows, auth)
