from decimal import Decimal
from math import isnan, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sidecar.book.capital import (
    Holding,
    Margin,
    Prices,
    again,
    available,
    dearest,
    future_loss,
    held,
    moved,
    premium_of,
    reached,
)
from sidecar.book.position import Position, apply
from sidecar.domain.errors import InputError
from tests.book.making import CALL, FUTURE, FUTURE_CONTRACT, INDEX, OPTION, fill

CAPITAL = Decimal(1_000_000)
units = st.integers(-9, 9).map(lambda lots: 75 * lots)
some = units.filter(bool)
prices = st.floats(0.05, 5_000)


def position(quantity: int, price: str, symbol: str = CALL) -> Position:
    return apply(None, fill(quantity, price, symbol=symbol))[0]


def test_a_long_option_paid_its_price_whatever_it_is_worth_now() -> None:
    for mark in (0.05, 80.0, 500.0, nan):
        assert held([position(75, "80")], OPTION, mark) == Holding(75, 6000.0)


def test_a_short_option_received_its_price_but_counts_no_more_than_it_costs_to_buy_back() -> None:
    assert held([position(-75, "80")], OPTION, 100.0) == Holding(-75, -6000.0)
    assert held([position(-75, "80")], OPTION, 30.0) == Holding(-75, -2250.0)
    assert isnan(held([position(-75, "80")], OPTION, nan).premium)


def test_two_positions_of_a_contract_are_one_holding() -> None:
    assert held([position(150, "80"), position(-75, "90")], OPTION, 85.0) == Holding(75, 12_000.0 - 6_375.0)
    assert held([], OPTION, 85.0) == Holding()


def test_a_future_has_no_premium_and_its_loss_is_charged_and_its_gain_is_not() -> None:
    assert held([position(-75, "26000", FUTURE)], FUTURE_CONTRACT, 25_900.0) == Holding(-75, 0.0)
    assert future_loss(position(75, "26000", FUTURE), FUTURE_CONTRACT, 25_900.0) == -7500.0
    assert future_loss(position(-75, "26000", FUTURE), FUTURE_CONTRACT, 25_900.0) == 0.0
    assert future_loss(position(-75, "80"), OPTION, 900.0) == 0.0


def test_an_index_cannot_be_held() -> None:
    with pytest.raises(InputError, match="cannot be held"):
        premium_of(INDEX, 75, 26_000.0, 26_000.0)


def at(price: float) -> Prices:
    return Prices(price, price)


def test_what_is_bought_costs_at_least_the_mark_and_what_is_sold_fetches_at_most_the_mark() -> None:
    assert moved(Holding(), OPTION, 75, at(90.0), 100.0) == Holding(75, 7500.0)
    assert moved(Holding(), OPTION, 75, at(110.0), 100.0) == Holding(75, 8250.0)
    assert moved(Holding(), OPTION, -75, at(110.0), 100.0) == Holding(-75, -7500.0)
    assert moved(Holding(), OPTION, -75, at(90.0), 100.0) == Holding(-75, -6750.0)


def test_each_side_has_its_own_price_and_the_mark_stands_for_one_that_is_not_given() -> None:
    both = Prices(110.0, 90.0)
    assert moved(Holding(), OPTION, 75, both, 100.0) == Holding(75, 8250.0)
    assert moved(Holding(), OPTION, -75, both, 100.0) == Holding(-75, -6750.0)
    assert moved(Holding(), OPTION, 75, Prices(sold=90.0), 100.0) == Holding(75, 7500.0)


def test_the_dearest_prices_are_the_highest_bid_and_the_lowest_offer() -> None:
    assert dearest([(1, 90.0), (-1, 101.0), (1, 92.0), (-1, 99.0)]) == Prices(92.0, 99.0)
    assert dearest([(1, 90.0)]).bought == 90.0
    assert isnan(dearest([(1, 90.0)]).sold)


def test_what_is_closed_takes_its_share_of_the_premium_and_what_crosses_zero_begins_anew() -> None:
    assert moved(Holding(150, 12_000.0), OPTION, 75, at(1.0), 1.0) == Holding(75, 6_000.0)
    assert moved(Holding(150, 12_000.0), OPTION, 0, at(1.0), 1.0) == Holding(0, 0.0)
    assert moved(Holding(150, 12_000.0), OPTION, -75, at(100.0), 90.0) == Holding(-75, -6_750.0)
    assert moved(Holding(-75, -6_000.0), OPTION, 75, at(100.0), 90.0) == Holding(75, 7_500.0)
    assert moved(Holding(75, 6_000.0), OPTION, 75, at(nan), nan) == Holding(75, 6_000.0)


def test_what_works_on_both_sides_may_be_closed_and_opened_anew_and_is_never_cheaper_for_it() -> None:
    long, short = Holding(75, 6_000.0), Holding(-75, -6_000.0)
    assert again(long, OPTION, Prices(85.0, 90.0), 80.0) == Holding(75, 6_375.0)
    assert again(long, OPTION, Prices(70.0, 90.0), 60.0) == long
    assert again(short, OPTION, Prices(70.0, 75.0), 80.0) == Holding(-75, -5_625.0)
    assert again(long, OPTION, Prices(bought=85.0), 80.0) == long


def test_the_holdings_reached_are_both_ends_the_present_and_nothing_between() -> None:
    found = reached(Holding(75, 6_000.0), OPTION, -75, 150, Prices(85.0, 90.0), 88.0)
    assert [holding.quantity for holding in found] == [75, -75, 150, 0]
    assert found[3] == Holding()
    assert reached(Holding(75, 6_000.0), OPTION, 75, 75, Prices(), 88.0) == (Holding(75, 6_000.0),)


def test_available_is_capital_and_results_less_what_is_blocked_worked_by_hand() -> None:
    # 1,000,000 + 228.75 - 32.4849 - 286,500 - 7,500 of the future's loss.
    whole = Margin("main", 286_500.0, -7500.0)
    assert available(CAPITAL, Decimal("228.75"), Decimal("32.4849"), whole) == pytest.approx(706_196.2651)


def test_an_unknown_price_makes_available_unknown() -> None:
    assert isnan(future_loss(position(75, "26000", FUTURE), FUTURE_CONTRACT, nan))
    for unknown in (Margin("main", nan, 0.0), Margin("main", 1.0, nan)):
        assert isnan(available(CAPITAL, Decimal(0), Decimal(0), unknown))
    for quantity, price, mark in ((-75, 80.0, nan), (75, nan, nan), (75, 80.0, nan)):
        assert isnan(moved(Holding(), OPTION, quantity, at(price), mark).premium)


@given(units, prices, some, prices, prices)
def test_a_premium_above_the_mark_adds_nothing(
    before: int, entry: float, change: int, price: float, mark: float
) -> None:
    start = moved(Holding(), OPTION, before, at(entry), mark)
    found = moved(start, OPTION, before - abs(change), at(price), mark).premium
    assert found >= moved(start, OPTION, before - abs(change), at(mark), mark).premium - 1e-6
    assert found >= -mark * max(abs(change) - before, 0) - 1e-6


@given(units, units, prices, prices)
def test_a_way_in_two_steps_of_one_side_is_the_way_in_one(first: int, second: int, price: float, mark: float) -> None:
    if first * second < 0:
        return
    whole = moved(Holding(), OPTION, first + second, at(price), mark).premium
    parts = moved(moved(Holding(), OPTION, first, at(price), mark), OPTION, first + second, at(price), mark).premium
    assert parts == pytest.approx(whole, rel=1e-9, abs=1e-6)


ticks = st.integers(0, 20).map(lambda count: f"{count * 5 + 0.05:.2f}")
#: Convex charges of a unit: a slope, and how much steeper it is when the unit is held short.
SLOPES, BENDS = (grid.ravel() for grid in np.meshgrid(np.linspace(-100.0, 100.0, 81), [0.0, 2.0, 10.0]))
#: Signed lots and the limit price.
orders = st.lists(st.tuples(st.sampled_from([-3, -2, -1, 1, 2, 3]), ticks), max_size=4)


@settings(max_examples=300)
@example(1, "5.05", [(-2, "95.05")], 95.0)  # dearest at nothing, on the way to the other side
@example(1, "5.05", [(-1, "50.05"), (1, "95.05")], 50.0)  # dearest when it is sold and bought again
@given(st.integers(-2, 2), ticks, orders, st.floats(1.0, 100.0))
def test_no_fills_in_any_order_make_a_holding_dearer_than_all_those_reached(
    lots: int, entry: str, working: list[tuple[int, str]], mark: float
) -> None:
    """Dearer by any charge that is convex in the units, added to the premium: so are all that margins are made of."""

    def charged(holding: Holding) -> Any:
        return holding.premium + SLOPES * holding.quantity + BENDS * abs(holding.quantity)

    position = apply(None, fill(75 * lots, entry))[0] if lots else None
    now = held([position] if position else [], OPTION, mark)
    signed = [75 * count for count, _ in working]
    low, high = (now.quantity + sum(side(0, quantity) for quantity in signed) for side in (min, max))
    prices_ = dearest((count, float(price)) for count, price in working)
    told = np.max([charged(holding) for holding in reached(now, OPTION, low, high, prices_, mark)], axis=0)
    for count, price in working:
        for _ in range(abs(count)):  # a lot at a time, so that all partial fills are seen on the way
            position = apply(position, fill(75 if count > 0 else -75, price))[0]
            after = held([position] if position.quantity else [], OPTION, mark)
            assert (charged(after) <= told + 1e-6).all()


@given(some, prices, prices, st.floats(0, 1e7), st.floats(-1e6, 0.0))
def test_available_never_exceeds_capital_and_realised_results(
    quantity: int, entry: float, mark: float, used: float, loss: float
) -> None:
    assert available(CAPITAL, Decimal(5), Decimal(1), Margin("main", used, loss)) <= float(CAPITAL + 4)
    premium = premium_of(OPTION, quantity, entry, mark)
    assert (premium > 0) == (quantity > 0)
