"""The margins that the desk reports and that the gate judges by."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import isnan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.desk import money, orders
from sidecar.desk.margins import Margins
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import PlaceOrder
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.events import Beat, Listed, Quote
from sidecar.domain.orders import OrderRequest, Side
from sidecar.domain.reference import Reference
from sidecar.domain.report import OutcomeStatus
from sidecar.risk.view import GateView, only_reduces
from tests.desk.world import (
    CALL,
    EXPIRY,
    FUTURE,
    INDEX,
    LOT,
    OPTIONS,
    PUT,
    REFERENCE,
    SPOT,
    World,
    fresh,
    option,
    quote,
)

#: What a reference is made of, but for the margin rules.
TABLES = ("calendars", "rules", "lots", "expiry_rules", "fees")
BUY, SELL = Side.BUY, Side.SELL
WING = option(25_100.0, Right.CALL)
FAR_PUT = option(24_300.0, Right.PUT)


@pytest.fixture
def world() -> World:
    return World().begin()


def used(world: World, fund: str = "main") -> float:
    return money.account(world.state, fund).used


def view(world: World, request: OrderRequest) -> GateView:
    return orders.view(world.state, request, world.state.board.universe[request.symbol])


def test_a_short_blocks_its_worst_scenario_its_exposure_and_its_price(world: World) -> None:
    mark = money.mark_of(world.state, CALL.id)
    found = money.margin_of(world.state, CALL, -LOT)
    one = world.state.margins.of((CALL.id,))
    risk = -float(one.losses[world.state.margins.row(CALL.id)].min())
    assert 0.05 * SPOT < risk < 0.093 * SPOT
    assert found == pytest.approx((risk + 0.02 * SPOT + mark) * LOT)
    assert money.margin_of(world.state, CALL, LOT) == pytest.approx(mark * LOT)
    assert money.margin_of(world.state, CALL, LOT, mark + 5) == pytest.approx((mark + 5) * LOT)
    assert money.margin_of(world.state, CALL, 0) == 0.0


def test_a_future_blocks_the_price_scan_range_and_the_exposure_margin(world: World) -> None:
    world.take(Listed(world.at, (FUTURE,), "test", True))
    world.at += SECOND
    world.take(quote(FUTURE, world.at), Beat(world.at))
    level = money.mark_of(world.state, FUTURE.id)
    for quantity in (-LOT, LOT):
        found = money.margin_of(world.state, FUTURE, quantity)
        assert found == pytest.approx((0.093 * level + 0.02 * SPOT) * LOT, rel=1e-6)


def test_a_lone_position_is_the_whole_account(world: World) -> None:
    world.trade_lots()
    account = money.account(world.state, "main")
    assert account.used == pytest.approx(world.report.positions[0].margin)
    assert account.by_strategy == {"manual": pytest.approx(account.used)}
    assert account == money.account(world.state, "*")
    assert account.available < 10_000_000.0 - account.used + 1.0


def test_a_strangle_is_not_two_naked_legs_and_its_legs_are_shown_alone(world: World) -> None:
    world.trade_lots(CALL)
    world.trade_lots(PUT)
    alone = [line.margin for line in world.report.positions]
    assert max(alone) < used(world) < 0.8 * sum(alone)
    assert alone == [pytest.approx(money.margin_of(world.state, one, -LOT)) for one in (CALL, PUT)]


def test_an_iron_condor_blocks_its_width_and_its_exposure(world: World) -> None:
    for contract, side in ((WING, BUY), (FAR_PUT, BUY), (CALL, SELL), (PUT, SELL)):
        world.trade_lots(contract, side)
    exposure = 2 * 0.02 * SPOT * LOT
    width = (WING.strike or 0) - (CALL.strike or 0)
    assert exposure < used(world) < exposure + 1.01 * width * LOT
    assert used(world) < 0.6 * sum(money.margin_of(world.state, one, -LOT) for one in (CALL, PUT))


def test_a_long_option_blocks_what_it_cost_however_it_moves(world: World) -> None:
    order = world.trade_lots(CALL, BUY)
    paid = float(order.request.price or 0) * LOT
    for spot in (24_500.0, 24_700.0, 24_950.0):
        world.trade(spot)
        assert used(world) == pytest.approx(paid)


@pytest.mark.parametrize("price", ["0.05", "21.40", "900.00"])
def test_selling_short_never_raises_what_is_available_whatever_is_received(world: World, price: str) -> None:
    before = money.account(world.state, "main").available
    world.trade_lots(CALL, at_price=price)
    first = money.account(world.state, "main").available
    assert first < before - 0.07 * SPOT * LOT
    world.trade_lots(PUT, at_price=price)
    assert money.account(world.state, "main").available < first
    assert first <= 10_000_000.0


def test_a_premium_above_the_mark_buys_no_more_than_one_at_the_mark() -> None:
    found = []
    for price in ("", "500.00"):
        world = World().begin()
        world.trade_lots(WING, BUY, lots=4, at_price="40.00")
        world.trade_lots(CALL, at_price=price)
        found.append(money.account(world.state, "main").available)
    # What is sold at the bid fetches a tick less than the mark; fees are on the price.
    assert found[1] <= found[0] + 0.2 * LOT


def test_funds_do_not_offset_each_other_and_strategies_are_shown_alone() -> None:
    world = World(fresh(capital={"a": Decimal(5_000_000), "b": Decimal(5_000_000)})).begin()
    world.trade_lots(WING, BUY, fund_id="a", strategy="wings")
    world.trade_lots(CALL, fund_id="b", strategy="shorts")
    assert used(world, "*") == pytest.approx(used(world, "a") + used(world, "b"))
    world.trade_lots(CALL, fund_id="a", strategy="shorts")
    account = money.account(world.state, "a")
    assert account.used < 0.8 * account.by_strategy["shorts"]
    (wing,) = (line for line in world.report.positions if line.strategy == "wings")
    assert account.by_strategy["wings"] == pytest.approx(wing.margin)


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


def test_what_was_never_valued_has_no_mark_and_no_margin(world: World) -> None:
    assert isnan(money.mark_of(world.state, "NIFTY-20260908-1-CE"))
    unlisted = option(26_000.0, Right.CALL)
    assert isnan(money.margin_of(world.state, unlisted, -LOT))


def test_an_order_before_the_first_valuation_is_refused_and_not_guessed() -> None:
    world = World()
    world.state.board.list_contracts((INDEX, *OPTIONS))
    world.state.now = world.at
    assert isnan(money.margin_of(world.state, CALL, -LOT))
    outcome = world.ask(PlaceOrder, request=OrderRequest(CALL.id, SELL, LOT, Decimal("20.00")))
    assert outcome.status is not OutcomeStatus.DONE


def test_margin_stands_until_the_next_valuation_and_no_longer(world: World) -> None:
    money.margin_of(world.state, CALL, -LOT)
    one = world.state.margins.of((CALL.id,))
    assert world.state.margins.of((CALL.id,)) is one
    before = money.margin_of(world.state, CALL, -LOT)
    world.trade(24_900.0)
    assert money.margin_of(world.state, CALL, -LOT) > before + 50 * LOT


def test_a_broker_may_ask_for_more_than_the_exchange(world: World) -> None:
    dear = World(fresh(margin_scale=1.5)).begin()
    short, long = (money.margin_of(dear.state, CALL, quantity) for quantity in (-LOT, LOT))
    assert 1.4 < short / money.margin_of(world.state, CALL, -LOT) < 1.6
    assert long == pytest.approx(money.margin_of(world.state, CALL, LOT))


def test_the_volatility_index_can_only_raise_the_ranges(world: World) -> None:
    before = money.margin_of(world.state, CALL, -LOT)
    world.trade(vix=9.0, beats=2)
    assert money.margin_of(world.state, CALL, -LOT) == pytest.approx(before, rel=0.01)
    world.trade(vix=35.0, beats=2)
    assert money.margin_of(world.state, CALL, -LOT) > 1.3 * before


def test_on_the_day_of_expiry_a_short_needs_more(world: World) -> None:
    before = money.margin_of(world.state, CALL, -LOT)
    world.at = int((CALL.expires_at or 0) - 4 * 3_600_000_000)
    world.trade()
    assert world.state.calendar.local_date(world.at) == EXPIRY
    assert money.margin_of(world.state, CALL, -LOT) > before + 0.015 * SPOT * LOT


lots = st.integers(1, 3)
sides = st.sampled_from([BUY, SELL])
legs = st.sampled_from([CALL, PUT, WING, FAR_PUT, FUTURE])
names = st.sampled_from(["one", "two"])


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


def test_an_underlying_without_rules_is_refused_by_name_and_no_beat_stumbles() -> None:
    index, day = Contract("SPX", Kind.INDEX), date(2026, 9, 18)
    foreign = Contract("SPX", Kind.OPTION, day, 5_000.0, Right.CALL, (CALL.expires_at or 0) + 10 * 86_400 * SECOND, 100)
    world = World().begin()
    world.trade_lots(CALL)
    before = used(world)
    world.take(Listed(world.at, (index, foreign), "test", True))
    world.at += SECOND
    market = (
        Quote("SPX", world.at, world.at, last=5_000.0),
        Quote(foreign.id, world.at, world.at, 50.0, 50.1, 9.0, 9.0),
    )
    world.take(*market, Beat(world.at))
    outcome = world.place(foreign, price=Decimal("50.00"))
    assert outcome.status is OutcomeStatus.INVALID
    assert outcome.message.startswith("exchange of SPX: no row in data/reference/contract_rules.csv")
    assert isnan(money.margin_of(world.state, foreign, -100))
    assert used(world) == pytest.approx(before, rel=1e-4)


def test_where_margin_rules_are_missing_what_adds_is_refused_and_what_buys_back_is_not() -> None:
    world = World().begin()
    world.trade_lots(CALL)
    silent = Reference(**{name: getattr(REFERENCE, f"_{name}") for name in TABLES}, margins={})
    world.state.reference, world.state.margins = silent, Margins(silent, 1.0)
    world.beat()
    assert isnan(used(world))
    assert isnan(money.account(world.state, "main").available)
    for contract, side in ((CALL, SELL), (PUT, SELL), (WING, BUY)):
        world.trade(seconds=6.0)
        assert "cannot be known" in world.place(contract, side).message
    assert world.place(CALL, BUY).status is OutcomeStatus.DONE
