"""What the gate is told of each scope that an order is in, and that the size it advises really passes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.desk.views import view
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import ChangeLimits, EnableOverride, PlaceOrder
from sidecar.domain.orders import OrderRequest, Side
from sidecar.domain.report import Refusal
from sidecar.risk import gate
from tests.desk.world import CALL, LOT, PUT, World, fresh, option

TWO = {"capital": {"a": Decimal(5_000_000), "b": Decimal(5_000_000)}}
PARTS = ("main/x", "main/*/NIFTY", "main/x/NIFTY")
WING = option(25_100.0, CALL.right) if CALL.right else CALL


def limit(world: World, scope: str = "*", **limits: float) -> None:
    parts = [None if part == "*" else part for part in (*scope.split("/"), "*", "*")[:3]]
    world.ask(ChangeLimits, reason="x", limits=limits, fund_id=parts[0], strategy=parts[1], underlying=parts[2])


def refused(world: World, **order: Any) -> Refusal:
    refusal = world.place(**order).refusal
    assert refusal is not None
    return refusal


@pytest.mark.parametrize("scope", PARTS)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("order_lots", 2.0), ("positions", 0.0), ("capital_utilization", 0.02), ("position_allocation", 0.02),
        ("capital_per_trade", 0.02), ("unexecuted_value", 0.0005), ("net_delta", 30.0), ("net_gamma", 0.01),
        ("net_vega", 500.0), ("net_theta", 500.0), ("var_95", 0.001), ("stress_loss", 0.01), ("order_rate", 0.0),
        ("price_band", 0.0),
    ],
)  # fmt: skip
def test_an_order_is_judged_in_every_scope_that_has_the_limit(scope: str, name: str, value: float) -> None:
    world = World(limits={"strategy_allocation": 1.0}).begin()
    order: dict[str, Any] = (
        {"lots": 5, "strategy": "x", "price": Decimal("21.00")} if name == "price_band" else {"lots": 5}
    )
    limit(world, scope, **{name: value})
    found = refused(world, **{**order, "strategy": "x"})
    assert (found.limit_name, found.scope, found.limit) == (name, scope, value)
    other = world.place(**{**order, "strategy": "y"}).refusal
    assert (other is None) == ("x" in scope.split("/")), "another strategy is in the underlying's scope alone"


def test_a_part_is_a_book_of_its_own() -> None:
    world = World().begin()
    world.trade_lots(lots=3, strategy="y")
    world.trade(seconds=6.0)
    three = abs(world.report.greeks[0].delta)
    limit(world, "main/x", net_delta=1.1 * three)
    assert world.place(lots=2, strategy="x").refusal is None, "what y holds is none of x's"
    world.trade(seconds=0.5)
    found = refused(world, lots=3, strategy="x")
    assert (found.limit_name, found.scope, found.largest_quantity) == ("net_delta", "main/x", LOT)
    assert found.before == pytest.approx(three * 2 / 3, rel=0.01), "the working order counts"


def test_a_twin_is_one_of_its_own_scope_and_a_tighter_pause_holds_there() -> None:
    world = World().begin()
    limit(world, "main/x", duplicate_order=30)
    world.place(strategy="x")
    world.trade(seconds=6.0)
    found = refused(world, strategy="x")
    assert (found.limit_name, found.scope) == ("duplicate_order", "main/x")
    assert world.place(strategy="y").refusal is None


def test_what_only_reduces_passes_the_limits_of_every_scope() -> None:
    world = World().begin()
    world.trade_lots(strategy="x")
    limit(world, "main/x", order_lots=0, net_delta=0)
    assert world.place(side=Side.BUY, strategy="x").refusal is None


def test_an_override_lets_its_limit_pass_in_a_part_too() -> None:
    world = World().begin()
    limit(world, "main/x", order_lots=1)
    refused(world, lots=2, strategy="x")
    world.ask(EnableOverride, reason="x", limits=("order_lots",), expires_at=world.at + 9 * SECOND)
    assert world.place(lots=2, strategy="x").refusal is None


def test_what_several_funds_hold_together_is_judged_by_the_desks_limits() -> None:
    world = World(fresh(**TWO)).begin()
    world.trade_lots(lots=2, fund_id="a")
    world.trade()
    alone = abs(world.report.greeks[0].delta)
    limit(world, "*", net_delta=1.6 * alone)
    found = refused(world, lots=2, fund_id="b")
    assert (found.limit_name, found.scope, found.largest_quantity) == ("net_delta", "*", LOT)
    assert found.before == pytest.approx(alone, rel=0.01)
    assert found.after == pytest.approx(2 * alone, rel=0.01)


def test_a_desk_of_several_funds_adds_up_their_margins_positions_and_losses() -> None:
    world = World(fresh(**TWO)).begin()
    world.trade_lots(fund_id="a")
    world.trade()
    world.place(PUT, fund_id="b", strategy="x")
    asked = OrderRequest(CALL.id, Side.SELL, LOT, Decimal("21.00"), fund_id="b", strategy="x")
    own = view(world.state, asked, CALL)
    (desk,) = own.parts
    a = world.report.funds[0]
    assert (desk.scope, desk.fund, desk.position) == ("*", "b", 0)
    assert desk.capital == 2 * own.capital
    assert desk.used_margin == pytest.approx(own.used_margin + a.used_margin)
    assert desk.open_symbols == (CALL.id,)
    assert desk.margin_of_strategy(0) == pytest.approx(own.margin_of_strategy(0))
    assert len(desk.resting) == 1
    one = world.state.tails.losses({CALL.id: -LOT})
    assert desk.losses.held == pytest.approx(one), "what the other fund holds of the contract counts"
    assert own.losses.held == pytest.approx(0 * one)


def test_a_shut_strategy_may_only_reduce_what_it_holds_itself() -> None:
    world = World().begin()
    world.trade_lots(lots=2, strategy="y")
    world.trade(seconds=6.0)
    world.trade_lots(lots=1, strategy="x")
    limit(world, "main/x", net_delta=1)
    world.trade(beats=3)
    (cause,) = world.state.breaker.partial
    assert cause.scope == "main/x"
    for order in ({"side": Side.SELL}, {"contract": PUT}, {"side": Side.BUY, "lots": 2}):
        found = refused(world, strategy="x", **order)
        assert (found.limit_name, found.scope) == ("breaker_scope", "main/x"), order
    assert world.place(side=Side.BUY, strategy="x").refusal is None
    assert world.place(PUT, strategy="y").refusal is None


def test_a_shut_strategy_may_not_open_what_would_reduce_the_fund() -> None:
    world = World().begin()
    world.trade_lots(lots=2, strategy="y")
    world.trade_lots(PUT, strategy="x")
    limit(world, "main/x", net_delta=1)
    world.trade(beats=3)
    assert world.place(side=Side.BUY, strategy="y").refusal is None
    found = refused(world, side=Side.BUY, strategy="x", lots=2)
    assert found.limit_name == "breaker_scope"


books = st.lists(
    st.tuples(st.sampled_from([CALL, PUT, WING]), st.sampled_from(Side), st.integers(1, 3), st.sampled_from("xy")),
    max_size=4,
)
scopes = st.sampled_from(["*", "a", "a/x", "a/*/NIFTY", "a/x/NIFTY"])
tight = st.sampled_from(
    [
        ("order_lots", 3.0), ("order_lots", 1.0), ("net_delta", 25.0), ("net_vega", 900.0), ("net_gamma", 0.1),
        ("stress_loss", 0.05), ("var_95", 0.005), ("capital_utilization", 0.06), ("position_allocation", 0.05),
        ("unexecuted_value", 0.001), ("capital_per_trade", 0.05), ("positions", 2.0),
    ]
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(books, st.lists(st.tuples(scopes, tight), min_size=1, max_size=4), st.sampled_from(Side), st.integers(2, 9))
def test_the_size_that_a_refusal_advises_passes_when_it_is_sent(
    held: list[Any], limits: list[Any], side: Side, lots: int
) -> None:
    world = World(fresh(**TWO, limits={"order_lots": 9.0, "duplicate_order": 0.0, "order_rate": 99.0})).begin()
    for number, (contract, way, units, strategy) in enumerate(held):
        order = {"contract": contract, "side": way, "lots": units, "strategy": strategy, "fund_id": "ab"[number % 2]}
        (sent,) = world.place(**order).orders
        if sent.id in world.state.working and number != 2:
            world.fill(sent)
    world.trade()
    for scope, (name, value) in limits:
        limit(world, scope, **{name: value})
    last = world.state.board.last(CALL.id)
    assert last is not None
    price = Decimal(str(round(last.bid if side is Side.SELL else last.ask, 2)))
    asked = OrderRequest(CALL.id, side, lots * LOT, price, fund_id="a", strategy="x")
    refusal = gate.check(asked, view(world.state, asked, CALL)).refusal
    if refusal is None:
        return
    most = refusal.largest_quantity
    assert 0 <= most < asked.quantity
    assert (f"{most} would pass" if most else "no size would pass") in refusal.detail
    bigger = replace(asked, quantity=most + LOT)
    assert not gate.passes(bigger, view(world.state, bigger, CALL))
    if most:
        smaller = replace(asked, quantity=most)
        assert gate.check(smaller, view(world.state, smaller, CALL)).accepted
        assert world.ask(PlaceOrder, request=smaller).refusal is None
