"""The answer to a what-if: the gate asked about orders that nobody sends, and the book as if they had filled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from sidecar.desk import money, orders, views
from sidecar.desk.state import DeskState
from sidecar.domain.commands import WhatIf
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.errors import DeskError, InputError
from sidecar.domain.impact import FundImpact, FundState, Impact, OrderImpact, UnderlyingGreeks
from sidecar.domain.orders import Order, OrderRequest, OrderState
from sidecar.domain.report import Outcome, OutcomeStatus
from sidecar.risk import what_if
from sidecar.risk.exposure import Greeks, book_greeks
from sidecar.risk.gate import GateView


def answer(state: DeskState, command: WhatIf) -> None:
    """Answer without a trace: no order, no audit line."""
    contracts: list[Contract] = []
    status, told, impact = OutcomeStatus.INVALID, "", None
    for number, request in enumerate(command.orders):
        try:
            contracts.append(_holdable(orders.contract_of(state, request)))
        except DeskError as error:
            told = f"orders[{number}].{error}"
            break
    else:
        asked = [replace(one, symbol=contract.id) for one, contract in zip(command.orders, contracts, strict=True)]
        status, told = OutcomeStatus.DONE, f"{len(asked)} orders judged, none sent"
        impact = impact_of(state, asked, contracts)
    state.pending.outcomes.append(Outcome(command.request_id, status, told, state.breaker, impact=impact))


def impact_of(state: DeskState, requests: Sequence[OrderRequest], contracts: Sequence[Contract]) -> Impact:
    """What ``requests`` would do, sent one after another now; ``contracts`` are theirs."""
    for contract in contracts:
        state.contracts.setdefault(contract.id, contract)
    seen: dict[tuple[int, ...], GateView] = {}

    def view(number: int, request: OrderRequest, before: Sequence[OrderRequest]) -> GateView:
        # It does not depend on the quantity of its own order.
        key = (number, *(one.quantity for one in before))
        if key not in seen:
            sent = tuple(_sent(state, one) for one in before if one.quantity and one.fund_id == request.fund_id)
            seen[key] = views.view(state, request, contracts[number], sent=sent)
        return seen[key]

    judged: list[OrderImpact] = []
    for number, request in enumerate(requests):
        # What is refused does not work beside the next ones.
        passed = [
            one if told.accepted else replace(one, quantity=0) for one, told in zip(requests, judged, strict=False)
        ]
        judged.append(what_if.judged(request, view(number, request, passed)))
    funds = dict.fromkeys(request.fund_id for request in requests)
    return Impact(
        tuple(judged),
        tuple(_fund(state, fund, requests) for fund in funds),
        what_if.largest(
            requests,
            [contract.lot_size for contract in contracts],
            lambda asked: view(len(asked) - 1, asked[-1], asked[:-1]),
            what_if.guess(judged, [contract.freeze_quantity for contract in contracts]),
        ),
    )


def _holdable(contract: Contract) -> Contract:
    if contract.kind is Kind.INDEX:
        raise InputError("symbol", f"{contract.id} is an index and cannot be held", "use its future or options")
    return contract


def _sent(state: DeskState, request: OrderRequest) -> Order:
    return Order("", request, OrderState.PENDING, "", state.now, state.now)


def _fund(state: DeskState, fund_id: str, requests: Iterable[OrderRequest]) -> FundImpact:
    own = [request for request in requests if request.fund_id == fund_id]
    now, used = money.account(state, fund_id), money.used_after(state, own)
    tails, held = state.tails, state.book.units(fund_id)
    after = dict(held)
    names = [state.contracts[request.symbol].underlying for request in own]
    told = next((line for line in state.tail_lines if line.fund_id == fund_id), None)
    greeks = {name: book_greeks(state.greek_lines, fund_id, name) for name in names}
    moved = dict(greeks)
    for name, request in zip(names, own, strict=True):
        after[request.symbol] = after.get(request.symbol, 0) + request.signed
        moved[name] = moved[name].plus(request.signed, views.unit_greeks(state, request.symbol))
    return FundImpact(
        fund_id,
        FundState(_lines(greeks), now.used, now.available, told or tails.line(fund_id, tails.losses(held))),
        FundState(_lines(moved), used, now.available - (used - now.used), tails.line(fund_id, tails.losses(after))),
    )


def _lines(greeks: Mapping[str, Greeks]) -> tuple[UnderlyingGreeks, ...]:
    return tuple(
        UnderlyingGreeks(name, one.delta, one.gamma, one.vega, one.theta) for name, one in sorted(greeks.items())
    )
