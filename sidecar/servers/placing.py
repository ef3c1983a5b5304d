"""One order from a request to the desk: the same for ``/emergency/manual-order`` and ``/api/v1/orders``."""

from __future__ import annotations

import msgspec
from starlette.requests import Request

from sidecar.domain.commands import PlaceOrder
from sidecar.domain.orders import OrderRequest, OrderState
from sidecar.domain.report import Outcome, OutcomeStatus
from sidecar.servers import answers, bodies, commands
from sidecar.servers.ports import HttpSettings, Ports
from sidecar.servers.problems import Problem
from sidecar.servers.repeats import idempotency_key


async def place(ports: Ports, settings: HttpSettings, request: Request) -> tuple[Outcome, bodies.OrderBody]:
    """Place the order of a request's body.

    A repeated id gives the first order, also when it was refused; the same id for another order is 409.
    """
    asked = await bodies.read(request, bodies.OrderBody)
    header = idempotency_key(request)
    name = asked.client_order_id or header
    if header and name != header:
        row = {"field": "client_order_id", "problem": "differs from the Idempotency-Key"}
        raise Problem(422, "client_order_id: differs from the Idempotency-Key; send one of them", errors=[row])
    wanted = asked.request(ports.resolve(asked.symbol).id, name)
    command = PlaceOrder(**commands.stamp(ports, request), request=wanted)
    outcome = await commands.ask(ports, command, settings.command_timeout_s)
    if outcome.status is OutcomeStatus.REPEATED:
        _same(outcome, wanted)
    return commands.done(outcome), asked


def _same(outcome: Outcome, wanted: OrderRequest) -> None:
    order = outcome.orders[0]
    if msgspec.structs.replace(order.request, reason="") != msgspec.structs.replace(wanted, reason=""):
        detail = f"client_order_id: already stands for the different order {order.id}"
        raise Problem(409, detail, order=answers.order(order))
    if order.state is OrderState.REFUSED:
        refused = answers.refusal(outcome.refusal) if outcome.refusal else {}
        raise Problem(409, order.note or outcome.message, order=answers.order(order), **refused)
