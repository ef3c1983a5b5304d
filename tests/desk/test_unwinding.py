"""What the planner is told of the desk, and the plan that a person asks for."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from sidecar.desk import money, unwinding
from sidecar.domain.commands import PlanClose
from sidecar.domain.contracts import Right
from sidecar.domain.orders import Side
from sidecar.domain.report import OutcomeStatus
from tests.desk.world import CALL, CLOSE, LOT, PUT, World, option

HIGH, LOW = option(25_100.0, Right.CALL), option(24_300.0, Right.PUT)


@pytest.fixture
def condor() -> World:
    world = World().begin()
    for wing in (HIGH, LOW):
        world.trade_lots(wing, Side.BUY, strategy="condor")
    for body in (CALL, PUT):
        world.trade_lots(body, Side.SELL, strategy="condor")
    world.trade()
    return world


def test_the_margin_and_the_worst_loss_of_the_plan_are_the_desks_own(condor: World) -> None:
    plan = condor.ask(PlanClose, close_all=True).plan
    assert plan is not None
    assert plan.margin == pytest.approx(money.account(condor.state, "main").used)
    assert plan.worst_loss == pytest.approx(condor.report.tail[0].worst)
    assert (plan.steps[-1].margin, plan.steps[-1].worst_loss) == (0.0, 0.0)


def test_a_plan_sends_nothing_and_leaves_no_record(condor: World) -> None:
    orders = dict(condor.state.orders)
    outcome = condor.ask(PlanClose, close_all=True)
    assert outcome.message == "4 orders planned, none sent"
    assert condor.state.orders == orders
    assert condor.report.records == ()
    assert condor.state.closing == {}


def test_every_step_is_inside_its_band_on_the_grid_and_nearer_to_zero(condor: World) -> None:
    plan = condor.ask(PlanClose, close_all=True).plan
    assert plan is not None
    left = {one.symbol: one.quantity for one in condor.state.book.open_positions()}
    for step in plan.steps:
        quote = condor.state.board.last(step.symbol)
        assert quote is not None
        assert step.limit is not None
        assert step.limit % Decimal("0.05") == 0
        assert step.side is (Side.BUY if left[step.symbol] < 0 else Side.SELL)
        assert step.expected == (quote.ask if step.side is Side.BUY else quote.bid)
        left[step.symbol] += step.side.sign * step.quantity
    assert set(left.values()) == {0}
    assert plan.fees > 4 * 20.0
    assert plan.seconds == pytest.approx(0.4)
    bodies = [number for number, step in enumerate(plan.steps) if step.side is Side.BUY]
    assert bodies[0] == 0


def test_one_position_or_one_symbol_can_be_planned(condor: World) -> None:
    (one,) = [position for position in condor.state.book.open_positions() if position.symbol == CALL.id]
    for fields in ({"position_id": one.id}, {"symbol": CALL.id}):
        plan = condor.ask(PlanClose, **fields).plan
        assert plan is not None
        assert [step.symbol for step in plan.steps] == [CALL.id]


def test_what_cannot_be_planned_is_said(condor: World) -> None:
    assert condor.ask(PlanClose).status is OutcomeStatus.INVALID
    assert condor.ask(PlanClose, symbol="junk!").status is OutcomeStatus.INVALID
    assert condor.ask(PlanClose, position_id="nope").status is OutcomeStatus.NOT_FOUND
    empty = World().begin().ask(PlanClose, close_all=True)
    assert empty.status is OutcomeStatus.DONE
    assert empty.plan is not None
    assert empty.plan.steps == ()


def test_outside_the_session_everything_is_left_out_with_the_reason(condor: World) -> None:
    condor.at = CLOSE
    plan = condor.ask(PlanClose, close_all=True).plan
    assert plan is not None
    assert {why for _, why in plan.left_out} == {"the session is closed"}
    assert plan.steps == ()


def test_what_is_freed_in_the_end_is_all_that_was_blocked_and_what_the_marks_realise(condor: World) -> None:
    legs, states, available = unwinding.ready(condor.state, "main", set())
    account = money.account(condor.state, "main")
    assert available == account.available
    nothing = np.zeros((1, len(legs)))
    freed = states.freed(nothing, states.margin(nothing))
    assert freed[0] == pytest.approx(account.used + account.unrealized)


def test_a_slice_is_no_larger_than_the_limits_and_the_exchange_allow() -> None:
    world = World().begin()
    world.trade_lots(PUT, Side.BUY, lots=4)
    (leg,) = unwinding.ready(world.state, "main", set()).legs
    assert leg.most == 5 * LOT
    assert leg.target == leg.quantity == 4 * LOT
