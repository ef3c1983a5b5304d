"""A desk with a book, and its analysis."""

from __future__ import annotations

from sidecar.analysis.asking import Analysis
from sidecar.domain.events import Listed
from sidecar.domain.orders import Side
from sidecar.reference import load_stresses
from tests.desk.world import CALENDAR, CALL, FUTURE, PUT, World, quote


def booked() -> World:
    """A short strangle and a long future, filled and marked."""
    world = World().begin()
    world.take(Listed(world.at, (FUTURE,), "test", True), quote(FUTURE, world.at))
    for contract, side in ((CALL, Side.SELL), (PUT, Side.SELL), (FUTURE, Side.BUY)):
        world.trade_lots(contract, side)
    world.trade(beats=3)
    return world


def analysis(world: World) -> Analysis:
    """The answers about the world's newest report."""
    return Analysis(lambda: world.published, world.state.rates, load_stresses(), CALENDAR.zone)
