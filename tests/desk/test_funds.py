"""Two funds on one desk: each has its own money, margin, limits and breaker; the desk has the sums."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sidecar.domain.commands import CancelAll, ChangeLimits
from sidecar.domain.orders import WORKING, Side
from sidecar.domain.report import CancelAtVenue, FundLine, OutcomeStatus
from tests.desk.world import CALL, LOT, PUT, SPOT, World, fresh

TWO: dict[str, Any] = {"capital": {"main": Decimal(10_000_000), "second": Decimal(5_000_000)}}


@pytest.fixture
def world() -> World:
    return World(fresh(**TWO)).begin()


def funds(world: World) -> dict[str, FundLine]:
    return {line.fund_id: line for line in world.report.funds}


def sell(world: World, fund: str, lots: int = 1, **more: Any) -> None:
    world.trade_lots(CALL, Side.SELL, lots, fund_id=fund, **more)
    world.trade(seconds=6.0)


def test_each_fund_holds_its_own_and_the_desk_has_the_sums(world: World) -> None:
    sell(world, "main", 2)
    sell(world, "second")
    world.trade(SPOT + 30)
    lines = funds(world)
    held = {line.id: line.quantity for line in world.report.positions}
    assert held == {f"main/manual/{CALL.id}": -2 * LOT, f"second/manual/{CALL.id}": -LOT}
    for name in ("portfolio_value", "daily_pnl", "unrealized_pnl", "used_margin", "available_margin"):
        parts = getattr(lines["main"], name) + getattr(lines["second"], name)
        assert getattr(lines["*"], name) == pytest.approx(parts, rel=1e-9, abs=1e-6), name
    assert lines["*"].fees == lines["main"].fees + lines["second"].fees
    assert lines["*"].capital == Decimal(15_000_000)
    greeks = {line.fund_id: line for line in world.report.greeks}
    assert greeks["main"].delta == pytest.approx(2 * greeks["second"].delta, rel=1e-12)
    assert greeks["*"].delta == pytest.approx(3 * greeks["second"].delta, rel=1e-12)
    assert [line.fund_id for line in world.report.performance] == ["main", "second", "*"]


def test_what_one_fund_is_short_of_and_the_other_long_of_does_not_offset(world: World) -> None:
    sell(world, "main")
    alone = funds(world)["main"].used_margin
    world.trade_lots(CALL, Side.BUY, fund_id="second")
    world.trade()
    lines = funds(world)
    assert world.state.book.net(CALL.id) == 0
    assert lines["main"].used_margin == pytest.approx(alone, rel=1e-2)
    assert lines["second"].used_margin > 0.0  # the premium
    assert lines["*"].used_margin == pytest.approx(lines["main"].used_margin + lines["second"].used_margin)
    both = {line.fund_id: line.delta for line in world.report.greeks}
    assert both["main"] < 0.0 < both["second"]
    assert both["*"] == pytest.approx(0.0, abs=1e-9)


def test_a_fund_cannot_lean_on_the_others_money(world: World) -> None:
    world.ask(ChangeLimits, reason="small", limits={"capital_utilization": 0.02}, fund_id="second")
    refused = world.place(lots=2, fund_id="second")
    assert refused.refusal is not None
    assert (refused.refusal.limit_name, refused.refusal.scope) == ("capital_utilization", "second")
    assert world.place(lots=2, fund_id="main").status is OutcomeStatus.DONE


def test_a_limit_of_one_fund_binds_there_alone(world: World) -> None:
    world.ask(ChangeLimits, reason="tight", limits={"order_lots": 1}, fund_id="second")
    refused = world.place(lots=2, fund_id="second")
    assert refused.refusal is not None
    assert (refused.refusal.limit_name, refused.refusal.limit) == ("order_lots", 1.0)
    assert world.place(lots=2, fund_id="main").status is OutcomeStatus.DONE
    assert dict(world.state.limits_of("second"))["order_lots"] == 1.0
    assert dict(world.state.limits_of("main"))["order_lots"] == 5.0


@pytest.mark.parametrize("limit", [{"daily_loss": 0.0001}, {"drawdown": 0.0001}, {"net_delta": 1.0}])
def test_a_breach_of_one_fund_shuts_that_fund_and_no_other(world: World, limit: dict[str, float]) -> None:
    sell(world, "main", 2)
    sell(world, "second", 2)
    (theirs,) = world.place(PUT, fund_id="second").orders
    (ours,) = world.place(PUT, fund_id="main").orders
    world.fill(ours)
    world.trade(seconds=6.0)
    (works,) = world.place(PUT, fund_id="main").orders
    world.ask(ChangeLimits, reason="drill", limits=limit, fund_id="second")
    world.trade(SPOT + 60, beats=3)
    breaker = world.state.breaker
    assert breaker.active
    assert [(cause.scope, cause.limit_name) for cause in breaker.partial] == [("second", next(iter(limit)))]
    assert world.state.orders[works.id].state in WORKING, "the other fund's order works on"
    cancelled = [action.order.id for action in world.report.actions if isinstance(action, CancelAtVenue)]
    assert cancelled == [theirs.id]
    refused = world.place(CALL, fund_id="second")
    assert refused.refusal is not None
    assert (refused.refusal.limit_name, refused.refusal.scope) == ("breaker_scope", "second")
    assert world.place(CALL, Side.BUY, fund_id="second").status is OutcomeStatus.DONE, "what reduces leaves"
    assert world.place(CALL, fund_id="main").status is OutcomeStatus.DONE


def test_an_order_for_a_fund_that_is_none_is_refused_by_name_and_changes_nothing(world: World) -> None:
    for unknown in ("nobody", "*", "", "main/hand"):
        outcome = world.place(fund_id=unknown)
        assert (outcome.status, outcome.orders) == (OutcomeStatus.INVALID, ())
        assert outcome.message.startswith("fund_id: ")
        assert repr(unknown) in outcome.message
    assert world.state.orders == {}


def test_the_orders_of_one_fund_are_cancelled_alone(world: World) -> None:
    (ours,), (theirs,) = (world.place(PUT, fund_id=fund).orders for fund in ("main", "second"))
    world.ask(CancelAll, reason="one fund", fund_id="second")
    asked = [action.order.id for action in world.report.actions if isinstance(action, CancelAtVenue)]
    assert asked == [theirs.id]
    assert world.state.orders[ours.id].state in WORKING
