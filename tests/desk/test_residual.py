"""The alarm on what is left unexplained: found within a minute, silent on a clean market, gone when it is over."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from msgspec.structs import replace

from sidecar.book.position import apply
from sidecar.desk.board import Board
from sidecar.desk.state import DeskState
from sidecar.desk.valuation import Valuation
from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Right
from sidecar.domain.events import Beat
from sidecar.domain.orders import Fill, Side
from sidecar.domain.report import Published
from sidecar.drive import Drive
from sidecar.replay import beaten
from sidecar.strategies.demo import Demo
from sidecar.venues.paper import PaperBroker
from sidecar.venues.simulated import SimulatedMarket
from tests.desk.world import CALENDAR, CALL, LOT, PUT, REFERENCE, SPOT, World, chain, config, option

pytestmark = pytest.mark.slow


@pytest.fixture
def world() -> World:
    """Short two strangles for a minute of a market that moves."""
    world = World().begin()
    world.trade_lots(CALL, Side.SELL, 2)
    world.trade_lots(PUT, Side.SELL, 2)
    wander(world, 60)
    assert world.report.explain_alarm == ""
    return world


def wander(world: World, seconds: int, seed: int = 3) -> list[str]:
    """So many seconds of a market that moves; the alarm of each report."""
    random = np.random.default_rng(seed)
    path = SPOT + np.cumsum(random.normal(0.0, 2.0, seconds))
    volatility = 0.15 + np.cumsum(random.normal(0.0, 2e-4, seconds))
    return [world.trade(float(s), volatility=float(v)).explain_alarm for s, v in zip(path, volatility, strict=True)]


def raised(world: World) -> int:
    return world.state.counters["explain_alarms"]


def stray(world: World, symbol: str = CALL.id) -> Fill:
    return Fill("stray", "none", symbol, "main", "manual", LOT, Decimal("21.00"), Decimal(20), world.at)


def test_a_clean_market_is_silent_for_ten_minutes(world: World) -> None:
    assert set(wander(world, 600, seed=11)) == {""}
    assert raised(world) == 0


def test_a_fill_that_the_explain_never_heard_of_is_found_within_two_seconds(world: World) -> None:
    world.state.book.apply(stray(world))
    alarms = wander(world, 2)
    assert f"main/manual/{CALL.id} holds {-LOT}, its fills make {-2 * LOT}" in alarms[-1]
    assert raised(world) == 1
    assert "does not add up" in world.report.notes[-1]


def test_a_position_that_no_fill_made_is_found_within_two_seconds_and_its_pnl_is_unexplained(world: World) -> None:
    other = replace(stray(world), symbol=f"{PUT.underlying}-20260908-24600-PE")
    world.state.contracts[other.symbol] = replace(PUT, strike=24_600.0)
    world.state.book.apply(other)
    assert f"{other.symbol} holds {LOT}, its fills make 0" in wander(world, 2)[-1]
    (line,) = [line for line in world.report.explain if line.symbol == other.symbol]
    assert line.unexplained == pytest.approx(line.total)


def test_a_lot_of_the_wrong_size_is_found_within_two_seconds(world: World) -> None:
    """The venue's count was taken for units that it is not: both the book and the explain have it."""
    key = f"main/manual/{CALL.id}"
    before = world.state.book.positions[key]
    odd = replace(stray(world), quantity=LOT - 10)
    world.state.book.apply(odd)
    world.state.explaining.take(odd, before, world.state.book.positions[key])
    assert "no whole number of lots" in wander(world, 2)[-1]


def test_a_position_that_changes_without_a_fill_is_found_and_the_alarm_ends_when_it_is_mended(world: World) -> None:
    key = f"main/manual/{CALL.id}"
    right = world.state.book.positions[key]
    wrong, _ = apply(right, stray(world))
    world.state.book._keep(key, wrong)
    assert all(alarm != "" for alarm in wander(world, 30)[1:])
    assert raised(world) == 1
    world.state.book._keep(key, right)
    assert wander(world, 2)[-1] == ""
    assert world.report.explain[-1].total == pytest.approx(world.report.total.daily_pnl, abs=0.0051)


def test_a_mark_that_stands_still_is_found_within_a_minute_where_the_volatility_is_anothers(world: World) -> None:
    """In the money the volatility is the other right's. (Out of it a stale mark reads as a volatility that fell.)"""
    inside = option(24_500.0, Right.CALL)
    world.trade_lots(inside, Side.SELL, 2)
    said: list[str] = []
    for second in range(1, 61):
        world.at += SECOND
        moving = [quote for quote in chain(world.at, SPOT + 0.8 * second) if quote.symbol != inside.id]
        said.append(world.take(*moving, Beat(world.at)).explain_alarm)
    assert said[-1].startswith(f"main/manual/{inside.id} has ")
    assert "stale volatility" in said[-1]
    for _ in range(70):
        world.trade(SPOT + 48.0)
    assert world.report.explain_alarm == ""
    assert raised(world) == 1


class Frozen(Valuation):
    """A valuation whose volatilities stand still, as a smile that is no longer fitted would."""

    def __init__(self, from_: Valuation) -> None:
        self.__dict__.update(from_.__dict__)
        self.stood = self.values["iv"].copy()

    def update(self, board: Board, *market: object) -> bool:
        moved = super().update(board, *market)  # type: ignore[arg-type]
        self.values["iv"][:] = self.stood
        return moved


def test_a_volatility_that_stands_still_while_prices_move_is_found_within_a_minute(world: World) -> None:
    world.state.valuation = Frozen(world.state.valuation)
    alarms = [world.trade(SPOT, volatility=0.15 + 0.0003 * second).explain_alarm for second in range(60)]
    assert any("stale volatility" in alarm for alarm in alarms)
    assert "unexplained in" in alarms[-1]


def test_the_simulated_market_is_silent_for_a_quarter_of_an_hour() -> None:
    state = DeskState(config(), REFERENCE, CALENDAR)
    alarms: list[str] = []
    last: list[Published] = []

    def publish(published: Published) -> None:
        last[:] = [published]
        if published.report.explain_alarm:
            alarms.append(published.report.explain_alarm)

    drive = Drive(state, PaperBroker(seed=1), [Demo()], publish=publish)
    market = SimulatedMarket(
        REFERENCE, CALENDAR, seed=9, start=date(2026, 9, 7), strikes_each_side=9, expiries=1, quotes_per_second=20.0
    )
    first = 0
    for event in beaten(market.events()):
        first = first or event.at
        if event.at > first + 900 * SECOND:
            break
        drive.handle(event)
    assert alarms == []
    line = last[0].report.explain[-1]
    assert line.total == pytest.approx(last[0].report.total.daily_pnl, abs=0.0051)
    assert sum(1 for one in last[0].report.explain if one.symbol != "*") >= 2
