from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.surfaces import arbitrages
from sidecar.domain.analytics import FitQuality
from sidecar.pricing import svi
from sidecar.pricing.bands import Band
from sidecar.pricing.black import price
from sidecar.pricing.surface import Surface
from sidecar.pricing.surface_fit import fit

YEARS = (7 / 365, 35 / 365, 91 / 365, 1.0)
#: Free of arbitrage, each above the one before.
TRUE = np.array(
    [
        [0.0001, 0.010, -0.30, 0.005, 0.03],
        [0.0008, 0.025, -0.35, 0.010, 0.06],
        [0.0025, 0.045, -0.40, 0.015, 0.10],
        [0.0100, 0.110, -0.40, 0.030, 0.25],
    ]
)


def band(
    smile: np.ndarray, years: float, strikes: int = 41, half: float = 0.002, noise: np.ndarray | None = None
) -> Band:
    reach = 4 * np.sqrt(svi.total_variance(smile, 0.0))
    k = np.linspace(-1.3 * reach, reach, strikes)
    volatility = np.sqrt(svi.total_variance(smile, k) / years) + (0.0 if noise is None else noise)
    return Band(years, 100.0, 0.01, 1.0, 100.0 * np.exp(k), volatility - half, volatility + half)


def chain(**options: float) -> list[Band]:
    return [band(smile, years, **options) for smile, years in zip(TRUE, YEARS, strict=True)]  # type: ignore[arg-type]


def some(whole: Band, rows: list[int]) -> Band:
    return replace(whole, strikes=whole.strikes[rows], low=whole.low[rows], high=whole.high[rows])


def test_the_smiles_that_made_clean_quotes_are_found() -> None:
    surface = fit(chain())
    np.testing.assert_allclose(surface.parameters, TRUE, rtol=2e-3, atol=2e-6)
    assert surface.quality == (FitQuality.GOOD,) * 4
    assert surface.rmse.max() < 1e-6
    np.testing.assert_array_equal(surface.inside, 1.0)
    np.testing.assert_array_equal(surface.quotes, 41)
    assert surface.violations() == (0, 0)


def volatilities(surface: Surface) -> np.ndarray:
    return np.array([surface.volatility(t, k=np.linspace(-0.2, 0.15, 30)) for t in YEARS])


def test_a_warm_start_finds_what_a_cold_one_finds() -> None:
    noise = np.random.default_rng(1).normal(0, 0.001, (4, 41))
    quoted = [band(s, t, noise=n) for s, t, n in zip(TRUE, YEARS, noise, strict=True)]
    cold = fit(quoted)
    warm = fit(quoted, fit(chain()))
    np.testing.assert_allclose(volatilities(warm), volatilities(cold), atol=1e-4)


def test_the_same_quotes_give_the_same_bits() -> None:
    noise = np.random.default_rng(2).normal(0, 0.004, (4, 41))
    quoted = [band(s, t, noise=n) for s, t, n in zip(TRUE, YEARS, noise, strict=True)]
    assert fit(quoted).parameters.tobytes() == fit(quoted).parameters.tobytes()


def test_an_earlier_surface_of_other_expiries_starts_nothing() -> None:
    early = fit([replace(each, years=each.years + 0.01) for each in chain()])
    assert fit(chain(), early).parameters.tobytes() == fit(chain()).parameters.tobytes()


def test_one_wild_quote_moves_little() -> None:
    wild = chain()[2]
    low, high = wild.low.copy(), wild.high.copy()
    low[25], high[25] = low[25] + 0.3, high[25] + 0.3
    surface = fit([replace(wild, low=low, high=high)])
    k = np.log(wild.strikes / 100.0)
    off = np.abs(surface.volatility(YEARS[2], k=k) - np.sqrt(svi.total_variance(TRUE[2], k) / YEARS[2]))
    assert off.max() < 0.003


def test_wide_quotes_count_for_little() -> None:
    made = chain()[2]
    wide = np.arange(41) % 2 == 1
    half = np.where(wide, 0.05, 0.002)
    true = 0.5 * (made.low + made.high)
    mid = true + np.where(wide, 0.03, 0.0)
    k = np.log(made.strikes / 100.0)
    off = fit([replace(made, low=mid - half, high=mid + half)]).volatility(YEARS[2], k=k) - true
    assert np.abs(off).max() < 0.005
    alike = fit([replace(made, low=mid - 0.002, high=mid + 0.002)]).volatility(YEARS[2], k=k) - true
    assert np.abs(alike).min() > 2 * np.abs(off).mean()


def test_a_trade_that_stands_for_both_sides_is_no_surer_than_the_quotes() -> None:
    made = chain()[2]
    low, high = made.low.copy(), made.high.copy()
    low[24] = high[24] = 0.5 * (low[24] + high[24]) + 0.01
    k = np.log(made.strikes / 100.0)
    off = fit([replace(made, low=low, high=high)]).volatility(YEARS[2], k=k) - 0.5 * (made.low + made.high)
    assert np.abs(off).max() < 1.5e-3
    assert fit([replace(made, high=made.low)]).quality == (FitQuality.GOOD,)  # trades alone


def worth_no_less_further_in_the_money(surface: Surface) -> None:
    """The served call prices fall and are convex in strike, at every expiry: no smile and no density is asked."""
    strikes = np.linspace(60.0, 150.0, 361)
    for years in surface.years[surface.fitted]:
        calls = price(100.0, strikes, years, surface.volatility(years, strike=strikes), call=True)
        assert np.all(np.diff(calls) <= 1e-12)
        assert np.all(np.diff(calls) >= -0.25 - 1e-12)
        assert np.diff(calls, 2).min() >= -1e-11


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 2**32 - 1),
    st.floats(0.0, 0.08),
    st.lists(st.integers(0, 40), min_size=4, max_size=4),
    st.floats(-0.5, 0.5),
)
def test_no_quotes_however_bad_give_a_surface_with_arbitrage(
    seed: int, noise: float, counts: list[int], fall: float
) -> None:
    """Random noise, random numbers of strikes, sides missing, and a term structure that may fall."""
    random = np.random.default_rng(seed)
    expiries = []
    for index, (smile, years, count) in enumerate(zip(TRUE, YEARS, counts, strict=True)):
        made = band(smile, years, noise=random.normal(0, noise, 41) + fall * noise * index)
        rows = np.sort(random.permutation(41)[:count])
        low, high = np.maximum(made.low[rows], 0.001), np.maximum(made.high[rows], 0.002)
        missing = random.random(count) < 0.2
        low = np.where(missing & (random.random(count) < 0.5), np.nan, low)
        high = np.where(missing & ~np.isnan(low), np.nan, high)
        expiries.append(replace(made, strikes=made.strikes[rows], low=low, high=high))
    surface = fit(expiries)
    assert surface.violations() == (0, 0)
    assert arbitrages(surface, seed, 200) == (0, 0)
    between = np.concatenate([np.linspace(0.001, 1.4, 30), YEARS])
    between.sort()
    variance = surface.total_variance(np.linspace(-2, 2, 81)[None, :], between[:, None])
    if surface.fitted.size:
        assert np.all(np.diff(variance, axis=0) >= -1e-12)
        worth_no_less_further_in_the_money(surface)
    for quality, size, count in zip(surface.quality, surface.quotes, counts, strict=True):
        assert (quality is FitQuality.MISSING) == (count == 0)
        assert quality is not FitQuality.GOOD or size >= 8


def test_smiles_that_cross_are_parted_and_the_quotes_still_mostly_met() -> None:
    low = band(TRUE[1] * [0.97, 1, 1, 1, 1] - [0.0001, 0, 0, 0, 0], YEARS[1] + 0.002)
    surface = fit([band(TRUE[1], YEARS[1]), low])
    assert surface.violations() == (0, 0)
    assert surface.quality[0] is not FitQuality.MISSING
    assert np.all(surface.rmse < 0.01)


def test_three_quotes_make_a_coarse_smile_and_two_borrow_their_neighbours() -> None:
    near, middle, _, far = chain()
    surface = fit([near, some(middle, [10, 20, 30]), far])
    assert surface.quality == (FitQuality.GOOD, FitQuality.COARSE, FitQuality.GOOD)
    assert surface.rmse[1] < 0.02
    surface = fit([near, some(middle, [18, 22]), far])
    assert surface.quality[1] is FitQuality.COARSE
    assert surface.violations() == (0, 0)
    at = np.log(middle.strikes[18] / 100.0)
    assert near.years < middle.years
    assert surface.volatility(YEARS[1], k=at) == pytest.approx(middle.low[18] + 0.002, abs=0.03)


def test_one_strike_alone_is_flat() -> None:
    surface = fit([some(chain()[1], [20])])
    assert surface.quality == (FitQuality.FLAT,)
    expected = 0.5 * (chain()[1].low[20] + chain()[1].high[20])
    np.testing.assert_allclose(surface.volatility(YEARS[1], k=[-0.5, 0.0, 0.5]), expected, rtol=1e-9)
    assert surface.violations() == (0, 0)


def test_an_ask_alone_is_no_better_than_coarse() -> None:
    whole = chain()[1]
    surface = fit([replace(whole, low=np.full(41, np.nan))])
    assert surface.quality == (FitQuality.COARSE,)
    assert surface.violations() == (0, 0)


def test_a_side_that_nobody_quotes_excludes_no_smile_and_has_no_middle_to_be_off() -> None:
    """Bids far below the smile of an earlier expiry, which lifts this one: nothing contradicts it."""
    near, middle, *_ = chain()
    bids = replace(middle, low=0.25 * middle.low, high=np.full(41, np.nan))
    surface = fit([near, bids])
    assert surface.quality[1] is FitQuality.COARSE
    assert np.isnan(surface.rmse[1])
    assert surface.inside[1] == 1.0
    asks = replace(middle, low=np.full(41, np.nan), high=0.25 * middle.high)
    assert fit([near, asks]).inside[1] < 0.5


def test_quotes_as_wide_as_the_volatility_itself_are_no_good_fit() -> None:
    narrow, wide = band(TRUE[2], YEARS[2], half=0.02), band(TRUE[2], YEARS[2], half=0.08)
    assert fit([narrow]).quality == (FitQuality.GOOD,)
    assert fit([wide]).quality == (FitQuality.COARSE,)
    assert fit([wide]).inside[0] == 1.0


def test_noise_makes_no_kink_at_the_money() -> None:
    """Few quotes about the bend: a smile that turns within a quarter of a deviation is noise, and gamma's ruin."""
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(0, 0.02, 13)
        surface = fit([band(TRUE[1], YEARS[1], strikes=13, half=0.03, noise=noise)])
        deviation = np.sqrt(surface.total_variance(0.0, YEARS[1]))
        assert surface.parameters[0, 4] >= 0.25 * 0.8 * deviation  # of the quotes' own deviation there


def test_an_expiry_without_quotes_is_missing_and_read_from_its_neighbours() -> None:
    near, middle, far, _ = chain()
    surface = fit([near, some(middle, []), far])
    assert surface.quality[1] is FitQuality.MISSING
    assert np.isnan(surface.parameters[1]).all()
    share = (YEARS[1] - YEARS[0]) / (YEARS[2] - YEARS[0])
    expected = (1 - share) * svi.total_variance(TRUE[0], 0.05) + share * svi.total_variance(TRUE[2], 0.05)
    assert surface.total_variance(0.05, YEARS[1]) == pytest.approx(float(expected), rel=1e-4)


def test_no_expiries_and_expiries_out_of_order() -> None:
    assert fit([]).quality == ()
    with pytest.raises(ValueError, match="ascending years"):
        fit(chain()[::-1])
