from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy.special import ndtr

from sidecar.domain.analytics import FitQuality
from sidecar.pricing import svi
from sidecar.pricing.black import price
from sidecar.pricing.surface import Surface

NEAR = np.array([0.0008, 0.025, -0.35, 0.010, 0.06])
FAR = np.array([0.0100, 0.110, -0.40, 0.030, 0.25])
YEARS = np.array([0.1, 1.0])
NONE = np.full(5, np.nan)


def surface(*smiles: np.ndarray, years: np.ndarray = YEARS, forward: tuple[float, ...] = (100.5, 105.0)) -> Surface:
    n = len(smiles)
    known = np.isfinite(np.array(smiles).reshape(n, 5)).all(axis=1)
    return Surface(
        years=years,
        forward=np.array(forward),
        forward_error=np.full(n, 0.1),
        discount=np.exp(-0.05 * years),
        parameters=np.array(smiles).reshape(n, 5),
        rmse=np.full(n, 0.001),
        inside=np.full(n, 0.9),
        quotes=np.full(n, 40),
        drawn=np.zeros(n),
        quality=tuple(FitQuality.GOOD if each else FitQuality.MISSING for each in known),
    )


BOTH = surface(NEAR, FAR)


def test_at_an_expiry_the_smile_itself_is_read() -> None:
    k = np.linspace(-1, 1, 21)
    np.testing.assert_allclose(BOTH.total_variance(k, 0.1), svi.total_variance(NEAR, k), rtol=1e-14)
    np.testing.assert_allclose(BOTH.total_variance(k, 1.0), svi.total_variance(FAR, k), rtol=1e-14)
    np.testing.assert_allclose(
        BOTH.volatility(1.0, strike=105.0 * np.exp(k)), np.sqrt(svi.total_variance(FAR, k)), rtol=1e-12
    )


def test_between_expiries_total_variance_is_linear_and_beyond_it_goes_on_at_the_same_pace() -> None:
    near, far = svi.total_variance(NEAR, 0.1), svi.total_variance(FAR, 0.1)
    assert BOTH.total_variance(0.1, 0.55) == pytest.approx(0.5 * (near + far))
    assert BOTH.total_variance(0.1, 0.05) == pytest.approx(0.5 * near)
    pace = (svi.total_variance(FAR, 0.0) - svi.total_variance(NEAR, 0.0)) / 0.9
    assert BOTH.total_variance(0.1, 3.0) == pytest.approx(far + 2.0 * pace)
    alone = surface(FAR, years=np.array([1.0]), forward=(105.0,))
    assert alone.total_variance(0.0, 3.0) == pytest.approx(3.0 * svi.total_variance(FAR, 0.0))
    assert BOTH.total_variance(0.0, 0.0) == 0.0
    assert BOTH.volatility(0.0, k=0.0) == pytest.approx(np.sqrt(svi.total_variance(NEAR, 0.0) / 0.1))


def test_beyond_the_last_expiry_no_strike_grows_where_the_money_does_not() -> None:
    """The last smile is below the one before at the money, and above it in the wings: its wings must not run away."""
    steep = NEAR * [1, 3, 1, 1, 1] - [0.004, 0, 0, 0, 0]
    still = surface(NEAR, steep)
    assert np.all(svi.total_variance(steep, [-0.4, 0.4]) > svi.total_variance(NEAR, [-0.4, 0.4]))
    assert svi.total_variance(steep, 0.0) < svi.total_variance(NEAR, 0.0)
    k = np.linspace(-0.5, 0.5, 11)
    np.testing.assert_array_equal(still.total_variance(k, 2.5), still.total_variance(k, 1.0))


def test_where_smiles_cross_the_higher_is_served_and_nothing_can_be_arbitraged() -> None:
    k = np.linspace(-3, 3, 2001)
    steep = FAR * [1, 1.2, 1, 1, 1] - [0.008, 0, 0, 0, 0]
    wide = surface(steep, FAR, forward=(100.0, 100.0))
    assert svi.calendar_violations(steep, FAR) > 0
    near, far = wide.total_variance(k, 0.1), wide.total_variance(k, 1.0)
    assert np.all(far >= near)
    assert np.any(far > svi.total_variance(FAR, k))
    assert np.any(far == svi.total_variance(FAR, k))
    assert wide.violations() == (0, 0)
    strikes = 100 * np.exp(np.linspace(-1, 1, 801))
    calls = price(100.0, strikes, 1.0, wide.volatility(1.0, strike=strikes), call=True)
    assert np.all(np.diff(np.diff(calls) / np.diff(strikes)) >= -1e-12)


def test_a_smile_with_arbitrage_is_counted() -> None:
    vogt = np.array([-0.0410, 0.1331, 0.3060, 0.3586, 0.4153])
    butterfly, calendar = surface(vogt, years=np.array([1.0]), forward=(100.0,)).violations()
    assert butterfly > 0
    assert calendar == 0


def test_sticky_strike_keeps_each_strikes_volatility_and_sticky_delta_each_moneyness() -> None:
    strikes = np.array([90.0, 100.0, 115.0])
    for factor in (0.9, 1.0, 1.07):
        strike, delta = BOTH.shifted(factor, "strike"), BOTH.shifted(factor, "delta")
        np.testing.assert_allclose(
            strike.volatility(YEARS[:, None], strike=strikes),
            BOTH.volatility(YEARS[:, None], strike=strikes),
            rtol=1e-12,
        )
        np.testing.assert_allclose(
            delta.volatility(YEARS[:, None], strike=strikes * factor),
            BOTH.volatility(YEARS[:, None], strike=strikes),
            rtol=1e-12,
        )
        np.testing.assert_allclose(delta.forward, BOTH.forward * factor)


def test_the_scenario_matrix_is_what_shifted_surfaces_say() -> None:
    strikes, years, factors = np.array([90.0, 100.0, 115.0]), np.array([0.05, 0.4, 1.0]), np.array([0.9, 1.0, 1.1])
    for sticky in ("strike", "delta"):
        matrix = BOTH.scenario_volatility(strikes, years, factors, sticky)
        assert matrix.shape == (3, 3)
        for column, factor in enumerate(factors):
            expected = BOTH.shifted(factor, sticky).volatility(years, strike=strikes)
            np.testing.assert_allclose(matrix[:, column], expected, rtol=1e-10)


def test_the_skew_is_the_difference_of_the_25_delta_volatilities() -> None:
    w = svi.total_variance(FAR, k := np.linspace(-1, 1, 200_001))
    delta = ndtr(-k / np.sqrt(w) + np.sqrt(w) / 2)
    call, put = (np.sqrt(w[np.argmin(np.abs(delta - each))]) for each in (0.25, 0.75))
    assert BOTH.skew_25[1] == pytest.approx(put - call, abs=1e-6)
    flat = surface(np.array([0.04, 0.0, 0.0, 0.0, 0.1]), years=np.array([1.0]), forward=(100.0,))
    assert flat.skew_25[0] == pytest.approx(0.0, abs=1e-15)


def test_at_the_money_volatility_and_its_slope_in_time() -> None:
    atm = np.sqrt([svi.total_variance(NEAR, 0.0) / 0.1, svi.total_variance(FAR, 0.0)])
    np.testing.assert_allclose(BOTH.atm_volatility, atm)
    assert BOTH.term_slope[0] == pytest.approx((atm[1] - atm[0]) / 0.9)
    assert np.isnan(BOTH.term_slope[1])


def test_forwards_between_expiries_follow_their_carry() -> None:
    assert BOTH.forward_at(0.55) == pytest.approx(np.sqrt(100.5 * 105.0))
    carry = np.log(105.0 / 100.5) / 0.9
    np.testing.assert_allclose(BOTH.forward_at([0.0, 2.0]), [100.5 * np.exp(-0.1 * carry), 105.0 * np.exp(carry)])


def test_a_missing_expiry_is_skipped() -> None:
    three = surface(NEAR, NONE, FAR, years=np.array([0.1, 0.5, 1.0]), forward=(100.5, np.nan, 105.0))
    assert three.fitted.tolist() == [0, 2]
    np.testing.assert_allclose(three.total_variance(0.1, [0.3, 0.7]), BOTH.total_variance(0.1, [0.3, 0.7]))
    assert np.isnan(three.atm_volatility[1])
    assert np.isnan(three.skew_25[1])
    np.testing.assert_allclose(three.skew_25[[0, 2]], BOTH.skew_25)


def test_a_surface_of_nothing_says_nothing() -> None:
    nothing = surface(NONE, years=np.array([0.1]), forward=(np.nan,))
    assert np.isnan(nothing.volatility([0.1, 0.2], strike=100.0)).all()
    assert np.isnan(nothing.scenario_volatility([100.0], [0.1], [0.9, 1.1], "delta")).all()
    assert np.isnan(nothing.atm_volatility).all()
    assert nothing.violations() == (0, 0)


def test_unknown_strikes_and_times_give_unknown_volatilities() -> None:
    read = BOTH.volatility(np.array([0.1, np.nan, 0.1]), strike=np.array([100.0, 100.0, np.nan]))
    assert np.isnan(read).tolist() == [False, True, True]
    assert np.isnan(BOTH.volatility(0.1, strike=[0.0, -5.0])).all()


def test_what_only_a_programmer_can_get_wrong_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"^years must be at least 0"):
        BOTH.total_variance(0.0, -0.1)
    with pytest.raises(ValueError, match=r"^years must be at least 0"):
        BOTH.volatility(-0.1, k=0.0)
    with pytest.raises(ValueError, match="strike or k"):
        BOTH.volatility(0.1)
    with pytest.raises(ValueError, match=r"^factor must be"):
        BOTH.shifted(0.0, "delta")
    with pytest.raises(ValueError, match=r"^sticky must be"):
        BOTH.shifted(1.1, "moneyness")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^sticky must be"):
        BOTH.scenario_volatility([100.0], [0.1], [1.0], "moneyness")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^factors must be"):
        BOTH.scenario_volatility([100.0], [0.1], [0.0], "delta")


def test_lines_hold_what_the_wire_shows() -> None:
    three = replace(BOTH, quality=(FitQuality.GOOD, FitQuality.COARSE))
    near, far = three.lines("NIFTY", [date(2026, 9, 8), date(2026, 9, 29)])
    assert (near.underlying, near.expiry, near.years) == ("NIFTY", date(2026, 9, 8), 0.1)
    assert (far.a, far.b, far.rho, far.m, far.sigma) == tuple(FAR)
    assert (far.forward, far.forward_error, far.quotes) == (105.0, 0.1, 40)
    assert far.rate == pytest.approx(0.05)
    assert far.atm_iv == pytest.approx(float(BOTH.atm_volatility[1]))
    assert far.quality is FitQuality.COARSE
