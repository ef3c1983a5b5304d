"""Closing positions: shorts before the longs that hedge them, in slices, asked again until the book is flat.

A close is a wish that stays until it is fulfilled or withdrawn: by a cancel of all, or by the stop that changes the
state. A stop that is repeated withdraws nothing, so that a second hand on the button cannot undo a flatten. Every slice
passes the gate; after a refusal the pause before the next try doubles, up to a minute.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_UP, Decimal
from math import isfinite

from sidecar.book.positions import Position
from sidecar.desk import orders
from sidecar.desk.session import expired, is_open
from sidecar.desk.state import Closing, DeskState
from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Contract
from sidecar.domain.errors import InputError
from sidecar.domain.events import ClosePositions
from sidecar.domain.orders import OrderRequest, OrderType, Side, TimeInForce
from sidecar.domain.report import OutcomeStatus
from sidecar.risk.limits import effective

#: The longest pause between two tries of a close that the gate refuses.
_LONGEST_PAUSE_S = 60.0

Line = tuple[str, str, str]


def close(state: DeskState, command: ClosePositions) -> None:
    """Begin to close what is named: exactly one of a position id, a symbol, or all."""
    named = [command.position_id is not None, command.symbol is not None, command.close_all]
    if sum(named) != 1:
        raise InputError("position_id", "or symbol or close_all: exactly one must be given")
    symbol = None if command.symbol is None else state.board.universe.resolve(command.symbol, state.now).id
    found = [
        position
        for position in state.book.open_positions()
        if command.close_all or position.id == command.position_id or position.symbol == symbol
    ]
    if not found and not command.close_all:
        state.answer(command, OutcomeStatus.NOT_FOUND, "no open position answers to that")
        return
    lines = begin(state, command.actor, command.reason, found)
    message = f"closing {len(lines)} positions" if lines else "nothing is open"
    state.answer(command, OutcomeStatus.DONE, message, closed=lines)


def begin(state: DeskState, actor: str, reason: str, positions: list[Position]) -> tuple[Line, ...]:
    """Note the wish for each position and try at once; a line for each says the order, or why there is none yet."""
    for position in positions:
        state.closing.setdefault(position.id, Closing(actor, reason, state.config.closing_retry_s))
    tried = work(state)
    return tuple((p.id, *tried.get(p.id, ("", _waits(state.closing[p.id])))) for p in positions)


def _waits(wish: Closing) -> str:
    return "is being closed already" if wish.last_try else "waits for the shorts of its underlying"


def work(state: DeskState) -> dict[str, tuple[str, str]]:
    """One round: an order for each wish that may have one now. Returns by position the order's id, and why not."""
    if not state.closing:
        return {}
    held = {position.id: position for position in state.book.open_positions()}
    for gone in [key for key in state.closing if key not in held]:
        del state.closing[gone]
    shorts = {
        (held[key].fund_id, state.contracts[held[key].symbol].underlying)
        for key in state.closing
        if held[key].quantity < 0
        and state.book.net(held[key].symbol, held[key].fund_id) < 0
        and not expired(state.contracts[held[key].symbol], state.now)
    }
    tried: dict[str, tuple[str, str]] = {}
    for key, wish in state.closing.items():
        position = held[key]
        contract = state.contracts[position.symbol]
        waits = position.quantity > 0 and (position.fund_id, contract.underlying) in shorts
        if waits or (wish.last_try and state.now - wish.last_try < wish.wait_s * SECOND):
            continue
        wish.last_try = state.now
        tried[key] = _slice(state, position, contract, wish)
    return tried


def _slice(state: DeskState, position: Position, contract: Contract, wish: Closing) -> tuple[str, str]:
    if any(order.request.symbol == contract.id for order in state.working.values()):
        return "", "an order in this contract still works"
    if expired(contract, state.now):
        return "", "the contract has expired and awaits its settlement"
    if not is_open(state):
        return "", "the session is closed"
    # Another strategy of the fund may hold the other side: only what the fund holds can be closed at the venue.
    held = state.book.net(contract.id, position.fund_id)
    if held * position.quantity <= 0:
        return "", "the fund is flat in it: another strategy holds the other side"
    side = Side.BUY if position.quantity < 0 else Side.SELL
    price = _marketable(state, position.fund_id, contract, side)
    if price is None:
        return "", "no price is known"
    request = OrderRequest(
        contract.id,
        side,
        min(abs(position.quantity), abs(held), _largest(state, position.fund_id, contract)),
        price,
        OrderType.LIMIT,
        TimeInForce.IOC,
        position.fund_id,
        position.strategy,
        reason=f"close: {wish.reason}"[:200],
    )
    order, refusal = orders.submit(state, wish.actor, request, contract, planned_close=True)
    if refusal is None:
        wish.wait_s = state.config.closing_retry_s
        return order.id, "sent"
    wish.wait_s = min(2 * wish.wait_s, _LONGEST_PAUSE_S)
    return order.id, refusal.detail


def _largest(state: DeskState, fund_id: str, contract: Contract) -> int:
    """Units of one slice: within the order size and the exchange's freeze quantity, and at least one lot."""
    lots = _limit(state, fund_id, "order_lots")
    if contract.freeze_quantity:
        lots = min(lots, contract.freeze_quantity // contract.lot_size)
    return max(int(lots), 1) * contract.lot_size


def _limit(state: DeskState, fund_id: str, name: str) -> float:
    return effective(state.limits[None], state.limits.get(fund_id))[name]


def _marketable(state: DeskState, fund_id: str, contract: Contract, side: Side) -> Decimal | None:
    """A limit through the touch by the closing band, on the tick grid, never below one tick.

    Where that is farther from the last trade than the price band allows it is the touch itself, which always may be.
    """
    quote = state.board.last(contract.id)
    if quote is None:
        return None
    touch = quote.ask if side is Side.BUY else quote.bid
    if not isfinite(touch):
        touch = quote.last
    if not isfinite(touch):
        return None
    tick = contract.tick_size
    through = touch + side.sign * max(touch * state.config.closing_band, float(tick))
    if isfinite(quote.last) and abs(through - quote.last) > _limit(state, fund_id, "price_band") * quote.last:
        through = touch
    steps = (Decimal(repr(through)) / tick).to_integral_value(ROUND_DOWN if side is Side.BUY else ROUND_UP)
    return max(steps * tick, tick)
