"""What the venue owes the desk: answers to orders and cancels. Silence is asked about, and nothing is sent twice.

An order that was not answered in time is *unknown*: it may live at the venue, so it counts against every limit and is
never sent again. A cancel is repeated, since a second one can do no harm. While either stands, and once in a while
without that, the venue is asked what it holds and works; ``fills.reconcile`` makes something of the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from sidecar.domain.clock import SECOND
from sidecar.domain.events import VenueBook
from sidecar.domain.orders import Order, OrderState
from sidecar.domain.report import AskVenue, CancelAtVenue

if TYPE_CHECKING:
    from sidecar.desk.state import DeskState

#: The longest pause (seconds) between two cancels of one order, and between two questions.
LONGEST_S = 30.0


class Wait(NamedTuple):
    """Until when (microseconds) to wait, and how long (seconds) the pause is that ends then."""

    until: int
    pause_s: float

    def again(self, now: int) -> Wait:
        """The next pause: twice as long, up to the longest."""
        return after(now, min(2 * self.pause_s, LONGEST_S))


def after(now: int, pause_s: float) -> Wait:
    """A pause that begins now."""
    return Wait(now + round(pause_s * SECOND), pause_s)


class Heard(NamedTuple):
    """What an answer may be used for.

    ``speaks_of``: orders that are now as they were when the venue was asked, so that it may end them. ``moved``:
    symbols of which the desk has heard something since, so that an older number says nothing against its own.
    """

    speaks_of: tuple[str, ...]
    moved: frozenset[str]
    asked_for: bool
    too_old: bool = False


class Asking:
    """Cancels that are not confirmed, and the question that is open. ``problem``: why the venue last could not say.

    ``differences`` are those that trading was last stopped for: they do it once, and again when they change.
    """

    def __init__(self) -> None:
        self.cancels: dict[str, Wait] = {}
        self.problem = ""
        self.differences: tuple[str, ...] = ()
        self._asked: dict[str, Order] = {}
        self._asked_at = 0
        self._next: Wait | None = None
        self._heard_at = 0
        self._soon = False

    @property
    def asked(self) -> bool:
        """Whether the venue was ever asked: the answer at the start comes unasked."""
        return self._asked_at > 0

    def soon(self) -> None:
        """Ask with the next beat: the venue was away, or said what the desk did not expect."""
        self._soon = True

    def cancel_asked(self, state: DeskState, order: Order) -> None:
        """A cancel leaves now; until it is confirmed it will be repeated."""
        self.cancels.setdefault(order.id, after(state.now, state.config.cancel_retry_s))

    def unconfirmed(self, state: DeskState) -> tuple[str, ...]:
        """Working orders of which the venue owes an answer: unknown, not answered yet, their cancel not confirmed."""
        return tuple(
            order.id
            for order in state.working.values()
            if order.state is OrderState.UNKNOWN
            or order.id in self.cancels
            or (order.state is OrderState.PENDING and order.created_at < state.now)
        )

    def work(self, state: DeskState) -> None:
        """A beat's share: time out what was not answered, repeat cancels, ask the venue if it is time."""
        for order in tuple(state.working.values()):
            if _overdue(state, order):
                note = f"no answer within {state.config.order_timeout_s:g} s"
                state.keep(replace(order, state=OrderState.UNKNOWN, updated_at=state.now, note=note))
        self._cancel_again(state)
        if self._due(state):
            self._ask(state)

    def _cancel_again(self, state: DeskState) -> None:
        for order_id, wait in tuple(self.cancels.items()):
            order = state.working.get(order_id)
            if order is None:
                del self.cancels[order_id]
            elif state.now >= wait.until:
                self.cancels[order_id] = wait.again(state.now)
                state.counters["cancels_repeated"] += 1
                state.pending.actions.append(CancelAtVenue(order))

    def _due(self, state: DeskState) -> bool:
        if self._urgent(state):
            return self._next is None or state.now >= self._next.until
        self._heard_at = self._heard_at or state.now
        if state.now - self._heard_at < state.config.reconcile_every_s * SECOND:
            return False
        return bool(state.working or state.book.open_positions())

    def _urgent(self, state: DeskState) -> bool:
        """Whether something cannot wait for the slow schedule. A cancel is, once it has had to be repeated."""
        if self._soon or self.problem:
            return True
        once = state.config.cancel_retry_s
        repeated = any(wait.pause_s > once for wait in self.cancels.values())
        return repeated or any(order.state is OrderState.UNKNOWN for order in state.working.values())

    def _ask(self, state: DeskState) -> None:
        """Ask about what works and what ended lately: a fill of either may not have been heard."""
        orders = (*state.working.values(), *(state.orders[order_id] for order_id in state.ended))
        self._asked = {order.id: order for order in orders}
        self._asked_at = self._heard_at = state.now
        pause_s = state.config.ask_every_s
        self._next = self._next.again(state.now) if self._next else after(state.now, pause_s)
        self._soon = False
        state.pending.actions.append(AskVenue(orders))

    def failed(self, state: DeskState, problem: str) -> None:
        """The venue could not say. Nothing follows from that, but that it is asked again."""
        state.counters["venue_problems"] += 1
        self.problem = problem

    def hear(self, state: DeskState, event: VenueBook) -> Heard:
        """An answer has come: what it may be used for. To be called before anything is taken from it."""
        if self.asked and event.at < self._asked_at:
            return Heard((), frozenset(), asked_for=True, too_old=True)
        self.problem = ""
        self._heard_at = state.now
        if not self.asked:
            known = (o.id for o in state.working.values() if o.state is OrderState.UNKNOWN or o.created_at < event.at)
            return Heard(tuple(known), frozenset(), asked_for=False)
        asked, self._asked = self._asked, {}
        pause = after(self._asked_at, state.config.ask_every_s)
        self._next = pause._replace(pause_s=pause.pause_s / 2)  # the next question doubles it again
        lately = (*state.working.values(), *(state.orders[order_id] for order_id in state.ended))
        moved = frozenset(order.request.symbol for order in lately if asked.get(order.id) is not order)
        same = tuple(key for key, order in asked.items() if state.orders[key] is order and key in state.working)
        return Heard(same, moved, asked_for=True)


def may_end(state: DeskState, order: Order, *, asked_for: bool) -> bool:
    """Whether an order that the venue does not know can be over: not one that may still be on its way to it."""
    if not asked_for:
        return order.state is not OrderState.PENDING
    if order.venue_order_id or order.filled:
        return True
    return order.state is not OrderState.PENDING and _late(state, order)


def _overdue(state: DeskState, order: Order) -> bool:
    return order.state is OrderState.PENDING and _late(state, order)


def _late(state: DeskState, order: Order) -> bool:
    return state.now - order.created_at >= state.config.order_timeout_s * SECOND
