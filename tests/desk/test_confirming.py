"""Nothing is flat, and nothing filled or did not, because nobody said otherwise."""

from __future__ import annotations

import pytest

from sidecar.domain.clock import SECOND
from sidecar.domain.events import OrderAccepted, OrderCancelled, OrderFilled, OrderRejected, VenueBook
from sidecar.domain.orders import Side
from sidecar.domain.records import CloseRecorded
from sidecar.domain.report import AskVenue
from tests.desk.world import CALL, LOT, PUT, World

NO_MATCH = "immediate or cancel: the rest found no match"


@pytest.fixture
def world() -> World:
    return World().begin()


def asks(world: World) -> int:
    return sum(isinstance(action, AskVenue) for action in world.report.actions)


def closed(world: World) -> World:
    world.trade_lots()
    world.stop(flatten=True)
    (order,) = world.state.working.values()
    world.fill(order)
    assert world.report.positions == ()
    return world


def ends(world: World) -> list[str]:
    return [one.reason for one in world.records if isinstance(one, CloseRecorded) and not one.wanted]


def test_a_wish_ends_only_when_the_venue_holds_no_such_position(world: World) -> None:
    closed(world)
    assert [line.quantity for line in world.report.closing] == [0]
    world.trade()
    assert asks(world) == 1
    assert world.report.closing[0].detail == "flat here; the venue is asked"
    world.take(VenueBook(world.at, {}, ()))
    assert world.report.closing == ()
    assert ends(world) == ["flat, and the venue says so too"]


def test_an_answer_that_is_none_is_no_success_and_it_is_asked_again(world: World) -> None:
    closed(world)
    world.trade()
    world.take(VenueBook(world.at, {}, (), problem="it cannot be reached"))
    assert world.report.closing[0].detail == "flat here; the venue cannot say whether it is: it cannot be reached"
    asked = 0
    for _ in range(20):
        world.trade()
        asked += asks(world)
    assert asked >= 2
    assert len(world.state.closing) == 1
    assert ends(world) == []


def test_a_venue_that_still_holds_it_is_believed(world: World) -> None:
    closed(world)
    world.trade()
    world.take(VenueBook(world.at, {CALL.id: -LOT}, ()))
    assert world.report.closing[0].detail == f"flat here, but the venue holds {-LOT}"
    world.trade(seconds=3)
    world.take(VenueBook(world.at, {}, ()))
    assert world.report.closing == ()


def test_an_answer_of_before_the_question_proves_nothing(world: World) -> None:
    closed(world)
    world.trade()
    world.take(VenueBook(world.at - 2 * SECOND, {}, ()))
    assert len(world.report.closing) == 1


def test_a_fill_that_was_not_heard_is_learned_before_the_next_slice_leaves(world: World) -> None:
    world.trade_lots(PUT, Side.BUY, lots=4)
    world.stop(flatten=True)
    (order,) = world.state.working.values()
    world.take(OrderAccepted(world.at, order.id, "V"), OrderCancelled(world.at, order.id, NO_MATCH))
    for _ in range(5):
        world.trade()
        assert not world.state.working
    assert "the venue is asked what filled" in world.report.closing[0].detail
    lost = OrderFilled(world.at, order.id, "F-lost", 3 * LOT, str(order.request.price))
    world.take(VenueBook(world.at, {PUT.id: LOT}, (), fills=(lost,)))
    world.trade(seconds=3)
    (after,) = world.state.working.values()
    assert after.request.quantity == LOT


def test_where_the_venue_holds_another_number_nothing_is_sent(world: World) -> None:
    world.trade_lots(PUT, Side.BUY, lots=4)
    world.trade()
    world.take(VenueBook(world.at, {PUT.id: LOT}, ()))
    world.stop(flatten=True)
    world.trade(beats=5)
    assert not world.state.working
    assert world.report.closing[0].detail == f"the venue holds {LOT} of it, the desk {4 * LOT}"
    world.take(VenueBook(world.at, {PUT.id: 4 * LOT}, ()))
    world.trade()
    assert len(world.state.working) == 1


def test_after_a_rejection_the_pause_doubles_and_after_a_whole_fill_there_is_none(world: World) -> None:
    for _ in range(2):
        world.trade_lots(PUT, Side.BUY, lots=4)
        world.trade(seconds=6)
    world.stop(flatten=True)
    (order,) = world.state.working.values()
    world.take(OrderRejected(world.at, order.id, "refused, as venues do"))
    world.trade()
    assert world.state.closing[f"main/manual/{PUT.id}"].wait_s == 4.0
    assert world.report.closing[0].detail.endswith("0 of 325 filled, refused, as venues do")
    world.trade(seconds=4)
    (order,) = world.state.working.values()
    world.fill(order)
    world.trade(seconds=0.1)
    assert len(world.state.working) == 1  # the second slice
    assert world.state.closing[f"main/manual/{PUT.id}"].tries == 3


def test_an_order_that_nobody_speaks_of_any_more_is_asked_about(world: World) -> None:
    world.trade_lots(PUT, Side.BUY, lots=4)
    world.stop(flatten=True)
    (order,) = world.state.working.values()
    world.fill(order, lots=2)
    asked = 0
    for _ in range(8):
        world.trade()
        asked += asks(world)
    assert asked >= 1
    assert list(world.state.working) == [order.id]  # and it is not sent a second time
