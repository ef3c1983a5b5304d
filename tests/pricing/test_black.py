# ruff: noqa: N803, N806
import doctest
from itertools import product

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.pricing import black
from sidecar.pricing.black import Greeks, greeks, price
from tests.pricing import plain

DAY = 1 / 365
UNITS = {"vega": 100, "theta": 365, "rho": 100, "vanna": 100, "volga": 10_000, "charm": 365}  # to 1.00 and a year

# source, quantity, w, S, K, r, q (carry yield), T, volatility, value: published examples carried to more digits
GOLDEN = [
    ("Haug 1998 p. 2", "price", +1, 60.0, 65.0, 0.08, 0.0, 0.25, 0.30, 2.1333684449162),
    ("Haug 1998 p. 5", "price", -1, 100.0, 95.0, 0.10, 0.05, 0.5, 0.20, 2.4647876467558),
    ("Haug 1998 p. 6", "price", -1, 19.0, 19.0, 0.10, 0.10, 0.75, 0.28, 1.7010507252362),
    ("Haug 1998 p. 8", "price", +1, 1.56, 1.6, 0.06, 0.08, 0.5, 0.12, 0.0290992531494),
    ("Haug 1998 p. 24", "price", +1, 90.0, 100.0, 0.10, 0.10, 0.1, 0.15, 0.0204901485365),
    ("Haug 1998 p. 27", "price", +1, 42.0, 40.0, 0.04, 0.08, 0.75, 0.35, 5.0975477177262),
    ("Haug 1998 p. 11", "delta", -1, 105.0, 100.0, 0.10, 0.10, 0.5, 0.36, -0.3566007647707),
    ("Haug 1998 p. 14", "gamma", +1, 55.0, 60.0, 0.10, 0.0, 0.75, 0.30, 0.0278211604769),
    ("Haug 1998 p. 14", "vega", +1, 55.0, 60.0, 0.10, 0.0, 0.75, 0.30, 18.935777349618),
    ("Haug 1998 p. 15", "theta", -1, 430.0, 405.0, 0.07, 0.05, 1 / 12, 0.20, -31.192350304271),
    ("Haug 1998 p. 16", "rho", +1, 72.0, 75.0, 0.09, 0.0, 1.0, 0.19, 38.732505017329),
    ("Haug 2007", "vanna", -1, 90.0, 80.0, 0.05, 0.0, 0.25, 0.20, -1.0008300136144),
    ("Haug 2007", "volga", -1, 90.0, 130.0, 0.05, 0.05, 0.75, 0.28, 92.344402079831),
    ("Haug 2007", "charm", -1, 105.0, 90.0, 0.14, 0.14, 0.25, 0.24, 0.3699894525239),
    ("Hull 8e", "theta", +1, 49.0, 50.0, 0.05, 0.0, 0.3846, 0.20, -4.3053899645461),
    ("50 digits", "price", +1, 24600.0, 25000.0, 0.065, 0.01, 30 / 365, 0.14, 268.78671144777243),
    ("50 digits, an hour", "price", +1, 24600.0, 24650.0, 0.065, 0.01, 1 / 8760, 0.12, 0.77132058012847),
    ("50 digits, deep", "price", +1, 24600.0, 36900.0, 0.065, 0.01, 7 / 365, 0.25, 7.0115895858968e-30),
    ("50 digits, a wing", "price", -1, 24600.0, 24000.0, 0.065, 0.01, 1 / 365, 0.13, 0.00524805879455),
    ("50 digits, long", "price", -1, 24600.0, 20000.0, 0.065, 0.01, 2.0, 0.80, 5960.43532803337),
]

FORWARDS = st.floats(0.5, 5e4)
MONEYNESS = st.floats(0.3, 3.0)
TIMES = st.floats(1e-6, 5.0)
VOLATILITIES = st.floats(0.01, 3.0)
RATES = st.floats(-0.05, 0.2)


def one(value: np.ndarray) -> float:
    return float(value)


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row[0]} {row[1]}")
def test_published_values_are_met(row: tuple[str, str, int, float, float, float, float, float, float, float]) -> None:
    _, quantity, w, S, K, r, q, T, volatility, expected = row
    found = greeks(S * np.exp((r - q) * T), K, T, volatility, r, call=w > 0, spot=S)
    digits = len(str(expected).split("e", maxsplit=1)[0].strip("-0.").replace(".", ""))
    tolerance = max(1e-12, 0.6 * 10.0 ** (1 - digits))
    assert one(getattr(found, quantity)) * UNITS.get(quantity, 1) == pytest.approx(expected, rel=tolerance)


def test_the_price_alone_is_the_price_among_the_greeks() -> None:
    strikes = np.linspace(0.0, 40000.0, 81)
    alone = price(24600.0, strikes, 0.1, 0.15, np.exp(-0.065 * 0.1), call=False)
    np.testing.assert_array_equal(alone, greeks(24600.0, strikes, 0.1, 0.15, 0.065, call=False).price)


@pytest.mark.parametrize("with_spot", [False, True])
def test_the_plain_implementation_agrees_at_the_worst_point(with_spot: bool) -> None:
    grid = list(
        product((1, -1), (0.7, 0.97, 1.0, 1.05, 1.4), (1 / 8760, DAY, 0.1, 2.0), (0.08, 0.2, 0.9), (-0.02, 0.0, 0.065))
    )
    w, m, T, v, r = (np.array(column) for column in zip(*grid, strict=True))
    S, q = 24600.0, 0.012
    K = S * m
    found = (
        greeks(S * np.exp((r - q) * T), K, T, v, r, call=w > 0, spot=S)
        if with_spot
        else greeks(S, K, T, v, r, call=w > 0)
    )
    for i in range(w.size):
        row = (float(K[i]), float(r[i]), float(T[i]), float(v[i]))
        expected = (
            plain.black_scholes_merton(int(w[i]), S, row[0], row[1], q, row[2], row[3])
            if with_spot
            else plain.black_76(int(w[i]), S, *row)
        )
        for name, scale in zip(Greeks._fields, (S, 1, 0, 0, S, S, 0, S, 1e4), strict=True):
            got = getattr(found, name)[i] * UNITS.get(name, 1)
            assert got == pytest.approx(expected[name], rel=1e-10, abs=1e-13 * scale), (name, grid[i])


@pytest.mark.parametrize("with_spot", [False, True])
@pytest.mark.parametrize(
    ("w", "m", "T", "volatility", "r"),
    [
        (1, 1.01, 30 * DAY, 0.14, 0.065),
        (-1, 0.9, 7 * DAY, 0.22, 0.065),
        (1, 1.5, 7 * DAY, 0.25, 0.065),
        (-1, 1.3, 2.0, 0.8, -0.01),
        (1, 1.0, 1 / 8760, 0.12, 0.065),
        (-1, 0.6, 1.0, 0.05, 0.1),
    ],
)
def test_every_greek_is_the_derivative_that_it_claims(
    with_spot: bool, w: int, m: float, T: float, volatility: float, r: float
) -> None:
    S, K = 100.0, 100.0 * m
    q = 0.02 if with_spot else r
    F = S * float(np.exp((r - q) * T))
    with mpmath.workdps(50):
        b = mpmath.log(mpmath.mpf(F) / S) / mpmath.mpf(T)  # the carry of the forward as rounded

        def value(spot: mpmath.mpf, time: mpmath.mpf, vol: mpmath.mpf, rate: mpmath.mpf) -> mpmath.mpf:
            carry = b + (rate - r) if with_spot else b
            forward = spot * mpmath.exp(carry * time)
            return mpmath.exp(-rate * time) * plain.price_to_50_digits(w, forward, K, time, vol)

        def slope(ds: int, dt: int, dv: int, dr: int) -> float:
            at = (mpmath.mpf(S), mpmath.mpf(T), mpmath.mpf(volatility), mpmath.mpf(r))
            return float(mpmath.diff(value, at, (ds, dt, dv, dr), h=mpmath.mpf("1e-12") * T))

        expected = {
            "price": slope(0, 0, 0, 0),
            "delta": slope(1, 0, 0, 0),
            "gamma": slope(2, 0, 0, 0),
            "vega": slope(0, 0, 1, 0) / 100,
            "theta": -slope(0, 1, 0, 0) / 365,
            "rho": slope(0, 0, 0, 1) / 100,
            "vanna": slope(1, 0, 1, 0) / 100,
            "volga": slope(0, 0, 2, 0) / 1e4,
            "charm": -slope(1, 1, 0, 0) / 365,
        }
    found = greeks(F, K, T, volatility, r, call=w > 0, spot=S if with_spot else None)
    for name, want in expected.items():
        assert one(getattr(found, name)) == pytest.approx(want, rel=2e-10, abs=1e-14), name


@pytest.mark.parametrize("w", [1, -1])
def test_the_price_holds_to_one_rounding_of_the_forward_against_50_digits(w: int) -> None:
    cases = list(product((0.5, 0.9, 0.999, 1.0, 1.0001, 1.1, 2.0), (1e-9, 1e-6, 1e-3, 1.0), (0.05, 0.4, 2.0)))
    m, T, v = (np.array(column) for column in zip(*cases, strict=True))
    found = greeks(24600.0, 24600 * m, T, v, 0.0, call=w > 0)
    for i in range(m.size):
        exact = plain.price_to_50_digits(w, 24600.0, float(24600 * m[i]), float(T[i]), float(v[i]))
        stretch = 1 + 0.5 * np.log(m[i]) ** 2 / (v[i] ** 2 * T[i])  # d1 squared, what one rounding of d1 costs
        error = abs(float(exact - mpmath.mpf(float(found.price[i]))))
        assert error <= 1e-15 * (24600 * abs(found.delta[i]) * stretch + 0.0 if w * (1 - m[i]) < 0 else 24600), cases[i]


@given(FORWARDS, MONEYNESS, TIMES, VOLATILITIES, RATES)
def test_put_call_parity_holds_for_every_greek(F: float, m: float, T: float, v: float, r: float) -> None:
    call, put = (greeks(F, F * m, T, v, r, call=each) for each in (True, False))
    D = np.exp(-r * T)
    forward = D * (F - F * m)
    expected = (forward, D, 0, 0, r * forward / 365, -T * forward / 100, 0, 0, r * D / 365)
    for name, c, p, want in zip(Greeks._fields, call, put, expected, strict=True):
        assert one(c) - one(p) == pytest.approx(want, rel=1e-12, abs=4e-15 * F * (1 + m)), name


@given(FORWARDS, MONEYNESS, TIMES, VOLATILITIES, st.booleans())
def test_the_price_stays_between_intrinsic_value_and_its_bound(
    F: float, m: float, T: float, v: float, call: bool
) -> None:
    K = F * m
    value = one(price(F, K, T, v, 0.97, call=call))
    assert 0.97 * max(F - K if call else K - F, 0.0) <= value <= 0.97 * (F if call else K)


@given(FORWARDS, TIMES, VOLATILITIES, st.booleans())
def test_the_price_is_monotone_and_convex_in_the_strike(F: float, T: float, v: float, call: bool) -> None:
    values = price(F, F * np.linspace(0.0, 3.0, 61), T, v, call=call)
    slopes = np.diff(values) / (0.05 * F)
    rounding = 1e-13
    assert np.all(slopes * (-1 if call else 1) >= -rounding)
    assert np.all(np.abs(slopes) <= 1 + rounding)
    assert np.all(np.diff(slopes) >= -rounding)


@given(FORWARDS, MONEYNESS, st.booleans())
def test_the_price_rises_with_volatility_and_with_time(F: float, m: float, call: bool) -> None:
    rising = np.linspace(0.0, 3.0, 61)
    for values in (price(F, F * m, 0.1, rising, call=call), price(F, F * m, rising, 0.4, call=call)):
        assert np.all(np.diff(values) >= -4e-16 * F * (1 + m))


@given(FORWARDS, MONEYNESS, TIMES, VOLATILITIES, st.floats(0.01, 100.0), st.booleans())
def test_the_currency_does_not_matter(F: float, m: float, T: float, v: float, unit: float, call: bool) -> None:
    value, scaled = (one(price(c * F, c * F * m, T, v, call=call)) for c in (1.0, unit))
    assert scaled == pytest.approx(unit * value, rel=1e-9, abs=1e-14 * unit * F)


@given(FORWARDS, MONEYNESS, TIMES, VOLATILITIES, RATES, st.booleans())
def test_a_spot_equal_to_the_forward_differs_only_in_rho(
    F: float, m: float, T: float, v: float, r: float, call: bool
) -> None:
    without, with_spot = greeks(F, F * m, T, v, r, call=call), greeks(F, F * m, T, v, r, call=call, spot=F)
    for name, a, b, scale in zip(Greeks._fields, without, with_spot, (F, 1, 0, 0, F, 0, 0, 0, 1), strict=True):
        if name != "rho":
            assert one(a) == pytest.approx(one(b), rel=1e-12, abs=1e-14 * scale), name


@pytest.mark.parametrize(("time", "volatility"), [(0.0, 0.2), (0.25, 0.0), (0.0, 0.0)])
@pytest.mark.parametrize("spot", [None, 99.0])
def test_without_time_or_volatility_the_greeks_are_those_of_the_forward_or_nothing(
    time: float, volatility: float, spot: float | None
) -> None:
    found = greeks(100.0, [0.0, 80.0, 120.0], time, volatility, 0.05, call=True, spot=spot)
    D, ratio = np.exp(-0.05 * time), 1.0 if spot is None else 100 / spot
    np.testing.assert_allclose(found.price, [100 * D, 20 * D, 0.0], rtol=1e-15)
    np.testing.assert_allclose(found.delta, [D * ratio, D * ratio, 0.0], rtol=1e-15)
    for name in ("gamma", "vega", "vanna", "volga"):
        np.testing.assert_array_equal(getattr(found, name), 0.0)
    assert np.all(np.isfinite(found))
    if spot is None:
        np.testing.assert_allclose(found.theta, 0.05 * found.price / 365, rtol=1e-15)


@pytest.mark.parametrize("call", [True, False])
def test_on_the_kink_the_limits_are_taken_and_are_not_nan(call: bool) -> None:
    w = 1 if call else -1
    expired = greeks(100.0, 100.0, 0.0, 0.2, 0.05, call=call, spot=100.0)
    assert tuple(map(one, expired)) == (0.0, 0.5 * w, np.inf, 0.0, -np.inf, 0.0, 0.0, 0.0, -np.inf)
    still = greeks(100.0, 100.0, 0.25, 0.0, 0.05, call=call)
    D = np.exp(-0.0125)
    assert (one(still.price), one(still.gamma), one(still.theta), one(still.volga)) == (0.0, np.inf, 0.0, 0.0)
    assert one(still.vega) == pytest.approx(D * 100 * 0.5 / np.sqrt(2 * np.pi) / 100)
    assert one(still.vanna) == pytest.approx(D * 0.25 / np.sqrt(2 * np.pi) / 100)
    assert not np.any(np.isnan(greeks(100.0, 100.0, 0.0, 0.0, 0.05, call=call, spot=90.0)))


@given(st.floats(-14, -9), st.sampled_from([0.9, 1.0, 1.1]), st.booleans())
@settings(max_examples=50)
def test_the_limit_is_where_a_vanishing_time_leads(exponent: float, m: float, call: bool) -> None:
    near = greeks(100.0, 100.0 * m, 10.0**exponent, 0.2, 0.05, call=call)
    limit = greeks(100.0, 100.0 * m, 0.0, 0.2, 0.05, call=call)
    for name, a, b in zip(Greeks._fields, near, limit, strict=True):
        if np.isfinite(b):
            assert one(a) == pytest.approx(one(b), abs=1e-2), name
        else:
            assert one(a) * np.sign(b) > 1.0, name


def test_a_strike_of_zero_is_the_discounted_forward() -> None:
    call, put = (greeks(100.0, 0.0, 1.0, 0.2, 0.05, call=each) for each in (True, False))
    D = float(np.exp(-0.05))
    assert list(map(one, call)) == pytest.approx([100 * D, D, 0, 0, 5 * D / 365, -D, 0, 0, 0.05 * D / 365], rel=1e-15)
    assert list(map(one, put)) == [0] * 9


@pytest.mark.parametrize("place", range(6))
def test_a_nan_stays_in_its_own_place(place: int) -> None:
    arguments = [np.full(3, each) for each in (100.0, 90.0, 0.5, 0.2, 0.05, 99.0)]
    arguments[place][1] = np.nan
    *positional, spot = arguments
    found = np.array(greeks(*positional, call=np.array([True, False, True]), spot=spot))
    assert np.all(np.isfinite(found[:, [0, 2]]))
    assert np.all(np.isnan(found[:3, 1]) | (place == 5))
    assert np.all(np.isnan(found[4:6, 1]) | (place == 5))


def test_shapes_broadcast_and_every_greek_has_the_common_one() -> None:
    found = greeks(
        100.0, np.linspace(80, 120, 5), np.ones((3, 1)), 0.2, 0.05, call=np.array([True, False])[:, None, None]
    )
    assert {each.shape for each in found} == {(2, 3, 5)}
    assert one(found.price[1, 2, 4]) == one(price(100.0, 120.0, 1.0, 0.2, np.exp(-0.05), call=False))
    assert {each.shape for each in greeks(100.0, 100.0, 1.0, 0.2, 0.05, call=True)} == {()}
    assert {each.shape for each in greeks(np.empty(0), 100.0, 1.0, 0.2, 0.05, call=True)} == {(0,)}
    assert all(isinstance(each, np.ndarray) for each in greeks(100.0, 100.0, 1.0, 0.2, 0.05, call=True))


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("forward", 0.0),
        ("forward", -1.0),
        ("forward", np.inf),
        ("strike", -1e-9),
        ("time", -DAY),
        ("volatility", -0.1),
        ("volatility", np.inf),
        ("rate", np.inf),
        ("rate", -np.inf),
        ("spot", 0.0),
    ],
)
def test_an_argument_out_of_its_domain_is_refused_by_name(name: str, bad: float) -> None:
    arguments = {"forward": 100.0, "strike": 100.0, "time": 1.0, "volatility": 0.2, "rate": 0.05, "spot": 100.0}
    with pytest.raises(ValueError, match=rf"^{name} must be"):
        greeks(**(arguments | {name: np.array([1.0, np.nan, bad])}), call=True)


def test_a_discount_of_zero_and_a_call_flag_in_words_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^discount must be above 0"):
        price(100.0, 100.0, 1.0, 0.2, 0.0, call=True)
    with pytest.raises(TypeError, match=r"^call must be boolean"):
        price(100.0, 100.0, 1.0, 0.2, call="c")


def test_the_examples_in_the_documentation_run() -> None:
    assert doctest.testmod(black).failed == 0
