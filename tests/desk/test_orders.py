from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sidecar.domain.commands import CancelAll, CancelOrder, PlaceOrder
from sidecar.domain.events import OrderAccepted, OrderCancelled
from sidecar.domain.orders import OrderRequest, OrderState, OrderType, Side
from sidecar.domain.records import Audited, OrderRecorded
from sidecar.domain.report import CancelAtVenue, OutcomeStatus, SendOrder
from tests.desk.world import CALL, LOT, PUT, World, fresh


@pytest.fixture
def world() -> World:
    return World().begin()


def test_an_order_that_passes_is_recorded_as_an_intent_and_sent_as_an_action(world: World) -> None:
    outcome = world.place()
    (order,) = outcome.orders
    assert (outcome.status, order.state, order.id) == (OutcomeStatus.DONE, OrderState.PENDING, "O260907034459-00001")
    assert world.report.actions == (SendOrder(order),)
    recorded, audited = world.report.records
    assert isinstance(recorded, OrderRecorded)
    assert (recorded.order, recorded.contract) == (order, CALL)
    assert isinstance(audited, Audited)
    assert (audited.actor, audited.action, audited.outcome) == ("ann", "placeorder", "done")
    assert world.report.order_updates == (order,)
    assert world.report.counters.orders_submitted == 1


def test_a_refused_order_leaves_a_record_and_a_reason_and_no_action(world: World) -> None:
    outcome = world.place(lots=6)
    assert outcome.status is OutcomeStatus.REFUSED
    assert outcome.refusal is not None
    assert (outcome.refusal.limit_name, outcome.refusal.largest_quantity) == ("order_lots", 5 * LOT)
    assert outcome.orders[0].state is OrderState.REFUSED
    assert world.report.actions == ()
    assert world.report.counters.orders_refused == {"order_lots": 1}
    assert world.report.counters.orders_submitted == 0


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"fund_id": "nobody"}, "fund_id"),
        ({"symbol": "NIFTY-20260908-1-CE"}, "symbol"),
        ({"symbol": "no such thing"}, "symbol"),
        ({"quantity": 10**30}, "quantity"),
        ({"price": Decimal("NaN")}, "price"),
        ({"strategy": "a/b"}, "strategy"),
    ],
)
def test_a_request_that_cannot_be_read_is_answered_as_invalid_and_changes_nothing(
    world: World, changes: dict[str, Any], word: str
) -> None:
    fields: dict[str, Any] = {"symbol": CALL.id, "side": Side.SELL, "quantity": LOT, "price": Decimal(20), **changes}
    outcome = world.ask(PlaceOrder, request=OrderRequest(**fields))
    assert outcome.status is OutcomeStatus.INVALID
    assert word in outcome.message
    assert world.state.orders == {}


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": -LOT}, "quantity"),
        ({"quantity": LOT + 1}, "lot"),
        ({"price": None}, "price"),
        ({"price": Decimal("21.42")}, "price"),
        ({"order_type": OrderType.MARKET}, "order_type"),
        ({"symbol": "NIFTY"}, "contract"),
        ({"price": Decimal(50)}, "price_band"),
    ],
)
def test_a_bad_order_is_refused_by_the_gate_with_the_name_of_the_check(
    world: World, changes: dict[str, Any], check: str
) -> None:
    fields: dict[str, Any] = {
        "symbol": CALL.id,
        "side": Side.SELL,
        "quantity": LOT,
        "price": Decimal("21.40"),
        **changes,
    }
    outcome = world.ask(PlaceOrder, request=OrderRequest(**fields))
    assert outcome.refusal is not None
    assert outcome.refusal.limit_name == check
    assert world.report.actions == ()


def test_the_short_form_of_a_symbol_means_the_nearest_expiry(world: World) -> None:
    request = OrderRequest("NIFTY24900CE", Side.SELL, LOT, Decimal("21.40"))
    outcome = world.ask(PlaceOrder, request=request)
    assert outcome.orders[0].request.symbol == CALL.id


def test_a_repeated_client_order_id_gets_the_first_answer_and_sends_nothing(world: World) -> None:
    first = world.place(client_order_id="mine-1")
    again = world.place(client_order_id="mine-1", lots=2)
    assert again.status is OutcomeStatus.REPEATED
    assert again.orders == first.orders
    assert world.report.actions == ()
    assert len(world.state.orders) == 1


def test_a_client_order_id_is_the_actors_own(world: World) -> None:
    world.place(client_order_id="x")
    other = world.place(PUT, client_order_id="x", actor="bob")
    assert other.status is OutcomeStatus.DONE


def test_an_order_counts_from_the_moment_it_is_sent_and_the_rate_is_held(world: World) -> None:
    for number in range(12):
        world.trade()
        price = Decimal("21.40") + number * Decimal("0.05")
        assert world.place(price=price).status is OutcomeStatus.DONE
    refused = world.place(PUT)
    assert refused.refusal is not None
    assert refused.refusal.limit_name == "order_rate"
    world.trade(seconds=61.0)
    assert world.place(PUT).status is OutcomeStatus.DONE


def test_refused_orders_do_not_count_as_sent(world: World) -> None:
    for _ in range(20):
        world.place(lots=6)
    assert world.state.recent_orders() == []
    assert world.place().status is OutcomeStatus.DONE


def test_the_margin_of_working_orders_counts_before_they_fill(world: World) -> None:
    small = World(fresh(capital={"main": Decimal(500_000)})).begin()
    assert small.place(CALL).status is OutcomeStatus.DONE
    refused = small.place(PUT)
    assert refused.refusal is not None
    assert refused.refusal.limit_name in {"capital_utilization", "strategy_allocation", "margin"}


def test_a_cancel_is_asked_for_what_works_and_refused_for_what_has_ended(world: World) -> None:
    (order,) = world.place().orders
    world.take(OrderAccepted(world.at, order.id, "V1"))
    asked = world.ask(CancelOrder, order_id=order.id)
    assert asked.status is OutcomeStatus.DONE
    assert world.report.actions == (CancelAtVenue(world.state.orders[order.id]),)
    world.take(OrderCancelled(world.at, order.id, "by request"))
    assert world.ask(CancelOrder, order_id=order.id).status is OutcomeStatus.CONFLICT
    assert world.ask(CancelOrder, order_id="O9").status is OutcomeStatus.NOT_FOUND


def test_cancel_all_may_be_of_one_fund() -> None:
    world = World(fresh(capital={"a": Decimal(5_000_000), "b": Decimal(5_000_000)})).begin()
    (one,) = world.place(fund_id="a").orders
    (two,) = world.place(fund_id="b").orders
    assert [order.id for order in world.ask(CancelAll, fund_id="b").orders] == [two.id]
    assert [order.id for order in world.ask(CancelAll).orders] == [one.id, two.id]


def test_a_fund_sees_its_own_position_and_capital_only() -> None:
    world = World(fresh(capital={"a": Decimal(5_000_000), "b": Decimal(1_000)})).begin()
    world.trade_lots(fund_id="a")
    refused = world.place(PUT, fund_id="b")
    assert refused.refusal is not None
    assert refused.refusal.before == 0.0


def test_what_a_fill_would_cost_must_be_known_before_there_can_be_an_order() -> None:
    world = World().begin()
    world.at += 400 * 86_400_000_000
    outcome = world.place()
    assert outcome.status in {OutcomeStatus.INVALID, OutcomeStatus.REFUSED}
    assert world.report.actions == ()
