import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.pricing.black import price
from sidecar.pricing.curve import (
    Curve,
    carry,
    discount_factor,
    forward_by_parity,
    forward_by_parity_from_marks,
)

STRIKES = np.arange(23000.0, 26001.0, 100.0)
DISCOUNT = 0.995


def mids(forward: float, strikes: np.ndarray = STRIKES, discount: float = DISCOUNT) -> tuple[np.ndarray, np.ndarray]:
    call = price(forward, strikes, 7 / 365, 0.14, discount, call=True)
    put = price(forward, strikes, 7 / 365, 0.14, discount, call=False)
    return call + 5, put + 5  # keeps the wings' bids above zero, and parity


def quotes(forward: float, width: float | np.ndarray = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    call, put = mids(forward)
    return call - width / 2, call + width / 2, put - width / 2, put + width / 2


@settings(deadline=None)  # the first price loads compiled code
@given(st.floats(23500, 25500), st.floats(0.9, 1.0), st.floats(0.0, 4.0))
def test_the_forward_that_made_the_prices_is_found(forward: float, discount: float, width: float) -> None:
    call, put = mids(forward, discount=discount)
    half = width / 2
    found = forward_by_parity(STRIKES, call - half, call + half, put - half, put + half, discount)
    assert found.forward == pytest.approx(forward, rel=1e-12)
    assert found.n_used == STRIKES.size
    assert found.standard_error <= width / discount / np.sqrt(3 * STRIKES.size) + 1e-4


def test_by_hand_two_strikes_weigh_as_one_over_the_square_of_their_width() -> None:
    # F = 100 + (7 - 5) = 102 of half-width 1, and 110 + (3 - 8) = 105 of half-width 2: (4 x 102 + 105) / 5.
    found = forward_by_parity([100, 110], [6.5, 2], [7.5, 4], [4.5, 7], [5.5, 9], 1.0)
    assert found.forward == pytest.approx(102.6)
    # 3/1 and 3/4 are the weights; chi square 3 x 0.36 + 0.75 x 5.76 = 5.4 widens the error of sqrt(1/3.75)
    assert found.standard_error == pytest.approx((5.4 / 3.75) ** 0.5)


def test_stale_strikes_are_left_out() -> None:
    sides = quotes(24600.0)
    for stale, by in ((3, 80.0), (15, -45.0), (20, 300.0)):
        sides[0][stale] += by
        sides[1][stale] += by
    found = forward_by_parity(STRIKES, *sides, DISCOUNT)
    assert found.forward == pytest.approx(24600.0, abs=1e-6)
    assert found.n_used == STRIKES.size - 3


def test_a_wide_quote_counts_for_little() -> None:
    width = np.where(STRIKES < 24000, 40.0, 0.5)
    sides = quotes(24600.0, width)
    wide = STRIKES < 24000
    sides[0][wide] += 9
    sides[1][wide] += 9
    assert forward_by_parity(STRIKES, *sides, DISCOUNT).forward == pytest.approx(24600.0, abs=0.01)


def test_one_locked_quote_does_not_decide_alone() -> None:
    sides = quotes(24600.0, np.where(STRIKES == 24600, 0.0, 2.0))
    sides[0][STRIKES == 24600] += 0.9
    sides[1][STRIKES == 24600] += 0.9
    found = forward_by_parity(STRIKES, *sides, DISCOUNT)
    assert 24600.0 < found.forward < 24600.9
    assert found.standard_error > 0.05


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0, -1.0])
@pytest.mark.parametrize("side", range(4))
def test_a_strike_with_a_bad_quote_is_not_used(side: int, bad: float) -> None:
    sides = quotes(24600.0)
    sides[side][10] = bad
    found = forward_by_parity(STRIKES, *sides, DISCOUNT)
    assert found.n_used == STRIKES.size - 1
    assert found.forward == pytest.approx(24600.0, rel=1e-12)


@pytest.mark.parametrize("bid", [0, 2])
def test_a_crossed_quote_is_not_used(bid: int) -> None:
    sides = quotes(24600.0)
    sides[bid][10], sides[bid + 1][10] = sides[bid + 1][10], sides[bid][10]
    assert forward_by_parity(STRIKES, *sides, DISCOUNT).n_used == STRIKES.size - 1


def test_fewer_than_two_pairs_give_no_forward() -> None:
    assert np.isnan(forward_by_parity([], [], [], [], [], 1.0).forward)
    alone = forward_by_parity([100, 110], [6.5, np.nan], [7.5, 4], [4.5, 7], [5.5, 9], 1.0)
    assert np.isnan(alone.forward)
    assert np.isnan(alone.standard_error)
    assert alone.n_used == 1


def test_prices_that_imply_a_forward_below_zero_give_none() -> None:
    assert np.isnan(forward_by_parity([10, 11], [1, 1], [1, 1], [90, 91], [90, 91], 1.0).forward)
    assert np.isnan(forward_by_parity_from_marks([10, 11], [1, 1], [90, 91], 10.0, 1.0).forward)


def test_marks_use_the_six_strikes_nearest_the_money_and_forgive_stale_ones() -> None:
    call, put = mids(24600.0)
    call[STRIKES == 24500] += 60
    call[STRIKES < 24000] += 500  # deep in the money, last traded days ago
    found = forward_by_parity_from_marks(STRIKES, call, put, 24585.0, DISCOUNT)
    assert found.forward == pytest.approx(24600.0, rel=1e-12)
    assert found.n_used == 6


def test_marks_by_hand() -> None:
    # implied forwards 102, 101 and 105; median 102, median absolute deviation 1
    found = forward_by_parity_from_marks([100, 105, 110], [7, 4, 3], [5, 8, 8], 104.0, 1.0)
    assert tuple(found) == pytest.approx((102.0, 1.2533 * 1.4826 / 3**0.5, 3))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0, -3.0])
def test_marks_that_never_traded_are_not_used(bad: float) -> None:
    found = forward_by_parity_from_marks([100, 105, 110], [7, bad, 3], [5, 8, 8], 104.0, 1.0)
    assert found.n_used == 2
    assert np.isnan(forward_by_parity_from_marks([100, 105], [7, bad], [5, 8], 104.0, 1.0).forward)


def test_marks_without_a_spot_give_no_forward() -> None:
    assert np.isnan(forward_by_parity_from_marks([100, 105], [7, 4], [5, 8], np.nan, 1.0).forward)


@pytest.mark.parametrize("discount", [0.0, -1.0, np.nan, np.inf])
def test_an_impossible_discount_is_refused_by_name(discount: float) -> None:
    bid, ask = STRIKES, STRIKES + 1
    with pytest.raises(ValueError, match=r"^discount must be"):
        forward_by_parity(STRIKES, bid, ask, bid, ask, discount)
    with pytest.raises(ValueError, match=r"^discount must be"):
        forward_by_parity_from_marks(STRIKES, bid, bid, 24600.0, discount)


def test_columns_of_unlike_length_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        forward_by_parity([1.0, 2.0], [1.0], [1.0], [1.0], [1.0], 1.0)


def test_a_discount_factor_compounds_continuously() -> None:
    assert discount_factor(0.065, 1.0) == pytest.approx(0.9370674633774033, rel=1e-15)
    assert discount_factor(0.065, 0.0) == 1.0
    assert np.isnan(discount_factor(np.nan, 1.0))
    with pytest.raises(ValueError, match=r"^years must be"):
        discount_factor(0.065, [-1.0, np.nan])


def test_a_curve_is_linear_between_its_nodes_and_flat_beyond() -> None:
    curve = Curve((0.25, 1.0), (0.06, 0.09))
    np.testing.assert_allclose(curve.rate([0.0, 0.25, 0.5, 1.0, 9.0]), [0.06, 0.06, 0.07, 0.09, 0.09], rtol=1e-15)
    assert curve.discount(0.5) == pytest.approx(np.exp(-0.035))
    assert Curve.flat(0.065).discount(2.0) == pytest.approx(np.exp(-0.13))


@pytest.mark.parametrize(
    ("years", "rates"),
    [((), ()), ((1.0,), ()), ((1.0, 1.0), (0.1, 0.1)), ((-1.0,), (0.1,)), ((1.0,), (np.nan,)), ((np.inf,), (0.1,))],
)
def test_nodes_that_make_no_curve_are_refused(years: tuple[float, ...], rates: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"^years"):
        Curve(years, rates)


def test_the_carry_is_the_log_of_forward_over_spot_a_year_with_the_errors_of_both() -> None:
    found = carry(24_900.0, 24_600.0, 0.25, 10.0, 5.0)
    assert found.rate == pytest.approx(4 * np.log(24_900 / 24_600))
    assert found.standard_error == pytest.approx(4 * np.hypot(10 / 24_900, 5 / 24_600))


@given(st.floats(-0.2, 0.2), st.floats(0.001, 3.0))
def test_the_carry_that_made_the_forward_comes_back(b: float, years: float) -> None:
    assert carry(100.0 * np.exp(b * years), 100.0, years).rate == pytest.approx(b, abs=1e-11 / years)


def test_a_carry_of_what_is_not_known_is_not_known() -> None:
    found = carry(
        [np.nan, 100.0, 100.0, -1.0, 100.0], [100.0, np.nan, 0.0, 100.0, 100.0], [1.0, 1.0, 1.0, 1.0, 0.0], 1.0
    )
    assert np.isnan(found.rate).all()
    assert np.isnan(found.standard_error).all()
