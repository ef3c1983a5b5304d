from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sidecar.domain.breaker import BreakerStatus, Cause, Trigger
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import CancelAll, ChangeLimits, ClosePositions
from sidecar.domain.contracts import Right
from sidecar.domain.events import OrderCancelled, Quote, VenueBook
from sidecar.domain.orders import OrderState, Side, TimeInForce
from sidecar.domain.report import AskVenue, OutcomeStatus, SendOrder
from sidecar.risk.breaker import trip
from tests.desk.world import CALL, CLOSE, LOT, PUT, World, option, quote


@pytest.fixture
def world() -> World:
    return World().begin()


def sends(world: World) -> list[tuple[str, Side, int]]:
    requests = [action.order.request for action in world.report.actions if isinstance(action, SendOrder)]
    return [(request.symbol, request.side, request.quantity) for request in requests]


def fill_all(world: World) -> None:
    for order in tuple(world.state.working.values()):
        world.fill(order)


def agreed(world: World, **positions: int) -> None:
    """A beat in which the desk asks, and the venue's answer: what the desk holds, or these positions."""
    report = world.trade()
    assert any(isinstance(action, AskVenue) for action in report.actions)
    held = positions or {one.symbol: world.state.book.net(one.symbol) for one in world.state.book.open_positions()}
    world.take(VenueBook(world.at, held, tuple(world.state.working)))


def test_a_close_sends_a_marketable_limit_for_what_is_held(world: World) -> None:
    world.trade_lots(lots=2)
    (position,) = world.report.positions
    outcome = world.ask(ClosePositions, reason="enough", position_id=position.id)
    assert outcome.closed == ((position.id, "O260907034459-00002", "sent"),)
    order = world.state.orders["O260907034459-00002"]
    assert (order.request.side, order.request.quantity) == (Side.BUY, 2 * LOT)
    assert order.request.time_in_force is TimeInForce.IOC
    quote_ = world.state.board.last(CALL.id)
    assert quote_ is not None
    assert order.request.price is not None
    assert quote_.ask <= float(order.request.price) <= quote_.ask * 1.02 + 0.05
    fill_all(world)
    assert world.report.positions == ()
    agreed(world)
    assert world.state.closing == {}


@pytest.mark.parametrize("fields", [{}, {"symbol": CALL.id, "close_all": True}, {"position_id": "x", "symbol": "y"}])
def test_exactly_one_thing_must_be_named(world: World, fields: dict[str, Any]) -> None:
    assert world.ask(ClosePositions, reason="x", **fields).status is OutcomeStatus.INVALID


def test_what_is_not_held_is_not_found_and_an_empty_book_is_no_error(world: World) -> None:
    assert world.ask(ClosePositions, reason="x", position_id="nope").status is OutcomeStatus.NOT_FOUND
    assert world.ask(ClosePositions, reason="x", symbol=CALL.id).status is OutcomeStatus.NOT_FOUND
    assert world.ask(ClosePositions, reason="x", symbol="junk!").status is OutcomeStatus.INVALID
    outcome = world.ask(ClosePositions, reason="x", close_all=True)
    assert (outcome.status, outcome.message) == (OutcomeStatus.DONE, "nothing is open")


def test_a_stop_with_flatten_buys_back_shorts_before_it_sells_the_longs_that_hedge_them(world: World) -> None:
    wing = option(25_100.0, Right.CALL)
    world.trade_lots(wing, Side.BUY)
    world.trade_lots(CALL, Side.SELL)
    outcome = world.stop(flatten=True)
    assert sends(world) == [(CALL.id, Side.BUY, LOT)]
    words = {line[0].rsplit("/", 1)[1]: line[2] for line in outcome.closed}
    assert words == {CALL.id: "sent", wing.id: "waits for the shorts of its underlying"}
    fill_all(world)
    world.trade()
    assert sends(world) == [(wing.id, Side.SELL, LOT)]
    fill_all(world)
    assert world.report.positions == ()
    assert world.state.breaker.status is BreakerStatus.EMERGENCY_STOP


def test_an_unanswered_slice_is_not_sent_twice_and_a_cancelled_one_is_sent_again(world: World) -> None:
    world.trade_lots()
    world.stop(flatten=True)
    world.trade(beats=5)
    assert len(world.state.working) == 1
    (order,) = world.state.working.values()
    world.take(OrderCancelled(world.at, order.id, "immediate or cancel: the rest found no match"))
    world.trade(beats=3)
    assert not world.state.working  # what filled of it may not have been heard: the venue is asked first
    world.take(VenueBook(world.at, {CALL.id: -LOT}, ()))
    world.trade()
    assert [one.request.side for one in world.state.working.values()] == [Side.BUY]
    assert next(iter(world.state.working)) != order.id


def test_a_large_position_is_closed_in_slices_of_the_order_limit(world: World) -> None:
    for _ in range(2):
        world.trade_lots(PUT, Side.BUY, lots=4)
        world.trade(seconds=6)
    world.stop(flatten=True)
    assert sends(world) == [(PUT.id, Side.SELL, 5 * LOT)]
    fill_all(world)
    world.trade(seconds=3)
    assert sends(world) == [(PUT.id, Side.SELL, 3 * LOT)]


def test_a_repeated_stop_leaves_a_flatten_alone_and_cancel_all_withdraws_it(world: World) -> None:
    world.trade_lots()
    world.stop(flatten=True)
    world.stop()
    assert len(world.state.closing) == 1
    again = world.stop(flatten=True)
    assert again.closed[0][2] == "is being closed already: sent"
    world.ask(CancelAll, reason="leave it")
    assert world.state.closing == {}
    assert len(world.report.positions) == 1


def test_the_stop_that_changes_the_state_withdraws_a_close(world: World) -> None:
    world.trade_lots()
    world.ask(ClosePositions, reason="x", close_all=True)
    world.stop()
    assert world.state.closing == {}


def test_a_close_that_the_gate_refuses_backs_off_and_does_not_flood(world: World) -> None:
    world.trade_lots(PUT, Side.BUY)
    world.ask(ChangeLimits, reason="drill", limits={"price_band": 0.0})
    halt = Cause(Trigger.MARKET_HALT, world.at, "nse", "halted")
    world.state.note_breaker(*trip(world.state.breaker, halt))
    world.ask(ClosePositions, reason="x", close_all=True)
    world.trade(beats=300)
    refused = [order for order in world.state.orders.values() if order.state is OrderState.REFUSED]
    assert 5 <= len(refused) <= 10
    assert all(order.reduces_only for order in refused)


def test_a_close_outside_the_price_band_asks_for_the_touch_itself(world: World) -> None:
    world.trade_lots(CALL, Side.SELL)
    world.at += SECOND
    bid = quote(CALL, world.at).bid
    world.take(Quote(CALL.id, world.at, world.at, bid, 25.00, LOT, LOT, last=bid))
    outcome = world.stop(flatten=True)
    assert outcome.closed[0][2] == "sent"
    assert world.state.orders[outcome.closed[0][1]].request.price == Decimal("25.00")


def test_nothing_is_sent_while_the_session_is_closed_or_no_price_is_known(world: World) -> None:
    world.trade_lots()
    world.at = CLOSE
    outcome = world.stop(flatten=True)
    assert outcome.closed[0][1:] == ("", "the session is closed")
    assert len(world.state.orders) == 1


def test_an_expired_position_waits_for_its_settlement_without_orders(world: World) -> None:
    world.trade_lots()
    world.at = CALL.expires_at or 0
    outcome = world.stop(flatten=True)
    assert outcome.closed[0][1:] == ("", "the contract has expired and awaits its settlement")
    assert len(world.state.orders) == 1


def test_what_another_strategy_balances_is_not_sent_to_the_venue(world: World) -> None:
    world.trade_lots(CALL, Side.SELL, strategy="one")
    world.trade(seconds=6)
    world.trade_lots(CALL, Side.BUY, strategy="two")
    outcome = world.stop(flatten=True)
    assert {line[2] for line in outcome.closed} <= {
        "the fund is flat in it: another strategy holds the other side",
        "waits for the shorts of its underlying",
    }
    assert sends(world) == []
