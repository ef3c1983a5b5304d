from decimal import Decimal
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.book.expiry import settlement_fills, settlement_price
from sidecar.book.position import Position, apply
from sidecar.book.positions import Book
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.errors import InputError
from tests.book.making import CALL, DAY, FUTURE, FUTURE_CONTRACT, INDEX, OPTION, PUT, PUT_OPTION, SCHEDULE, SENSEX, fill

EXPIRING = {CALL: OPTION, PUT: PUT_OPTION}


def held(quantity: int, price: str, symbol: str = CALL) -> Position:
    return apply(None, fill(quantity, price, symbol=symbol))[0]


def option(strike: float, right: Right) -> Contract:
    return Contract("NIFTY", Kind.OPTION, DAY, strike, right)


def test_an_option_is_worth_its_intrinsic_value_to_the_last_decimal() -> None:
    assert settlement_price(option(24200.0, Right.CALL), 24212.80) == Decimal("12.8")
    assert settlement_price(option(24250.0, Right.PUT), 24212.80) == Decimal("37.2")
    assert settlement_price(option(24212.8, Right.CALL), 24212.80) == 0
    assert settlement_price(option(24200.0, Right.PUT), 24212.80) == 0
    assert settlement_price(option(24250.0, Right.CALL), 24212.80) == 0
    assert settlement_price(FUTURE_CONTRACT, 24212.80) == Decimal("24212.8")
    assert settlement_price(option(24200.0, Right.CALL), np.float64(24212.80)) == Decimal("12.8")


@pytest.mark.parametrize("closing", [nan, inf, -inf, 0.0, -24212.8])
def test_without_a_closing_value_nothing_settles(closing: float) -> None:
    with pytest.raises(InputError, match="closing"):
        settlement_fills([held(75, "80")], EXPIRING, closing, 0, SCHEDULE)


def test_an_index_does_not_settle() -> None:
    with pytest.raises(InputError, match="does not settle"):
        settlement_price(INDEX, 24212.8)


def test_a_long_in_the_money_is_closed_at_its_value_and_pays_the_exercise_tax() -> None:
    (settled,) = settlement_fills([held(75, "80")], EXPIRING, 26162.80, 99, SCHEDULE)
    assert (settled.id, settled.note, settled.at) == (f"settle-main/hand/{CALL}-20251202", "settlement", 99)
    assert (settled.quantity, settled.price, settled.fees) == (-75, Decimal("12.8"), Decimal("1.2"))


def test_a_short_is_closed_without_fees_and_a_worthless_option_at_nothing() -> None:
    short, worthless = settlement_fills([held(-75, "80"), held(75, "3", PUT)], EXPIRING, 26312.80, 0, SCHEDULE)
    assert (short.quantity, short.price, short.fees) == (75, Decimal("162.8"), Decimal(0))
    assert (worthless.quantity, worthless.price, worthless.fees) == (-75, Decimal(0), Decimal(0))


def test_a_future_settles_at_the_closing_value() -> None:
    position = held(-75, "26000", FUTURE)
    (settled,) = settlement_fills([position], {FUTURE: FUTURE_CONTRACT}, 26012.35, 0, SCHEDULE)
    assert settled.fees == 0
    assert apply(position, settled)[1] == Decimal("-926.25")


def test_positions_that_are_flat_or_do_not_expire_are_left_alone() -> None:
    flat = apply(held(75, "80"), fill(-75, "81"))[0]
    assert settlement_fills([flat, held(75, "26000", FUTURE)], EXPIRING, 26162.8, 0, SCHEDULE) == ()


def test_contracts_of_two_indices_cannot_share_a_closing_value() -> None:
    sensex = Contract("SENSEX", Kind.OPTION, DAY, 86000.0, Right.CALL)
    with pytest.raises(InputError, match="NIFTY, SENSEX"):
        settlement_fills([], {**EXPIRING, SENSEX: sensex}, 26162.8, 0, SCHEDULE)


def test_settling_twice_changes_nothing() -> None:
    book = Book()
    book.apply(fill(75, "12.35"))
    fills = settlement_fills(book.open_positions(), EXPIRING, 26162.80, 0, SCHEDULE)
    assert [book.apply(one) for one in fills] == [Decimal("33.75")]
    assert [book.apply(one) for one in fills] == [None]
    assert book.open_positions() == []
    assert book.cash() == Decimal("33.75") - Decimal("1.2")


@given(st.integers(1_000_000, 4_000_000), st.integers(200, 800))
def test_a_call_less_a_put_settles_exactly_as_the_index_less_the_strike(paise: int, steps: int) -> None:
    closing, strike = paise / 100, 50.0 * steps
    call, put = (settlement_price(option(strike, right), closing) for right in (Right.CALL, Right.PUT))
    assert call - put == Decimal(paise) / 100 - 50 * steps
    assert min(call, put) == 0
