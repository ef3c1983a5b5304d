"""What is known for certain of a position that is being closed: what came of its orders, and what the venue holds.

Two things are never taken for granted. That a position is flat because it is flat here: the venue is asked, and only
its answer ends the wish. And that an order which ended short of its size filled no more than was heard: the venue is
asked what it holds before the next slice leaves, since otherwise that one could pass zero.
"""

from __future__ import annotations

from sidecar.desk import wishes
from sidecar.desk.state import Closing, DeskState
from sidecar.domain.clock import SECOND
from sidecar.domain.events import VenueBook
from sidecar.domain.orders import Order, OrderState

#: The longest pause (seconds) between two tries of a close that is refused, or two questions that are not answered.
LONGEST_PAUSE_S = 60.0


def heard(state: DeskState, answer: VenueBook) -> None:
    """The venue has said what it holds: wishes that are flat here and there are over. No answer is no success."""
    if not answer.problem:
        state.venue_said_at = max(state.venue_said_at, answer.at)
        here = dict.fromkeys(position.symbol for position in state.book.open_positions())
        both = {symbol: answer.positions.get(symbol, 0) for symbol in sorted({*here, *answer.positions})}
        state.venue_differs = {symbol: units for symbol, units in both.items() if units != state.book.net(symbol)}
        since = state.venue_differs_since
        state.venue_differs_since = {symbol: since.get(symbol, state.now) for symbol in state.venue_differs}
    held = {position.id for position in state.book.open_positions()}
    working = {order.request.symbol for order in state.working.values()}
    for key, wish in list(state.closing.items()):
        symbol = wishes.symbol_of(key)
        if key in held or not wish.asked:
            continue
        there = answer.positions.get(symbol, 0)
        if answer.problem:
            wish.detail = f"flat here; the venue cannot say whether it is: {answer.problem}"
        elif answer.at < wish.asked or symbol in working:
            continue
        elif there != state.book.net(symbol):
            wish.detail = f"flat here, but the venue holds {there}"
            wish.asked = 0
        else:
            wishes.end(state, key, "flat, and the venue says so too")


def ask_venue(state: DeskState, wish: Closing) -> None:
    """A position is gone: ask whether it is at the venue too, and again while no answer comes."""
    if not wish.asked or state.now - wish.asked >= wish.wait_s * SECOND:
        wish.wait_s = doubled(wish) if wish.asked else state.config.closing_retry_s
        wish.asked = state.now
        wish.detail = wish.detail if wish.detail.startswith("flat here") else "flat here; the venue is asked"
        state.asking.soon()


def learn(state: DeskState, wish: Closing) -> None:
    """What came of the last order of a wish: after a whole fill the next slice may leave at once."""
    order = state.orders.get(wish.order_id)
    if order is None:
        return
    if order.id in state.working:
        if state.now - order.created_at >= state.config.order_timeout_s * SECOND:
            state.asking.soon()  # an order that is immediate or cancelled has ended long ago, and nobody said so
        return
    wish.order_id = ""
    wish.missed = 0 if order.filled else wish.missed + 1
    wish.detail = f"{order.id}: {order.filled} of {order.request.quantity} filled" + (order.note and f", {order.note}")
    if order.state is OrderState.REJECTED:
        wish.wait_s = doubled(wish)
    else:
        wish.wait_s = state.config.closing_retry_s
        wish.last_try = 0 if order.state is OrderState.FILLED else wish.last_try


def works(state: DeskState, symbol: str) -> tuple[Order, ...]:
    """The orders in a contract that may still fill."""
    return tuple(order for order in state.working.values() if order.request.symbol == symbol)


def unsure(state: DeskState, symbol: str) -> bool:
    """Whether the venue may hold less of a contract than the desk knows of.

    It is so where it said so, and after an order that ended short of its size: a fill of it may not have been heard. To
    send the next slice then could pass zero, so the venue is asked first.
    """
    if symbol in state.venue_differs:
        return True
    ended = (state.orders[order_id] for order_id in reversed(state.ended))
    return any(
        order.request.symbol == symbol
        and order.state in (OrderState.CANCELLED, OrderState.EXPIRED)
        and order.updated_at > state.venue_said_at
        for order in ended
    )


def doubled(wish: Closing) -> float:
    """The next pause: twice as long, up to the longest."""
    return min(2 * wish.wait_s, LONGEST_PAUSE_S)
