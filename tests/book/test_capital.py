from decimal import Decimal
from math import isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.book.capital import Holding, Margin, available, future_loss, held, moved, premium_of
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


def test_what_is_bought_costs_at_least_the_mark_and_what_is_sold_fetches_at_most_the_mark() -> None:
    assert moved(Holding(), OPTION, 75, 90.0, 100.0) == Holding(75, 7500.0)
    assert moved(Holding(), OPTION, 75, 110.0, 100.0) == Holding(75, 8250.0)
    assert moved(Holding(), OPTION, -75, 110.0, 100.0) == Holding(-75, -7500.0)
    assert moved(Holding(), OPTION, -75, 90.0, 100.0) == Holding(-75, -6750.0)


def test_what_is_closed_takes_its_share_of_the_premium_and_what_crosses_zero_begins_anew() -> None:
    assert moved(Holding(150, 12_000.0), OPTION, 75, 1.0, 1.0) == Holding(75, 6_000.0)
    assert moved(Holding(150, 12_000.0), OPTION, 0, 1.0, 1.0) == Holding(0, 0.0)
    assert moved(Holding(150, 12_000.0), OPTION, -75, 100.0, 90.0) == Holding(-75, -6_750.0)
    assert moved(Holding(-75, -6_000.0), OPTION, 75, 100.0, 90.0) == Holding(75, 7_500.0)
    assert moved(Holding(75, 6_000.0), OPTION, 75, nan, nan) == Holding(75, 6_000.0)


def test_available_is_capital_and_results_less_what_is_blocked_worked_by_hand() -> None:
    # 1,000,000 + 228.75 - 32.4849 - 286,500 - 7,500 of the future's loss.
    whole = Margin("main", 286_500.0, -7500.0)
    assert available(CAPITAL, Decimal("228.75"), Decimal("32.4849"), whole) == pytest.approx(706_196.2651)


def test_an_unknown_price_makes_available_unknown() -> None:
    assert isnan(future_loss(position(75, "26000", FUTURE), FUTURE_CONTRACT, nan))
    for unknown in (Margin("main", nan, 0.0), Margin("main", 1.0, nan)):
        assert isnan(available(CAPITAL, Decimal(0), Decimal(0), unknown))
    for quantity, price, mark in ((-75, 80.0, nan), (75, nan, nan), (75, 80.0, nan)):
        assert isnan(moved(Holding(), OPTION, quantity, price, mark).premium)


@given(units, prices, some, prices, prices)
def test_a_premium_above_the_mark_adds_nothing(
    before: int, entry: float, change: int, price: float, mark: float
) -> None:
    start = moved(Holding(), OPTION, before, entry, mark)
    found = moved(start, OPTION, before - abs(change), price, mark).premium
    assert found >= moved(start, OPTION, before - abs(change), mark, mark).premium - 1e-6
    assert found >= -mark * max(abs(change) - before, 0) - 1e-6


@given(units, units, prices, prices)
def test_a_way_in_two_steps_of_one_side_is_the_way_in_one(first: int, second: int, price: float, mark: float) -> None:
    if first * second < 0:
        return
    whole = moved(Holding(), OPTION, first + second, price, mark).premium
    parts = moved(moved(Holding(), OPTION, first, price, mark), OPTION, first + second, price, mark).premium
    assert parts == pytest.approx(whole, rel=1e-9, abs=1e-6)


@given(some, prices, prices, st.floats(0, 1e7), st.floats(-1e6, 0.0))
def test_available_never_exceeds_capital_and_realised_results(
    quantity: int, entry: float, mark: float, used: float, loss: float
) -> None:
    assert available(CAPITAL, Decimal(5), Decimal(1), Margin("main", used, loss)) <= float(CAPITAL + 4)
    premium = premium_of(OPTION, quantity, entry, mark)
    assert (premium > 0) == (quantity > 0)
