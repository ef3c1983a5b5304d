# ruff: noqa: N803, N806
import doctest
from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from sidecar.pricing import black
from sidecar.pricing.black import Greeks, greeks
from tests.pricing import oracle, plain
from tests.pricing.oracle import Option

DAY = 1 / 365
UNITS = {"vega": 100, "theta": 365, "rho": 100, "vanna": 100, "volga": 10_000, "charm": 365}  # to 1.00 and a year
ROUNDINGS = 1.0  # what is allowed of `oracle.with_rounding`; the worst that is known takes 0.83

# region: the relative error allowed of a price out of the money, up to half of it taken; it grows with d squared
OUT_OF_THE_MONEY = {
    "near the money": 1e-14,
    "wings": 3e-14,
    "deep wings, to 1e-290": 5e-13,
    "deviation 1e-9 to 1e-4": 5e-13,
    "deviation 2 to 8": 2e-13,
}

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
Golden = tuple[str, str, int, float, float, float, float, float, float, float]


def one(value: np.ndarray) -> float:
    return float(value)


def last_digit(published: float) -> float:
    """One unit in the last digit that is written, relatively: some sources round, some cut."""
    digits = f"{published!r}".split("e", maxsplit=1)[0].strip("-0.").replace(".", "")
    return 1 / float(digits)


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row[0]} {row[1]}")
def test_published_values_are_met(row: Golden) -> None:
    _, quantity, w, S, K, r, q, T, volatility, expected = row
    found = greeks(S * np.exp((r - q) * T), K, T, volatility, r, call=w > 0, spot=S)
    spread = np.log(S / K) / (volatility * np.sqrt(T))
    wing = 1e-15 * (1 + spread**2 + abs(spread) / (volatility * np.sqrt(T)))  # one rounding of the forward
    tolerance = last_digit(expected) + 1e-14 + wing
    assert one(getattr(found, quantity)) * UNITS.get(quantity, 1) == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row[0]} {row[1]}")
def test_the_50_digits_are_those_of_the_published_values(row: Golden) -> None:
    _, quantity, w, S, K, r, q, T, volatility, expected = row
    with mpmath.workdps(oracle.DIGITS):
        numbers = [mpf(str(each)) for each in (S, K, volatility, r, q)]
        years = next((mpf(n) / d for n, d in ((1, 12), (30, 365), (1, 8760), (7, 365), (1, 365)) if n / d == T), mpf(T))
        spot, strike, v, rate, carry = numbers
        greek = oracle.spot_formulas(w, spot, strike, mpf("0.3846") if T == 0.3846 else years, v, rate, rate - carry)
        assert float(abs(greek[quantity] / mpf(repr(expected)) - 1)) <= last_digit(expected)


@pytest.mark.parametrize("with_spot", [False, True])
@pytest.mark.parametrize("name", oracle.REGIONS)
def test_every_number_holds_to_one_rounding_of_what_it_is_made_of_against_50_digits(name: str, with_spot: bool) -> None:
    options = oracle.region(name, with_spot=with_spot)[:: 3 if with_spot else 1]
    found = greeks(**oracle.columns(options))
    for i, option in enumerate(options):
        exact, rounding = oracle.with_rounding(option)
        for quantity in Greeks._fields:
            error = abs(float(exact[quantity] - float(getattr(found, quantity)[i])))
            assert error <= ROUNDINGS * rounding[quantity] + 1e-300, (quantity, option)
            if quantity == "price" and option.w * (option.forward - option.strike) <= 0:
                assert error <= OUT_OF_THE_MONEY[name] * float(exact[quantity]), option


def price_by_quadrature(w: int, F: float, K: float, s: float) -> mpf:
    """The payoff's mean over the lognormal distribution: no formula of Black's."""
    with mpmath.workdps(30):
        kink = (mpmath.log(mpf(K) / F) + mpf(s) ** 2 / 2) / s

        def paid(z: mpf) -> mpf:
            return w * (F * mpmath.exp(s * z - mpf(s) ** 2 / 2) - K) * mpmath.npdf(z)

        edges = [kink + w * each for each in (0, 0.25, 1, 3, 8, 40)]
        return abs(mpmath.quad(paid, edges))


@pytest.mark.parametrize(
    ("w", "K", "s"), [(1, 110.0, 0.1), (-1, 95.0, 0.02), (1, 60.0, 0.5), (-1, 130.0, 2.0), (1, 150.0, 0.04)]
)
def test_the_oracle_is_the_mean_of_the_payoff(w: int, K: float, s: float) -> None:
    exact = oracle.price(w, 100.0, K, 1.0, s)
    assert float(abs(exact / price_by_quadrature(w, 100.0, K, s) - 1)) < 1e-18


DERIVATIVES = [
    (Option(w=1, forward=100.0, strike=101.0, time=30 * DAY, volatility=0.14, rate=0.065)),
    (Option(w=-1, forward=100.0, strike=90.0, time=7 * DAY, volatility=0.22, rate=0.065)),
    (Option(w=1, forward=100.0, strike=150.0, time=7 * DAY, volatility=0.25, rate=0.065)),
    (Option(w=-1, forward=100.0, strike=130.0, time=2.0, volatility=0.8, rate=-0.01)),
    (Option(w=1, forward=100.0, strike=100.0, time=1 / 8760, volatility=0.12, rate=0.065)),
]
# quantity: the variable of the complex step, that of the difference beside it if any, unit
SLOPES: dict[str, tuple[str, str | None, float]] = {
    "delta": ("S", None, 1),
    "gamma": ("S", "S", 1),
    "vega": ("v", None, 100),
    "theta": ("T", None, -365),
    "rho": ("r", None, 100),
    "vanna": ("S", "v", 100),
    "volga": ("v", "v", 10_000),
    "charm": ("S", "T", -365),
}


@pytest.mark.parametrize("spot", [None, 99.0])
@pytest.mark.parametrize("option", DERIVATIVES)
def test_every_greek_is_the_derivative_that_it_claims_by_complex_steps(option: Option, spot: float | None) -> None:
    w, F, K, T, v, r, _ = option
    found, oracles = (
        greeks(F, K, T, v, r, call=w > 0, spot=spot),
        oracle.greeks(option._replace(spot=spot)),
    )
    with mpmath.workdps(oracle.DIGITS):
        base = {"S": mpf(F if spot is None else spot), "T": mpf(T), "v": mpf(v), "r": mpf(r)}
        yielded = mpf(r) - (0 if spot is None else mpmath.log(mpf(F) / spot) / T)
        step, beside = mpf(10) ** -30, mpf(10) ** -12 * T

        def value(moved: dict[str, Any]) -> Any:
            at = base | moved
            b = 0 if spot is None else at["r"] - yielded
            return oracle.spot_formulas(w, at["S"], mpf(K), at["T"], at["v"], at["r"], b)["price"]

        def slope(name: str, also: str | None) -> mpf:
            if also is None:
                return value({name: base[name] + 1j * step}).imag / step
            sides = []
            for sign in (1, -1):
                moved = {also: base[also] + sign * beside}
                moved[name] = moved.get(name, base[name]) + 1j * step
                sides.append(value(moved).imag / step)
            return (sides[0] - sides[1]) / (2 * beside)

        for name, (first, second, unit) in SLOPES.items():
            want = slope(first, second) / unit
            assert float(abs(oracles[name] - want)) <= 1e-14 * float(abs(want)), name
            assert one(getattr(found, name)) == pytest.approx(float(want), rel=1e-11, abs=1e-15), name


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


def test_a_strike_of_zero_is_the_discounted_forward() -> None:
    call, put = (greeks(100.0, 0.0, 1.0, 0.2, 0.05, call=each) for each in (True, False))
    D = float(np.exp(-0.05))
    assert list(map(one, call)) == pytest.approx([100 * D, D, 0, 0, 5 * D / 365, -D, 0, 0, 0.05 * D / 365], rel=1e-15)
    assert list(map(one, put)) == [0] * 9


@pytest.mark.parametrize("call", [True, False])
@pytest.mark.parametrize("strike", [0.0, 90.0, 100.0, 110.0])
@pytest.mark.parametrize("name", ["strike", "time", "volatility", "rate"])
def test_a_minus_zero_is_zero(name: str, strike: float, call: bool) -> None:
    given: dict[str, Any] = {"strike": strike, "time": 0.5, "volatility": 0.2, "rate": 0.05}
    found, expected = (greeks(100.0, **(given | {name: each}), call=call, spot=99.0) for each in (-0.0, 0.0))
    np.testing.assert_array_equal(np.array(found), np.array(expected))


FAR = [
    Option(1, 24600.0, 24600.0 * np.exp(111.0), 1.0, 3.0),
    Option(1, 24600.0, 24600.0 * np.exp(296.0), 1.0, 8.0, 0.05, 24000.0),
    Option(-1, 24600.0, 24600.0 * np.exp(296.0), 1.0, 8.0),
    Option(1, 1e-200, 1.1e-200, 1.0, 0.2),
    Option(-1, 1e200, 1.1e200, 1.0, 0.2, 0.05, 1e200),
    Option(-1, 1e200, 1e180, 4.0, 5.0),
    Option(1, 2e-120, 1e-110, 4.0, 5.0),
    Option(1, 100.0, 90.0, 1e-200, 1e100),
    Option(1, 100.0, 90.0, 1e-110, 1e-110),
    Option(-1, 100.0, 90.0, 1e110, 1e-55, 1e-111),
    Option(1, 100.0, 1e-150, 1.0, 30.0),
    Option(1, 100.0, 100.0 * (1 + 2**-52), 1.0, 1e-17),
]


@pytest.mark.parametrize("option", FAR)
def test_absurd_sizes_are_still_right(option: Option) -> None:
    found = greeks(*option[1:6], call=option.w > 0, spot=option.spot)
    exact, rounding = oracle.with_rounding(option)
    for quantity in Greeks._fields:
        error = abs(float(exact[quantity] - one(getattr(found, quantity))))
        assert error <= ROUNDINGS * rounding[quantity] + 1e-300, quantity


# volatility, time: products of either with the root below 1e-305, and times below 1e-300
NEXT_TO_NONE = [
    (1e-200, 1e-220),
    (1e-144, 1e-310),
    (5e-324, 1.0),
    (1e-310, 30.0),
    (9.9e-306, 1.0),
    (1.01e-305, 1.0),
    (1e-305, 1e90),
    (3e-300, 1e-12),
    (0.2, 1e-310),
    (0.2, 1e-299),
    (1e80, 1e-310),
]


@pytest.mark.parametrize("spot", [None, 24600.0, 24500.0])
@pytest.mark.parametrize(("volatility", "time"), NEXT_TO_NONE)
def test_with_next_to_no_time_or_volatility_every_greek_is_right(
    volatility: float, time: float, spot: float | None
) -> None:
    at_the_kink = () if spot == 24500.0 else (24600.0,)  # 50 digits do not hold ln(F/S) to 1e-305
    for w, K, r in product((1, -1), (24600.0 * (1 + 2**-52), 24000.0, 25000.0, *at_the_kink), (0.065, 0.0)):
        option = Option(w, 24600.0, K, time, volatility, r, spot)
        found = greeks(*option[1:6], call=w > 0, spot=spot)
        exact, rounding = oracle.with_rounding(option)
        for quantity in Greeks._fields:
            want, made = float(exact[quantity]), one(getattr(found, quantity))
            assert made == want or abs(made - want) <= ROUNDINGS * rounding[quantity] + 1e-300, (quantity, option)


def test_the_examples_in_the_documentation_run() -> None:
    assert doctest.testmod(black).failed == 0
