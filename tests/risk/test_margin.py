"""The laws of a portfolio margin, worked examples, and the exchange's own arrays."""

from __future__ import annotations

from math import exp, isnan, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sidecar.domain.margins import MarginRules
from sidecar.pricing.black import price
from sidecar.risk.legs import Legs
from sidecar.risk.margin import Requirement, scan
from sidecar.risk.margin_units import MOVES, VOLATILITIES, Underlying, composite_delta, units

SPOT, RATE, TIME, VOL = 24_000.0, 0.065, 10 / 365, 0.15
RULES = MarginRules(0.093, 6, 2, 0.04, 0.25, 2, 0.35, 2, 0.0, 0.02, 0.02, 0.03, 0.1, 0.0175, 1)
WITH_MINIMUM = MarginRules(0.093, 6, 2, 0.04, 0.25, 2, 0.35, 2, 0.03, 0.02, 0.02, 0.03, 0.1, 0.0175, 1)
NIFTY = {"NIFTY": Underlying(SPOT, 0.093, 0.04, RULES)}

#: Right ("C", "P" or "F"), strike, signed units, and the days to the expiry.
Line = tuple[str, float, float, float]


def lines_of(*lines: Line, **columns: Any) -> Legs:
    right = [line[0] for line in lines]
    strike = np.array([line[1] for line in lines])
    time = np.array([line[3] for line in lines]) / 365
    option, call = np.array([one != "F" for one in right]), np.array([one == "C" for one in right])
    forward = SPOT * np.exp(RATE * time)
    value = price(forward, strike, time, VOL, np.exp(-RATE * time), call=call)
    fields: dict[str, Any] = {
        "symbol": tuple(f"{line[3]:g}-{line[0]}{line[1]:g}" for line in lines),
        "underlying": ("NIFTY",) * len(lines),
        "option": option,
        "call": call,
        "quantity": np.array([line[2] for line in lines], dtype=np.float64),
        "mark": np.where(option, value, forward),
        "spot": np.full(len(lines), SPOT),
        "forward": forward,
        "strike": np.where(option, strike, nan),
        "time": time,
        "volatility": np.where(option, VOL, nan),
        "rate": np.full(len(lines), RATE),
    }
    return Legs(**(fields | columns))


def book(*lines: tuple[str, float, float]) -> Legs:
    return lines_of(*((*line, 10.0) for line in lines))


def need(legs: Legs) -> Requirement:
    (one,) = scan(legs, NIFTY).needs
    return one


def paid(legs: Legs) -> float:
    return float(legs.quantity @ np.where(legs.option, legs.mark, 0.0))


def test_the_scenarios_of_a_future_worked_by_hand() -> None:
    future = lines_of(("F", 1.0, -1.0, 30.0), forward=np.array([24_000.0]))
    found = scan(future, NIFTY)
    third = 24_000 * 0.093 / 3
    moves = [0, 0, third, third, -third, -third, 2 * third, 2 * third, -2 * third, -2 * third]
    moves += [3 * third, 3 * third, -3 * third, -3 * third, 0.7 * 3 * third, -0.7 * 3 * third]
    assert_allclose(found.losses[0], moves)
    (one,) = found.needs
    assert one[0] == "NIFTY"
    assert one[1:] == pytest.approx((2232.0, 11, 0.0, 480.0, 0.0, 0.0, 2712.0))
    assert found.total == pytest.approx(2712.0)


def test_the_scenarios_of_an_option_by_a_plain_loop() -> None:
    losses = scan(book(("P", 23_500.0, -75.0)), NIFTY).losses[0]
    value = price(SPOT * exp(RATE * TIME), 23_500.0, TIME, VOL, exp(-RATE * TIME), call=False)
    later = 8 / 365
    for number in range(16):
        move = (*MOVES, 2.0, -2.0)[number] * 0.093 * SPOT
        cover = 1.0 if number < 14 else 0.35
        moved = price(
            (SPOT + move) * exp(RATE * later), 23_500.0, later, VOL + VOLATILITIES[number] * 0.04,
            exp(-RATE * later), call=False,
        )  # fmt: skip
        assert losses[number] == pytest.approx(-75.0 * min(cover * (value - moved), value), abs=1e-6)


def test_a_long_option_alone_needs_nothing_beyond_its_premium() -> None:
    for line in (("C", 24_000.0, 75.0), ("P", 20_000.0, 75.0), ("C", 15_000.0, 75.0)):
        found = need(book(line))
        assert found.requirement == 0.0
        assert 0.0 < found.scan_risk <= paid(book(line)) + 1e-9


def test_a_short_option_alone_needs_its_risk_its_exposure_and_its_price() -> None:
    found = need(book(("C", 24_500.0, -75.0)))
    assert found.exposure == 0.02 * SPOT * 75
    assert found.net_option_value == paid(book(("C", 24_500.0, -75.0))) < 0
    assert found.requirement == found.scan_risk + found.exposure - found.net_option_value
    assert 1_500 * 75 < found.scan_risk < 0.093 * SPOT * 75


def test_hedged_books_cost_what_hedged_books_can_lose() -> None:
    width = 500.0 * 75
    spread = book(("C", 24_500.0, -75.0), ("C", 25_000.0, 75.0))
    condor = book(("C", 24_500.0, -75.0), ("C", 25_000.0, 75.0), ("P", 23_500.0, -75.0), ("P", 23_000.0, 75.0))
    butterfly = book(("C", 23_500.0, 75.0), ("C", 24_000.0, -150.0), ("C", 24_500.0, 75.0))
    box = book(("C", 24_000.0, 75.0), ("C", 24_500.0, -75.0), ("P", 24_000.0, -75.0), ("P", 24_500.0, 75.0))
    for legs in (spread, condor):
        found = need(legs)
        # A credit spread can lose its width less the credit, and the credit is to be paid back.
        assert found.scan_risk - found.net_option_value <= width
        assert found.scan_risk - found.net_option_value > 0.9 * width
        assert found.requirement <= width + found.exposure
    for legs in (butterfly, box):
        # What was paid is all that can be lost: only the exposure margin of the shorts is left.
        assert need(legs).requirement <= need(legs).exposure
    assert need(box).scan_risk < 0.01 * width
    naked = need(book(("C", 24_500.0, -75.0))).requirement
    assert need(spread).requirement < 0.45 * naked


def test_a_strangle_is_not_two_naked_legs() -> None:
    call, put = ("C", 24_500.0, -75.0), ("P", 23_500.0, -75.0)
    both = need(book(call, put)).requirement
    alone = need(book(call)).requirement, need(book(put)).requirement
    assert max(alone) < both < 0.75 * sum(alone)


def test_a_covered_call_is_not_charged_twice() -> None:
    future, call = ("F", 1.0, 75.0), ("C", 24_500.0, -75.0)
    both = need(book(future, call))
    assert both.scan_risk < need(book(future)).scan_risk


def test_the_short_option_minimum_stands_where_the_scan_finds_less() -> None:
    far = book(("P", 12_000.0, -75.0))
    (without,) = scan(far, NIFTY).needs
    (found,) = scan(far, {"NIFTY": Underlying(SPOT, 0.093, 0.04, WITH_MINIMUM)}).needs
    assert found.scan_risk == without.scan_risk < 0.03 * SPOT * 75 == found.short_minimum
    assert found.requirement - without.requirement == pytest.approx(found.short_minimum - without.scan_risk)


def test_on_its_last_day_a_short_option_needs_more_and_offsets_no_other_expiry() -> None:
    short, long = ("C", 24_000.0, -75.0, 0.25), ("C", 24_000.0, 75.0, 7.25)
    assert need(lines_of(short)).exposure == 0.04 * SPOT * 75
    apart = need(lines_of(short, long))
    assert apart.requirement == need(lines_of(short)).requirement + need(lines_of(long)).requirement
    assert apart.calendar == 0.0
    assert need(lines_of(("C", 24_000.0, -75.0, 1.25), long)).requirement < apart.requirement


def test_a_short_option_far_out_of_the_money_needs_more_exposure_and_a_long_one_or_one_in_the_money_does_not() -> None:
    for line, rate in (
        (("C", 26_399.0, -75.0), 0.02), (("C", 26_401.0, -75.0), 0.05), (("P", 21_601.0, -75.0), 0.02),
        (("P", 21_599.0, -75.0), 0.05), (("C", 20_000.0, -75.0), 0.02), (("P", 28_000.0, -75.0), 0.02),
        (("C", 26_401.0, 75.0), 0.0), (("F", 1.0, -75.0), 0.02),
    ):  # fmt: skip
        assert need(book(line)).exposure == pytest.approx(rate * SPOT * 75)
    assert need(lines_of(("P", 20_000.0, -75.0, 0.25))).exposure == pytest.approx(0.07 * SPOT * 75)


def test_a_calendar_spread_is_charged_on_the_delta_that_offsets() -> None:
    near, far = ("F", 1.0, -75.0, 8.0), ("F", 1.0, 75.0, 36.0)
    assert need(lines_of(near, far)).calendar == pytest.approx(0.0175 * SPOT * 75)
    assert need(lines_of(near, ("F", 1.0, -75.0, 36.0))).calendar == 0.0
    half = need(lines_of(("F", 1.0, -75.0, 8.0), ("F", 1.0, 75.0, 36.0), ("F", 1.0, 75.0, 64.0)))
    assert half.calendar == pytest.approx(0.0175 * SPOT * 75)
    option = lines_of(("C", 24_000.0, 75.0, 36.0))
    delta = composite_delta(option, np.array([0.093]))[0]
    assert need(lines_of(near, ("C", 24_000.0, 75.0, 36.0))).calendar == pytest.approx(0.0175 * SPOT * 75 * delta)


def test_underlyings_do_not_offset_each_other() -> None:
    legs = book(("F", 1.0, 75.0), ("F", 2.0, -75.0))
    two = Legs(**{**vars(legs), "underlying": ("NIFTY", "BANKNIFTY")})
    both = scan(two, {**NIFTY, "BANKNIFTY": NIFTY["NIFTY"]})
    assert [one.underlying for one in both.needs] == ["BANKNIFTY", "NIFTY"]
    assert both.total == sum(one.requirement for one in both.needs) > scan(legs, NIFTY).total


def test_legs_in_one_contract_are_netted() -> None:
    one, two = ("C", 24_500.0, -75.0), ("C", 24_500.0, 75.0)
    assert need(book(one, two)) == Requirement("NIFTY", 0.0, 1, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert need(book(one, one)) == need(book(("C", 24_500.0, -150.0)))


def test_nothing_needs_nothing() -> None:
    empty = book(("C", 24_500.0, 1.0)).take(np.zeros(1, dtype=bool))
    found = scan(empty, {})
    assert (found.losses.shape, found.needs, found.total) == ((0, 16), (), 0.0)


def test_an_underlying_without_parameters_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="underlyings lacks NIFTY"):
        scan(book(("F", 1.0, 1.0)), {})


@pytest.mark.parametrize("column", ["mark", "forward", "strike", "time", "volatility", "rate"])
@pytest.mark.parametrize("bad", [nan, np.inf, -1.0])
def test_what_is_unknown_is_never_a_smaller_number(column: str, bad: float) -> None:
    if (column, bad) == ("rate", -1.0):
        return
    legs = book(("C", 24_500.0, -75.0), ("P", 23_500.0, -75.0))
    values = np.array(getattr(legs, column))
    values[0] = bad
    found = scan(Legs(**{**vars(legs), column: values}), NIFTY)
    assert isnan(found.total)
    assert_array_equal(found.losses[1], scan(legs, NIFTY).losses[1])


@pytest.mark.parametrize("broken", [{"spot": nan}, {"spot": -1.0}, {"price_scan": nan}, {"volatility_scan": nan}])
def test_an_unknown_parameter_makes_the_requirement_unknown(broken: dict[str, float]) -> None:
    fields: dict[str, Any] = {"spot": SPOT, "price_scan": 0.093, "volatility_scan": 0.04, "rules": RULES} | broken
    assert isnan(scan(book(("C", 24_500.0, -75.0)), {"NIFTY": Underlying(**fields)}).total)


def test_a_contract_that_has_expired_is_worth_its_intrinsic_value() -> None:
    gone = lines_of(("C", 23_000.0, -1.0, 0.0), volatility=np.array([nan]), forward=np.array([nan]))
    losses = scan(gone, NIFTY).losses[0]
    assert losses[10] == pytest.approx(0.093 * SPOT)
    assert losses[12] == -1000.0


def test_a_fall_beyond_zero_leaves_a_price() -> None:
    wild = {"NIFTY": Underlying(SPOT, 0.6, 0.04, RULES)}
    assert np.isfinite(scan(book(("P", 24_000.0, -1.0), ("F", 1.0, 1.0)), wild).total)


strikes = st.sampled_from([22_000.0, 23_000.0, 23_500.0, 24_000.0, 24_500.0, 25_000.0, 26_000.0])
quantities = st.integers(-4, 4).filter(bool).map(lambda lots: 75.0 * lots)
rows = st.tuples(st.sampled_from(["C", "P", "F"]), strikes, quantities)
days = st.sampled_from([0.25, 8.0, 36.0])
rows_of_all_expiries = st.tuples(st.sampled_from(["C", "P", "F"]), strikes, quantities, days)


@settings(deadline=None)
@given(st.lists(rows, min_size=1, max_size=6), st.sampled_from(["C", "P"]), strikes, st.integers(1, 4))
def test_a_bought_option_never_raises_what_is_needed(
    lines: list[tuple[str, float, float]], right: str, strike: float, lots: int
) -> None:
    before = need(book(*lines)).requirement
    after = need(book(*lines, (right, strike, 75.0 * lots))).requirement
    assert after <= before + 1e-6


@settings(deadline=None)
@given(
    st.lists(rows_of_all_expiries, min_size=1, max_size=6),
    st.sampled_from(["C", "P"]),
    strikes,
    st.integers(1, 4),
    days,
)
def test_an_option_that_is_sold_and_not_held_never_lowers_what_is_needed(
    lines: list[Line], right: str, strike: float, lots: int, days_left: float
) -> None:
    """Nor by the calendar charge: the exposure margin of a unit is more than its delta can save."""
    assume(sum(one[2] for one in lines if (one[0], one[1], one[3]) == (right, strike, days_left)) <= 0)
    before = need(lines_of(*lines)).requirement
    assert need(lines_of(*lines, (right, strike, -75.0 * lots, days_left))).requirement >= before - 1e-6


@settings(deadline=None)
@given(st.lists(rows_of_all_expiries, min_size=1, max_size=6), st.randoms(use_true_random=False), st.integers(1, 9))
def test_margin_has_no_order_no_scale_and_no_sign(lines: list[Line], random: Any, times: int) -> None:
    found = scan(lines_of(*lines), NIFTY)
    shuffled = list(lines)
    random.shuffle(shuffled)
    assert scan(lines_of(*shuffled), NIFTY).total == pytest.approx(found.total, rel=1e-9, abs=1e-6)
    larger = [(right, strike, quantity * times, day) for right, strike, quantity, day in lines]
    assert scan(lines_of(*larger), NIFTY).total == pytest.approx(times * found.total, rel=1e-9, abs=1e-6)
    assert found.total >= 0.0


@settings(deadline=None)
@given(st.lists(rows_of_all_expiries, min_size=1, max_size=4), st.lists(rows_of_all_expiries, min_size=1, max_size=4))
def test_two_books_of_one_expiry_never_need_more_together(one: list[Line], two: list[Line]) -> None:
    one = [(right, strike, quantity, 8.0) for right, strike, quantity, _ in one]
    two = [(right, strike, quantity, 8.0) for right, strike, quantity, _ in two]
    alone = need(lines_of(*one)).requirement + need(lines_of(*two)).requirement
    assert need(lines_of(*one, *two)).requirement <= alone + 1e-6


@settings(deadline=None)
@given(st.lists(rows_of_all_expiries, min_size=1, max_size=5), st.integers(0, 4))
def test_a_leg_that_is_not_known_makes_the_whole_unknown(lines: list[Line], place: int) -> None:
    legs = lines_of(*{line[:2] + line[3:]: line for line in lines}.values())
    marks = np.array(legs.mark)
    marks[place % len(legs)] = nan
    if legs.option[place % len(legs)]:
        assert isnan(scan(Legs(**{**vars(legs), "mark": marks}), NIFTY).total)


def test_of_what_stands_apart_the_part_that_is_unknown_names_no_scenario() -> None:
    legs = lines_of(("C", 24_000.0, -75.0, 0.25), ("C", 24_500.0, -75.0, 8.0))
    assert need(legs).scenario == 11
    for row in (0, 1):
        volatility = np.array(legs.volatility)
        volatility[row] = nan
        found = need(Legs(**{**vars(legs), "volatility": volatility}))
        assert (found.scenario, isnan(found.requirement)) == (0, True)


def test_the_ranges_are_floors_and_rise_with_the_volatility() -> None:
    assert (RULES.price_scan(), RULES.price_scan(0.15), RULES.volatility_scan(0.15)) == (0.093, 0.093, 0.04)
    assert RULES.price_scan(0.295) == pytest.approx(0.13102, abs=1e-5)
    assert RULES.volatility_scan(0.40) == 0.10


def test_the_units_say_what_offsets_what() -> None:
    found = units(lines_of(("C", 24_000.0, 1.0, 0.25), ("C", 24_000.0, 1.0, 8.0), ("F", 1.0, 1.0, 8.0)), NIFTY)
    assert found.pool == (("NIFTY", True), ("NIFTY", False), ("NIFTY", False))
    assert_allclose(found.short, [0.04 * SPOT, 0.02 * SPOT, 0.02 * SPOT])
    assert_allclose(found.long, [0.0, 0.0, 0.02 * SPOT])


def test_the_exchanges_own_values_are_reproduced_to_a_paisa(shared_data: Path) -> None:
    from bench.span import compared, contracts

    rows = contracts(shared_data / "reference" / "nifty_minute_option_bars_with_span_arrays_sample.parquet")
    errors, fitted = compared(rows)
    assert len(errors) == 284 * 16
    worst = (errors["ours"] - errors["theirs"]).abs()
    # Half a paisa is the exchange's own rounding.
    assert worst.max() < 0.0075
    assert worst[~errors["seen"]].max() < 0.0075
    assert list(fitted["spot"]) == [14018.5, 24625.05, 24211.0]
    assert fitted["delta"].max() < 0.00006
