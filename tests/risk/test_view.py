from dataclasses import replace
from typing import Any

import pytest

from sidecar.domain.orders import Side
from sidecar.risk.exposure import Greeks
from sidecar.risk.view import nears_zero, only_reduces
from tests.risk.build import CALL, FUTURE, LOT, UNIT, holding, order, request, view

BUY, SELL = Side.BUY, Side.SELL


def test_working_units_are_signed_and_of_one_contract() -> None:
    at = view(resting=(order(SELL, 2 * LOT, filled=LOT), order(BUY, LOT), order(BUY, LOT, symbol=FUTURE.id)))
    assert at.working(CALL.id) == (-LOT, LOT)
    assert at.moves == ((-LOT, UNIT[CALL.id]), (LOT, UNIT[CALL.id]), (LOT, UNIT[FUTURE.id]))


def test_orders_in_another_underlying_move_nothing_here() -> None:
    assert view(resting=(order(BUY, LOT, symbol="SENSEX-20260827-FUT"),)).moves == ()


@pytest.mark.parametrize("quantity", [0, -LOT, True, 75.0])
def test_what_is_no_quantity_nears_nothing(quantity: Any) -> None:
    assert not nears_zero(request(SELL, quantity), holding(LOT))


def test_closing_all_only_reduces_and_one_lot_more_does_not() -> None:
    assert only_reduces(request(SELL, LOT), holding(LOT))
    assert not only_reduces(request(SELL, 2 * LOT), holding(LOT))


def test_a_planned_close_is_asked_about_its_position_alone() -> None:
    balanced = replace(holding(LOT), book=Greeks(0.0, 0.0, 0.0, 0.0))
    assert not only_reduces(request(SELL, LOT), balanced)
    assert only_reduces(request(SELL, LOT), replace(balanced, planned_close=True))
    assert not only_reduces(request(BUY, LOT), replace(balanced, planned_close=True))


def test_what_is_proven_of_one_size_is_not_said_of_another() -> None:
    at = holding(2 * LOT, book=Greeks(1.5 * 37.5, 1.0, 2_000.0, 0.0))
    assert only_reduces(request(SELL, LOT), at)
    assert not only_reduces(request(SELL, 2 * LOT), replace(at, book=Greeks(30.0, 1.0, 2_000.0, 0.0)))
    assert at.proven == {-LOT: True}
