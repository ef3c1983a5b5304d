# ruff: noqa: N803, N806
import doctest
from itertools import product

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sidecar.pricing import implied
from sidecar.pricing.black import greeks, price
from sidecar.pricing.implied import Reason, implied_volatility
from tests.pricing import plain

EPS = 2.0**-52


def rounding_of(F: float, K: np.ndarray, T: np.ndarray, v: np.ndarray, call: np.ndarray) -> np.ndarray:
    """Relative error of the volatility that a few roundings of the forward in its price make: its condition."""
    g = greeks(F, K, T, v, 0.0, call=call)
    with np.errstate(all="ignore"):
        limit = 8 * EPS * (1 + np.maximum(F * np.abs(g.delta), g.price) / (100 * g.vega * v))
    return np.asarray(limit)


def test_what_made_the_price_is_found_over_the_whole_chain() -> None:
    F, strikes = 24600.0, np.arange(20000.0, 30000.0, 50.0)
    grid = product(strikes, (1 / 525_600, 1 / 8760, 1 / 365, 7 / 365, 1.0, 5.0), (0.03, 0.15, 0.9, 3.0), (True, False))
    K, T, v, call = (np.array(column) for column in zip(*grid, strict=True))
    value = price(F, K, T, v, 0.97, call=call)
    found, reason = implied_volatility(value, F, K, T, 0.97, call=call)
    limit = rounding_of(F, K, T, v, call)
    clear = (limit < 1e-3) & (value > 1e-290)
    assert np.count_nonzero(clear) > 4000
    assert np.all(reason[clear] == Reason.OK)
    stretch = 1 + (np.log(F / K) ** 2 / (v * v * T) + v * v * T / 4)[clear]  # d1 squared, about
    assert np.max(np.abs(found / v - 1)[clear] / (limit[clear] * stretch)) <= 1
    assert np.all((reason == Reason.OK) | np.isin(reason, (Reason.NO_TIME_VALUE, Reason.ABOVE_BOUND)))
    np.testing.assert_array_equal(np.isnan(found), reason != Reason.OK)


@given(st.floats(0.2, 5.0), st.floats(1e-6, 10.0), st.floats(0.01, 4.0), st.floats(0.8, 1.0), st.booleans())
@settings(max_examples=300)
def test_the_round_trip_gives_the_price_again(m: float, T: float, v: float, D: float, call: bool) -> None:
    value = price(1.0, m, T, v, D, call=call)
    found, reason = implied_volatility(value, 1.0, m, T, D, call=call)
    if reason == Reason.OK:
        again = float(price(1.0, m, T, found, D, call=call))
        stretch = 1 + np.log(m) ** 2 / (v * v * T) + v * v * T / 4  # d1 squared, about
        rounding = 5e-16 * (1 + m)  # of the forward and of the strike, once each way
        assert again == pytest.approx(float(value), rel=4e-15 * stretch, abs=rounding)
    else:
        assert reason in (Reason.NO_TIME_VALUE, Reason.ABOVE_BOUND)


HARD = [
    # forward, strike, time, volatility: out of the money, so that the price keeps all its digits
    (24600.0, 36900.0, 7 / 365, 0.25),
    (24600.0, 49200.0, 1 / 365, 0.6),
    (24600.0, 24650.0, 1 / 525_600, 0.15),
    (24600.0, 24600.0, 1 / 525_600, 0.15),
    (24600.0, 24600.000001, 1e-9, 0.05),
    (24600.0, 24610.0, 1 / 8760, 0.05),
    (24600.0, 27000.0, 0.02, 0.1),
    (100.0, 100.0, 1.0, 5.0),
    (100.0, 130.0, 4.0, 1.0),
    (100.0, 10000.0, 1.0, 3.0),
    (1.0, 1e6, 1.0, 0.5),
    (1.56, 1.6, 0.5, 0.12),
]


@pytest.mark.parametrize("case", HARD)
@pytest.mark.parametrize("mirrored", [False, True])
def test_hard_cases_against_50_digits(case: tuple[float, float, float, float], mirrored: bool) -> None:
    F, K, T, v = case
    if mirrored:
        F, K = K, F  # the put at the exchanged forward and strike has the same value
    exact = plain.price_to_50_digits(-1 if mirrored else 1, F, K, T, v)
    found, reason = implied_volatility(float(exact), F, K, T, call=not mirrored)
    assert reason == Reason.OK
    with mpmath.workdps(50):
        d1 = mpmath.log(mpmath.mpf(F) / K) / (v * mpmath.sqrt(T)) + v * mpmath.sqrt(T) / 2
        condition = float(exact / (F * mpmath.npdf(d1) * mpmath.sqrt(T) * v))
    assert float(found) == pytest.approx(v, rel=10 * EPS * max(1.0, condition))


@pytest.mark.parametrize(("value", "F", "K"), [(1e-300, 100.0, 200.0), (6e-8, 1e-7, 1e300), (3e-49, 2e301, 1e-7)])
def test_absurd_prices_still_have_their_volatility(value: float, F: float, K: float) -> None:
    found, reason = implied_volatility(value, F, K, 0.1, call=F < K)
    assert reason == Reason.OK
    again = plain.price_to_50_digits(1 if F < K else -1, F, K, 0.1, float(found))
    assert float(again / mpmath.mpf(value)) == pytest.approx(1.0, rel=1e-11)


REASONS = [
    # price, forward, strike, time, discount, call
    (Reason.OK, 5.0, 100.0, 100.0, 1.0, 0.9, True),
    (Reason.NOT_FINITE, np.nan, 100.0, 100.0, 1.0, 1.0, True),
    (Reason.NOT_FINITE, 5.0, np.inf, 100.0, 1.0, 1.0, True),
    (Reason.NOT_FINITE, 5.0, 100.0, 100.0, np.nan, 1.0, False),
    (Reason.OUT_OF_DOMAIN, 5.0, 0.0, 100.0, 1.0, 1.0, True),
    (Reason.OUT_OF_DOMAIN, 5.0, 100.0, -1.0, 1.0, 1.0, True),
    (Reason.OUT_OF_DOMAIN, 5.0, 100.0, 100.0, -0.1, 1.0, True),
    (Reason.OUT_OF_DOMAIN, 5.0, 100.0, 100.0, 1.0, 0.0, True),
    (Reason.NO_TIME, 5.0, 100.0, 100.0, 0.0, 1.0, True),
    (Reason.BELOW_INTRINSIC, 19.9, 120.0, 100.0, 1.0, 1.0, True),
    (Reason.BELOW_INTRINSIC, -0.1, 90.0, 100.0, 1.0, 1.0, True),
    (Reason.BELOW_INTRINSIC, 18.9, 80.0, 100.0, 1.0, 0.95, False),
    (Reason.NO_TIME_VALUE, 20.0, 120.0, 100.0, 1.0, 1.0, True),
    (Reason.NO_TIME_VALUE, 0.0, 120.0, 100.0, 1.0, 1.0, False),
    (Reason.NO_TIME_VALUE, 100.0, 100.0, 0.0, 1.0, 1.0, True),
    (Reason.ABOVE_BOUND, 100.0, 100.0, 100.0, 1.0, 1.0, True),
    (Reason.ABOVE_BOUND, 96.0, 120.0, 100.0, 1.0, 0.95, False),
]


def test_each_reason_is_given_where_it_holds_and_bad_rows_leave_good_ones_alone() -> None:
    expected, *columns, call = (np.array(column) for column in zip(*REASONS, strict=True))
    found, reason = implied_volatility(*columns, call=call)
    assert [Reason(each).name for each in reason] == [Reason(each).name for each in expected]
    np.testing.assert_array_equal(np.isnan(found), expected != Reason.OK)
    assert found[0] == implied_volatility(*(float(column[0]) for column in columns), call=True)[0]


def test_running_out_of_steps_is_said_and_is_not_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(implied._deviation, "__defaults__", (1,))
    found, reason = implied_volatility([0.001, 7.978755], [100.0, 100.0], [130.0, 100.0], 1.0, call=True)
    assert np.isnan(found[0])
    assert reason[0] == Reason.NOT_SOLVED


ANYTHING = hnp.arrays(np.float64, 8, elements=st.floats(width=64) | st.floats(0.0, 200.0))


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING, ANYTHING, hnp.arrays(np.bool_, 8))
@settings(max_examples=300)
def test_nothing_raises_and_a_volatility_is_either_found_or_explained(
    P: np.ndarray, F: np.ndarray, K: np.ndarray, T: np.ndarray, D: np.ndarray, call: np.ndarray
) -> None:
    found, reason = implied_volatility(P, F, K, T, D, call=call)
    np.testing.assert_array_equal(np.isfinite(found), reason == Reason.OK)
    np.testing.assert_array_equal(np.isnan(found), reason != Reason.OK)
    assert np.all(found[reason == Reason.OK] >= 0)  # below 1e-323 it rounds to zero
    assert not np.any(reason == Reason.NOT_SOLVED)


@given(st.floats(0.3, 3.0), st.floats(1e-4, 3.0), st.booleans())
def test_a_higher_price_never_has_a_lower_volatility(m: float, T: float, call: bool) -> None:
    floor, bound = (max(1 - m, 0.0), 1.0) if call else (max(m - 1, 0.0), m)
    shares = np.concatenate((10.0 ** np.arange(-12.0, -1.0), np.linspace(0.1, 0.999, 30)))
    found, reason = implied_volatility(floor + shares * (bound - floor), 1.0, m, T, call=call)
    assert np.all(reason == Reason.OK)
    assert np.all(np.diff(found) > 0)


def test_a_call_and_its_put_have_one_volatility() -> None:
    K, T = np.linspace(80.0, 125.0, 46), 0.25
    call, put = (
        implied_volatility(price(100.0, K, T, 0.3, call=each), 100.0, K, T, call=each)[0] for each in (True, False)
    )
    np.testing.assert_allclose(call, put, rtol=1e-11)


def test_shapes_broadcast() -> None:
    found, reason = implied_volatility([[2.0], [3.0]], 100.0, [99.0, 100.0, 101.0], 0.1, call=True)
    assert found.shape == reason.shape == (2, 3)
    assert found[1, 2] == implied_volatility(3.0, 100.0, 101.0, 0.1, call=True)[0]
    assert implied_volatility(3.0, 100.0, 101.0, 0.1, call=True)[0].shape == ()
    assert implied_volatility([], 100.0, 101.0, 0.1, call=True)[0].shape == (0,)


def test_a_call_flag_in_words_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^call must be boolean"):
        implied_volatility(3.0, 100.0, 101.0, 0.1, call="CE")


def test_the_examples_in_the_documentation_run() -> None:
    assert doctest.testmod(implied).failed == 0
