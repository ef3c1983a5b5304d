"""The venue of a simulated day: the paper broker, and between it and the desk everything that can go wrong on a line.

It keeps its own account, from the executions alone, whatever the desk hears of them; so it can say what it holds, and
tell the executions of an order again that was asked about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Contract, parse_id
from sidecar.domain.events import (
    AnyEvent,
    MarketEvent,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    Settlement,
    VenueBook,
    VenueEvent,
)
from sidecar.domain.orders import Order
from sidecar.venues.paper import PaperBroker
from tests.simulation.scene import CALENDAR, Scene


class Venue:
    """A :class:`~sidecar.venues.port.Broker`. ``sent`` is told first of every order that reaches its door."""

    name = "faulty"

    def __init__(self, scene: Scene, faults: Counter[str], sent: Callable[[Order, int], None]) -> None:
        self._scene, self._faults, self._sent = scene, faults, sent
        self._chance = scene.random("venue")
        self._paper = self._account()
        self.positions: dict[str, int] = {}
        self.fills: dict[str, list[OrderFilled]] = {}
        self._orders: dict[str, Order] = {}
        self._late: list[tuple[int, VenueEvent]] = []
        self._away_until = 0
        self._strangers = 0
        self.orders = 0
        self.calm = False

    def _account(self) -> PaperBroker:
        return PaperBroker(seed=self._scene.seed, calendar=CALENDAR)

    def _draws(self, share: float, family: str = "venue") -> bool:
        return self._scene.on(family) and not self.calm and self._chance.random() < share

    # ---- the desk's side ---------------------------------------------------------------------------------------

    def send(self, order: Order, contract: Contract, at: int) -> tuple[VenueEvent, ...]:
        self._sent(order, at)
        self.orders += 1
        self._orders.setdefault(order.id, order)
        if self._unreachable(at):
            return (OrderUnknown(at, order.id, "the venue cannot be reached"),)
        if self._draws(0.04):
            self._faults["reject"] += 1
            return (OrderRejected(at, order.id, "rejected by the venue"),)
        if self._draws(0.04):
            self._faults["request lost"] += 1
            return (OrderUnknown(at, order.id, "no answer in time"),) if self._chance.random() < 0.7 else ()
        told = self._true(self._paper.send(order, contract, at))
        if self._draws(0.04):
            self._faults["reply lost"] += 1
            return (OrderUnknown(at, order.id, "no answer in time"),) if self._chance.random() < 0.7 else ()
        return self._line(told, at)

    def cancel(self, order: Order, at: int) -> tuple[VenueEvent, ...]:
        if self._unreachable(at) or self._draws(0.05):
            self._faults["cancel lost"] += 1
            return ()
        told = self._true(self._paper.cancel(order, at))
        return self._line(told, at)

    def on_market(self, event: MarketEvent) -> tuple[VenueEvent, ...]:
        told = self._true(self._paper.on_market(event))
        if isinstance(event, Settlement):
            self.positions = {name: held for name, held in self.positions.items() if not _settles(name, event)}
        return self._line(told, event.at) if told else ()

    def on_time(self, at: int) -> tuple[VenueEvent, ...]:
        told = self._line(self._true(self._paper.on_time(at)), at)
        due = [event for when, event in self._late if when <= at or self.calm]
        self._late = [] if self.calm else [late for late in self._late if late[0] > at]
        return (*told, *due, *self._stranger(at))

    def book(self, at: int, orders: Sequence[Order] = ()) -> VenueBook:
        if self._unreachable(at):
            return VenueBook(at, {}, (), problem="the venue cannot be reached")
        fills = tuple(fill for order in orders for fill in self.fills.get(order.id, ()))
        held = {symbol: units for symbol, units in sorted(self.positions.items()) if units}
        return VenueBook(at, held, self._paper.book(at).open_orders, fills)

    def restore(self, positions: Mapping[str, int]) -> None:
        """A desk starts. A paper account dies with its desk and is taken up again; a venue of its own does not."""
        self._late.clear()
        if self._scene.on("survives"):
            return
        self._paper = self._account()
        self._paper.restore(positions)
        self.positions = dict(positions)
        self.fills.clear()

    # ---- the world's side --------------------------------------------------------------------------------------

    def meanwhile(self, events: Iterable[AnyEvent], at: int) -> None:
        """The desk is dead; a venue that survives goes on, and nobody hears of it."""
        if not self._scene.on("survives"):
            return
        for event in events:
            if isinstance(event, MarketEvent):
                self._true(self._paper.on_market(event))
        self._true(self._paper.on_time(at))
        self._late.clear()

    def _unreachable(self, at: int) -> bool:
        if at >= self._away_until and self._draws(0.01, "away"):
            self._faults["venue away"] += 1
            self._away_until = at + 60 * SECOND
        return at < self._away_until and not self.calm

    def _true(self, told: tuple[VenueEvent, ...]) -> tuple[VenueEvent, ...]:
        """Book what has really happened."""
        for event in told:
            if isinstance(event, OrderFilled):
                request = self._orders[event.order_id].request
                self.positions[request.symbol] = (
                    self.positions.get(request.symbol, 0) + request.side.sign * event.quantity
                )
                self.fills.setdefault(event.order_id, []).append(event)
        return told

    def _line(self, told: Iterable[VenueEvent], at: int) -> tuple[VenueEvent, ...]:
        """What the desk hears of it, and when."""
        heard: list[VenueEvent] = []
        for event in told:
            if at < self._away_until and not self.calm:
                continue  # nothing comes through
            if self._draws(0.03):
                self._faults["reply late"] += 1
                self._late.append((at + int(self._chance.choice((0.2, 1.0, 8.0)) * SECOND), event))
            elif self._draws(0.01):
                self._faults["reply lost"] += 1
            elif self._draws(0.03):
                self._faults["duplicate"] += 1
                heard += [event, event]
            elif isinstance(event, OrderCancelled) and self._draws(0.1):
                heard += [event, *self._after_cancel(event)]
            else:
                heard.append(event)
        return tuple(heard)

    def _after_cancel(self, event: OrderCancelled) -> tuple[VenueEvent, ...]:
        """A fill that the cancel did not overtake: it is real, and comes after."""
        order = self._orders.get(event.order_id)
        if order is None or order.request.price is None:
            return ()
        done = sum(fill.quantity for fill in self.fills.get(order.id, ()))
        lot = _lot(self._scene, order.request.symbol)
        if order.request.quantity - done < lot:
            return ()
        self._faults["fill after cancel"] += 1
        return self._true((OrderFilled(event.at, order.id, f"LATE-{order.id}-{done}", lot, str(order.request.price)),))

    def _stranger(self, at: int) -> tuple[VenueEvent, ...]:
        """An answer about an order that nobody sent."""
        if not self._draws(0.003, "strangers"):
            return ()
        self._strangers += 1
        self._faults["unknown order"] += 1
        name = f"X{self._strangers:04d}"
        return (
            self._chance.choice(
                (
                    OrderAccepted(at, name, "V-?"),
                    OrderFilled(at, name, f"F-{name}", 75, "100.00"),
                    OrderCancelled(at, name, "by request"),
                )
            ),
        )


def _lot(scene: Scene, symbol: str) -> int:
    return next((one.lot_size for one in scene.contracts if one.id == symbol), 1)


def _settles(symbol: str, event: Settlement) -> bool:
    parts = parse_id(symbol)
    return (
        parts.underlying == event.underlying and parts.expiry is not None and f"{parts.expiry:%Y%m%d}" == event.expiry
    )


def of_order(event: object) -> str:
    """The order that an answer is about, or ""."""
    return event.order_id if isinstance(event, msgspec.Struct) and hasattr(event, "order_id") else ""
