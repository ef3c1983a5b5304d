"""Marks and margins of what is held, kept from one valuation to the next."""

from __future__ import annotations

from math import isnan

import pytest

from sidecar.desk import holdings, money
from sidecar.domain.contracts import Right
from sidecar.domain.orders import Side
from sidecar.domain.scopes import Scope
from tests.desk.world import CALL, LOT, PUT, World, option


@pytest.fixture
def world() -> World:
    return World().begin()


def test_what_was_never_valued_has_no_mark_and_no_margin(world: World) -> None:
    assert isnan(holdings.mark_of(world.state, "NIFTY-20260908-1-CE"))
    unlisted = option(26_000.0, Right.CALL)
    assert isnan(money.margin_of(world.state, unlisted, -LOT))


def test_margin_stands_until_the_next_valuation_and_no_longer(world: World) -> None:
    money.margin_of(world.state, CALL, -LOT)
    one = world.state.margins.of((CALL.id,))
    assert world.state.margins.of((CALL.id,)) is one
    before = money.margin_of(world.state, CALL, -LOT)
    world.trade(24_900.0)
    assert money.margin_of(world.state, CALL, -LOT) > before + 50 * LOT


def test_what_is_held_is_parted_by_scope_and_by_strategy(world: World) -> None:
    world.trade_lots(CALL, strategy="one")
    world.trade_lots(CALL, Side.BUY, 2, strategy="two")
    world.trade_lots(PUT, strategy="one")
    margins = holdings.look(world.state)
    held, book, strategies = holdings.base(world.state, margins, Scope("main"))
    assert {symbol: {name: one.quantity for name, one in own.items()} for symbol, own in held.items()} == {
        CALL.id: {"one": -LOT, "two": 2 * LOT}, PUT.id: {"one": -LOT},
    }  # fmt: skip
    assert strategies == {"one", "two"}
    assert book.total() == pytest.approx(money.account(world.state, "main").used)
    held, part, strategies = holdings.base(world.state, margins, Scope("main", "two"))
    assert list(held) == [CALL.id]
    assert strategies == {"two"}
    assert part.total() == pytest.approx(money.account(world.state, "main").by_strategy["two"])
    assert holdings.base(world.state, margins, Scope("main", "nobody"))[0] == {}
