"""What the planner of a close is told of the desk's book, and the answer to somebody who asks for the plan alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import nan
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from sidecar.book import capital, pnl
from sidecar.book.fees import charges
from sidecar.book.position import Position
from sidecar.desk import holdings, money
from sidecar.desk.session import expired, is_open
from sidecar.desk.state import DeskState
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import ClosePositions, PlanClose
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.errors import DeskError, InputError
from sidecar.domain.plans import Plan
from sidecar.domain.report import Outcome, OutcomeStatus
from sidecar.domain.scopes import Scope
from sidecar.risk import flatten
from sidecar.risk.flatten import BALANCED, Fees, Leg
from sidecar.risk.legs import Floats
from sidecar.risk.states import States

#: States that are looked at for a plan that a person reads, and for the next order of a close that is under way.
SHOWN, WORKED = 2_000, 150
#: How long a difference with the venue lasts before it is more than a late reply.
_LASTING = 30 * SECOND


class Ready(NamedTuple):
    """A fund's whole book as the planner wants it, and what the fund may still use."""

    legs: tuple[Leg, ...]
    states: States
    available: float


def answer(state: DeskState, command: PlanClose) -> None:
    """Answer with the plan, without a trace: no order, no audit line."""
    plan: Plan | None = None
    try:
        found = named(state, command)
    except DeskError as error:
        status, told = OutcomeStatus.INVALID, str(error)
    else:
        status, told = OutcomeStatus.NOT_FOUND, "no open position answers to that"
        if found or command.close_all:
            plan = plan_of(state, found)
            status, told = OutcomeStatus.DONE, f"{len(plan.steps)} orders planned, none sent"
    state.pending.outcomes.append(Outcome(command.request_id, status, told, state.breaker, plan=plan))


def named(state: DeskState, command: ClosePositions | PlanClose) -> list[Position]:
    """The open positions that a command names. :raises InputError: not exactly one of the three is given."""
    if (command.position_id is not None) + (command.symbol is not None) + command.close_all != 1:
        raise InputError("position_id", "or symbol or close_all: exactly one must be given")
    symbol = None if command.symbol is None else state.board.universe.resolve(command.symbol, state.now).id
    return [
        position
        for position in state.book.open_positions()
        if command.close_all or position.id == command.position_id or position.symbol == symbol
    ]


def plan_of(state: DeskState, positions: Collection[Position]) -> Plan:
    """The plan that closes ``positions`` from what the book holds now."""
    wanted = {position.id for position in positions}
    plans = []
    for fund in dict.fromkeys(position.fund_id for position in positions):
        legs, states, available = ready(state, fund, wanted)
        pace_s = 1.0 / state.config.closing_orders_per_s
        plans.append(flatten.plan(legs, states, available, state.config.closing_band, fees(state), pace_s, SHOWN))
    return flatten.joined(plans)


def ready(state: DeskState, fund: str, wanted: Collection[str]) -> Ready:
    """The book of one fund, of which the positions in ``wanted`` (ids) are to be closed."""
    own = [position for position in state.book.open_positions() if position.fund_id == fund]
    contracts = [state.contracts[position.symbol] for position in own]
    asked = [position.id in wanted for position in own]
    held = [(one.symbol, one.quantity, contract.lot_size) for one, contract in zip(own, contracts, strict=True)]
    closable = flatten.closable(held, asked)
    legs = tuple(_leg(state, *each) for each in zip(own, contracts, asked, closable, strict=True))
    available = money.account(state, fund).available
    return Ready(legs, states(state, own), available)


def states(state: DeskState, own: Sequence[Position]) -> States:
    """What a fund blocks and can lose with any part of the positions ``own`` left, at the newest valuation."""
    contracts = [state.contracts[position.symbol] for position in own]
    symbols = list(dict.fromkeys(position.symbol for position in own))
    marks = [holdings.mark_of(state, position.symbol) for position in own]
    margins = holdings.look(state)
    one = margins.of(symbols)
    premium = [capital.held([p], c, mark).premium for p, c, mark in zip(own, contracts, marks, strict=True)]
    profit = [_profit(p, c, mark) for p, c, mark in zip(own, contracts, marks, strict=True)]
    stresses = [state.tails.losses({symbol: 1.0})[state.tails.moves :] for symbol in symbols]
    return States(
        one,
        np.array([margins.row(symbol) for symbol in symbols], dtype=np.intp),
        np.array([symbols.index(position.symbol) for position in own], dtype=np.intp),
        _floats([position.quantity for position in own]),
        _floats(premium),
        np.array(stresses, dtype=np.float64).reshape(len(symbols), -1),
        _floats(profit),
    )


def fees(state: DeskState) -> Fees:
    """What a fill is charged today; NaN where no rate is known."""
    today = state.calendar.local_date(state.now)

    def charged(leg: Leg, signed: int, price: float) -> float:
        contract = state.contracts[leg.symbol]
        try:
            schedule = state.reference.fees(state.reference.exchange(contract.underlying), contract.kind, today)
            return float(charges(contract, signed, pnl.money(price), schedule).total)
        except DeskError:
            return nan

    return charged


def _leg(state: DeskState, position: Position, contract: Contract, asked: bool, closable: int) -> Leg:
    quote = state.board.last(contract.id)
    sign = 1 if position.quantity > 0 else -1
    limits = state.limits_of(Scope(position.fund_id, position.strategy, contract.underlying))
    leg = Leg(
        position.id,
        contract.id,
        contract.underlying,
        position.fund_id,
        position.strategy,
        position.quantity,
        position.quantity - sign * closable,
        contract.lot_size,
        _largest(contract, limits["order_lots"]),
        contract.tick_size,
        limits["price_band"],
        contract.kind is Kind.OPTION,
        quote.bid if quote else nan,
        quote.ask if quote else nan,
        quote.last if quote else nan,
        holdings.mark_of(state, contract.id),
    )
    out = _why_not(state, leg, contract, closable) if asked else ""
    return replace(leg, out=out, harmless=out == BALANCED or _void(state, contract)) if out else leg


def _void(state: DeskState, contract: Contract) -> bool:
    """Whether the venue has long said that it holds none of what the desk has, or is only long of it.

    What it may be short of keeps its hedges; and a difference of a moment is a reply that is late.
    """
    since = state.venue_differs_since.get(contract.id, state.now)
    return state.venue_differs.get(contract.id, -1) >= 0 and state.now - since >= _LASTING


def _why_not(state: DeskState, leg: Leg, contract: Contract, closable: int) -> str:
    if expired(contract, state.now):
        return "the contract has expired and awaits its settlement"
    if not is_open(state):
        return "the session is closed"
    if contract.id in state.venue_differs:
        return f"the venue holds {state.venue_differs[contract.id]} of it, the desk {state.book.net(contract.id)}"
    if state.book.net(contract.id, leg.fund_id) * leg.quantity <= 0:
        return BALANCED
    if not closable:
        return f"{abs(leg.quantity)} units are less than a lot of {contract.lot_size}, or balanced by another strategy"
    return "" if leg.touch == leg.touch else "no price is known"


def _largest(contract: Contract, lots: float) -> int:
    """Units of one slice: at most ``lots`` and the exchange's freeze quantity, and at least one lot."""
    if contract.freeze_quantity:
        lots = min(lots, contract.freeze_quantity // contract.lot_size)
    return max(int(lots), 1) * contract.lot_size


def _profit(position: Position, contract: Contract, mark: float) -> float:
    """What closing a position at its mark makes available by itself: a future's loss is taken from that already."""
    return pnl.unrealized(position, mark) - capital.future_loss(position, contract, mark)


def _floats(values: list[float] | list[int]) -> Floats:
    return np.array(values, dtype=np.float64)
