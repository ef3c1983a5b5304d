"""Closing positions by plan: one slice at a time a contract, asked again until book and venue are flat.

A close is a wish that stays, over restarts too, until it is fulfilled or withdrawn: by a cancel of all, or by the stop
that changes the state. A stop that is repeated withdraws nothing, so that a second hand on the button cannot undo a
flatten. Each round the plan is made anew from what the book holds now (:mod:`sidecar.risk.unwinding`), and its next
step is sent if it does no harm whichever of the orders under way fill: so nothing waits that need not, and no hedge
goes before what it hedges. Every slice passes the gate; after a refusal the pause before the next try doubles, up to a
minute. Between them all wishes send no more orders a second than the exchange allows.

A wish whose position is gone is not over: :mod:`sidecar.desk.confirming` asks the venue.
"""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.book.positions import Position
from sidecar.desk import confirming, orders, unwinding, wishes
from sidecar.desk.choosing import harmless, instead
from sidecar.desk.state import Closing, DeskState
from sidecar.desk.unwinding import Ready
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import ClosePositions
from sidecar.domain.orders import OrderRequest, OrderState, OrderType, TimeInForce
from sidecar.domain.report import OutcomeStatus
from sidecar.risk import flatten
from sidecar.risk.flatten import Leg
from sidecar.risk.unwinding import way

#: How long after a round in which nothing could leave the market alone brings another.
_LOOK_AGAIN = SECOND
_ASKED = "; the venue is asked what filled"

Line = tuple[str, str, str]


def close(state: DeskState, command: ClosePositions) -> None:
    """Begin to close what is named: exactly one of a position id, a symbol, or all."""
    found = unwinding.named(state, command)
    if not found and not command.close_all:
        state.answer(command, OutcomeStatus.NOT_FOUND, "no open position answers to that")
        return
    lines = begin(state, command.actor, command.reason, found)
    message = f"closing {len(lines)} positions" if lines else "nothing is open"
    state.answer(command, OutcomeStatus.DONE, message, closed=lines)


def begin(state: DeskState, actor: str, reason: str, positions: Sequence[Position]) -> tuple[Line, ...]:
    """Note the wish for each position and try at once; a line for each says the order, or why there is none yet."""
    stood = {position.id for position in positions if position.id in state.closing}
    for position in positions:
        wishes.begin(state, position.id, actor, reason)
    sent = work(state)
    told = {key: wish.detail for key, wish in state.closing.items()}
    told |= {key: f"is being closed already: {told[key]}" for key in stood - sent.keys()}
    return tuple((p.id, sent.get(p.id, ""), told[p.id]) for p in positions)


def work(state: DeskState) -> dict[str, str]:
    """One round: what came of the last orders, and the next ones. Returns by position the id of an order that left."""
    if not state.closing:
        return {}
    held = {position.id: position for position in state.book.open_positions()}
    for key, wish in state.closing.items():
        confirming.learn(state, wish)
        if key not in held:
            confirming.ask_venue(state, wish)
    sent: dict[str, str] = {}
    for fund in dict.fromkeys(held[key].fund_id for key in state.closing if key in held):
        sent |= _round(state, fund, {key: wish for key, wish in state.closing.items() if key in held})
    return sent


def _round(state: DeskState, fund: str, asked: dict[str, Closing]) -> dict[str, str]:
    """The orders of one fund that may leave now."""
    ready = unwinding.ready(state, fund, asked)
    if any(leg.position_id in asked and _asks(state, leg) for leg in ready.legs):
        state.asking.soon()
    can = tuple(leg.position_id for leg in ready.legs if _may_go(state, leg, asked))
    if not can or _waited(state, fund, can):
        _say(state, ready, asked, {})
        return {}
    sent = _send_all(state, fund, ready, asked)
    if not sent:
        state.closing_waits[fund] = _standing(state, can), state.now
    _say(state, ready, asked, sent)
    return sent


def _asks(state: DeskState, leg: Leg) -> bool:
    """Whether a leg waits for what the venue says."""
    return leg.symbol in state.venue_differs or (not leg.out and confirming.unsure(state, leg.symbol))


def _standing(state: DeskState, can: tuple[str, ...]) -> object:
    """All but the market that decides which order is next."""
    return can, len(state.book.seen), tuple((order.id, order.filled) for order in state.working.values())


def _waited(state: DeskState, fund: str, can: tuple[str, ...]) -> bool:
    """Whether nothing could leave lately and nothing has changed since but the market, which is looked at in time."""
    standing, at = state.closing_waits.get(fund, (None, 0))
    return standing == _standing(state, can) and state.now - at < _LOOK_AGAIN


def _send_all(state: DeskState, fund: str, ready: Ready, asked: dict[str, Closing]) -> dict[str, str]:
    task = flatten.task(*ready)
    best = way(task, unwinding.WORKED)
    sent: dict[str, str] = {}
    while True:
        under_way = [order for order in state.working.values() if order.request.fund_id == fund]
        legs = [number for number, leg in enumerate(ready.legs) if _may_go(state, leg, asked)]
        if not legs or not _room(state):
            break
        found = best
        if not best.steps or best.steps[0].leg not in legs:
            # The next step cannot go now; another may, if the rest can still be done as well after it.
            found = instead(state, ready, task, best, legs, asked)
        if not found.steps or not harmless(ready, task, found.steps[0], under_way):
            break
        leg = ready.legs[found.steps[0].leg]
        order_id = _send(state, leg, found.steps[0].units, asked[leg.position_id])
        if not order_id:
            break  # the gate refused it: the next round plans without it
        sent[leg.position_id] = order_id
    return sent


def _may_go(state: DeskState, leg: Leg, asked: dict[str, Closing]) -> bool:
    """Whether an order for the leg may leave now: it can be closed, nothing of its contract works, no pause runs."""
    wish = asked.get(leg.position_id)
    if wish is None or leg.out or leg.quantity == leg.target:
        return False
    if confirming.works(state, leg.symbol) or confirming.unsure(state, leg.symbol):
        return False
    return not wish.last_try or state.now - wish.last_try >= wish.wait_s * SECOND


def _room(state: DeskState) -> bool:
    """Whether one more order keeps to the exchange's rate; every order of the desk counts."""
    lately = 0
    for at, _ in reversed(state.order_times):
        if at < state.now - SECOND:
            break
        lately += 1
    return lately < state.config.closing_orders_per_s


def _send(state: DeskState, leg: Leg, units: int, wish: Closing) -> str:
    """Send one slice; the order's id, empty where the gate refuses it."""
    request = OrderRequest(
        leg.symbol,
        leg.side,
        units,
        flatten.limit(leg, state.config.closing_band),
        OrderType.LIMIT,
        TimeInForce.IOC,
        leg.fund_id,
        leg.strategy,
        reason=f"close: {wish.reason}"[:200],
    )
    contract = state.contracts[leg.symbol]
    order, refusal = orders.submit(state, wish.actor, request, contract, planned_close=True)
    wish.tries += 1
    wish.last_try = state.now
    if refusal is None:
        wish.order_id, wish.detail = order.id, "sent"
        return order.id
    wish.wait_s = confirming.doubled(wish)
    wish.detail = refusal.detail
    return ""


def _say(state: DeskState, ready: Ready, asked: dict[str, Closing], sent: dict[str, str]) -> None:
    for leg in ready.legs:
        if leg.position_id in asked and leg.position_id not in sent:
            _say_why(state, ready, leg, asked[leg.position_id])


def _say_why(state: DeskState, ready: Ready, leg: Leg, wish: Closing) -> None:
    """Why there is no order for a leg now; what came of its last one stands while its pause runs."""
    works = confirming.works(state, leg.symbol)
    if leg.out:
        wish.detail = leg.out
    elif any(order.state is OrderState.UNKNOWN for order in works):
        wish.detail = f"what became of {works[0].id} is not known: the venue is asked"
    elif works:
        wish.detail = wish.detail if wish.order_id else "an order in this contract still works"
    elif confirming.unsure(state, leg.symbol):
        wish.detail = f"{wish.detail.removesuffix(_ASKED)}{_ASKED}"
    elif wish.last_try and state.now - wish.last_try < wish.wait_s * SECOND:
        return
    elif leg.quantity > 0 and any(o.quantity < 0 and o.underlying == leg.underlying for o in ready.legs):
        wish.detail = "waits for the shorts of its underlying"
    else:
        wish.detail = "waits for its turn"
