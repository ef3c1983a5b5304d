from __future__ import annotations

from sidecar.desk.halting import ask_cancel, cancel_working, disable_strategy, enable_strategies, trip
from sidecar.desk.orders import submit
from sidecar.domain.breaker import Cause, Trigger
from sidecar.domain.orders import OrderRequest, OrderState, Side
from sidecar.domain.records import Audited
from sidecar.domain.report import CancelAtVenue, SendOrder
from tests.desk.world import CALL, LOT, PUT, World


def cause(world: World) -> Cause:
    return Cause(Trigger.VIX_SPIKE, world.at, "desk", "drill", "vix")


def test_the_first_cause_cancels_what_works_and_a_second_is_only_recorded() -> None:
    world = World().begin()
    (order,) = world.place().orders
    trip(world.state, cause(world))
    assert world.state.pending.actions == [CancelAtVenue(order)]
    trip(world.state, cause(world))
    assert len(world.state.pending.actions) == 1
    assert len(world.state.pending.records) == 2


def test_a_trip_may_spare_orders_that_only_reduce() -> None:
    world = World().begin()
    world.trade_lots()
    world.place(side=Side.BUY)
    (other,) = world.place(PUT).orders
    trip(world.state, cause(world), spare_reducing=True)
    assert world.state.pending.actions == [CancelAtVenue(other)]


def test_an_order_of_the_same_instant_does_not_leave_at_all() -> None:
    world = World().begin()
    last = world.state.board.last(CALL.id)
    assert last is not None
    from decimal import Decimal

    request = OrderRequest(CALL.id, Side.SELL, LOT, Decimal(str(last.bid)))
    order, refusal = submit(world.state, "ann", request, CALL)
    assert refusal is None
    assert world.state.pending.actions == [SendOrder(order)]
    ask_cancel(world.state, order)
    assert world.state.pending.actions == []
    assert world.state.orders[order.id].state is OrderState.CANCELLED
    assert cancel_working(world.state) == ()


def test_a_strategy_is_disabled_once_and_enabled_in_the_name_of_a_person() -> None:
    world = World().begin()
    for _ in range(2):
        disable_strategy(world.state, "odd", "it raised")
    assert enable_strategies(world.state, "root", "mended") == ("odd",)
    assert enable_strategies(world.state, "root", "mended") == ()
    lines = [record for record in world.state.pending.records if isinstance(record, Audited)]
    assert [(line.actor, line.action, line.subject) for line in lines] == [
        ("desk", "disable_strategy", "odd"),
        ("root", "enable_strategy", "odd"),
    ]
