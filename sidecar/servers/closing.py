"""What changes the book: closing positions, the plan of a close before it is asked for, and a manual order."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from sidecar.domain.commands import ClosePositions, PlanClose
from sidecar.servers import answers, bodies, commands
from sidecar.servers.placing import place
from sidecar.servers.ports import HttpSettings, Ports
from sidecar.servers.problems import Problem
from sidecar.servers.routes import answer

PositionId = Annotated[str, Query(max_length=200, description="Plan the close of this position alone")]
OfSymbol = Annotated[str, Query(max_length=64, description="Plan the close of every position in this symbol")]
CloseAll = Annotated[bool, Query(description="Plan the close of all")]
_ONE = "give exactly one of position_id, symbol and close_all"


class Closing:
    """The endpoints; each method's text stands in the API's document."""

    def __init__(self, ports: Ports, settings: HttpSettings) -> None:
        self.ports = ports
        self.settings = settings

    async def close(self, request: Request) -> Response:
        """Close one position, all of one symbol, or all; exactly one of the three.

        The desk keeps trying until they are flat. `closed` says which are flat now; the others carry their order or why
        there is none yet, and `status` is `pending` until all are.
        """
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
        closed = answers.closed(lines)
        told = commands.told(self.ports, outcome.message, asked.reason, outcome)
        if closed["done"] < closed["asked"]:
            told["status"] = "pending"
        return answer({**told, "positions": lines, "positions_closed": closed})

    async def plan(
        self, request: Request, position_id: PositionId = "", symbol: OfSymbol = "", close_all: CloseAll = False
    ) -> Response:
        """How positions would be closed now: every order in its turn, its price band, its cost, the margin after it.

        Exactly one of `position_id`, `symbol` and `close_all`. Nothing is sent, and nothing goes on record.
        """
        if bool(position_id) + bool(symbol) + close_all != 1:
            raise Problem(422, f"position_id: {_ONE}", errors=[{"field": "position_id", "problem": _ONE}])
        command = PlanClose(
            **commands.stamp(self.ports, request),
            position_id=position_id or None,
            symbol=self.ports.resolve(symbol).id if symbol else None,
            close_all=close_all,
        )
        outcome = commands.done(await commands.ask(self.ports, command, self.settings.command_timeout_s))
        if outcome.plan is None:
            raise Problem(503, "the desk made no plan")
        told: dict[str, Any] = {"status": "success", "message": outcome.message, "timestamp": commands.now(self.ports)}
        return answer({**told, "plan": answers.plan(outcome.plan)})

    async def manual_order(self, request: Request) -> Response:
        """Send one order through every pre-trade check. A repeated `client_order_id` returns the first answer."""
        outcome, asked = await place(self.ports, self.settings, request)
        order = outcome.orders[0]
        told = commands.told(self.ports, outcome.message, asked.reason, outcome)
        return answer({**told, "order_id": order.id, "order": answers.order(order)})
