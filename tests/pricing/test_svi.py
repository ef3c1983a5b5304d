import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.pricing import svi
from sidecar.pricing.black import price

VOGT = np.array([-0.0410, 0.1331, 0.3060, 0.3586, 0.4153])  # Gatheral and Jacquier 2014, section 2.3
TAME = np.array([0.02, 0.1, -0.4, 0.05, 0.2])
UP = np.array([0.001, 0.0, 0.0, 0.0, 0.0])

smiles = st.builds(
    lambda v, b, rho, m, sigma: np.array([v, b, rho, m, sigma]),
    st.floats(0.005, 0.1),
    st.floats(0.001, 0.3),
    st.floats(-0.9, 0.9),
    st.floats(-0.2, 0.2),
    st.floats(0.05, 0.5),
)


def test_the_example_of_axel_vogt_has_butterfly_arbitrage_though_its_variance_is_positive() -> None:
    k = np.linspace(-1.5, 1.5, 301)
    assert np.all(svi.total_variance(VOGT, k) > 0)
    assert svi.density(VOGT, k).min() < 0
    negative = k[svi.density(VOGT, k) < 0]
    assert 0.6 < negative.min() < negative.max() < 1.3  # where figure 2 of the paper dips below zero
    assert svi.butterfly_violations(VOGT) > 0


def test_the_arbitrage_free_correction_of_that_example_in_the_paper_has_none() -> None:
    # Section 5.1: the jump-wing parameters c and v of Vogt's smile moved, which gives this raw smile at T = 1.
    v, psi, p = 0.01742625, -0.1752111, 0.6997381
    c, least = 0.8564763, 0.0116249  # their example: c' and v~'
    root = np.sqrt(v)
    b = 0.5 * root * (c + p)
    rho = 1 - p * root / b
    beta = rho - 2 * psi * root / b
    alpha = np.sign(beta) * np.sqrt(1 / beta**2 - 1)
    m = (v - least) / (b * (-rho + np.sign(alpha) * np.sqrt(1 + alpha**2) - alpha * np.sqrt(1 - rho**2)))
    sigma = alpha * m
    a = least - b * sigma * np.sqrt(1 - rho**2)
    assert svi.butterfly_violations([a, b, rho, m, sigma]) == 0


def test_by_hand_at_the_smiles_own_centre() -> None:
    w, slope, bend = svi.shape([0.04, 0.1, -0.5, 0.1, 0.2], 0.1)
    assert (float(w), float(slope), float(bend)) == pytest.approx((0.06, -0.05, 0.5))
    assert svi.lowest([0.04, 0.1, -0.6, 0.1, 0.2]) == pytest.approx(0.04 + 0.1 * 0.2 * 0.8)
    assert svi.wings([0.04, 0.1, -0.5, 0.1, 0.2]) == pytest.approx((0.15, 0.05))


@given(smiles, st.floats(-2, 2))
def test_slope_and_bend_are_the_derivatives_of_the_variance(smile: np.ndarray, k: float) -> None:
    h = 1e-4
    below, at, above = (svi.total_variance(smile, each) for each in (k - h, k, k + h))
    shape = svi.shape(smile, k)
    assert shape.slope == pytest.approx((above - below) / (2 * h), abs=1e-5)
    assert shape.bend == pytest.approx((above - 2 * at + below) / h**2, abs=1e-3, rel=1e-2)


@settings(deadline=None)
@given(smiles, st.floats(-0.5, 0.5))
def test_the_density_has_the_sign_and_size_of_a_butterflys_price(smile: np.ndarray, k: float) -> None:
    # For the undiscounted call, K² d²C/dK² = K g n(d2) / sqrt(w) (Gatheral and Jacquier 2014, eq. 2.2), at F = 1.
    h = 1e-4
    strikes = np.exp(k) * np.array([1 - h, 1.0, 1 + h])
    w = svi.total_variance(smile, np.log(strikes))
    calls = price(1.0, strikes, 1.0, np.sqrt(w), call=True)
    second = (calls[2] - 2 * calls[1] + calls[0]) / h**2
    d2 = -k / np.sqrt(w[1]) - np.sqrt(w[1]) / 2
    density = np.exp(k) * svi.density(smile, k) * np.exp(-(d2**2) / 2) / np.sqrt(2 * np.pi * w[1])
    assert second == pytest.approx(float(density), abs=1e-6, rel=1e-3)


@given(smiles)
def test_far_out_the_variance_rises_by_the_wings_slopes(smile: np.ndarray) -> None:
    left, right = svi.wings(smile)
    assert svi.shape(smile, -1e6).slope == pytest.approx(-left, abs=1e-9)
    assert svi.shape(smile, 1e6).slope == pytest.approx(right, abs=1e-9)
    assert svi.lowest(smile) <= svi.total_variance(smile, np.linspace(-3, 3, 101)).min() + 1e-15


def test_a_wing_steeper_than_lees_bound_is_a_violation_even_where_the_grid_sees_none() -> None:
    assert svi.butterfly_violations([0.04, 1.0, 0.0, 0.0, 1.0], k=[0.0]) == 0
    assert svi.butterfly_violations([0.04, 1.5, 0.5, 0.0, 1.0], k=[0.0]) == 1
    assert svi.butterfly_violations([0.04, 2.1, 0.0, 0.0, 1.0], k=[0.0]) == 2


def test_smiles_that_cross_are_a_calendar_violation_and_equal_ones_are_not() -> None:
    steep = TAME * [1, 1.5, 1, 1, 1]
    assert svi.calendar_violations(TAME, TAME) == 0
    assert svi.calendar_violations(TAME, TAME + UP) == 0
    assert svi.calendar_violations(TAME + UP, TAME) > 0
    assert svi.calendar_violations(steep, TAME + 20 * UP, k=[0.0]) == 2  # both wings will cross
    assert svi.calendar_violations(steep, TAME + 20 * UP) > 2


def test_variance_that_is_not_positive_or_not_known_is_a_violation_too() -> None:
    assert svi.density([-0.1, 0.1, 0.0, 0.0, 0.1], 0.0) == -np.inf
    assert np.isnan(svi.density([np.nan, 0.1, 0.0, 0.0, 0.1], 0.0))
    assert svi.butterfly_violations([-0.1, 0.1, 0.0, 0.0, 0.1], k=[0.0, np.nan]) == 2


def test_parameters_broadcast_with_moneyness() -> None:
    both = np.stack((TAME, VOGT))
    assert svi.total_variance(both[:, None], [0.0, 0.1, 0.2]).shape == (2, 3)
    with pytest.raises(ValueError, match=r"^parameters must end in an axis of 5"):
        svi.total_variance([1.0, 2.0], 0.0)


def test_the_probe_is_ordered_and_reaches_the_wings_and_the_bend() -> None:
    points = svi.probe(TAME)
    assert np.all(np.diff(points) >= 0)
    assert points[0] < -1000
    assert points[-1] > 1000
    assert np.count_nonzero(np.abs(points - 0.05) < 0.2) > 50
