"""A desk with a book, its analysis, and both behind the doors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sidecar.analysis.asking import Analysis
from sidecar.domain.contracts import Universe
from sidecar.domain.events import Listed
from sidecar.domain.orders import Side
from sidecar.reference import load_stresses
from sidecar.servers import analytics
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore, Role
from tests.desk.world import CALENDAR, CALL, CONTRACTS, FUTURE, PUT, World, quote
from tests.servers.desk import QUICK, Desk, serving


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


@dataclass
class Behind:
    """A desk's analyses on a real socket, and a key of each role; ``show`` puts a world's newest report there."""

    desk: Desk
    url: str
    secrets: dict[Role, str]

    def show(self, world: World) -> None:
        self.desk.published, self.desk.now, self.desk.age_s = world.published, world.at, 0.05


@contextmanager
def behind_doors(folder: Path) -> Iterator[Behind]:
    """The analyses' routes, served; the desk has not reported yet."""
    keys = KeyStore(folder)
    secrets = {role: keys.add(role, f"test-{role}") for role in Role}
    desk = Desk(published=None, universe=Universe((*CONTRACTS, FUTURE)))
    answers = Analysis(lambda: desk.published, World().state.rates, load_stresses(), CALENDAR.zone)
    app = create_app(desk.ports(), keys, QUICK, [analytics.router(desk.ports(), keys, answers)])
    with serving(app) as url:
        yield Behind(desk, url, secrets)
