# ruff: noqa: N803, N806
import math

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from numba import njit

from sidecar.pricing import implied_kernel as kernel
from sidecar.pricing.implied import Reason, implied_volatility
from sidecar.pricing.implied_kernel import Array
from tests.pricing import drawn

EPS = 2.0**-52


def lanes(P: Array, F: Array, K: Array, T: Array, call: np.ndarray) -> tuple[Array, np.ndarray, int]:
    """What the compiled code alone makes of it: nothing is solved again."""
    volatility, reason = np.full(P.size, -1.0), np.full(P.size, -1, np.int8)
    return volatility, reason, kernel.implied_lanes(P, F, K, T, np.ones(P.size), call, volatility, reason)


@pytest.mark.parametrize("name", drawn.SETS)
def test_a_drawn_volatility_is_found_within_ten_roundings_of_its_price_and_not_by_the_slow_road(
    name: str,
) -> None:
    P, F, K, T, call, v, limit = drawn.drawn(name, 300)
    assert P.size > 250
    found, reason, unsolved = lanes(P, F, K, T, call)
    assert unsolved == 0
    assert np.all(reason == Reason.OK)
    assert np.max(np.abs(found / v - 1) / limit) <= 10


def test_prices_of_a_plain_erfc_are_turned_back() -> None:
    for K in np.arange(21000.0, 28500.0, 500.0):
        call = bool(K >= 24600.0)
        w, s = 1 if call else -1, 0.17 * math.sqrt(0.2)
        d1 = math.log(24600.0 / K) / s + s / 2
        legs = (0.5 * math.erfc(-w * d / math.sqrt(2)) for d in (d1, d1 - s))
        P = w * (24600.0 * next(legs) - K * next(legs))
        assert float(implied_volatility(P, 24600.0, K, 0.2, call=call)[0]) == pytest.approx(0.17, rel=1e-10)


def wide() -> tuple[Array, Array, Array]:
    """x up to 20, s from 1e-6 to 12 and the value out of the money, in units of the lesser of F and K, above 1e-250."""
    rng = np.random.default_rng(3)
    s = np.concatenate((10 ** rng.uniform(-6, 0, 2000), rng.uniform(0.3, 12, 2000)))
    z = rng.uniform(-0.5, 25, s.size) * np.where(rng.random(s.size) < 0.5, 0.1, 1.0)
    x = np.where(rng.random(s.size) < 0.1, 0.0, np.clip(s * (z + s / 2), 0.0, 20.0))
    with mpmath.workdps(30):
        value = np.array([float(share(mpf(a), mpf(b))) for a, b in zip(x.tolist(), s.tolist(), strict=True)])
    kept = (value > 1e-250) & (value < 1 - 1e-9)
    return x[kept], s[kept], value[kept]


def share(x: mpf, s: mpf) -> mpf:
    z1, z2 = x / s - s / 2, x / s + s / 2
    return (mpmath.erfc(z1 / mpmath.sqrt(2)) - mpmath.exp(x) * mpmath.erfc(z2 / mpmath.sqrt(2))) / 2


def test_the_first_guess_is_within_two_percent_and_the_first_step_within_a_hundred_thousandth() -> None:
    x, s, value = wide()
    m, ratio, guess = np.ones(x.size), np.empty(x.size), np.empty(x.size)
    kernel.guess(x, m, value, ratio, guess)
    assert np.max(np.abs(guess / s - 1)) < 0.02
    assert 500 < np.count_nonzero(ratio < 0) < x.size - 500
    kernel.first_step(x, ratio, guess)
    assert np.max(np.abs(guess / s - 1)) < 2e-5


def test_the_second_step_reaches_the_roundings() -> None:
    x, s, value = wide()
    m, ratio, found, step = np.ones(x.size), np.empty(x.size), np.empty(x.size), np.empty(x.size)
    kernel.guess(x, m, value, ratio, found)
    kernel.first_step(x, ratio, found)
    kernel.second_step(x, m, value, ratio, found, step)
    condition = value / (s * np.exp(-0.5 * (x / s - s / 2) ** 2) * 0.3989422804014327)
    assert np.max(np.abs(found / s - 1) / (EPS * np.maximum(condition, 1.0))) <= 10
    assert np.max(step) < kernel._CLOSE


@njit(error_model="numpy")
def tails_of(a: float, b: float, s: float, beyond: bool) -> float:
    return float(kernel.tails_of(a, b, s, beyond))


@pytest.mark.parametrize("beyond", [False, True])
def test_the_tails_keep_their_digits_however_close_they_are(beyond: bool) -> None:
    def mills(z: mpf) -> mpf:
        return mpmath.sqrt(mpmath.pi / 2) * mpmath.erfc(z / mpmath.sqrt(2)) * mpmath.exp(z * z / 2)

    for a in np.concatenate((np.linspace(-0.5, 3.0, 36), np.linspace(3.5, 38.0, 20))).tolist():
        for s in (1e-9, 1e-3, 0.1, 1.0, 5.0):
            b = a + s
            with mpmath.workdps(50):
                exact = -mills(mpf(a)) - mills(mpf(b)) if beyond else mills(mpf(a)) - mills(mpf(b))
                moved = mpf(b) - mpf(a)  # what is left of s
            made = tails_of(a, b, float(moved), beyond)
            assert abs(float(mpf(made) / exact - 1)) < (10 if a < 0 else 4) * EPS


def test_each_option_is_solved_as_if_it_were_alone() -> None:
    *columns, call, _, _ = drawn.drawn("normal", 40)
    P, F, K, T = (np.tile(each, 14) for each in columns)  # two blocks and a rest
    call = np.tile(call, 14)
    together, _, _ = lanes(P, F, K, T, call)
    alone = [float(implied_volatility(p, f, k, t, call=c)[0]) for p, f, k, t, c in zip(P, F, K, T, call, strict=True)]
    np.testing.assert_array_equal(together, alone)


def test_what_is_out_of_its_range_is_handed_back_and_never_guessed() -> None:
    P = np.array([1e-300, 1e-120, 1e120, 1e-8, 1.0])
    F = np.array([100.0, 1e-119, 1e121, 1e-7, 100.0])
    K = np.array([200.0, 1e-119, 1e121, 1e300, 100.0])
    found, reason, unsolved = lanes(P, F, K, np.ones(5), np.full(5, True))
    assert unsolved == 4
    assert reason.tolist() == [Reason.NOT_SOLVED] * 4 + [Reason.OK]
    assert np.isnan(found[:4]).all()
    found, reason = implied_volatility(P, F, K, 1.0, call=True)
    assert np.all(reason == Reason.OK)
    assert np.all(found > 0)
