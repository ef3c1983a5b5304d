from itertools import permutations
from math import isnan, nan
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.report import GreeksLine, PositionLine, Quality
from sidecar.risk.exposure import FLAT, Greeks, book_greeks, largest, over_funds, reach, sum_greeks


def line(fund_id: str = "main", underlying: str = "NIFTY", **changes: Any) -> PositionLine:
    fields: dict[str, Any] = dict.fromkeys(PositionLine.__struct_fields__)
    numbers = {"delta": 1.0, "gamma": 0.5, "vega": 2.0, "theta": -3.0, "rho": 4.0, "quality": Quality.LIVE}
    return PositionLine(**{**fields, **numbers, "fund_id": fund_id, "underlying": underlying, **changes})


def test_greeks_are_summed_by_fund_and_underlying() -> None:
    lines = [line("b"), line("a", "SENSEX"), line("a", delta=10.0), line("a", delta=-4.0)]
    assert sum_greeks(lines, {"NIFTY": 25_000.0, "SENSEX": 80_000.0}) == (
        GreeksLine("a", "NIFTY", 6.0, 1.0, 4.0, -6.0, 8.0, 150_000.0, Quality.LIVE),
        GreeksLine("a", "SENSEX", 1.0, 0.5, 2.0, -3.0, 4.0, 80_000.0, Quality.LIVE),
        GreeksLine("b", "NIFTY", 1.0, 0.5, 2.0, -3.0, 4.0, 25_000.0, Quality.LIVE),
    )


def test_the_order_of_positions_changes_nothing_not_even_the_last_bit() -> None:
    lines = [line(delta=1e16), line(delta=1.0), line(delta=-1e16), line("z", delta=0.1)]
    assert len({sum_greeks(some, {"NIFTY": 1.0}) for some in permutations(lines)}) == 1
    assert sum_greeks(lines, {"NIFTY": 1.0})[0].delta == 1.0


def test_a_sum_with_an_unknown_part_is_unknown_and_takes_the_worst_quality() -> None:
    lines = [line(), line(gamma=nan, quality=Quality.MISSING), line(quality=Quality.STALE)]
    (found,) = sum_greeks(lines, {})
    assert isnan(found.gamma)
    assert (found.delta, found.quality) == (3.0, Quality.MISSING)
    assert isnan(found.delta_cash)


def test_no_positions_have_no_lines() -> None:
    assert sum_greeks([], {}) == ()
    assert over_funds([], {}) == ()


def test_the_desk_is_the_sum_of_its_funds() -> None:
    funds = sum_greeks([line("a"), line("b", delta=2.0), line("b", "SENSEX")], {"NIFTY": 10.0})
    desk = over_funds(funds, {"NIFTY": 10.0, "SENSEX": 5.0})
    assert [(x.fund_id, x.underlying, x.delta, x.delta_cash) for x in desk] == [
        ("*", "NIFTY", 3.0, 30.0), ("*", "SENSEX", 1.0, 5.0),
    ]  # fmt: skip


def test_a_fund_that_holds_nothing_of_an_underlying_is_flat_in_it() -> None:
    lines = sum_greeks([line("a")], {})
    assert book_greeks(lines, "a", "NIFTY") == Greeks(1.0, 0.5, 2.0, -3.0)
    assert book_greeks(lines, "b", "NIFTY") == FLAT
    assert book_greeks(lines, "a", "SENSEX") == FLAT


def test_the_largest_exposure_is_absolute_and_unknown_if_any_is() -> None:
    lines = sum_greeks([line("a", delta=-9.0), line("a", "SENSEX", theta=nan), line("b", delta=99.0)], {})
    found = largest(lines, "a")
    assert (found.delta, found.gamma) == (9.0, 0.5)
    assert isnan(found.theta)
    assert largest(lines, "c") == FLAT


moves = st.lists(st.tuples(st.integers(-4, 4), st.sampled_from([-1.0, -0.25, 0.0, 0.5])), max_size=4)


@given(st.integers(-8, 8), moves, st.data())
def test_no_set_of_fills_leaves_the_reach(book: int, orders: list[tuple[int, float]], data: st.DataObject) -> None:
    low, high = reach(Greeks(book, 0, 0, 0), [(q, Greeks(unit, 0, 0, 0)) for q, unit in orders])
    fills = [data.draw(st.integers(min(q, 0), max(q, 0))) for q, _ in orders]
    value = book + sum(fill * unit for fill, (_, unit) in zip(fills, orders, strict=True))
    assert low.delta <= value <= high.delta
    assert (low.gamma, high.gamma) == (0.0, 0.0)


def test_the_reach_of_an_unknown_greek_is_unknown() -> None:
    low, high = reach(FLAT, [(75, Greeks(0.5, 0.1, nan, 0.0))])
    assert (low.delta, high.delta) == (0.0, 37.5)
    assert isnan(low.vega)
    assert isnan(high.vega)
