# ruff: noqa: N803, N806
"""What holds of every option price and Greek, whatever the method."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.pricing.black import Greeks, greeks, price
from tests.pricing import oracle
from tests.pricing.oracle import Option

EPS = 2.0**-52
FORWARDS = st.floats(0.5, 5e4)
MONEYNESS = st.floats(0.3, 3.0)
TIMES = st.floats(1e-6, 5.0)
VOLATILITIES = st.floats(0.01, 3.0)
RATES = st.floats(-0.05, 0.2)
SIDES = st.booleans()
CARRIES = st.none() | st.floats(-0.1, 0.2)


def one(value: np.ndarray) -> float:
    return float(value)


@given(
    st.builds(
        Option, st.sampled_from((1, -1)), st.just(100.0), st.floats(30.0, 300.0), TIMES, VOLATILITIES, RATES,
        st.none() | st.floats(80.0, 125.0),
    )
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_price_and_greeks_are_those_of_50_digits_to_one_rounding(option: Option) -> None:
    found = greeks(*option[1:6], call=option.w > 0, spot=option.spot)
    exact, rounding = oracle.with_rounding(option)
    for name in Greeks._fields:
        assert abs(float(exact[name] - one(getattr(found, name)))) <= rounding[name] + 1e-300, name


@given(FORWARDS, MONEYNESS, TIMES, VOLATILITIES, RATES, CARRIES)
@settings(deadline=None)
def test_put_call_parity_holds_for_every_greek(
    F: float, m: float, T: float, v: float, r: float, b: float | None
) -> None:
    K, D = F * m, np.exp(-r * T)
    S = F if b is None else F * float(np.exp(-b * T))
    spot, stretch = (None, 1.0) if b is None else (S, F / S)
    call, put = (greeks(F, K, T, v, r, call=each, spot=spot) for each in (True, False))
    q = r - np.log1p((F - S) / S) / T
    theta = r * D * (F - K) if b is None else D * (q * F - r * K)
    rho = -T * D * (F - K) if b is None else T * D * K
    expected = (D * (F - K), D * stretch, 0, 0, theta / 365, rho / 100, 0, 0, q * D * stretch / 365)
    carried = abs(r) + abs(q)
    scales = (F + K, 1, 0, 0, carried * (F + K), T * (F + K), 0, 0, carried)
    for name, c, p, want, scale in zip(Greeks._fields, call, put, expected, scales, strict=True):
        size = 8 * EPS * scale * D * max(1.0, stretch)
        assert one(c) - one(p) == pytest.approx(want, rel=1e-13, abs=size + 4e-16 * abs(one(c))), name


@given(FORWARDS, MONEYNESS, TIMES, VOLATILITIES, SIDES)
@settings(deadline=None)
def test_the_price_stays_between_intrinsic_value_and_its_bound(
    F: float, m: float, T: float, v: float, call: bool
) -> None:
    K = F * m
    value = one(price(F, K, T, v, 0.97, call=call))
    assert 0.97 * max(F - K if call else K - F, 0.0) <= value <= 0.97 * (F if call else K)


@given(FORWARDS, TIMES, VOLATILITIES, SIDES)
@settings(deadline=None)
def test_the_price_is_monotone_and_convex_in_the_strike(F: float, T: float, v: float, call: bool) -> None:
    values = price(F, F * np.linspace(0.0, 3.0, 61), T, v, call=call)
    slopes = np.diff(values) / (0.05 * F)
    rounding = 1e-13
    assert np.all(slopes * (-1 if call else 1) >= -rounding)
    assert np.all(np.abs(slopes) <= 1 + rounding)
    assert np.all(np.diff(slopes) >= -rounding)


@given(FORWARDS, MONEYNESS, SIDES)
@settings(deadline=None)
def test_the_price_rises_with_volatility_and_with_time(F: float, m: float, call: bool) -> None:
    rising = np.linspace(0.0, 3.0, 61)
    for values in (price(F, F * m, 0.1, rising, call=call), price(F, F * m, rising, 0.4, call=call)):
        assert np.all(np.diff(values) >= -4e-16 * F * (1 + m))


@given(FORWARDS, MONEYNESS, TIMES, VOLATILITIES, SIDES)
@settings(deadline=None)
def test_a_put_is_the_call_with_forward_and_strike_exchanged(
    F: float, m: float, T: float, v: float, call: bool
) -> None:
    K = F * m
    found, mirrored = greeks(F, K, T, v, 0.05, call=call), greeks(K, F, T, v, 0.05, call=not call)
    wing = 1 + (np.log(m) ** 2 / (v * v * T)) + abs(np.log(m)) / (v * v * T)
    near = {"rel": 8 * EPS * wing, "abs": 1e-290}
    rounding = 4 * EPS * (F + K)
    assert one(found.price) == pytest.approx(one(mirrored.price), rel=8 * EPS * wing, abs=rounding)
    assert one(found.vega) == pytest.approx(one(mirrored.vega), **near)
    assert F**2 * one(found.gamma) == pytest.approx(K**2 * one(mirrored.gamma), **near)


@given(FORWARDS, MONEYNESS, TIMES, VOLATILITIES, st.integers(-60, 60), SIDES)
@settings(deadline=None)
def test_the_currency_does_not_matter(F: float, m: float, T: float, v: float, power: int, call: bool) -> None:
    unit = 2.0**power  # so that the inputs are scaled without a rounding
    found, scaled = (greeks(c * F, c * F * m, T, v, 0.05, call=call, spot=c * F * 0.99) for c in (1.0, unit))
    for name, a, b in zip(Greeks._fields, found, scaled, strict=True):
        degree = {"delta": 0, "gamma": -1, "vanna": 0, "charm": 0}.get(name, 1)
        assert one(b) == pytest.approx(one(a) * unit**degree, rel=1e-15, abs=1e-290), name


@given(FORWARDS, MONEYNESS, TIMES, VOLATILITIES, RATES, CARRIES, SIDES)
@settings(max_examples=300, deadline=None)
def test_the_greeks_obey_the_equations_that_bind_them(
    F: float, m: float, T: float, v: float, r: float, carry: float | None, call: bool
) -> None:
    S = F if carry is None else F * float(np.exp(-carry * T))
    found = greeks(F, F * m, T, v, r, call=call, spot=None if carry is None else S)
    b = float(np.log1p((F - S) / S)) / T
    value, delta, gamma = one(found.price), one(found.delta), one(found.gamma)
    vega, rho, vanna, volga = (one(found[at]) * 100 for at in (3, 5, 6, 7))
    theta, charm, s, bleed = one(found.theta) * 365, one(found.charm) * 365, v * np.sqrt(T), 0.5 * v * v * S * S * gamma
    noise = 4e-16 / T  # of b, which was the logarithm of a rounded ratio

    terms = (r * value, -b * S * delta, -bleed)  # the equation of Black and Scholes
    assert theta == pytest.approx(
        sum(terms), rel=1e-13, abs=1e-13 * max(map(abs, terms)) + noise * S * abs(delta) + 1e-290
    )
    assert vega == pytest.approx(S * S * gamma * v * T, rel=1e-13, abs=1e-290)
    terms = ((r - b) * delta, -b * S * gamma, -vanna * v / (2 * T))  # its derivative by the spot
    allowed = 1e-13 * max(map(abs, terms)) + noise * (abs(delta) + S * gamma) + 1e-290
    assert charm == pytest.approx(sum(terms), rel=1e-13, abs=allowed)
    if carry is None:
        assert rho == pytest.approx(-T * value, rel=1e-14, abs=1e-290)
    else:  # Euler: the price is homogeneous in spot and strike
        assert value == pytest.approx(
            S * delta - rho / T, rel=1e-13, abs=4 * EPS * (S * abs(delta) + abs(rho / T)) + 1e-290
        )
    if gamma > 1e-250:
        d2 = -vanna / (S * gamma * np.sqrt(T))
        d1 = d2 + s
        allowed = 1e-13 * vega / v * ((abs(d1) + s) * (abs(d2) + s) + EPS)
        assert volga * 100 == pytest.approx(vega * d1 * d2 / v, rel=1e-13, abs=allowed + 1e-290)


@given(FORWARDS, MONEYNESS, TIMES, VOLATILITIES, RATES, SIDES)
@settings(deadline=None)
def test_a_spot_equal_to_the_forward_differs_only_in_rho(
    F: float, m: float, T: float, v: float, r: float, call: bool
) -> None:
    without, with_spot = greeks(F, F * m, T, v, r, call=call), greeks(F, F * m, T, v, r, call=call, spot=F)
    for name, a, b, scale in zip(Greeks._fields, without, with_spot, (F, 1, 0, 0, F, 0, 0, 0, 1), strict=True):
        if name != "rho":
            assert one(a) == pytest.approx(one(b), rel=1e-12, abs=1e-14 * scale), name


@given(st.floats(-14, -9), st.sampled_from([0.9, 1.0, 1.1]), SIDES)
@settings(max_examples=50, deadline=None)
def test_the_limit_is_where_a_vanishing_time_leads(exponent: float, m: float, call: bool) -> None:
    near = greeks(100.0, 100.0 * m, 10.0**exponent, 0.2, 0.05, call=call)
    limit = greeks(100.0, 100.0 * m, 0.0, 0.2, 0.05, call=call)
    for name, a, b in zip(Greeks._fields, near, limit, strict=True):
        if np.isfinite(b):
            assert one(a) == pytest.approx(one(b), abs=1e-2), name
        else:
            assert one(a) * np.sign(b) > 1.0, name


@given(st.floats(1e-300, 1e-12), st.sampled_from(["time", "volatility", "strike"]), SIDES)
@settings(deadline=None)
def test_what_all_but_vanishes_is_as_what_has_vanished(tiny: float, vanishing: str, call: bool) -> None:
    given: dict[str, Any] = {
        "forward": 100.0,
        "strike": 90.0,
        "time": 0.5,
        "volatility": 0.2,
        "rate": 0.05,
        "spot": 99.0,
    }
    if vanishing == "time":
        tiny = max(tiny, 1e-280)  # ln(F/S)/T, the carry, must still be a number
        given["spot"] = 100.0
    near, limit = (greeks(**(given | {vanishing: each}), call=call) for each in (tiny, 0.0))
    for name, a, b in zip(Greeks._fields, near, limit, strict=True):
        assert one(a) == pytest.approx(one(b), rel=1e-11, abs=1e-11), name
