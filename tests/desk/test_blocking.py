"""What an order is judged by: the margins of the fund, the strategy and the contract, whatever else works."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.desk import money, views
from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Right
from sidecar.domain.events import Beat, Listed
from sidecar.domain.orders import OrderRequest, Side
from sidecar.domain.report import OutcomeStatus
from sidecar.risk.view import GateView, only_reduces
from tests.desk.world import CALL, FUTURE, LOT, PUT, SPOT, World, fresh, option, quote

BUY, SELL = Side.BUY, Side.SELL
WING = option(25_100.0, Right.CALL)
FAR_PUT = option(24_300.0, Right.PUT)
lots = st.integers(1, 3)
sides = st.sampled_from([BUY, SELL])
legs = st.sampled_from([CALL, PUT, WING, FAR_PUT, FUTURE])
names = st.sampled_from(["one", "two"])


@pytest.fixture
def world() -> World:
    return World().begin()


def used(world: World) -> float:
    return money.account(world.state, "main").used


def view(world: World, request: OrderRequest) -> GateView:
    return views.view(world.state, request, world.state.board.universe[request.symbol])


def test_a_working_order_counts_as_the_worst_that_it_can_do(world: World) -> None:
    world.place(CALL)
    world.place(WING, BUY)
    naked = money.margin_of(world.state, CALL, -LOT)
    seen = view(world, OrderRequest(PUT.id, SELL, LOT, Decimal("20.00")))
    assert seen.used_margin >= naked
    assert seen.used_margin == pytest.approx(naked + money.margin_of(world.state, WING, LOT, 1.0), rel=0.01)
    assert seen.available_margin == pytest.approx(10_000_000.0 - seen.used_margin)
    assert seen.margin_of(-LOT) - seen.used_margin < 0.6 * money.margin_of(world.state, PUT, -LOT)


def test_a_strategy_is_charged_for_its_own_legs_and_orders(world: World) -> None:
    world.trade_lots(CALL, strategy="one")
    world.trade_lots(WING, BUY, strategy="two")
    seen = view(world, OrderRequest(WING.id, SELL, LOT, Decimal("3.00"), strategy="two"))
    paid = world.report.positions[1].margin
    assert seen.margin_of_strategy(seen.position_of_strategy) == pytest.approx(paid)
    assert seen.margin_of_strategy(0) == 0.0
    assert seen.margin_of(0) > seen.used_margin == pytest.approx(seen.margin_of(LOT))


def test_selling_the_long_hedge_of_a_short_does_not_only_reduce_and_selling_a_lone_long_does(world: World) -> None:
    world.trade_lots(WING, BUY)
    sale = OrderRequest(WING.id, SELL, LOT, Decimal("3.00"))
    assert only_reduces(sale, view(world, sale))
    world.trade_lots(CALL)
    seen = view(world, sale)
    assert not only_reduces(sale, seen)
    assert seen.margin_rises(-LOT)
    # The short goes first, however dear, and then the wing may.
    back = OrderRequest(CALL.id, BUY, LOT, Decimal("22.00"))
    assert only_reduces(back, view(world, back))
    world.trade_lots(CALL, BUY)
    assert only_reduces(sale, view(world, sale))


def test_buying_back_a_short_is_never_refused_for_margin() -> None:
    world = World(fresh(capital={"main": Decimal(400_000)}, limits={"capital_utilization": 0.1})).begin()
    names = ("capital_utilization", "strategy_allocation", "stress_loss")
    world.state.limits[None] = {**world.state.limits[None], **dict.fromkeys(names, 1.0)}
    world.trade_lots(CALL)
    tight = (*names[:2], "position_allocation", "margin_utilization")
    world.state.limits[None] = {**world.state.limits[None], **dict.fromkeys(tight, 0.01)}
    assert world.place(PUT).status is OutcomeStatus.REFUSED
    assert world.place(CALL, BUY).status is OutcomeStatus.DONE


def rich() -> World:
    """A market with a future, and a fund that no limit stops."""
    loose = {"positions": 100, "order_lots": 100, "order_rate": 1_000, "duplicate_order": 0.0, "price_band": 1.0}
    wide = {"net_delta": 1e9, "net_gamma": 1e9, "net_vega": 1e9, "net_theta": 1e9}
    world = World(fresh(capital={"main": Decimal(10**9)}, limits={**loose, **wide})).begin()
    world.take(Listed(world.at, (FUTURE,), "test", True))
    world.at += SECOND
    world.take(quote(FUTURE, world.at), Beat(world.at))
    return world


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.tuples(legs, sides, lots, names), min_size=1, max_size=5), st.sampled_from([24_300.0, SPOT, 25_100.0])
)
def test_available_never_exceeds_capital_and_realised_results_and_the_gate_foresaw_what_a_fill_blocks(
    trades: list[Any], spot: float
) -> None:
    world = rich()
    for contract, side, count, strategy in trades:
        last = world.state.board.last(contract.id)
        assert last is not None
        price = Decimal(str(round(last.ask if side is BUY else last.bid, 2)))
        request = OrderRequest(contract.id, side, count * LOT, price, strategy=strategy)
        seen = view(world, request)
        told = seen.margin_of(seen.position + request.signed)
        world.trade_lots(contract, side, count, strategy=strategy)
        account = money.account(world.state, "main")
        assert account.used == pytest.approx(told, rel=1e-9, abs=0.01)
        realized = float(world.state.book.realized("main") - world.state.book.fees("main"))
        assert account.used >= 0.0
        assert account.available <= 1e9 + realized + 1e-6
    world.trade(spot)
    assert money.account(world.state, "main").available <= 1e9 + realized + 1e-6
    assert used(world) <= sum(line.margin for line in world.report.positions) + 1e-6


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.tuples(legs, sides, lots, names), max_size=3),
    st.lists(st.tuples(legs, sides, lots, names, st.integers(0, 3)), min_size=1, max_size=4),
)
def test_working_orders_count_as_the_most_that_any_set_of_fills_blocks(held: list[Any], working: list[Any]) -> None:
    world = rich()
    for contract, side, count, strategy in held:
        world.trade_lots(contract, side, count, strategy=strategy)
    sent = [world.place(contract, side, count, strategy=strategy) for contract, side, count, strategy, _ in working]
    elsewhere = OrderRequest(option(24_700.0, Right.CALL).id, SELL, LOT, Decimal("80.00"))
    told = view(world, elsewhere).used_margin
    assert told >= used(world) - 1e-6
    for outcome, (_, _, count, _, filled) in zip(sent, working, strict=True):
        if filled:
            world.fill(outcome.orders[0], min(filled, count))
        assert used(world) <= told + 0.01


def test_a_long_that_is_sold_through_zero_is_judged_at_zero_too(world: World) -> None:
    """What was bought cheap and hedges a short future blocks most when it is gone and its successor not yet there."""
    deep = option(24_300.0, Right.CALL)
    sent = rich()
    sent.trade_lots(FUTURE)
    sent.trade_lots(deep, BUY, at_price="10.00")
    naked = money.margin_of(sent.state, FUTURE, -LOT)
    sent.place(deep, SELL, 2)
    assert view(sent, OrderRequest(PUT.id, BUY, LOT, Decimal("20.00"))).used_margin >= naked


def test_strategies_that_face_each_other_in_a_contract_keep_what_each_paid() -> None:
    world = rich()
    world.trade_lots(CALL, BUY, strategy="one", at_price="90.00")
    world.trade_lots(CALL, SELL, 2, strategy="two")
    last = world.state.board.last(CALL.id)
    assert last is not None
    back = OrderRequest(CALL.id, BUY, LOT, Decimal(str(round(last.ask, 2))), strategy="two")
    told = view(world, back).margin_of(0)
    world.trade_lots(CALL, BUY, strategy="two")
    assert world.state.book.net(CALL.id, "main") == 0
    assert used(world) == pytest.approx(told) != 0.0
