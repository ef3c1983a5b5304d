from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.domain.orders import OrderRequest, OrderState, Side
from sidecar.risk.checks import SIZED
from sidecar.risk.gate import check
from sidecar.risk.view import GateView
from sidecar.risk.what_if import Views, judged, largest
from tests.risk.build import LOT, NOW, holding, of_future, order, request, view

BUY, SELL = Side.BUY, Side.SELL


def in_turn(at: GateView) -> Views:
    """Views of a fund as ``at`` says, in which the requests before the last one work."""

    def of(asked: Sequence[OrderRequest]) -> GateView:
        sent = tuple(order(one.side, one.quantity, at=NOW, state=OrderState.PENDING) for one in asked[:-1])
        fields: dict[str, Any] = {name: getattr(at, name) for name in at.__dataclass_fields__}
        return GateView(**{**fields, "resting": (*at.resting, *sent)})

    return of


def test_every_limit_that_grows_with_an_order_is_told_before_and_after() -> None:
    told = judged(request(SELL), holding(-LOT, capital=1e6))
    assert [line.name for line in told.limits] == [row.name for row in SIZED]
    by_name = {line.name: line for line in told.limits}
    assert (by_name["capital_utilization"].before, by_name["capital_utilization"].after) == (0.1125, 0.225)
    assert by_name["margin"].limit == 5_000_000.0
    assert told.accepted == (told.limit_name == "")


def test_a_refusal_is_told_with_its_limit_and_the_others_beside_it() -> None:
    told = judged(request(SELL, 10 * LOT), view(limits={"order_lots": 4}))
    assert (told.accepted, told.limit_name) == (False, "order_lots")
    assert "the limit is 4" in told.detail
    within = {line.name: line.within for line in told.limits}
    assert not within["order_lots"]
    assert within["net_gamma"]


def test_what_only_reduces_says_so() -> None:
    assert judged(request(BUY), holding(-LOT)).reduces_only


def test_what_names_no_contract_has_no_limits_to_tell() -> None:
    told = judged(request(symbol="NONE"), view(contract=None))
    assert (told.accepted, told.limit_name, told.limits) == (False, "contract", ())


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(Side),
    st.integers(1, 12),
    st.integers(-4, 4),
    st.sampled_from(["order_lots", "position_allocation", "stress_loss", "net_delta", "net_vega"]),
    st.floats(0.0, 0.2),
)
def test_the_largest_size_passes_the_whole_gate_and_one_lot_more_does_not(
    side: Side, lots: int, held: int, name: str, limit: float
) -> None:
    scale = 5_000.0 if name.startswith("net_") else 100.0 if name == "order_lots" else 1.0
    at = holding(held * LOT, losses=of_future(-9), limits={name: limit * scale})
    (most,) = largest([request(side, lots * LOT)], [LOT], in_turn(at))
    assert most % LOT == 0
    assert most == 0 or check(request(side, most), at).accepted
    assert not check(request(side, most + LOT), at).accepted


def test_a_basket_grows_in_its_own_proportion_until_one_of_it_fails() -> None:
    at = view(limits={"order_lots": 7}, capital=1e9, available_margin=1e9)
    basket = [request(SELL, 2 * LOT), request(BUY, 4 * LOT, price="99")]
    assert largest(basket, [LOT, LOT], in_turn(at)) == (3 * LOT, 6 * LOT)
    assert largest(basket[:1], [LOT], in_turn(at)) == (7 * LOT,)


def test_the_orders_before_it_count_to_the_one_that_is_judged() -> None:
    at = view(limits={"position_allocation": 0.1}, capital=1e6)
    # 66 units short use 0.1 of the capital: none of two orders of a lot, and of one neither.
    assert largest([request(SELL)], [LOT], in_turn(at)) == (0,)
    roomy = view(limits={"position_allocation": 0.25, "capital_per_trade": 1.0}, capital=1e6)
    assert largest([request(SELL)], [LOT], in_turn(roomy)) == (2 * LOT,)
    assert largest([request(SELL), request(SELL, price="101")], [LOT, LOT], in_turn(roomy)) == (LOT, LOT)


@pytest.mark.parametrize("quantity", [LOT + 1, 0, -LOT])
def test_what_is_no_number_of_lots_has_no_size_that_passes(quantity: int) -> None:
    assert largest([replace(request(), quantity=quantity)], [LOT], in_turn(view())) == (0,)


def test_with_the_breaker_open_nothing_that_adds_passes() -> None:
    at = view(blind=True)
    assert largest([request(SELL)], [LOT], in_turn(at)) == (0,)
    reducing = holding(2 * LOT, blind=True, losses=of_future())
    assert largest([request(SELL)], [LOT], in_turn(reducing)) == (2 * LOT,)
