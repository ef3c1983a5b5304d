import numpy as np
import pytest

from sidecar.pricing import svi, svi_descent
from sidecar.pricing.surface_fit import raw

pytestmark = pytest.mark.slow

P = np.array([0.01, 0.15, 0.06, 0.02, 0.15])  # variance at the money, left and right slope, m, sigma
NONE = np.zeros(5)


def test_the_shape_is_that_of_the_raw_smile() -> None:
    smile, at_zero = raw(P), float(np.hypot(P[3], P[4]))
    for k in (-0.7, -0.1, 0.0, 0.02, 0.5):
        found = svi_descent.shape(P, at_zero, k)
        np.testing.assert_allclose(found, svi.shape(smile, k), rtol=1e-12)
        assert svi_descent.density(k, *found) == pytest.approx(float(svi.density(smile, k)), rel=1e-12)


@pytest.mark.parametrize("p", [P, np.array([0.01, 0.9, 0.8, 0.1, 0.02]), np.array([0.002, 0.3, 0.2, -0.05, 0.4])])
def test_the_gradients_are_those_of_the_cost_and_of_the_density(p: np.ndarray) -> None:
    k, weight = np.linspace(-0.4, 0.3, 15), np.full(15, 500.0)
    w = svi.total_variance(raw(P), k) * 1.02
    steps = np.diag(1e-6 * np.maximum(np.abs(p), 0.01))

    def cost(at: np.ndarray) -> float:
        return float(svi_descent.of_quotes(at, k, w, weight, np.zeros((5, 5)), np.zeros(5)))

    normal, pull = np.zeros((5, 5)), np.zeros(5)
    svi_descent.of_quotes(p, k, w, weight, normal, pull)
    numeric = [(cost(p + step) - cost(p - step)) / (2 * step.sum()) for step in steps]
    np.testing.assert_allclose(pull, numeric, rtol=1e-4, atol=1e-3)

    row, at_zero = np.empty(5), float(np.hypot(p[3], p[4]))
    for at in np.linspace(-0.8, 0.8, 15):
        if svi.total_variance(raw(p), at) > 1e-4:
            svi_descent.density_row(p, at_zero, at, row)
            around = [(svi.density(raw(p + step), at), svi.density(raw(p - step), at), step.sum()) for step in steps]
            numeric = [float(up - down) / (2 * h) for up, down, h in around]
            np.testing.assert_allclose(row, numeric, rtol=1e-3, atol=1e-3 * np.abs(row).max())


def test_the_descent_finds_the_smile_that_made_the_points_and_stays_in_the_box() -> None:
    k = np.linspace(-0.4, 0.3, 25)
    w, weight = svi.total_variance(raw(P), k), np.full(25, 1e4)
    low, high = np.array([1e-4, 1e-3, 1e-3, -0.5, 0.005]), np.array([0.1, 1.9, 1.9, 0.5, 2.0])
    p = np.array([0.02, 0.1, 0.1, 0.0, 0.1])
    assert svi_descent.descend(p, low, high, k, w, weight, k, NONE, 100.0, 60) < 1e-9
    np.testing.assert_allclose(p, P, rtol=1e-3)
    high[1] = 0.1
    svi_descent.descend(p, low, high, k, w, weight, k, NONE, 100.0, 60)
    assert p[1] == 0.1


def test_from_the_true_bend_one_linear_fit_is_enough() -> None:
    k = np.linspace(-0.4, 0.3, 25)
    w, weight = svi.total_variance(raw(P), k), np.full(25, 1e4)
    low, high = np.full(5, -9.0), np.full(5, 9.0)
    p = np.concatenate((np.zeros(3), P[3:]))
    assert svi_descent.linear_start(p, low, high, k, w, weight) < 1e-9
    np.testing.assert_allclose(p, P, rtol=1e-6)
