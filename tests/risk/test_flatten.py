"""Plans by hand: a butterfly to the paisa, bands, slices, and what cannot be closed."""

from __future__ import annotations

from decimal import Decimal
from math import isnan, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.orders import Side
from sidecar.domain.plans import Plan
from sidecar.risk import flatten
from sidecar.risk.flatten import BALANCED, Leg, closable, joined, limit, plan
from sidecar.risk.margin_units import Units
from sidecar.risk.states import States

LOT = 65
BEYOND = 0.02
#: A butterfly of calls 100 apart: its marks, and what a long unit loses if the index falls or rises without end.
MARKS = (150.0, 80.0, 40.0)
FALL, RISE = MARKS, (-1950.0, -1920.0, -1860.0)
#: Of a short unit: 2 % of 24,700.
EXPOSURE = 494.0


def leg(number: int = 0, lots: int = 1, **more: Any) -> Leg:
    mark = MARKS[number]
    fields: dict[str, Any] = {
        "position_id": f"main/fly/C{number}", "symbol": f"C{number}", "underlying": "NIFTY", "fund_id": "main",
        "strategy": "fly", "quantity": lots * LOT, "target": 0, "lot_size": LOT, "most": 5 * LOT,
        "tick_size": Decimal("0.05"), "band": 0.05, "option": True, "bid": mark - 0.05, "ask": mark + 0.05,
        "last": mark, "mark": mark,
    }  # fmt: skip
    return Leg(**{**fields, **more})


def butterfly(
    exposure: float = EXPOSURE, lots: tuple[int, ...] = (1, -2, 1), entry: tuple[float, ...] = MARKS
) -> States:
    losses = np.zeros((3, 16))
    losses[:, 0], losses[:, 1] = FALL, RISE
    zeros = np.zeros(3)
    one = Units(
        ("C0", "C1", "C2"), ("NIFTY",) * 3, np.ones(3, np.bool_), losses, np.array(MARKS), zeros,
        np.full(3, exposure), zeros, zeros, zeros, np.ones(3, np.int64), (("NIFTY", False),) * 3,
    )  # fmt: skip
    quantity = np.array(lots) * float(LOT)
    paid = [q * (at if q > 0 else min(at, mark)) for q, at, mark in zip(quantity, entry, MARKS, strict=True)]
    profit = quantity * (np.array(MARKS) - np.array(entry))
    rows = np.arange(3)
    return States(one, rows, rows, quantity, np.array(paid), np.zeros((3, 1)), profit)


def planned(states: States, available: float = 0.0, **more: Any) -> Plan:
    legs = [leg(number, int(units) // LOT, **more) for number, units in enumerate(states.quantity)]
    return plan(legs, states, available, BEYOND, lambda *_: 0.0, 0.1, 1_000)


def orders(made: Plan) -> list[tuple[str, str, int]]:
    return [(step.symbol, step.side.value, step.quantity // LOT) for step in made.steps]


def test_a_butterfly_that_blocks_its_debit_and_its_exposure_alone_pays_for_its_own_closing() -> None:
    # Value 150 - 2 x 80 + 40 = 30 a unit, which is all it can lose: its scenarios need nothing beyond its value.
    # Blocked: debit 30 + exposure of two shorts 988 = 1018 a unit. The account has exactly that, so 0 is available.
    made = planned(butterfly())
    assert made.margin == pytest.approx(1018.0 * 65)  # 66,170.00
    assert orders(made) == [("C1", "buy", 2), ("C0", "sell", 1), ("C2", "sell", 1)]
    # Shorts gone: 150 + 40 = 190 a unit; then 40; then nothing.
    assert [step.margin for step in made.steps] == pytest.approx([12_350.00, 2_600.00, 0.0])
    # Two lots at the ask 80.05; wings at the bids 149.95 and 39.95.
    assert [step.cash for step in made.steps] == pytest.approx([-10_406.50, 9_746.75, 2_596.75])
    # Half a spread of 0.10 on four lots: 0.05 x 260.
    assert made.cost == pytest.approx(13.00)
    assert sum(step.cash for step in made.steps) == pytest.approx(30.0 * 65 - 13.00)
    # 66,170 less 12,350 is freed for the 10,406.50 that the body costs.
    assert (made.peak_cash, made.rises, made.left_out) == (0.0, "", ())


def test_each_lot_of_the_body_frees_more_than_it_costs() -> None:
    made = planned(butterfly(), most=LOT)
    assert orders(made)[:2] == [("C1", "buy", 1), ("C1", "buy", 1)]
    # One short left: 110 of premium and 494 of exposure a unit.
    assert made.steps[0].margin == pytest.approx(604.0 * 65)
    assert made.peak_cash == 0.0


def test_without_exposure_to_free_the_wings_take_turns_with_the_body_and_the_plan_says_what_it_needs() -> None:
    # Blocked: the debit of 30 a unit. A lot of the body costs 80, and what it had brought in, counted against the
    # wings' price, is blocked anew: 110. The dear wing sold leaves a spread of 100 points sold: 100.
    # Body: 40. Wing: nothing. So 80 a unit must be there for a moment; the whole body at once would ask for 160.
    made = planned(butterfly(exposure=0.0))
    assert orders(made) == [("C1", "buy", 1), ("C0", "sell", 1), ("C1", "buy", 1), ("C2", "sell", 1)]
    assert [step.margin for step in made.steps] == pytest.approx([110.0 * 65, 100.0 * 65, 40.0 * 65, 0.0])
    assert made.peak_cash == pytest.approx((80.0 + 0.05) * 65)
    assert made.rises.startswith("no order of the steps exists in which margin does not rise; in this one it rises at")
    assert made.rises.endswith("C1 by 5,200")


def test_a_body_that_has_lost_asks_for_no_more_than_its_price() -> None:
    made = planned(butterfly(entry=(100.0, 40.0, 15.0)))
    assert made.margin == pytest.approx((100.0 - 80.0 + 15.0 + 988.0) * 65)
    assert (made.peak_cash, made.rises) == (0.0, "")


def test_fees_and_half_the_spread_are_the_cost_and_the_pace_is_kept() -> None:
    legs = [leg(0, 1), leg(1, -2), leg(2, 1)]
    made = plan(legs, butterfly(), 0.0, BEYOND, lambda *_: 20.0, 0.1, 1_000)
    assert made.fees == pytest.approx(60.0)
    assert made.cost == pytest.approx(73.0)
    assert [step.starts_s for step in made.steps] == pytest.approx([0.0, 0.1, 0.2])
    assert made.seconds == pytest.approx(0.3)


def test_a_leg_that_cannot_go_is_left_out_with_its_reason_and_so_is_what_hedges_it() -> None:
    legs = [leg(0, 1), leg(1, -2, out="no price is known"), leg(2, 1)]
    made = plan(legs, butterfly(), 0.0, BEYOND, lambda *_: 0.0, 0.1, 1_000)
    assert made.steps == ()
    assert dict(made.left_out)["main/fly/C1"] == "no price is known"
    assert dict(made.left_out)["main/fly/C0"].endswith("while C1 cannot be closed")


def test_a_leg_that_cannot_go_does_not_keep_others_that_may() -> None:
    legs = [leg(0, 1, out="no price is known"), leg(1, -2), leg(2, 1)]
    made = plan(legs, butterfly(), 0.0, BEYOND, lambda *_: 0.0, 0.1, 1_000)
    assert orders(made) == [("C1", "buy", 2), ("C2", "sell", 1)]
    assert made.left_out == (("main/fly/C0", "no price is known"),)


def test_what_another_strategy_balances_keeps_nothing() -> None:
    legs = [leg(0, 1), leg(1, -2), leg(2, 1, out=BALANCED, harmless=True)]
    made = plan(legs, butterfly(), 0.0, BEYOND, lambda *_: 0.0, 0.1, 1_000)
    assert len(made.steps) == 2


def test_what_is_not_asked_for_stays_in_the_book() -> None:
    legs = [leg(0, 1, target=LOT), leg(1, -2, target=-LOT), leg(2, 1, target=LOT)]
    made = plan(legs, butterfly(), 0.0, BEYOND, lambda *_: 0.0, 0.1, 1_000)
    assert orders(made) == [("C1", "buy", 1)]
    assert made.left_out == ()


def test_a_limit_goes_through_the_touch_by_the_band_on_the_tick_grid() -> None:
    assert limit(leg(1, -1), BEYOND) == Decimal("81.65")  # 80.05 x 1.02 = 81.651, down
    assert limit(leg(1, 1), BEYOND) == Decimal("78.40")  # 79.95 x 0.98 = 78.351, up
    assert limit(leg(2, 1, bid=0.05, last=0.05, band=1.0), BEYOND) == Decimal("0.05")
    assert limit(leg(2, -1, ask=0.05, last=0.05, band=1.0), BEYOND) == Decimal("0.10")


def test_beyond_the_price_band_it_is_the_touch_itself_and_without_a_touch_the_last_trade() -> None:
    assert limit(leg(1, -1, ask=90.0), BEYOND) == Decimal("90.00")
    assert limit(leg(1, -1, ask=nan), BEYOND) == Decimal("81.60")
    assert limit(leg(1, -1, ask=nan, last=nan), BEYOND) is None


@given(st.floats(0.05, 5_000), st.floats(0, 0.5), st.floats(0, 0.5), st.sampled_from([-1, 1]))
def test_a_limit_is_marketable_on_the_grid_and_inside_its_band(
    touch: float, through: float, of_last: float, sign: int
) -> None:
    at = round(touch / 0.05) * 0.05
    one = leg(0, -sign, bid=at, ask=at, last=at, band=of_last)
    found = limit(one, through)
    assert found is not None
    assert found % Decimal("0.05") == 0
    assert found >= Decimal("0.05")
    tick = 0.0500001
    assert sign * (float(found) - at) >= -tick
    assert abs(float(found) - at) <= max(min(through, of_last) * at, tick) + tick


def test_a_fund_can_close_only_what_it_holds_at_the_venue() -> None:
    held = [("X", 150, 75), ("X", -75, 75), ("Y", -150, 75), ("Z", 100, 75), ("X", 75, 75)]
    assert closable(held, [True] * 5) == (150, 0, 150, 75, 0)
    assert closable(held, [False, True, True, True, True]) == (0, 0, 150, 75, 75)


def test_an_unknown_number_is_unknown_in_the_plan() -> None:
    made = plan([leg(0, 1, mark=nan), leg(1, -2), leg(2, 1)], butterfly(), nan, BEYOND, lambda *_: 0.0, 0.1, 1_000)
    assert isnan(made.cost)
    assert isnan(made.peak_cash)
    assert len(made.steps) == 3


def test_the_plans_of_several_funds_follow_each_other() -> None:
    one = planned(butterfly())
    both = joined([one, one])
    assert len(both.steps) == 6
    assert both.steps[3].starts_s == pytest.approx(one.seconds)
    assert both.margin == pytest.approx(2 * one.margin)
    assert joined([]).steps == ()


def test_no_step_opens_anything() -> None:
    for lots in ((1, -2, 1), (3, -5, 4), (-1, 2, -1), (-2, -2, -2)):
        made = planned(butterfly(lots=lots))
        left = dict(zip(("C0", "C1", "C2"), (units * LOT for units in lots), strict=True))
        for step in made.steps:
            assert step.side is (Side.BUY if left[step.symbol] < 0 else Side.SELL)
            left[step.symbol] += step.side.sign * step.quantity
        assert set(left.values()) == {0}


def test_words_name_what_is_not_known() -> None:
    legs = [leg(0, 1), leg(1, -2), leg(2, 1)]
    blind = butterfly()
    blind.one.losses[0] = nan
    made = plan(legs, blind, 0.0, BEYOND, lambda *_: 0.0, 0.1, 100)
    assert "not known" in made.rises
    assert orders(made)[0][0] == "C1"
    assert flatten.BALANCED
