from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from sidecar.domain.commands import PlaceOrder, WhatIf
from sidecar.domain.contracts import Contract
from sidecar.domain.impact import Impact
from sidecar.domain.orders import OrderRequest, Side
from sidecar.domain.records import Audited
from sidecar.domain.report import Outcome, OutcomeStatus
from tests.desk.world import CALL, INDEX, LOT, PUT, World, option

WING = option(25_100.0, CALL.right) if CALL.right else CALL


@pytest.fixture
def world() -> World:
    return World().begin()


def wanted(world: World, contract: Any = CALL, side: Side = Side.SELL, lots: int = 1, **more: Any) -> OrderRequest:
    last = world.state.board.last(contract.id)
    assert last is not None
    touch = Decimal(str(round(last.ask if side is Side.BUY else last.bid, 2)))
    return OrderRequest(contract.id, side, lots * LOT, touch, **more)


def asked(world: World, *requests: OrderRequest) -> Outcome:
    return world.ask(WhatIf, actor="vera", orders=requests)


def impact(world: World, *requests: OrderRequest) -> Impact:
    outcome = asked(world, *requests)
    assert outcome.impact is not None, outcome.message
    return outcome.impact


def test_nothing_is_sent_and_nothing_goes_on_record(world: World) -> None:
    world.trade_lots()
    world.trade()
    before, records = world.report, len(world.records)
    outcome = asked(world, wanted(world))
    assert outcome.status is OutcomeStatus.DONE
    assert outcome.orders == ()
    assert world.report.actions == ()
    assert world.report.orders == before.orders
    assert world.report.funds == before.funds
    assert not [record for record in world.records[records:] if isinstance(record, Audited)]


def test_the_largest_size_passes_when_it_is_sent_and_one_lot_more_does_not(world: World) -> None:
    (most,) = impact(world, wanted(world)).largest
    assert most > 0
    more = world.ask(PlaceOrder, request=wanted(world, lots=most // LOT + 1))
    assert more.status is OutcomeStatus.REFUSED
    assert world.ask(PlaceOrder, request=wanted(world, lots=most // LOT)).status is OutcomeStatus.DONE


def sent(world: World, requests: Sequence[OrderRequest]) -> list[Outcome]:
    return [world.ask(PlaceOrder, request=request) for request in requests]


def test_the_gates_answers_are_those_that_the_same_orders_get_when_they_are_sent(world: World) -> None:
    basket = [wanted(world), wanted(world, PUT), wanted(world, CALL, lots=60), wanted(world, WING, Side.BUY)]
    told = impact(world, *basket).orders
    got = sent(world, basket)
    assert [one.accepted for one in told] == [outcome.refusal is None for outcome in got]
    for one, outcome in zip(told, got, strict=True):
        if outcome.refusal is not None:
            assert (one.limit_name, one.detail) == (outcome.refusal.limit_name, outcome.refusal.detail)
    assert not all(one.accepted for one in told)


def test_the_book_after_is_the_book_that_the_fills_make(world: World) -> None:
    world.trade_lots(PUT)
    world.trade()
    basket = [wanted(world), wanted(world, WING, Side.BUY)]
    (fund,) = impact(world, *basket).funds
    for request, contract, side in zip(basket, (CALL, WING), (Side.SELL, Side.BUY), strict=True):
        order = world.place(contract, side, price=request.price).orders[0]
        world.fill(order)
    after = world.beat(0.0)
    line = next(one for one in after.funds if one.fund_id == "main")
    greeks = next(one for one in after.greeks if one.fund_id == "main")
    (told,) = fund.after.greeks
    for name in ("delta", "gamma", "vega", "theta"):
        assert getattr(told, name) == pytest.approx(getattr(greeks, name), rel=1e-9)
    assert fund.after.used_margin == pytest.approx(line.used_margin, rel=1e-9)
    fees = float(world.state.book.fees("main"))
    assert fund.after.available_margin == pytest.approx(line.available_margin + fees, abs=200.0)
    tail = next(one for one in after.tail if one.fund_id == "main")
    assert fund.after.tail.worst == pytest.approx(tail.worst, rel=1e-9)
    assert fund.after.tail.var_95 == pytest.approx(tail.var_95, rel=1e-9)
    assert fund.before.tail.worst != fund.after.tail.worst


def test_a_wing_that_is_held_makes_room_for_a_larger_short_and_one_that_works_does_not() -> None:
    world = World(limits={"order_lots": 1_000, "strategy_allocation": 1.0, "capital_utilization": 1.0}).begin()
    (alone,) = impact(world, wanted(world)).largest
    (_, hedged) = impact(world, wanted(world, WING, Side.BUY), wanted(world)).largest
    assert hedged <= alone
    world.trade_lots(WING, Side.BUY, lots=10)
    world.trade()
    (after,) = impact(world, wanted(world)).largest
    assert after > alone


def test_baskets_of_the_same_sizes_and_prices_are_told_apart() -> None:
    near = option(24_700.0, CALL.right) if CALL.right else CALL

    def world() -> World:
        made = World(limits={"price_band": 10.0}).begin()
        made.trade_lots(WING, Side.BUY)
        made.trade()
        return made

    def second_of(at: World, first: Contract) -> Any:
        request = OrderRequest(first.id, Side.SELL, LOT, Decimal("60.00"))
        told = impact(at, request, wanted(at, PUT)).orders
        assert told[0].accepted, told[0].detail
        return told[1].limits

    both = world()
    far, close = second_of(both, CALL), second_of(both, near)
    assert far != close
    assert second_of(world(), near) == close


def test_each_fund_is_told_by_itself() -> None:
    world = World(capital={"main": Decimal(10_000_000), "second": Decimal(5_000_000)}).begin()
    told = impact(world, wanted(world), wanted(world, fund_id="second"))
    assert [fund.fund_id for fund in told.funds] == ["main", "second"]
    first, second = (fund.after.used_margin for fund in told.funds)
    assert first == pytest.approx(second)
    assert [order.accepted for order in told.orders] == [True, True]


def test_before_anything_is_known_the_answer_is_unknown_and_no_order_passes() -> None:
    world = World().begin()
    strange = option(26_000.0, CALL.right) if CALL.right else CALL
    outcome = asked(world, OrderRequest(strange.id, Side.SELL, LOT, Decimal(1)))
    assert outcome.status is OutcomeStatus.INVALID
    assert outcome.message.startswith("orders[0].")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (OrderRequest(INDEX.id, Side.SELL, LOT, Decimal(1)), "orders[1].symbol: NIFTY is an index"),
        (OrderRequest(CALL.id, Side.SELL, LOT, Decimal(1), fund_id="none"), "orders[1].fund_id: 'none' is not a fund"),
        (OrderRequest("WHAT", Side.SELL, LOT, Decimal(1)), "orders[1]."),
        (OrderRequest(CALL.id, Side.SELL, 2**60, Decimal(1)), "orders[1].quantity: is not a number"),
    ],
)
def test_what_cannot_be_judged_is_answered_by_the_field(world: World, request_: OrderRequest, words: str) -> None:
    outcome = asked(world, wanted(world), request_)
    assert outcome.status is OutcomeStatus.INVALID
    assert outcome.message.startswith(words)
    assert outcome.impact is None


def test_with_the_desk_stopped_only_what_reduces_passes(world: World) -> None:
    world.trade_lots()
    world.trade()
    world.stop()
    told = impact(world, wanted(world, side=Side.BUY), wanted(world))
    assert [(one.accepted, one.limit_name) for one in told.orders] == [(True, ""), (False, "breaker")]
