from typing import Any

import numpy as np
import pytest

from sidecar.pricing import grid
from sidecar.pricing.black import price

FACTORS = np.linspace(0.8, 1.2, 9)
SHIFTS = np.linspace(-0.3, 0.3, 7)


def book(n: int = 60) -> dict[str, Any]:
    draw = np.random.default_rng(5)
    forward = draw.uniform(20000, 28000, n)
    return {
        "forward": forward,
        "strike": 50 * np.round(forward * np.exp(draw.normal(0, 0.1, n)) / 50),
        "time": 10 ** draw.uniform(-4, 0.3, n),
        "volatility": draw.uniform(0.05, 0.6, n),
        "discount": draw.uniform(0.9, 1.0, n),
        "call": draw.random(n) < 0.5,
    }


def one_by_one(legs: dict[str, Any], factors: Any, shifts: Any) -> np.ndarray:
    each = {name: column[:, None, None] for name, column in legs.items() if name != "volatility"}
    volatility = legs["volatility"]
    volatility = volatility[:, :, None] if volatility.ndim == 2 else volatility[:, None, None]
    return price(
        each["forward"] * factors[:, None],
        each["strike"],
        each["time"],
        np.maximum(volatility + shifts, 0.0),
        each["discount"],
        call=each["call"],
    )


@pytest.mark.parametrize("by_factor", [False, True])
def test_each_value_is_the_price_of_the_leg_in_the_scenario(by_factor: bool) -> None:
    legs = book()
    if by_factor:
        legs["volatility"] = legs["volatility"][:, None] + np.linspace(0.0, 0.2, FACTORS.size)
    found = grid.values(**legs, forward_factors=FACTORS, vol_shifts=SHIFTS)
    expected = one_by_one(legs, FACTORS, SHIFTS)
    assert found.shape == (60, 9, 7)
    assert np.max(np.abs(found - expected)) < 1e-15 * 28000 * 1.2 * 4
    assert np.max(np.abs(found - expected) / np.maximum(expected, 1e-3)) < 2e-11


def test_a_volatility_shifted_below_zero_and_a_leg_without_time_or_strike_are_worth_their_intrinsic_value() -> None:
    for part in ({"volatility": 0.1}, {"time": 0.0}, {"strike": 0.0}):
        leg: dict[str, Any] = {"forward": 100.0, "strike": [90.0, 100.0], "time": 0.5, "volatility": 0.1} | part
        found = grid.values(**leg, discount=0.9, call=True, forward_factors=[0.9, 1.0, 1.1], vol_shifts=[-0.2])
        strike = np.broadcast_to(np.asarray(leg["strike"]), found.shape[:1])
        expected = 0.9 * np.maximum(100.0 * np.array([0.9, 1.0, 1.1]) - strike[:, None], 0.0)
        np.testing.assert_array_equal(found[:, :, 0], expected)


@pytest.mark.parametrize("name", ["forward", "strike", "time", "volatility", "discount"])
def test_an_unknown_leg_is_nan_and_makes_the_totals_nan_but_no_other_leg(name: str) -> None:
    legs = book()
    legs[name][7] = np.nan
    found = grid.values(**legs, forward_factors=FACTORS, vol_shifts=SHIFTS)
    assert np.all(np.isnan(found[7]))
    assert np.all(np.isfinite(np.delete(found, 7, axis=0)))
    assert np.all(np.isnan(grid.totals(**legs, quantity=np.ones(60), forward_factors=FACTORS, vol_shifts=SHIFTS)))


def test_an_unknown_factor_shift_or_volatility_at_a_factor_is_nan_in_its_own_place() -> None:
    legs = book()
    factors, shifts = FACTORS.copy(), SHIFTS.copy()
    factors[2] = shifts[3] = np.nan
    legs["volatility"] = np.repeat(legs["volatility"][:, None], 9, axis=1)
    legs["volatility"][5, 4] = np.nan
    found = np.isnan(grid.values(**legs, forward_factors=factors, vol_shifts=shifts))
    expected = np.zeros(found.shape, dtype=np.bool_)
    expected[:, 2], expected[:, :, 3], expected[5, 4] = True, True, True
    np.testing.assert_array_equal(found, expected)


def test_totals_are_the_values_times_quantity_added_leg_by_leg() -> None:
    legs, quantity = book(), np.random.default_rng(2).normal(0, 500, 60)
    values = grid.values(**legs, forward_factors=FACTORS, vol_shifts=SHIFTS)
    found = grid.totals(**legs, quantity=quantity, forward_factors=FACTORS, vol_shifts=SHIFTS)
    gross = np.einsum("n,nmk->mk", np.abs(quantity), values)
    assert found.shape == (9, 7)
    assert np.max(np.abs(found - np.einsum("n,nmk->mk", quantity, values)) / gross) < 1e-15
    for _ in range(3):
        again = grid.totals(**legs, quantity=quantity, forward_factors=FACTORS, vol_shifts=SHIFTS)
        np.testing.assert_array_equal(again, found)


def test_a_scenario_has_the_same_value_and_total_among_any_others() -> None:
    legs, quantity = book(), np.ones(60)
    whole = grid.values(**legs, forward_factors=FACTORS, vol_shifts=SHIFTS)
    total = grid.totals(**legs, quantity=quantity, forward_factors=FACTORS, vol_shifts=SHIFTS)
    for j in range(9):
        for c in range(7):
            cell = {"forward_factors": FACTORS[j], "vol_shifts": SHIFTS[c]}
            np.testing.assert_array_equal(grid.values(**legs, **cell)[:, 0, 0], whole[:, j, c])
            assert grid.totals(**legs, quantity=quantity, **cell)[0, 0] == total[j, c]


def test_an_empty_book_has_no_values_and_totals_of_nothing() -> None:
    legs = {name: column[:0] for name, column in book().items()}
    assert grid.values(**legs, forward_factors=FACTORS, vol_shifts=SHIFTS).shape == (0, 9, 7)
    found = grid.totals(**legs, quantity=np.empty(0), forward_factors=FACTORS, vol_shifts=SHIFTS)
    np.testing.assert_array_equal(found, np.zeros((9, 7)))


def test_out_is_what_is_filled_and_another_shape_is_refused() -> None:
    legs, out = book(), np.empty((60, 9, 7))
    assert grid.values(**legs, forward_factors=FACTORS, vol_shifts=SHIFTS, out=out) is out
    np.testing.assert_array_equal(out, grid.values(**legs, forward_factors=FACTORS, vol_shifts=SHIFTS))
    with pytest.raises(ValueError, match=r"^out must be writeable float64"):
        grid.values(**legs, forward_factors=FACTORS, vol_shifts=SHIFTS, out=out[:, :, ::-1])


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("forward", 0.0),
        ("strike", -1.0),
        ("time", -1e-9),
        ("volatility", -0.1),
        ("discount", 0.0),
        ("forward_factors", 0.0),
        ("vol_shifts", np.inf),
        ("quantity", np.inf),
        ("forward", np.inf),
        ("strike", np.ones(59)),
        ("volatility", np.ones((60, 8))),
        ("quantity", np.ones(61)),
        ("call", np.ones(59, dtype=np.bool_)),
    ],
)
def test_an_argument_out_of_its_shape_or_domain_is_refused_by_name(name: str, bad: Any) -> None:
    given = book() | {"quantity": np.ones(60), "forward_factors": FACTORS.copy(), "vol_shifts": SHIFTS.copy()}
    if np.ndim(bad) == 0:
        given[name][3] = bad
    else:
        given[name] = bad
    with pytest.raises(ValueError, match=rf"^{name} must be"):
        grid.totals(**given)


def test_a_call_flag_in_numbers_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^call must be boolean"):
        grid.values(1.0, 1.0, 1.0, 0.2, 1.0, call=1, forward_factors=1.0, vol_shifts=0.0)
