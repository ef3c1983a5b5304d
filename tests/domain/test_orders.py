"""Orders: what is still to fill."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.orders import WORKING, Order, OrderRequest, OrderState, Side


@given(st.sampled_from(OrderState), st.integers(1, 1_000), st.data())
def test_only_a_working_order_has_anything_left_to_fill(state: OrderState, quantity: int, data: st.DataObject) -> None:
    filled = data.draw(st.integers(0, quantity))
    request = OrderRequest("NIFTY-20251125-FUT", Side.SELL, quantity, Decimal(1))
    order = Order("O1", request, state, "me", 0, 0, filled=filled)
    assert order.remaining == (quantity - filled if state in WORKING else 0)
    assert request.signed == -quantity


def test_an_order_whose_fate_is_unknown_may_still_fill() -> None:
    assert OrderState.UNKNOWN in WORKING
    assert not WORKING & {OrderState.REFUSED, OrderState.REJECTED, OrderState.CANCELLED, OrderState.FILLED}
