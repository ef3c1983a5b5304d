from datetime import date
from decimal import Decimal
from math import inf, isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.book.pnl import DayBase, daily_pnl, drawdown, equity, money, raised, roll, unrealized
from sidecar.book.position import apply
from sidecar.domain.errors import InputError
from tests.book.making import fill

MONDAY, TUESDAY = date(2025, 12, 1), date(2025, 12, 2)


def test_a_long_gains_and_a_short_loses_when_the_mark_rises() -> None:
    bought, _ = apply(None, fill(75, "80.35"))
    sold, _ = apply(None, fill(-75, "80.35"))
    assert unrealized(bought, 83.40) == pytest.approx(228.75, abs=1e-9)
    assert unrealized(sold, 83.40) == pytest.approx(-228.75, abs=1e-9)


def test_an_unknown_mark_makes_the_result_unknown_unless_nothing_is_held() -> None:
    held, _ = apply(None, fill(75, "80"))
    flat, _ = apply(held, fill(-75, "81"))
    assert isnan(unrealized(held, nan))
    assert unrealized(flat, nan) == 0.0


def test_equity_is_capital_and_results_less_fees() -> None:
    assert equity(Decimal(1_000_000), Decimal("228.75"), Decimal("32.4849"), -100.5) == pytest.approx(1_000_095.7651)
    assert isnan(equity(Decimal(1_000_000), Decimal(0), Decimal(0), nan))


def test_money_has_four_decimals_and_refuses_what_is_no_amount() -> None:
    assert money(0.1 + 0.2) == Decimal("0.3000")
    assert money(1234.56785) == Decimal("1234.5678")
    for wrong in (nan, inf, -inf):
        with pytest.raises(InputError, match="is no amount"):
            money(wrong)


def test_the_day_is_counted_from_the_equity_at_its_roll() -> None:
    base = roll(None, MONDAY, {"main": 1_000_000.0})
    assert daily_pnl(base, "main", 1_000_250.5) == 250.5
    assert roll(base, MONDAY, {"main": 1_000_250.5}) == base
    assert daily_pnl(roll(base, TUESDAY, {"main": 1_000_250.5}), "main", 1_000_200.0) == -50.5


def test_a_fund_without_a_base_has_an_unknown_day_until_its_equity_is_known() -> None:
    assert isnan(daily_pnl(None, "main", 1.0))
    base = roll(None, MONDAY, {"main": nan})
    assert isnan(daily_pnl(base, "main", 1.0))
    assert roll(base, MONDAY, {"main": 7.0}) == DayBase(MONDAY, {"main": Decimal(7)})


def test_a_fund_whose_equity_is_unknown_at_the_roll_keeps_its_old_base() -> None:
    base = roll(roll(None, MONDAY, {"main": 1000.0}), TUESDAY, {"main": nan})
    assert base.day == TUESDAY
    assert daily_pnl(base, "main", 900.0) == -100.0


def test_a_day_never_rolls_back() -> None:
    with pytest.raises(InputError, match="2025-12-01 is before 2025-12-02"):
        roll(roll(None, TUESDAY, {}), MONDAY, {})


def test_the_peak_rises_on_known_equity_only() -> None:
    assert raised(100.0, 110.0) == 110.0
    assert raised(100.0, 90.0) == 100.0
    assert raised(100.0, nan) == 100.0
    assert raised(nan, 90.0) == 90.0
    assert isnan(raised(nan, nan))
    assert raised(100.0, inf) == 100.0


def test_the_drawdown_is_a_fraction_of_the_peak() -> None:
    assert drawdown(1_000_000.0, 920_000.0) == pytest.approx(0.08)
    assert drawdown(100.0, 110.0) == 0.0
    assert all(isnan(drawdown(*pair)) for pair in ((nan, 1.0), (1.0, nan), (0.0, 1.0), (-1.0, 1.0), (inf, 1.0)))


@given(st.lists(st.floats(1.0, 1e9), min_size=1))
def test_the_drawdown_from_the_running_peak_is_never_negative_and_nothing_at_a_new_high(path: list[float]) -> None:
    peak = nan
    for count, value in enumerate(path, start=1):
        peak = raised(peak, value)
        assert 0.0 <= drawdown(peak, value) < 1.0
        assert (drawdown(peak, value) == 0.0) == (value == max(path[:count]))
    assert peak == max(path)
