from __future__ import annotations

from decimal import Decimal

from sidecar.domain.clock import SECOND
from sidecar.domain.commands import Stop
from sidecar.domain.report import Intent
from sidecar.strategies.turns import Turns
from tests.desk.world import CALL, CLOSE, LOT, World
from tests.test_drive import Room


def test_it_is_ones_turn_every_five_seconds_of_market_time() -> None:
    world, turns = World().begin(), Turns("mine", "main")
    found = [turns.take(world.trade()) for _ in range(12)]
    assert [place for place, one in enumerate(found) if one is None] == [0, 5, 10]


def test_it_is_nobodys_turn_while_the_session_is_shut_or_the_desk_is_stopped() -> None:
    world = World(at=CLOSE).begin()
    assert Turns("mine", "main").take(world.report) == ()
    world = World().begin()
    assert Turns("mine", "main").take(world.report) is None
    world.ask(Stop, reason="drill")
    assert Turns("mine", "main").take(world.report) == ()


def test_an_own_order_that_works_comes_first_and_is_cancelled_once_it_is_old() -> None:
    room = Room()
    room.place(strategy="mine", price=Decimal("22.40"))
    room.trade()
    report = room.reports[-1].report
    assert Turns("mine", "main").take(report) == ()
    assert Turns("other", "main").take(report) is None
    assert Turns("mine", "second").take(report) is None
    room.at += 300 * SECOND
    room.trade(2)
    (order,) = room.state.orders
    assert Turns("mine", "main").take(room.reports[-1].report) == (Intent(cancel=order),)


def test_after_a_refusal_it_pauses_for_a_minute() -> None:
    world = World().begin()
    world.place(CALL, lots=1, price=Decimal("500.00"), strategy="mine")
    assert world.report.orders[0].request.quantity == LOT
    assert Turns("mine", "main").take(world.report) == ()
    world.at += 61 * SECOND
    assert Turns("mine", "main").take(world.trade()) is None
