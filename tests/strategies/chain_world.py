"""What the tests of strategies on chains share: a room that trades, and what they ordered in words."""

from __future__ import annotations

from math import nan

from msgspec.structs import replace

from sidecar.domain.clock import SECOND
from sidecar.domain.events import AnyEvent, Beat
from sidecar.domain.orders import Order
from tests.desk.world import LOT, chain
from tests.test_drive import Room


class LastOnly(Room):
    """A room whose feed tells last prices alone, no bid and no ask, as the published chains do."""

    def trade(self, beats: int = 1, spot: float = 24_700.0) -> None:
        for _ in range(beats):
            self.at += SECOND
            quotes = [replace(one, bid=nan, ask=nan, bid_size=nan, ask_size=nan) for one in chain(self.at, spot)]
            events: list[AnyEvent] = [*quotes, Beat(self.at)]
            for event in events:
                self.drive.handle(event)


def held(room: Room) -> dict[str, int]:
    """What is held, in lots, by strike and right."""
    return {
        f"{contract.strike:.0f}{contract.right}": position.quantity // LOT
        for position in room.state.book.open_positions()
        for contract in (room.state.contracts[position.symbol],)
    }


def orders(room: Room) -> list[Order]:
    return list(room.state.orders.values())


def told(room: Room) -> list[tuple[str, str]]:
    """Side and reason of each order, in order."""
    return [(order.request.side.value, order.request.reason) for order in orders(room)]
