from decimal import Decimal
from itertools import pairwise
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.book.position import Lot, Position, apply, split
from sidecar.domain.errors import InputError
from sidecar.domain.orders import Fill
from tests.book.making import CALL, PUT, SENSEX, amounts, fees, fill, prices, quantities


def after(*fills: Fill) -> Position:
    position = None
    for one in fills:
        position, _ = apply(position, one)
    assert position is not None
    return position


@pytest.mark.parametrize(
    ("symbol", "bought", "sold", "quantity", "result"),
    [
        (CALL, "80.35", "83.40", 75, "228.75"),
        (SENSEX, "407.85", "377.35", 20, "-610.00"),
        (PUT, "69.45", "72.00", 75, "191.25"),
    ],
)
def test_the_golden_round_trips_come_out_to_the_paisa(
    symbol: str, bought: str, sold: str, quantity: int, result: str
) -> None:
    held, nothing = apply(None, fill(quantity, bought, symbol=symbol))
    done, realized = apply(held, fill(-quantity, sold, symbol=symbol, at=1))
    assert nothing == 0
    assert realized == done.realized == done.realized_fifo == Decimal(result)
    assert (done.quantity, done.lots) == (0, ())
    assert done.cost == 0


def test_a_short_bought_back_cheaper_earns() -> None:
    assert after(fill(-75, "100"), fill(75, "60")).realized == 3000


def test_average_cost_and_first_in_first_out_differ_while_something_is_held() -> None:
    # Bought 50 at 10 and 50 at 14 (average 12), sold 50 at 15: 50 x (15 - 12) = 150 by average, 50 x (15 - 10) = 250
    # first in, first out. The last 50 sold at 13: 50 x (13 - 12) = 50 and 50 x (13 - 14) = -50. Both end at 200.
    half = after(fill(50, "10"), fill(50, "14", at=1), fill(-50, "15", at=2))
    assert (half.realized, half.realized_fifo) == amounts(150, 250)
    assert half.average_price == 12
    assert half.lots == (Lot(50, Decimal(14), 1),)
    done = after(fill(50, "10"), fill(50, "14", at=1), fill(-50, "15", at=2), fill(-50, "13", at=3))
    assert (done.realized, done.realized_fifo) == amounts(200, 200)


def test_a_partial_close_takes_the_oldest_lots_and_part_of_the_next() -> None:
    position = after(fill(-50, "10"), fill(-50, "14", at=1), fill(70, "9", at=2))
    assert position.realized_fifo == 50 * 1 + 20 * 5
    assert position.lots == (Lot(-30, Decimal(14), 1),)


def test_a_cost_that_does_not_divide_is_released_in_rounded_shares_and_nothing_is_lost() -> None:
    # Three units for 100.00 in all: each share is 33.3333, 33.3334 (half of 66.6667, half-even), and the rest 33.3333.
    held = after(fill(1, "33"), fill(1, "33"), fill(1, "34"))
    released = []
    for _ in range(3):
        cost = held.cost
        held, _ = apply(held, fill(-1, "40"))
        released.append(cost - held.cost)
    assert released == [Decimal("33.3333"), Decimal("33.3334"), Decimal("33.3333")]
    assert held.realized == 20


def test_a_price_finer_than_four_decimals_leaves_no_dust_when_all_is_closed() -> None:
    done = after(fill(3, "26162.812345"), fill(-1, "26170"), fill(-2, "26170"))
    assert done.cost == 0
    assert done.realized == done.realized_fifo == Decimal("21.562965")


def test_a_fill_through_zero_closes_then_opens_the_rest_at_its_own_price() -> None:
    held = after(fill(75, "80", fees="5"))
    turned, realized = apply(held, fill(-200, "90", fees="8", at=9))
    assert realized == 750
    assert (turned.cost, turned.average_price) == amounts(-11250, 90)
    assert turned.quantity == -125
    assert turned.lots == (Lot(-125, Decimal(90), 9),)
    assert turned.opened_at == 9
    assert turned.fees == 13
    assert (turned.trip_realized, turned.trip_fees) == amounts(0, 5)  # 125 of 200 units carry 5 of the 8


def test_a_position_that_opens_again_begins_a_new_round_trip() -> None:
    again = after(fill(75, "80", fees="1"), fill(-75, "90", fees="2", at=1), fill(75, "70", fees="4", at=2))
    assert again.opened_at == 2
    assert (again.trip_realized, again.trip_fees) == amounts(0, 4)
    assert (again.realized, again.fees) == amounts(750, 7)


def test_the_average_price_of_nothing_is_not_a_number() -> None:
    assert after(fill(75, "80"), fill(-75, "80")).average_price.is_nan()


def test_a_position_does_not_change_under_its_holder() -> None:
    held = after(fill(75, "80"))
    apply(held, fill(-75, "90"))
    assert held.quantity == 75
    with pytest.raises(AttributeError):
        held.quantity = 0  # type: ignore[misc]


def test_the_id_names_fund_strategy_and_contract() -> None:
    assert after(fill(1, "1")).id == f"main/hand/{CALL}"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": 0}, "quantity"),
        ({"price": Decimal("NaN")}, "price"),
        ({"price": Decimal("Infinity")}, "price"),
        ({"price": Decimal("-0.05")}, "price"),
        ({"fees": Decimal("NaN")}, "fees"),
        ({"fees": Decimal(-1)}, "fees"),
    ],
)
def test_a_fill_that_cannot_be_is_refused_by_name(change: dict[str, object], field: str) -> None:
    with pytest.raises(InputError, match=field):
        apply(None, msgspec.structs.replace(fill(75, "80"), **change))


steps = st.lists(st.tuples(quantities, prices, fees), min_size=1, max_size=25)


@given(steps)
def test_realised_less_cost_held_is_the_money_that_moved_at_every_step(
    fills: list[tuple[int, Decimal, Decimal]],
) -> None:
    position, money = None, Decimal(0)
    for at, (quantity, price, fee) in enumerate(fills):
        position, _ = apply(position, fill(quantity, price, fees=fee, at=at))
        money -= quantity * price
        lots = sum((lot.quantity * lot.price for lot in position.lots), Decimal(0))
        assert position.realized - position.cost == money
        assert position.realized_fifo - lots == money
        assert sum(lot.quantity for lot in position.lots) == position.quantity
        assert all(lot.quantity * position.quantity > 0 for lot in position.lots)
        assert position.cost * position.quantity >= 0
        assert all(one.at <= two.at for one, two in pairwise(position.lots))
    assert position is not None
    assert position.quantity == sum(quantity for quantity, _, _ in fills)
    assert position.fees == sum(fee for _, _, fee in fills)


@given(steps, st.randoms(use_true_random=False))
def test_a_book_that_ends_flat_earned_the_same_in_whatever_order_its_fills_came(
    fills: list[tuple[int, Decimal, Decimal]], shuffler: Random
) -> None:
    rest = -sum(quantity for quantity, _, _ in fills)
    flat = [fill(quantity, price, at=at) for at, (quantity, price, _) in enumerate(fills)]
    if rest:
        flat.append(fill(rest, "100.05", at=len(flat)))
    other = list(flat)
    shuffler.shuffle(other)
    one, two = after(*flat), after(*other)
    assert one.quantity == two.quantity == 0
    assert one.realized == two.realized == one.realized_fifo == two.realized_fifo


@given(quantities, prices, quantities, prices, fees)
def test_the_parts_of_a_fill_are_together_the_fill(
    held: int, paid: Decimal, quantity: int, price: Decimal, fee: Decimal
) -> None:
    position = after(fill(held, paid))
    whole = fill(quantity, price, fees=fee)
    parts = split(position, whole)
    assert sum(part.quantity for part in parts) == quantity
    assert sum(part.fees for part in parts) == fee
    assert all(part.fees >= 0 and part.price == price for part in parts)
    crosses = held * (held + quantity) < 0
    assert len(parts) == (2 if crosses else 1)
    by_parts, by_whole = after(fill(held, paid), *parts), after(fill(held, paid), whole)
    assert by_parts == by_whole
