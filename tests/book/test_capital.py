from decimal import Decimal
from math import isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.book.capital import Margin, MarginRates, available, fund_margin, leg_margin, position_margin
from sidecar.book.position import Position, apply
from sidecar.book.positions import Book
from sidecar.domain.contracts import Contract
from sidecar.domain.errors import InputError
from sidecar.domain.orders import Fill
from tests.book.making import CALL, FUTURE, FUTURE_CONTRACT, INDEX, OPTION, PUT, PUT_OPTION, fees, fill, prices

RATES = MarginRates(short_option=0.14, future=0.12)
CONTRACTS: dict[str, Contract] = {CALL: OPTION, PUT: PUT_OPTION, FUTURE: FUTURE_CONTRACT}
CAPITAL = Decimal(1_000_000)


def position(quantity: int, price: str, symbol: str = CALL) -> Position:
    return apply(None, fill(quantity, price, symbol=symbol))[0]


def free(book: Book, marks: dict[str, float], spot: float) -> float:
    blocked = fund_margin(
        "main",
        (position_margin(p, CONTRACTS[p.symbol], marks[p.symbol], spot, RATES) for p in book.open_positions()),
    )
    return available(CAPITAL, book.realized(), book.fees(), blocked)


def test_a_long_option_blocks_what_was_paid_whatever_it_is_worth_now() -> None:
    for mark in (0.05, 80.0, 500.0, nan):
        assert position_margin(position(75, "80"), OPTION, mark, 26_000.0, RATES) == Margin(
            f"main/hand/{CALL}", 6000.0, 0
        )


def test_a_short_option_blocks_a_share_of_the_notional_and_the_price_of_buying_it_back() -> None:
    # 0.14 x 26,000 x 75 = 273,000 and 100 x 75 = 7,500.
    blocked = position_margin(position(-75, "80"), OPTION, 100.0, 26_000.0, RATES)
    assert blocked.used == pytest.approx(280_500.0)
    assert blocked.loss == 0.0


def test_a_future_blocks_a_share_of_the_notional_and_its_loss() -> None:
    losing = position_margin(position(75, "26000", FUTURE), FUTURE_CONTRACT, 25_900.0, 25_950.0, RATES)
    assert losing.used == pytest.approx(0.12 * 25_950 * 75)
    assert losing.loss == -7500.0
    assert position_margin(position(-75, "26000", FUTURE), FUTURE_CONTRACT, 25_900.0, 25_950.0, RATES).loss == 0.0


def test_available_is_capital_and_results_less_what_is_blocked_worked_by_hand() -> None:
    # 1,000,000 + 228.75 - 32.4849 - 280,500 - 6,000 - 7,500 of the future's loss.
    blocked = fund_margin("main", [Margin("a", 280_500.0, 0.0), Margin("b", 6000.0, 0.0), Margin("c", 0.0, -7500.0)])
    assert blocked == Margin("main", 286_500.0, -7500.0)
    assert available(CAPITAL, Decimal("228.75"), Decimal("32.4849"), blocked) == pytest.approx(706_196.2651)


def test_nothing_held_blocks_nothing() -> None:
    assert leg_margin(OPTION, 0, nan, nan, nan, RATES) == 0.0
    assert fund_margin("main", []) == Margin("main", 0.0, 0.0)
    flat = apply(position(75, "80"), fill(-75, "80"))[0]
    assert position_margin(flat, OPTION, nan, nan, RATES).used == 0.0


@pytest.mark.parametrize(("mark", "spot"), [(nan, 26_000.0), (100.0, nan)])
def test_an_unknown_price_makes_margin_and_available_unknown(mark: float, spot: float) -> None:
    blocked = position_margin(position(-75, "80"), OPTION, mark, spot, RATES)
    assert isnan(blocked.used)
    assert isnan(available(CAPITAL, Decimal(0), Decimal(0), fund_margin("main", [Margin("a", 1.0, 0.0), blocked])))


def test_an_unknown_mark_of_a_future_makes_available_unknown() -> None:
    blocked = position_margin(position(75, "26000", FUTURE), FUTURE_CONTRACT, nan, 26_000.0, RATES)
    assert isnan(blocked.loss)
    assert isnan(available(CAPITAL, Decimal(0), Decimal(0), blocked))


def test_an_index_cannot_be_held() -> None:
    with pytest.raises(InputError, match="cannot be held"):
        leg_margin(INDEX, 75, 26_000.0, 26_000.0, 26_000.0, RATES)


@pytest.mark.parametrize("rate", [0.0, -0.1, 1.5, nan])
@pytest.mark.parametrize("field", ["short_option", "future"])
def test_a_rate_that_is_no_fraction_is_refused_by_name(field: str, rate: float) -> None:
    with pytest.raises(InputError, match=f"{field}_margin_rate"):
        MarginRates(**{"short_option": 0.14, "future": 0.12, field: rate})


marks = st.fixed_dictionaries(
    {CALL: st.floats(0.05, 5000), PUT: st.floats(0.05, 5000), FUTURE: st.floats(20_000, 30_000)}
)
spots = st.floats(10_000, 40_000)
lots = st.integers(1, 10)


@st.composite
def books(draw: st.DrawFn) -> Book:
    book = Book()
    for number in range(draw(st.integers(0, 8))):
        symbol = draw(st.sampled_from((CALL, PUT, FUTURE)))
        price = Decimal(str(round(draw(st.floats(20_000, 30_000)), 2))) if symbol == FUTURE else draw(prices)
        book.apply(
            fill(75 * draw(st.integers(-9, 9).filter(bool)), price, name=f"f{number}", symbol=symbol, fees=draw(fees))
        )
    return book


def with_(book: Book, sale: Fill) -> Book:
    after = Book()
    after.__dict__.update({name: value.copy() for name, value in vars(book).items()})
    after.apply(sale)
    return after


@given(books(), st.sampled_from((CALL, PUT)), lots, prices, marks, spots)
def test_selling_an_option_short_never_raises_available_margin_whatever_was_received(
    book: Book, symbol: str, count: int, price: Decimal, seen: dict[str, float], spot: float
) -> None:
    key = f"main/hand/{symbol}"
    held = book.positions.get(key)
    if held is not None and held.quantity > 0:
        book.apply(fill(-held.quantity, "1", name="flat", symbol=symbol))
    before = free(book, seen, spot)
    after = free(with_(book, fill(-75 * count, price, name="short", symbol=symbol)), seen, spot)
    assert after <= before
    assert before - after == pytest.approx(75 * count * (RATES.short_option * spot + seen[symbol]), rel=1e-6)


@given(books(), lots, marks, spots, st.floats(-0.05, 0.05))
def test_selling_a_future_short_within_five_per_cent_of_its_mark_never_raises_available_margin(
    book: Book, count: int, seen: dict[str, float], spot: float, off: float
) -> None:
    held = book.positions.get(f"main/hand/{FUTURE}")
    if held is not None and held.quantity > 0:
        book.apply(fill(-held.quantity, "25000", name="flat", symbol=FUTURE))
    seen = {**seen, FUTURE: spot}
    price = Decimal(str(round(seen[FUTURE] * (1 + off), 2)))
    after = free(with_(book, fill(-75 * count, price, name="short", symbol=FUTURE)), seen, spot)
    assert after < free(book, seen, spot)


@given(books(), marks, spots)
def test_available_never_exceeds_capital_and_realised_results(book: Book, seen: dict[str, float], spot: float) -> None:
    assert free(book, seen, spot) <= float(CAPITAL + book.realized()) + 1e-6
