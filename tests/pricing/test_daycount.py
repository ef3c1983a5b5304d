from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.pricing.daycount import MICROSECONDS_PER_YEAR, years

INSTANTS = st.integers(0, 4_000_000_000_000_000)
MICROSECONDS_PER_DAY = 86_400_000_000


def micros(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc, arg-type]


def test_365_days_are_one_year_and_a_leap_day_counts_as_a_day() -> None:
    assert years(micros(2025, 1, 1), micros(2026, 1, 1)) == 1.0
    assert years(micros(2028, 1, 1), micros(2029, 1, 1)) == 366 / 365


def test_one_hour_before_the_close_is_an_hour_and_not_a_day() -> None:
    assert years(micros(2026, 8, 18, 9, 10), micros(2026, 8, 18, 10, 10)) == 1 / 8760


def test_a_single_microsecond_is_not_lost() -> None:
    at = micros(2026, 8, 18)
    assert years(at, at + 1) == 1 / MICROSECONDS_PER_YEAR


def test_after_expiry_no_time_is_left() -> None:
    assert years(micros(2026, 1, 2), micros(2026, 1, 1)) == 0.0


def test_arrays_broadcast_and_agree_with_single_instants() -> None:
    at = np.array([0, 5, 10**15])
    expiries = np.array([[10**14], [2 * 10**15]])
    table = years(at, expiries)
    assert table.shape == (2, 3)
    assert all(table[i, j] == years(int(at[j]), int(expiries[i, 0])) for i in range(2) for j in range(3))


@pytest.mark.parametrize(("at", "expires_at", "name"), [(0.5, 1, "at"), (0, np.array([1.0]), "expires_at")])
def test_a_float_instant_is_refused_by_name(at: object, expires_at: object, name: str) -> None:
    with pytest.raises(TypeError, match=rf"^{name} must be integer"):
        years(at, expires_at)  # type: ignore[call-overload]


@given(INSTANTS, INSTANTS)
def test_time_left_falls_as_time_passes(at: int, expires_at: int) -> None:
    now, later = years(at, expires_at), years(at + MICROSECONDS_PER_DAY, expires_at)
    assert 0 <= later <= now
    if expires_at - at >= MICROSECONDS_PER_DAY:
        assert now - later == pytest.approx(1 / 365, rel=1e-9)
