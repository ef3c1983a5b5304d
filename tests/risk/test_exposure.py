from datetime import date, timedelta
from itertools import permutations
from math import isnan, nan, sqrt
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sidecar.domain.exposures import ExposureLine
from sidecar.domain.report import GreeksLine, PositionLine, Quality
from sidecar.pricing.black import greeks, price
from sidecar.risk.exposure import (
    FLAT,
    TABLES,
    Greeks,
    book_greeks,
    exposures,
    largest,
    over_funds,
    reach,
    sum_greeks,
)


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


TODAY = date(2026, 8, 18)
SPOTS = {"NIFTY": 25_000.0, "SENSEX": 80_000.0}


def table(positions: list[PositionLine], by: str, spots: dict[str, float] = SPOTS) -> list[ExposureLine]:
    return [row for row in exposures(positions, spots, TODAY) if row.by == by]


def position(id_: str, underlying: str = "NIFTY", days: int | None = 7, **changes: Any) -> PositionLine:
    expiry = None if days is None else TODAY + timedelta(days)
    return line(underlying=underlying, id=id_, strategy=changes.pop("strategy", "s"), expiry=expiry, **changes)


def test_cash_greeks_are_those_of_a_move_of_one_per_cent() -> None:
    (row,) = table([position("a", delta=75.0, gamma=-0.2, vega=30.0, theta=-9.0, rho=1.5)], "leg")
    assert row == ExposureLine(
        "leg", "a", "NIFTY", 75.0, -0.2, 30.0, -9.0, 1.5, 1_875_000.0, -1_250_000.0, -6_250.0, 1, Quality.LIVE
    )


@given(st.floats(10_000, 90_000), st.floats(15_000, 35_000), st.floats(0.01, 1), st.floats(0.05, 1))
def test_delta_and_gamma_cash_foretell_the_pnl_of_a_small_move(
    spot: float, strike: float, time: float, vol: float
) -> None:
    assume(vol * sqrt(time) >= 0.02)  # the move stays small beside what the market moves by itself
    unit = greeks(spot, strike, time, vol, 0.0, call=True, spot=spot)
    (row,) = table([position("a", delta=float(unit.delta), gamma=float(unit.gamma))], "leg", {"NIFTY": spot})
    move = 1e-3
    up, down = (float(price(spot * (1 + sign * move), strike, time, vol, call=True)) for sign in (1, -1))
    assert row.delta_cash * move * 2 == pytest.approx(up - down, rel=1e-3, abs=spot * 1e-6)
    bend = row.gamma_pnl * (move / 0.01) ** 2 * 2
    assert bend == pytest.approx(up + down - 2 * float(unit.price), rel=0.05, abs=spot * 1e-7)


def test_a_position_is_in_one_row_of_every_table() -> None:
    positions = [
        position("a", strategy="x", fund_id="one", days=0),
        position("b", strategy="y", fund_id="one", days=3, delta=2.0),
        position("c", strategy="x", fund_id="two", days=60, delta=4.0),
        position("d", "SENSEX", strategy="x", fund_id="two", days=None, delta=8.0),
    ]
    rows = {(row.by, row.key, row.underlying): row for row in exposures(positions, SPOTS, TODAY)}
    for by in TABLES:
        own = [row for row in rows.values() if row.by == by and row.underlying != "*"]
        assert sum(row.legs for row in own) == 4
        assert sum(row.delta_cash for row in own) == 7 * 25_000.0 + 8 * 80_000.0
    assert rows["strategy", "x", "NIFTY"].delta == 5.0
    assert rows["fund", "one", "NIFTY"].delta == 3.0
    assert rows["underlying", "SENSEX", "SENSEX"].delta == 8.0
    assert [row.key for row in rows.values() if row.by == "expiry"] == ["0DTE", "1-7d", "31-90d", "undated"]


def test_over_several_underlyings_money_adds_up_and_units_have_no_meaning() -> None:
    rows = table([position("a"), position("b", "SENSEX", gamma=0.1)], "strategy")
    assert [row.underlying for row in rows] == ["NIFTY", "SENSEX", "*"]
    everything = rows[-1]
    assert isnan(everything.delta)
    assert isnan(everything.gamma)
    assert everything.delta_cash == 105_000.0
    assert everything.gamma_cash == pytest.approx(0.5 * 25_000**2 / 100 + 0.1 * 80_000**2 / 100, rel=1e-14)
    assert (everything.vega, everything.theta, everything.rho, everything.legs) == (4.0, -6.0, 8.0, 2)


def test_a_sum_of_exposures_with_an_unknown_part_is_unknown_and_takes_the_worst_quality() -> None:
    positions = [position("a"), position("b", gamma=nan, quality=Quality.MISSING), position("c", quality=Quality.STALE)]
    (row,) = table(positions, "fund")
    assert isnan(row.gamma)
    assert isnan(row.gamma_cash)
    assert isnan(row.gamma_pnl)
    assert (row.delta_cash, row.quality) == (75_000.0, Quality.MISSING)
    (unquoted,) = table([position("a")], "fund", {})
    assert isnan(unquoted.delta_cash)
    assert unquoted.vega == 2.0


def test_the_order_of_positions_changes_no_exposure_not_even_the_last_bit() -> None:
    positions = [position(name, delta=delta) for name, delta in zip("abcd", (1e16, 1.0, -1e16, 0.1), strict=True)]
    assert len({exposures(some, SPOTS, TODAY) for some in permutations(positions)}) == 1


def test_expiries_stand_nearest_first_whatever_their_names() -> None:
    days = (None, 400, 91, 90, 31, 30, 8, 7, 1, 0, -1)
    rows = table([position(str(each), days=each) for each in days], "expiry")
    assert [(row.key, row.legs) for row in rows] == [
        ("0DTE", 2), ("1-7d", 2), ("8-30d", 2), ("31-90d", 2), (">90d", 2), ("undated", 1),
    ]  # fmt: skip


def test_no_positions_have_no_exposures() -> None:
    assert exposures([], SPOTS, TODAY) == ()
