from dataclasses import replace
from math import nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from sidecar.domain.orders import Side
from sidecar.risk import checks
from sidecar.risk.exposure import Greeks
from tests.risk.build import FUTURE, LOT, holding, order, request

SIZED = {row.name: row for row in checks.SIZED}
LIMITED = sorted(set(SIZED) - {"margin", "positions"})


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(sorted(SIZED)),
    st.sampled_from(Side),
    st.integers(1, 24),
    st.integers(-6, 6),
    st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 4), st.booleans()), max_size=3),
    st.floats(0, 0.5),
    st.floats(-200, 200),
)
def test_the_largest_size_passes_and_one_lot_more_does_not(
    name: str, side: Side, lots: int, held: int, working: list[tuple[Side, int, bool]], limit: float, delta: float
) -> None:
    resting = tuple(
        order(way, n * LOT, symbol=FUTURE.id) if future else order(way, n * LOT) for way, n, future in working
    )
    scale = 5_000.0 if name.startswith("net_") else 10.0 if name in {"order_lots", "positions"} else 1.0
    at = holding(held * LOT, resting=resting, available_margin=limit * 2e6, book=Greeks(delta, 0.1, 900.0, -700.0))
    at = replace(at, limits={**at.limits, name: limit * scale})
    asked = request(side, lots * LOT)
    refusal = SIZED[name](asked, at)
    if refusal is None:
        return
    most = refusal.largest_quantity
    assert most % LOT == 0
    assert 0 <= most < asked.quantity
    assert most == 0 or SIZED[name](changed(asked, quantity=most), at) is None
    assert most == 0 or SIZED[name].within(changed(asked, quantity=most), at)
    assert SIZED[name](changed(asked, quantity=most + LOT), at) is not None
    assert not SIZED[name].within(changed(asked, quantity=most + LOT), at)


def test_a_refusal_has_the_limit_the_value_before_and_after_and_the_size_that_would_pass() -> None:
    at = replace(holding(-2 * LOT), limits={**holding(0).limits, "position_allocation": 0.1})
    refusal = SIZED["position_allocation"](request(quantity=5 * LOT), at)
    assert refusal is not None
    assert (refusal.limit, refusal.before, refusal.after) == (0.1, 0.045, 0.1575)
    assert refusal.largest_quantity == 2 * LOT
    assert "150 would pass" in refusal.detail


@pytest.mark.parametrize("name", LIMITED)
def test_below_at_and_above_a_limit(name: str) -> None:
    asked, at = request(quantity=2 * LOT), holding(-LOT)
    refusal = SIZED[name](asked, replace(at, limits={**at.limits, name: 0.0}))
    assert refusal is not None
    for limit, passes in ((refusal.after * 1.01, True), (refusal.after, True), (refusal.after * 0.99, False)):
        assert (SIZED[name](asked, replace(at, limits={**at.limits, name: limit})) is None) == passes
    assert SIZED[name](asked, replace(at, limits={**at.limits, name: nan})) is not None


def test_what_does_not_raise_a_measure_is_not_refused_for_it() -> None:
    beyond = holding(LOT, book=Greeks(1_600.0, 0.0, 0.0, 0.0))
    assert SIZED["net_delta"](request(Side.SELL), beyond) is None
    assert SIZED["net_delta"](request(Side.BUY), beyond) is not None
    assert SIZED["net_delta"](request(Side.SELL, 90 * LOT), beyond) is not None
