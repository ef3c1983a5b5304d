"""The margins that the desk reports and that the gate judges by."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import isnan

import pytest

from sidecar.desk import holdings, money
from sidecar.desk.margins import Margins
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import PlaceOrder
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.events import Beat, Listed, Quote
from sidecar.domain.orders import OrderRequest, Side
from sidecar.domain.reference import Reference
from sidecar.domain.report import OutcomeStatus
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


def test_a_short_blocks_its_worst_scenario_its_exposure_and_its_price(world: World) -> None:
    mark = holdings.mark_of(world.state, CALL.id)
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
    level = holdings.mark_of(world.state, FUTURE.id)
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


def test_an_order_before_the_first_valuation_is_refused_and_not_guessed() -> None:
    world = World()
    world.state.board.list_contracts((INDEX, *OPTIONS))
    world.state.now = world.at
    assert isnan(money.margin_of(world.state, CALL, -LOT))
    outcome = world.ask(PlaceOrder, request=OrderRequest(CALL.id, SELL, LOT, Decimal("20.00")))
    assert outcome.status is not OutcomeStatus.DONE


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
