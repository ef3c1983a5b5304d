import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.pricing import svi, svi_fit
from sidecar.pricing.surface_fit import raw

NONE = np.zeros(5)
FAR = np.sinh(np.linspace(-1.0, 1.0, 201) * np.arcsinh(1e4))
P = np.array([0.01, 0.15, 0.06, 0.02, 0.15])  # variance at the money, left and right slope, m, sigma

variables = st.builds(
    lambda *each: np.array(each),
    st.floats(0.001, 0.2),
    st.floats(0.01, 1.5),
    st.floats(0.01, 1.5),
    st.floats(-0.3, 0.3),
    st.floats(0.02, 1.0),
)


def test_the_variables_are_what_they_are_called() -> None:
    smile = raw(P)
    assert svi.total_variance(smile, 0.0) == pytest.approx(0.01, rel=1e-12)
    assert svi.wings(smile) == pytest.approx((0.15, 0.06), rel=1e-12)


@settings(deadline=None)
@given(variables)
def test_what_is_allowed_is_free_of_butterflies_on_another_grid(p: np.ndarray) -> None:
    if svi_fit.allowed(p, NONE, FAR):
        assert svi.butterfly_violations(raw(p)) == 0
        assert svi.butterfly_violations(raw(p), np.linspace(-3, 3, 5001)) == 0
    else:
        margin = svi.density(raw(p), svi.probe(raw(p), 4001)).min()
        assert margin < 1e-3 or svi.lowest(raw(p)) <= 0


@settings(deadline=None)
@given(variables, st.floats(0.05, 0.99))
def test_below_a_smile_without_arbitrage_its_multiple_is_another(p: np.ndarray, share: float) -> None:
    if svi_fit.allowed(p, NONE, FAR):
        less = np.concatenate((p[:3] * share, p[3:]))
        assert svi.butterfly_violations(raw(less)) == 0
        assert svi.calendar_violations(raw(less), raw(p)) == 0
        assert svi_fit.allowed(less, p, FAR)
        assert not svi_fit.allowed(p, less, FAR)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.5))
def test_any_points_give_an_allowed_smile_also_under_a_ceiling(seed: int, noise: float) -> None:
    random = np.random.default_rng(seed)
    k = np.sort(random.normal(0, 0.15, 12))
    w = svi.total_variance(raw(P), k) * np.exp(random.normal(0, noise, 12))
    low, high = np.array([1e-4, 1e-3, 1e-3, -0.5, 0.005]), np.array([0.1, 1.9, 1.9, 0.5, 2.0])
    grid = np.linspace(-1, 1, 41)
    for ceiling in (NONE, np.array([0.009, 0.12, 0.08, 0.0, 0.2])):
        bounded = ceiling[4] > 0
        top = np.minimum(high, [0.1, 0.1199, 0.0799, 0.5, 2.0]) if bounded else high
        safe = np.concatenate((ceiling[:3] * 0.9, ceiling[3:]))
        found, drawn = svi_fit.fit_variables(k, w, np.full(12, 1e4), low, top, NONE, ceiling, safe, grid, FAR)
        assert svi_fit.allowed(found, ceiling, FAR)
        assert svi.butterfly_violations(raw(found)) == 0
        assert not bounded or svi.calendar_violations(raw(found), raw(ceiling)) == 0
        assert 0.0 <= drawn <= 1.0


def test_vogts_example_is_not_allowed() -> None:
    a, b, rho, m, sigma = -0.0410, 0.1331, 0.3060, 0.3586, 0.4153
    at_the_money = a + b * (-rho * m + np.hypot(m, sigma))
    assert not svi_fit.allowed(np.array([at_the_money, b * (1 - rho), b * (1 + rho), m, sigma]), NONE, FAR)
