"""What an order is judged by, against the desk's own tail lines and the sums of them."""

import numpy as np
import pytest

from sidecar.desk.foreseeing import losses
from sidecar.domain.orders import Order, OrderState, Side
from sidecar.domain.scopes import Scope
from tests.desk.world import CALL, LOT, PUT, World, option
from tests.risk.build import request

HELD = CALL
WING = option(25_100.0, CALL.right) if CALL.right else CALL


@pytest.fixture
def world() -> World:
    world = World().begin()
    world.trade_lots(HELD)
    world.trade(seconds=6.0)
    return world


def working(side: Side, symbol: str, lots: int, filled: int = 0) -> Order:
    return Order("o", request(side, lots * LOT, symbol=symbol), OrderState.OPEN, "test", 0, 0, filled)


def test_at_what_is_held_it_is_the_funds_own_tail_line(world: World) -> None:
    line = next(one for one in world.report.tail if one.fund_id == "main")
    for contract, held in ((HELD, -LOT), (PUT, 0)):
        found = losses(world.state, Scope("main"), contract, ())
        assert found.var_95(held, held) == pytest.approx(max(line.var_95, 0.0))
        assert found.worst(held, held) == pytest.approx(line.worst)


def test_working_orders_of_other_contracts_can_sell_what_is_offered_and_buy_what_is_bid_for(world: World) -> None:
    orders = (working(Side.SELL, WING.id, 3, LOT), working(Side.BUY, WING.id, 1), working(Side.SELL, PUT.id, 2))
    found = losses(world.state, Scope("main"), PUT, orders)
    one = world.state.tails.losses({WING.id: 1.0})
    assert found.ends.shape == (1, 2, one.size)
    np.testing.assert_allclose(found.ends[0], [-2 * LOT * one, LOT * one])
    np.testing.assert_allclose(found.held, world.state.tails.losses({HELD.id: -LOT}))


def test_another_funds_book_is_not_counted(world: World) -> None:
    assert not losses(world.state, Scope("second"), PUT, ()).held.any()


def test_a_contract_that_was_never_valued_makes_what_it_adds_unknown(world: World) -> None:
    strange = option(20_000.0, CALL.right) if CALL.right else CALL
    found = losses(world.state, Scope("main"), strange, ())
    assert np.isnan(found.unit).all()
    assert np.isnan(found.worst(LOT, LOT))
    assert found.worst_rises(-LOT, LOT, LOT)
