from __future__ import annotations

from decimal import Decimal

from sidecar.domain.clock import MINUTE
from sidecar.domain.orders import OrderState
from sidecar.domain.scopes import Scope
from tests.desk.world import PUT, World, fresh


def test_capital_is_of_a_fund_or_of_all() -> None:
    state = fresh(capital={"a": Decimal(3), "b": Decimal(4)})
    assert state.funds == ("a", "b")
    assert [state.capital("a"), state.capital("*")] == [Decimal(3), Decimal(7)]


def test_a_fund_without_limits_of_its_own_has_the_desks() -> None:
    state = fresh()
    assert state.limits_of("main") == state.limits_of(None) == state.limits[None] == state.limits_set()["*"]
    state.limits["main"] = {"order_lots": 1.0}
    assert state.limits_of("main") == {**state.limits[None], "order_lots": 1.0} == state.limits_of(Scope("main"))
    assert state.limits_set() == {"*": state.limits[None], "main": {"order_lots": 1.0}}


def test_the_last_ten_notes_stand() -> None:
    state = fresh()
    for number in range(12):
        state.say(str(number))
    assert state.notes == tuple(str(number) for number in range(2, 12))


def test_orders_of_the_last_minute_are_forgotten_after_it() -> None:
    world = World().begin()
    (order,) = world.place().orders
    world.state.now = order.created_at + MINUTE
    assert world.state.recent_orders() == [order]
    world.state.now += 1
    assert world.state.recent_orders() == []


def test_an_order_that_ends_is_listed_once_among_the_ended() -> None:
    world = World().begin()
    world.trade_lots()
    world.place(PUT, lots=6)
    assert [world.state.orders[name].state for name in world.state.ended] == [OrderState.FILLED, OrderState.REFUSED]
