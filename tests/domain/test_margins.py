from math import nan

import pytest

from sidecar.domain.margins import PARTS, MarginRules

RULES = MarginRules(0.093, 6, 2, 0.04, 0.25, 2, 0.35, 2, 0.0, 0.02, 0.02, 0.03, 0.1, 0.0175, 1)


def test_the_price_scan_range_is_six_daily_deviations_over_two_days_and_never_below_its_floor() -> None:
    # NSE Clearing, 2021-01-04: 1836.8 on 14018.50 at a volatility of 0.294986; on calm days 9.3 %.
    assert RULES.price_scan(0.294986) * 14018.50 == pytest.approx(1836.8, abs=0.25)
    assert RULES.price_scan(0.15886) == RULES.price_scan(0.0) == 0.093


def test_the_volatility_scan_range_is_a_quarter_of_the_volatility_and_never_below_its_floor() -> None:
    assert RULES.volatility_scan(0.40) == 0.10
    assert RULES.volatility_scan(0.15) == 0.04


def test_where_the_volatility_is_not_known_the_floors_stand() -> None:
    assert (RULES.price_scan(nan), RULES.volatility_scan(nan)) == (0.093, 0.04)
    assert (RULES.price_scan(), RULES.volatility_scan()) == (0.093, 0.04)


def test_the_parts_are_the_fields() -> None:
    assert len(PARTS) == len(set(PARTS)) == 15
    assert PARTS[0] == "price_scan_floor"
