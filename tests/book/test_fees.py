from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.book.fees import Charges, charges, exercise_charges
from sidecar.domain.errors import InputError
from tests.book.making import FUTURE_CONTRACT, INDEX, OPTION, SCHEDULE, prices, quantities


def test_a_sale_of_75_calls_at_83_40_worked_by_hand() -> None:
    # Turnover 75 x 83.40 = 6255.00. STT 0.1 %; exchange 0.03503 % = 2.19112650; SEBI 10 a crore = 0.006255; investor
    # protection 50 a crore = 0.031275; no stamp on a sale; GST 18 % of 20 + 2.1911 + 0.0063 + 0.0313 = 4.001166.
    sold = charges(OPTION, -75, Decimal("83.40"), SCHEDULE)
    assert sold == Charges(
        brokerage=Decimal(20),
        stt=Decimal("6.2550"),
        exchange=Decimal("2.1911"),
        sebi=Decimal("0.0063"),
        ipft=Decimal("0.0313"),
        stamp=Decimal(0),
        gst=Decimal("4.0012"),
    )
    assert sold.total == Decimal("32.4849")


def test_a_purchase_pays_stamp_duty_and_no_transaction_tax() -> None:
    # Turnover 75 x 80.35 = 6026.25: stamp 0.003 % = 0.1807875.
    bought = charges(OPTION, 75, Decimal("80.35"), SCHEDULE)
    assert (bought.stt, bought.stamp) == (Decimal(0), Decimal("0.1808"))


def test_brokerage_and_its_tax_fall_on_the_first_fill_of_an_order() -> None:
    first = charges(OPTION, -75, Decimal("83.40"), SCHEDULE, first_fill=True)
    later = charges(OPTION, -75, Decimal("83.40"), SCHEDULE, first_fill=False)
    assert (first.brokerage, later.brokerage) == (Decimal(20), Decimal(0))
    assert later.gst == Decimal("0.4012")  # 18 % of 2.2287
    assert first.total - later.total == Decimal("23.6000")


def test_a_future_is_charged_on_its_price_times_quantity() -> None:
    rates = msgspec.structs.replace(SCHEDULE, stt_sell=Decimal("0.0005"))
    assert charges(FUTURE_CONTRACT, -75, Decimal("26200.05"), rates).stt == Decimal("982.5019")  # 982.501875


@pytest.mark.parametrize(("quantity", "price"), [(0, "80"), (75, "NaN"), (75, "Infinity"), (75, "-1")])
def test_what_is_no_trade_is_refused(quantity: int, price: str) -> None:
    with pytest.raises(InputError, match="is no trade"):
        charges(OPTION, quantity, Decimal(price), SCHEDULE)


def test_an_index_cannot_be_charged_for() -> None:
    with pytest.raises(InputError, match="cannot trade"):
        charges(INDEX, 75, Decimal(26000), SCHEDULE)


def test_only_the_holder_of_an_option_in_the_money_pays_at_expiry() -> None:
    intrinsic, closing = Decimal("12.80"), Decimal("26162.80")
    # 75 x 12.80 = 960.00 of intrinsic value, 0.125 % = 1.20.
    assert exercise_charges(OPTION, 75, intrinsic, closing, SCHEDULE) == Charges(stt=Decimal("1.2000"))
    assert exercise_charges(OPTION, -75, intrinsic, closing, SCHEDULE).total == 0
    assert exercise_charges(OPTION, 75, Decimal(0), closing, SCHEDULE).total == 0
    assert exercise_charges(FUTURE_CONTRACT, 75, closing, closing, SCHEDULE).total == 0


def test_before_september_2019_the_tax_at_expiry_was_on_the_settlement_price() -> None:
    # 75 x 11450.20 = 858765.00, 0.125 % = 1073.45625: a trap for whoever held a call worth a few points.
    old = msgspec.structs.replace(SCHEDULE, stt_exercise_base="settlement")
    assert exercise_charges(OPTION, 75, Decimal("3.20"), Decimal("11450.20"), old).stt == Decimal("1073.4563")


@given(quantities, prices, st.booleans())
def test_no_item_is_negative_or_finer_than_four_decimals_and_the_total_is_their_sum(
    quantity: int, price: Decimal, first: bool
) -> None:
    found = charges(OPTION, quantity, price, SCHEDULE, first_fill=first)
    items = [getattr(found, name) for name in found.__struct_fields__]
    assert all(item >= 0 and item == round(item, 4) for item in items)
    assert found.total == sum(items)
