from __future__ import annotations

from datetime import date

import pytest

from sidecar.domain.errors import InputError, NotKnown
from sidecar.domain.reference import Reference
from sidecar.reference import load_reference
from sidecar.tariff import round_trip


@pytest.fixture(scope="module")
def reference() -> Reference:
    return load_reference()


def test_the_tax_on_a_sale_is_that_of_its_day(reference: Reference) -> None:
    before = round_trip(reference, "NIFTY", date(2026, 3, 31), 24_600.0)
    after = round_trip(reference, "NIFTY", date(2026, 4, 1), 24_600.0)
    assert after - before == pytest.approx(0.0005 - 0.0002, abs=1e-12)


def test_it_is_the_sum_that_a_hand_finds(reference: Reference) -> None:
    # STT 0.05 %, stamp 0.002 %, two sides of 0.00173 % + 10 + 10 a crore with GST, and a tick of 0.05 on 25,000.
    by_hand = 0.0005 + 0.00002 + 2 * (0.0000173 + 0.000001 + 0.000001) * 1.18 + 0.05 / 25_000
    assert round_trip(reference, "NIFTY", date(2026, 9, 7), 25_000.0) == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan")])
def test_without_a_price_there_is_no_share_of_one(reference: Reference, price: float) -> None:
    with pytest.raises(InputError, match="price"):
        round_trip(reference, "NIFTY", date(2026, 9, 7), price)


def test_a_day_before_the_tables_is_not_known(reference: Reference) -> None:
    with pytest.raises(NotKnown):
        round_trip(reference, "NIFTY", date(2010, 1, 4), 5_000.0)
