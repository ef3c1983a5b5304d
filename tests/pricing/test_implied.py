# ruff: noqa: N803, N806
import doctest
from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sidecar.pricing import implied
from sidecar.pricing.black import greeks, price
from sidecar.pricing.implied import Reason, implied_volatility
from tests.pricing import oracle

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
@settings(max_examples=300, deadline=None)  # the first call loads the compiled code
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


@pytest.mark.parametrize("name", [*oracle.QUOTES, oracle.ONE_PRICE])
def test_none_fails_and_the_worst_is_within_ten_roundings_of_what_the_price_can_tell(name: str) -> None:
    quotes = oracle.quotes(name)
    w, P, F, K, T = (np.array(column) for column in zip(*quotes, strict=True))
    found, reason = implied_volatility(P, F, K, T, call=w > 0)
    assert np.all(reason == Reason.OK)
    for quote, v in zip(quotes[::2], found[::2].tolist(), strict=True):  # each is a call and a put: one of them
        assert abs(float(v / oracle.volatility(*quote) - 1)) <= 10 * oracle.volatility_rounding(*quote, v), quote


@given(st.floats(0.5, 2.0), st.floats(1e-6, 5.0), st.floats(0.01, 3.0), st.floats(0.8, 1.0), st.booleans())
@settings(max_examples=60, deadline=None)  # the first call loads the compiled code
def test_any_price_within_its_bounds_has_the_volatility_of_50_digits(
    m: float, T: float, v: float, D: float, call: bool
) -> None:
    w, F, K = 1 if call else -1, 100.0, 100.0 * m
    P = float(price(F, K, T, v, D, call=call))
    found, reason = (float(each) for each in implied_volatility(P, F, K, T, D, call=call))
    if reason != Reason.OK:
        assert reason in (Reason.NO_TIME_VALUE, Reason.ABOVE_BOUND)
        return
    exact = oracle.volatility(w, P, F, K, T, D)
    assert abs(float(found / exact - 1)) <= 10 * oracle.volatility_rounding(w, P / D, F, K, T, found)


@pytest.mark.parametrize(("value", "F", "K"), [(1e-300, 100.0, 200.0), (6e-8, 1e-7, 1e300), (3e-49, 2e301, 1e-7)])
def test_absurd_prices_still_have_their_volatility(value: float, F: float, K: float) -> None:
    found, reason = implied_volatility(value, F, K, 0.1, call=F < K)
    assert reason == Reason.OK
    again = oracle.price(1 if F < K else -1, F, K, 0.1, float(found))
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


def test_every_reason_but_an_iteration_that_gives_up_is_reached() -> None:
    assert {row[0] for row in REASONS} == set(Reason) - {Reason.NOT_SOLVED}


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_gives_its_reason_whatever_the_others_are(place: int, bad: float) -> None:
    given = [np.array([5.0, 5.0, -1.0]) if at == 0 else np.full(3, 100.0 if at < 3 else 1.0) for at in range(5)]
    given[place][1:] = bad
    found, reason = implied_volatility(*given, call=[True, True, False])
    assert reason.tolist() == [Reason.OK, Reason.NOT_FINITE, Reason.NOT_FINITE]
    assert np.isnan(found).tolist() == [False, True, True]


@pytest.mark.parametrize("call", [True, False])
@pytest.mark.parametrize("far", [0.02, 0.3])
def test_a_price_one_rounding_under_intrinsic_value_is_noise_and_a_tick_under_it_is_not(call: bool, far: float) -> None:
    F, K = 24600.0, 24600.0 * (1 - far if call else 1 + far)
    intrinsic = abs(F - K)
    beside = [np.nextafter(intrinsic, 0), intrinsic, np.nextafter(intrinsic, np.inf)]
    _, reason = implied_volatility([*beside, intrinsic - 1e-9, intrinsic - 0.05], F, K, 0.01, call=call)
    assert reason.tolist() == [Reason.NO_TIME_VALUE] * 3 + [Reason.BELOW_INTRINSIC] * 2


ANYTHING = hnp.arrays(np.float64, 8, elements=st.floats(width=64) | st.floats(0.0, 200.0))


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING, ANYTHING, hnp.arrays(np.bool_, 8))
@settings(max_examples=120, deadline=None)  # the first call loads the compiled code
def test_nothing_raises_and_a_volatility_is_either_found_or_explained(
    P: np.ndarray, F: np.ndarray, K: np.ndarray, T: np.ndarray, D: np.ndarray, call: np.ndarray
) -> None:
    found, reason = implied_volatility(P, F, K, T, D, call=call)
    np.testing.assert_array_equal(np.isfinite(found), reason == Reason.OK)
    np.testing.assert_array_equal(np.isnan(found), reason != Reason.OK)
    assert np.all(found[reason == Reason.OK] >= 0)  # below 1e-323 it rounds to zero
    assert not np.any(reason == Reason.NOT_SOLVED)


@given(st.floats(0.3, 3.0), st.floats(1e-4, 3.0), st.booleans())
@settings(deadline=None)
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


@given(st.integers(0, 1000), st.integers(1, 40))
@settings(deadline=None)
def test_a_quote_has_the_same_volatility_alone_and_in_any_place_of_an_array(seed: int, n: int) -> None:
    draw = np.random.default_rng(seed)
    K, T, call = draw.uniform(60, 160, n), 10 ** draw.uniform(-4, 1, n), draw.random(n) < 0.5
    P = price(100.0, K, T, draw.uniform(0.05, 2.0, n), call=call)
    P[draw.random(n) < 0.2] = np.nan
    found, reason = implied_volatility(P, 100.0, K, T, call=call)
    backwards, its_reason = implied_volatility(P[::-1], 100.0, K[::-1], T[::-1], call=call[::-1])
    np.testing.assert_array_equal(found, backwards[::-1])
    np.testing.assert_array_equal(reason, its_reason[::-1])
    at = seed % n
    alone, why = implied_volatility(P[at], 100.0, K[at], T[at], call=call[at])
    np.testing.assert_array_equal(found[at], alone)
    assert reason[at] == why


def test_shapes_broadcast() -> None:
    found, reason = implied_volatility([[2.0], [3.0]], 100.0, [99.0, 100.0, 101.0], 0.1, call=True)
    assert found.shape == reason.shape == (2, 3)
    assert [each.dtype.name for each in (found, reason)] == ["float64", "int8"]
    assert found[1, 2] == implied_volatility(3.0, 100.0, 101.0, 0.1, call=True)[0]
    for shape in ((), (0,), (3, 0), (1, 1, 1)):
        both = implied_volatility(np.full(shape, 3.0), 100, 101, 0.1, call=np.full(shape, True))
        assert [each.shape for each in both] == [shape, shape]
        assert all(isinstance(each, np.ndarray) for each in both)


def test_how_an_array_lies_in_memory_does_not_matter_and_inputs_are_not_written() -> None:
    K = np.linspace(80.0, 125.0, 42).reshape(6, 7)
    P = price(100.0, K, 0.5, 0.3, call=K > 100)
    expected = implied_volatility(P, 100.0, K, 0.5, call=K > 100)
    kept = P.copy()
    read_only = np.frombuffer(P.tobytes(), P.dtype).reshape(P.shape)
    for each in (read_only, P.T.copy().T, np.repeat(P, 2, axis=1)[:, ::2], P.astype(">f8")):
        np.testing.assert_array_equal(implied_volatility(each, 100, K, 0.5, call=K > 100), expected)
    np.testing.assert_array_equal(P, kept)


def test_whole_numbers_are_taken_as_the_numbers_they_are() -> None:
    found, _ = implied_volatility(np.array([12, 7]), 100, np.array([100, 105]), 1, 1, call=True)
    np.testing.assert_array_equal(found, implied_volatility([12.0, 7.0], 100.0, [100.0, 105.0], 1.0, call=True)[0])


def test_out_is_filled_and_an_out_that_cannot_be_is_refused_by_name() -> None:
    K = np.linspace(80.0, 125.0, 6)
    P = price(100.0, K, 0.5, 0.3, call=True)
    expected, _ = implied_volatility(P, 100.0, K, 0.5, call=True)
    out = np.full(6, -1.0)
    assert np.shares_memory(implied_volatility(P, 100.0, K, 0.5, call=True, out=out)[0], out)
    np.testing.assert_array_equal(out, expected)
    read_only = np.frombuffer(np.zeros(6).tobytes())
    refused: tuple[Any, ...] = (np.empty(5), np.empty((1, 6)), np.empty(6, np.float32), np.empty(12)[::2], read_only)
    for bad in refused:
        with pytest.raises(ValueError, match=r"^out must be"):
            implied_volatility(P, 100.0, K, 0.5, call=True, out=bad)
    np.testing.assert_array_equal(implied_volatility(P, 100.0, K, 0.5, call=True, out=P)[0], expected)  # in place


@pytest.mark.parametrize("place", range(5))
def test_shapes_that_do_not_fit_each_other_are_refused(place: int) -> None:
    given = [np.full(3 if at == place else 4, each) for at, each in enumerate((5.0, 100.0, 100.0, 1.0, 1.0))]
    with pytest.raises(ValueError, match="shape"):
        implied_volatility(*given, call=True)


@pytest.mark.parametrize("call", ["CE", 1, [1.0, 0.0], None])
def test_a_call_flag_that_is_not_boolean_is_refused(call: Any) -> None:
    with pytest.raises(TypeError, match=r"^call must be boolean"):
        implied_volatility(3.0, 100.0, 101.0, 0.1, call=call)


def test_the_examples_in_the_documentation_run() -> None:
    assert doctest.testmod(implied).failed == 0
