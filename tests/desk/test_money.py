from __future__ import annotations

from math import isnan

import pytest

from sidecar.desk import money
from sidecar.domain.orders import Side
from tests.desk.world import CALL, LOT, SPOT, World


@pytest.fixture
def world() -> World:
    return World().begin()


def test_a_short_blocks_a_share_of_the_spot_and_its_price(world: World) -> None:
    mark = money.mark_of(world.state, CALL.id)
    assert money.margin_of(world.state, CALL, -LOT) == (0.12 * SPOT + mark) * LOT
    assert money.margin_of(world.state, CALL, LOT) == mark * LOT
    assert money.margin_of(world.state, CALL, 0) == 0.0


def test_an_account_adds_up_what_its_positions_block(world: World) -> None:
    world.trade_lots()
    account = money.account(world.state, "main")
    assert account.used == world.report.positions[0].margin == account.by_strategy["manual"]
    assert account == money.account(world.state, "*")
    assert account.available < 10_000_000.0 - account.used + 1.0


def test_a_working_order_blocks_what_it_would_add_and_a_reducing_one_nothing(world: World) -> None:
    (order,) = world.place().orders
    assert money.margin_of_order(world.state, order) == money.margin_of(world.state, CALL, -LOT)
    world.fill(order)
    (back,) = world.place(side=Side.BUY).orders
    assert back.reduces_only
    assert money.margin_of_order(world.state, back) == 0.0


def test_what_was_never_valued_has_no_mark(world: World) -> None:
    assert isnan(money.mark_of(world.state, "NIFTY-20260908-1-CE"))
