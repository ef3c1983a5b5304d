from collections.abc import Iterator
from typing import Any

import mpmath
import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from bench.coefficients import mills, table
from sidecar.pricing import black, kernels
from tests.pricing import plain_arrays

Array = NDArray[np.float64]
EPS = 2.0**-52


@njit(error_model="numpy")
def exponentials(x: Array, out: Array) -> None:
    for i in range(x.size):
        out[i] = kernels.exponential(x[i])


@njit(error_model="numpy")
def log_ratios(a: Array, b: Array, out: Array) -> None:
    for i in range(a.size):
        out[i] = kernels.log_ratio(a[i], b[i])


@njit(error_model="numpy")
def mills_pairs(a: Array, b: Array, out: Array) -> None:
    for i in range(a.size):
        out[0, i], out[1, i], out[2, i] = kernels.mills_pair(a[i], b[i])


@pytest.fixture(autouse=True)
def _fifty_digits() -> Iterator[None]:
    with mpmath.workdps(50):
        yield


def worst(found: Array, exact: list[Any]) -> float:
    """Relative error in units of the last place."""
    return max(float(abs(mpmath.mpf(float(x)) / y - 1)) for x, y in zip(found, exact, strict=True)) / EPS


def random(seed: int = 3) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_coefficients_are_those_that_are_made_and_their_errors_are_below_rounding() -> None:
    for name, (row, error) in table().items():
        assert error < EPS / 3, name
        assert [getattr(kernels, f"_{name}{k}") for k in range(len(row))] == row
        assert not hasattr(kernels, f"_{name}{len(row)}")


def test_the_exponential_is_within_a_unit_of_the_last_place() -> None:
    x = np.concatenate((random().uniform(-708, 709, 2000), random().uniform(-1, 1, 2000), (0.0, 5e-324, -708.0, 709.0)))
    found = np.empty_like(x)
    exponentials(x, found)
    assert worst(found, [mpmath.exp(mpmath.mpf(float(each))) for each in x]) < 1


def test_the_exponential_beyond_its_ends_is_zero_or_infinite_and_of_nan_is_nan() -> None:
    x = np.array([-np.inf, -708.1, 709.1, np.inf, np.nan])
    found = np.empty_like(x)
    exponentials(x, found)
    np.testing.assert_array_equal(found, [0, 0, np.inf, np.inf, np.nan])


def test_the_logarithm_of_a_ratio_is_exact_to_rounding_far_apart_and_close_together() -> None:
    draw = random()
    a, b = np.exp(draw.uniform(-600, 600, 4000)), np.exp(draw.uniform(-600, 600, 4000))
    b[2000:] = a[2000:] * np.exp(draw.normal(size=2000) * 0.3 ** draw.integers(1, 20, 2000))
    a, b = a[a != b], b[a != b]
    found = np.empty_like(a)
    log_ratios(a, b, found)
    assert (
        worst(found, [mpmath.log(mpmath.mpf(float(x)) / mpmath.mpf(float(y))) for x, y in zip(a, b, strict=True)]) < 2
    )
    log_ratios(b, b, found)
    np.testing.assert_array_equal(found, 0.0)


@pytest.mark.parametrize("place", [0, 1])
def test_the_logarithm_of_a_ratio_keeps_a_nan(place: int) -> None:
    pair, found = [np.array([2.0]), np.array([3.0])], np.empty(1)
    pair[place][0] = np.nan
    log_ratios(*pair, found)
    assert np.isnan(found[0])


def test_mills_ratios_and_the_slope_between_them_hold_their_digits_however_close_they_are() -> None:
    draw = random()
    a = np.concatenate((draw.uniform(-0.125, 1, 1500), np.exp(draw.uniform(-3, 3.7, 1500))))
    b = a + np.exp(draw.uniform(-25, 3, a.size))
    a, b = a[a != b], b[a != b]
    found = np.empty((3, a.size))
    mills_pairs(a, b, found)
    points = [(mpmath.mpf(float(x)), mpmath.mpf(float(y))) for x, y in zip(a, b, strict=True)]
    ratios = [(mills(x), mills(y)) for x, y in points]
    assert worst(found[0], [x for x, _ in ratios]) < 3
    assert worst(found[1], [y for _, y in ratios]) < 3
    slopes = [(m - n) / (y - x) for (x, y), (m, n) in zip(points, ratios, strict=True)]
    assert worst(found[2], slopes) < 10


def book(n: int) -> dict[str, Any]:
    draw = random()
    forward = draw.uniform(20000, 28000, n)
    time = 10 ** draw.uniform(-4, 0.5, n)
    return {
        "forward": forward,
        "strike": 50 * np.round(forward * np.exp(draw.normal(0, 0.15, n)) / 50),
        "time": time,
        "volatility": draw.uniform(0.05, 1.0, n),
        "rate": draw.uniform(-0.02, 0.1, n),
        "spot": forward * np.exp(-0.05 * time),
        "call": draw.random(n) < 0.5,
    }


@pytest.mark.parametrize("with_spot", [False, True])
def test_numpy_and_scipy_agree_at_the_worst_point_of_a_large_book(with_spot: bool) -> None:
    options = book(20_001)
    spot = options["spot"] if with_spot else options.pop("spot")
    found, expected = black.greeks(**options), plain_arrays.greeks(**options)
    scales = (spot, 1, 1 / spot, spot, spot, spot, 1, spot, 1)
    for name, a, b, scale in zip(black.Greeks._fields, found, expected, scales, strict=True):
        assert np.max(np.abs(a - b) / (scale + np.abs(b))) < 3e-13, name


def test_out_is_what_is_filled_and_returned() -> None:
    options = book(12)
    expected = np.array(black.greeks(**options))
    out = black.Greeks(*np.full((9, 12), np.nan))
    made = black.greeks(**options, out=out)
    assert all(a is b for a, b in zip(made, out, strict=True))
    np.testing.assert_array_equal(np.array(out), expected)
    priced = [options[name] for name in ("forward", "strike", "time", "volatility")]
    alone = np.empty(12)
    assert black.price(*priced, call=options["call"], out=alone) is alone
    np.testing.assert_array_equal(alone, black.price(*priced, call=options["call"]))


@pytest.mark.parametrize(
    "out",
    [np.empty(11), np.empty((12, 1)), np.empty(12, dtype=np.float32), np.empty(24)[::2], np.broadcast_to(0.0, 12)],
)
def test_an_out_of_another_shape_type_or_memory_is_refused(out: Any) -> None:
    options = book(12)
    priced = [options[name] for name in ("forward", "strike", "time", "volatility")]
    with pytest.raises(ValueError, match=r"^out must be writeable float64 in C order of shape \(12,\)"):
        black.price(*priced, call=options["call"], out=out)
    with pytest.raises(ValueError, match=r"^out must be"):
        black.greeks(**options, out=black.Greeks(*[out] * 9))
