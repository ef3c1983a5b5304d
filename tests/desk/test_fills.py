from __future__ import annotations

from decimal import Decimal

import pytest

from sidecar.domain.breaker import BreakerStatus, Trigger
from sidecar.domain.clock import DAY as WHOLE_DAY
from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.events import (
    Beat,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    Settlement,
    VenueBook,
)
from sidecar.domain.orders import OrderState, Side
from sidecar.domain.records import FillRecorded
from sidecar.domain.report import CancelAtVenue
from tests.desk.world import CALL, LOT, PUT, World


@pytest.fixture
def world() -> World:
    return World().begin()


def state_of(world: World, order_id: str) -> OrderState:
    return world.state.orders[order_id].state


def causes(world: World) -> list[Trigger]:
    return [cause.trigger for cause in world.state.breaker.causes]


def test_an_order_goes_from_pending_to_open_to_partly_filled_to_filled(world: World) -> None:
    (order,) = world.place(lots=2).orders
    world.take(OrderAccepted(world.at, order.id, "V1"))
    assert state_of(world, order.id) is OrderState.OPEN
    world.take(OrderFilled(world.at, order.id, "F1", LOT, "21.40"))
    assert state_of(world, order.id) is OrderState.PARTIALLY_FILLED
    report = world.take(OrderFilled(world.at, order.id, "F2", LOT, "21.30"))
    after = world.state.orders[order.id]
    assert (after.state, after.filled, after.average_price) == (OrderState.FILLED, 2 * LOT, Decimal("21.3500"))
    assert after.venue_order_id == "V1"
    assert world.state.book.net(CALL.id) == -2 * LOT
    assert report.counters.orders_filled == 1
    assert report.positions[0].quantity == -2 * LOT


def test_brokerage_falls_on_the_first_fill_of_an_order_alone(world: World) -> None:
    (order,) = world.place(lots=2).orders
    for number in (1, 2):
        world.take(OrderFilled(world.at, order.id, f"F{number}", LOT, "21.40"))
    one, two = [record.fill.fees for record in world.records if isinstance(record, FillRecorded)]
    assert one - two == Decimal("23.6000")  # 20 and the GST on it


def test_a_fill_id_seen_twice_changes_neither_the_book_nor_the_order(world: World) -> None:
    (order,) = world.place(lots=2).orders
    fill = OrderFilled(world.at, order.id, "F1", LOT, "21.40")
    world.take(fill)
    before = world.state.orders[order.id]
    report = world.take(fill)
    assert world.state.orders[order.id] == before
    assert world.state.book.net(CALL.id) == -LOT
    assert report.records == ()
    assert world.state.breaker.active


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (lambda at, name: OrderRejected(at, name, "no"), OrderState.REJECTED),
        (lambda at, name: OrderCancelled(at, name, "by request"), OrderState.CANCELLED),
        (lambda at, name: OrderCancelled(at, name, "end of session"), OrderState.EXPIRED),
    ],
)
def test_an_order_that_ended_stays_ended_whatever_comes_late(world: World, answer: object, end: OrderState) -> None:
    (order,) = world.place().orders
    world.take(answer(world.at, order.id))  # type: ignore[operator]
    assert state_of(world, order.id) is end
    for late in (
        OrderAccepted(world.at, order.id, "V"),
        OrderCancelled(world.at, order.id, "again"),
        OrderRejected(world.at, order.id, "again"),
        OrderUnknown(world.at, order.id, "again"),
    ):
        world.take(late)
        assert state_of(world, order.id) is end
    assert order.id not in world.state.working


def test_an_unknown_order_still_works_until_the_venue_says_otherwise(world: World) -> None:
    (order,) = world.place().orders
    world.take(OrderUnknown(world.at, order.id, "timeout"))
    assert state_of(world, order.id) is OrderState.UNKNOWN
    assert world.state.working[order.id].remaining == LOT
    world.take(OrderAccepted(world.at, order.id, "V"))
    assert state_of(world, order.id) is OrderState.OPEN


def test_a_fill_after_a_cancel_is_real(world: World) -> None:
    (order,) = world.place(lots=2).orders
    world.take(OrderCancelled(world.at, order.id, "by request"))
    world.take(OrderFilled(world.at, order.id, "F1", LOT, "21.40"))
    assert (state_of(world, order.id), world.state.orders[order.id].filled) == (OrderState.CANCELLED, LOT)
    assert world.state.book.net(CALL.id) == -LOT
    assert world.state.breaker.active


def test_a_fill_of_more_than_was_ordered_is_booked_and_stops_trading(world: World) -> None:
    (order,) = world.place().orders
    world.take(OrderFilled(world.at, order.id, "F1", 2 * LOT, "21.40"))
    assert world.state.book.net(CALL.id) == -2 * LOT
    assert causes(world) == [Trigger.RECONCILIATION_BREAK]


def test_an_answer_about_an_order_never_sent_stops_trading(world: World) -> None:
    world.take(OrderFilled(world.at, "O99", "F1", LOT, "21.40"))
    assert causes(world) == [Trigger.RECONCILIATION_BREAK]
    assert world.state.book.open_positions() == []


def test_a_fill_of_an_order_that_was_refused_is_booked_and_stops_trading(world: World) -> None:
    (order,) = world.place(lots=6).orders
    world.take(OrderFilled(world.at, order.id, "F1", LOT, "21.40"))
    assert world.state.book.net(CALL.id) == -LOT
    assert causes(world) == [Trigger.RECONCILIATION_BREAK]


@pytest.mark.parametrize(
    "change",
    [
        {"price": "NaN"}, {"price": "-1"}, {"price": "0"}, {"price": "abc"}, {"price": "Infinity"}, {"price": ""},
        {"quantity": 0}, {"quantity": -LOT}, {"at": 0}, {"at": 10 * 365 * WHOLE_DAY * 10},
    ],
)  # fmt: skip
def test_a_fill_that_cannot_be_is_not_booked_and_stops_trading(world: World, change: dict[str, object]) -> None:
    (order,) = world.place().orders
    fields = {"at": world.at, "order_id": order.id, "fill_id": "F1", "quantity": LOT, "price": "21.40", **change}
    world.take(OrderFilled(**fields))  # type: ignore[arg-type]
    assert world.state.book.positions == {}
    assert world.state.orders[order.id].filled == 0
    assert causes(world) == [Trigger.RECONCILIATION_BREAK]
    assert world.state.now <= world.at + MINUTE, "a wrong date of the venue may not carry the clock away"
    assert world.trade().session_open


def test_a_break_cancels_what_works(world: World) -> None:
    (order,) = world.place().orders
    report = world.take(OrderAccepted(world.at, "O99", "V"))
    assert report.actions == (CancelAtVenue(order),)


def test_a_fill_after_its_contract_was_settled_is_not_booked_and_stops_trading(world: World) -> None:
    (order,) = world.place().orders
    closed = CALL.expires_at or 0
    world.take(Settlement(closed, "NIFTY", "20260908", 24_800.0, closed), Beat(closed + SECOND))
    world.at = closed + 2 * SECOND
    world.take(OrderFilled(world.at, order.id, "F1", LOT, "21.40"))
    assert world.state.book.positions == {}
    assert causes(world) == [Trigger.RECONCILIATION_BREAK]


def test_a_fill_reported_after_expiry_and_before_settlement_is_booked_and_settled(world: World) -> None:
    (order,) = world.place().orders
    closed = CALL.expires_at or 0
    world.take(Beat(closed))
    assert state_of(world, order.id) is OrderState.EXPIRED
    world.take(OrderFilled(closed, order.id, "F1", LOT, "21.40"))
    world.take(Settlement(closed + SECOND, "NIFTY", "20260908", 24_950.0, closed))
    assert world.state.book.open_positions() == []
    assert world.state.book.realized() == LOT * (Decimal("21.40") - 50)
    assert world.state.breaker.active


def test_a_venue_that_agrees_is_put_on_record_and_nothing_trips(world: World) -> None:
    world.trade_lots()
    (order,) = world.place(PUT).orders
    world.take(OrderUnknown(world.at, order.id, "timeout"))
    report = world.take(VenueBook(world.at, {CALL.id: -LOT}, (order.id,)))
    assert report.breaker.active
    assert report.records[-1].action == "reconcile"  # type: ignore[union-attr]
    assert state_of(world, order.id) is OrderState.OPEN


def test_an_order_that_the_venue_no_longer_works_is_over(world: World) -> None:
    (order,) = world.place().orders
    world.take(OrderAccepted(world.at, order.id, "V1"))
    world.take(VenueBook(world.at + 1, {}, ()))
    assert state_of(world, order.id) is OrderState.CANCELLED
    assert world.state.orders[order.id].note == "the venue no longer works it"
    assert world.state.breaker.active


def test_an_answer_tells_the_fills_that_a_lost_reply_had_told_and_each_is_booked_once(world: World) -> None:
    (order,) = world.place(lots=2).orders
    world.take(OrderAccepted(world.at, order.id, "V1"))
    fill = OrderFilled(world.at, order.id, "F1", LOT, "21.40")
    for _ in range(2):
        world.take(VenueBook(world.at + 1, {CALL.id: -LOT}, (order.id,), (fill,)))
    world.take(fill)
    assert (state_of(world, order.id), world.state.book.net(CALL.id)) == (OrderState.PARTIALLY_FILLED, -LOT)
    assert world.state.book.imbalance() == 0
    assert world.state.breaker.active


def test_an_answer_that_could_not_be_given_changes_nothing_and_is_counted(world: World) -> None:
    world.trade_lots()
    (order,) = world.place(PUT).orders
    world.take(OrderUnknown(world.at, order.id, "timeout"))
    before = dict(world.state.orders)
    report = world.take(VenueBook(world.at, {}, (), problem="out of reach"))
    assert (world.state.orders, report.breaker.active, report.records) == (before, True, ())
    assert world.state.counters["venue_problems"] == 1
    assert "the venue does not say what it holds: out of reach" in report.notes
    world.take(VenueBook(world.at, {CALL.id: -LOT}, (order.id,)))
    assert not any("out of reach" in note for note in world.report.notes)


def test_a_difference_stops_trading_once_and_again_when_it_changes(world: World) -> None:
    world.trade_lots()
    for _ in range(3):
        world.take(VenueBook(world.at, {CALL.id: -2 * LOT}, ()))
    assert causes(world) == [Trigger.RECONCILIATION_BREAK]
    assert any(note.startswith("the venue differs: ") for note in world.report.notes)
    assert world.reset().status == "done", "a person has judged it"
    assert world.take(VenueBook(world.at, {CALL.id: -2 * LOT}, ())).breaker.active
    assert not world.take(VenueBook(world.at, {CALL.id: -3 * LOT}, ())).breaker.active


def test_an_order_accepted_after_it_was_given_up_is_cancelled_there_too(world: World) -> None:
    (order,) = world.place().orders
    world.take(OrderCancelled(world.at, order.id, "it never arrived at the venue"))
    report = world.take(OrderAccepted(world.at, order.id, "V1"))
    assert [action.order.id for action in report.actions if isinstance(action, CancelAtVenue)] == [order.id]
    assert state_of(world, order.id) is OrderState.CANCELLED
    assert world.take(OrderAccepted(world.at, order.id, "V1")).actions == (), "a repeat says nothing new"


def test_an_order_of_the_desk_that_works_at_the_venue_and_not_here_is_cancelled_and_a_difference(world: World) -> None:
    (order,) = world.place().orders
    world.take(OrderCancelled(world.at, order.id, "by request"))
    report = world.take(VenueBook(world.at, {}, (order.id,)))
    assert [action.order.id for action in report.actions if isinstance(action, CancelAtVenue)] == [order.id]
    assert causes(world) == [Trigger.RECONCILIATION_BREAK]


def test_a_contract_that_has_expired_is_no_difference_while_each_side_settles_it(world: World) -> None:
    world.trade_lots()
    world.take(Beat((CALL.expires_at or 0) + SECOND))
    assert world.take(VenueBook(world.state.now, {}, ())).breaker.active


def test_at_a_restart_while_stopped_what_the_venue_still_works_is_cancelled(world: World) -> None:
    (order,) = world.place().orders
    world.stop()
    world.take(OrderUnknown(world.at, order.id, "before a restart"))
    report = world.take(VenueBook(world.at, {}, (order.id,)))
    assert [action.order.id for action in report.actions if isinstance(action, CancelAtVenue)] == [order.id]


@pytest.mark.parametrize(
    ("positions", "orders", "words"),
    [
        ({}, (), f"{CALL.id}: venue 0, desk -65"),
        ({CALL.id: -2 * LOT}, (), f"{CALL.id}: venue -130, desk -65"),
        ({CALL.id: -LOT, PUT.id: LOT}, (), f"{PUT.id}: venue 65, desk 0"),
        ({CALL.id: -LOT}, ("O77",), "O77"),
    ],
)
def test_a_venue_that_differs_stops_trading_with_a_line_for_each_difference(
    world: World, positions: dict[str, int], orders: tuple[str, ...], words: str
) -> None:
    world.trade_lots()
    world.take(VenueBook(world.at, positions, orders))
    assert world.state.breaker.status is BreakerStatus.TRIPPED
    assert words in world.state.breaker.causes[0].detail
    assert world.place(PUT, Side.SELL).refusal is not None
