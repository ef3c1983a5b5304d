from datetime import date, timedelta
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import t as student

from sidecar.risk.shocks import RESIDUAL, RESPONSE, WARM_UP, Shocks, filtered, historical, implied
from sidecar.risk.tail import expected_shortfall, value_at_risk

MONDAY = np.datetime64("2024-01-01")


def weekdays(count: int) -> Any:
    every = MONDAY + np.arange(2 * count)
    return every[np.is_busday(every)][:count]


def walk(count: int, seed: int = 1, sigma: float = 0.01) -> Any:
    return 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, sigma, count)))


def history(count: int = 301, **changes: Any) -> dict[str, Any]:
    given = {"days": weekdays(count), "closes": {"NIFTY": walk(count)}, "vols": {"NIFTY": walk(count, 2, 0.05)}}
    return given | changes


def test_historical_moves_are_the_log_returns_and_the_relative_changes_of_volatility() -> None:
    given = history()
    found = historical(**given)
    assert found is not None
    assert (found.method, found.moves, found.dropped, found.underlyings) == ("historical", 300, 0, ("NIFTY",))
    close, vol = given["closes"]["NIFTY"], given["vols"]["NIFTY"]
    assert_allclose(found.spot[0], np.log(close[1:] / close[:-1]), rtol=1e-12, atol=1e-15)
    assert_allclose(found.vol[0], vol[1:] / vol[:-1] - 1, rtol=1e-10, atol=1e-14)


def test_an_underlying_without_a_volatility_index_has_unknown_volatility_moves_and_known_returns() -> None:
    found = historical(**history(closes={"NIFTY": walk(301), "GOLD": walk(301, 3)}))
    assert found is not None
    assert np.isnan(found.vol[1]).all()
    assert np.isfinite(found.spot).all()
    assert np.isfinite(found.vol[0]).all()
    rescaled = filtered(**history(vols={}))
    assert rescaled is not None
    assert np.isnan(rescaled.vol).all()


def test_a_day_without_a_close_loses_both_moves_that_touch_it_and_makes_no_two_day_move() -> None:
    close = walk(301)
    close[50] = nan
    found = historical(**history(closes={"NIFTY": close}))
    whole = historical(**history())
    assert found is not None
    assert whole is not None
    assert (found.moves, found.dropped) == (298, 2)
    assert_array_equal(found.spot[0], np.delete(whole.spot[0], [49, 50]))


def test_a_day_missing_in_one_series_is_dropped_from_all_so_that_moves_stay_joint() -> None:
    vol = walk(301, 2, 0.05)
    vol[[7, 300]] = nan
    found = historical(**history(vols={"NIFTY": vol}))
    assert found is not None
    assert (found.moves, found.dropped) == (297, 3)
    assert found.spot.shape == found.vol.shape


def test_a_move_over_a_hole_in_the_calendar_is_dropped_and_counted_and_one_over_a_long_weekend_is_not() -> None:
    whole = history()
    kept = np.delete(np.arange(301), [60, 61, 62, 63, 64])
    holed = historical(whole["days"][kept], {"NIFTY": walk(301)[kept]}, {})
    assert holed is not None
    assert (holed.moves, holed.dropped) == (294, 1)
    monday_off = np.delete(np.arange(301), [60])
    assert np.is_busday(whole["days"][60])
    weekend = historical(whole["days"][monday_off], {"NIFTY": walk(301)[monday_off]}, {})
    assert weekend is not None
    assert (weekend.moves, weekend.dropped) == (299, 0)


def test_python_dates_serve_as_days() -> None:
    days = [date(2024, 1, 1) + timedelta(days=number) for number in range(120)]
    found = historical(days, {"BTC": walk(120)}, {})
    assert found is not None
    assert found.moves == 119


@pytest.mark.parametrize(("count", "moves"), [(100, None), (101, 100)])
def test_fewer_than_a_hundred_moves_are_no_history(count: int, moves: int | None) -> None:
    found = historical(**history(count))
    assert (found.moves if found else None) == moves


def test_filtering_needs_its_warm_up_on_top() -> None:
    assert filtered(**history(130)) is None
    found = filtered(**history(131))
    assert found is not None
    assert (found.moves, found.dropped, found.method) == (100, WARM_UP, "filtered")


@pytest.mark.parametrize("build", [historical, filtered])
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"days": weekdays(301)[::-1]}, "days must ascend"),
        ({"days": np.repeat(weekdays(301)[0], 301)}, "days must ascend without repeats; 2024-01-01"),
        ({"days": weekdays(300)}, "closes"),
        ({"days": [np.datetime64("NaT")] * 301}, "days must be one list of dates"),
        ({"closes": {"NIFTY": np.zeros(301)}}, r"closes\['NIFTY'\] must be positive"),
        ({"closes": {"NIFTY": np.full(301, inf)}}, r"closes\['NIFTY'\] must be positive and finite"),
        ({"closes": {"NIFTY": -walk(301)}}, "positive"),
        ({"closes": {}, "vols": {}}, "closes must have"),
        ({"vols": {"NIFTY": np.zeros(301)}}, r"vols\['NIFTY'\] must be positive"),
        ({"vols": {"SENSEX": walk(301)}}, "vols has 'SENSEX'"),
        ({"vols": {"NIFTY": walk(300)}}, r"vols\['NIFTY'\] must have one number a day"),
    ],
)
def test_a_broken_history_is_refused_by_the_name_of_what_is_broken(
    build: Any, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        build(**history(**changes))


def test_filtered_moves_are_standardised_by_their_own_day_and_carry_tomorrows_volatility() -> None:
    given = history()
    found = filtered(**given, decay=0.9)
    assert found is not None
    returns = np.diff(np.log(given["closes"]["NIFTY"]))
    variance, sigmas = float(np.mean(returns[:WARM_UP] ** 2)), []
    for move in returns[WARM_UP:]:
        sigmas.append(variance**0.5)
        variance = 0.9 * variance + 0.1 * move**2
    assert_allclose(found.spot[0], returns[WARM_UP:] / np.array(sigmas) * variance**0.5, rtol=1e-10, atol=1e-15)


def test_filtering_forgets_how_wild_the_past_was_and_history_does_not() -> None:
    rng = np.random.default_rng(5)
    sigma = np.where(np.arange(600) < 300, 0.03, 0.005)
    close = 100.0 * np.exp(np.cumsum(sigma * rng.standard_normal(600)))
    plain = historical(weekdays(600), {"X": close}, {})
    rescaled = filtered(weekdays(600), {"X": close}, {})
    assert plain is not None
    assert rescaled is not None
    assert plain.spot.std() > 0.02
    assert 0.0035 < rescaled.spot.std() < 0.0065


def test_filtering_uses_no_move_before_it_happened() -> None:
    given = history()
    close = given["closes"]["NIFTY"].copy()
    close[-1] *= 1.2
    before, after = filtered(**given), filtered(**history(closes={"NIFTY": close}))
    assert before is not None
    assert after is not None
    ratio = after.spot[0, :-1] / before.spot[0, :-1]
    assert_allclose(ratio, ratio[0], rtol=1e-9)
    assert ratio[0] > 1


@pytest.mark.parametrize("decay", [0.0, 1.0, -0.5, nan])
def test_a_decay_that_is_none_is_refused(decay: float) -> None:
    with pytest.raises(ValueError, match="decay"):
        filtered(**history(), decay=decay)


def test_a_series_that_never_moves_has_no_volatility_to_filter_by() -> None:
    with pytest.raises(ValueError, match=r"closes\['NIFTY'\] does not move"):
        filtered(**history(closes={"NIFTY": np.full(301, 100.0)}))


def test_implied_moves_are_symmetric_have_the_days_deviation_and_are_the_same_every_time() -> None:
    found, again = implied({"NIFTY": 0.16}), implied({"NIFTY": 0.16})
    assert (found.method, found.moves) == ("implied", 500)
    assert_array_equal(found.spot, again.spot)
    assert_array_equal(found.vol, again.vol)
    assert_array_equal(found.spot, -found.spot[:, ::-1])
    day = 0.16 / 252**0.5
    assert 0.985 * day < found.spot.std() < day
    assert np.all(np.diff(found.spot[0]) > 0)


def test_the_shortfall_of_implied_moves_is_the_student_distributions_own() -> None:
    found = implied({"X": 252**0.5}, moves=1000)
    q = student.ppf(0.975, 4)
    exact = student.pdf(q, 4) / 0.025 * (4 + q * q) / 3 / 2**0.5
    assert float(expected_shortfall(-found.spot[0], 0.975)) == pytest.approx(exact, rel=1e-12)
    assert 1 <= float(value_at_risk(-found.spot[0], 0.99)) / (student.ppf(0.99, 4) / 2**0.5) < 1.03


def test_implied_volatility_answers_the_spot_as_documented() -> None:
    found = implied({"X": 0.2}, moves=2000)
    z = found.spot[0] * 252**0.5 / 0.2
    moved = np.log1p(found.vol[0])
    slope = float(z @ moved / (z @ z))
    assert slope == pytest.approx(-RESPONSE, abs=0.002)
    assert float(np.std(moved - slope * z)) == pytest.approx(RESIDUAL, rel=0.02)
    calm = implied({"X": 0.2}, residual=0.0)
    assert_allclose(np.log1p(calm.vol[0]), -RESPONSE * calm.spot[0] * 252**0.5 / 0.2, rtol=1e-10)


def test_the_response_is_what_the_real_days_say(shared_data: Path) -> None:
    import pandas as pd

    minutes = pd.read_csv(shared_data / "bars" / "NIFTY_1min_2024-01_2024-08.csv.gz")
    close = minutes.groupby("Date")["Close"].last()
    close.index = pd.to_datetime(close.index.astype(str))
    first = pd.read_csv(shared_data / "eod" / "india_vix_daily_yf_2024-01_2024-05.csv", skiprows=3, header=None)
    second = pd.read_csv(shared_data / "eod" / "india_vix_nse_export_2024-05_2025-05.csv", encoding="utf-8-sig")
    second.columns = second.columns.str.strip()
    early = pd.Series(first[1].to_numpy(), index=pd.to_datetime(first[0]))
    late = pd.Series(second["Close"].to_numpy(), index=pd.to_datetime(second["Date"].str.strip(), format="%d-%b-%Y"))
    vix = pd.concat([early, late[late.index > early.index.max()]], sort=True)
    both = pd.concat([close, vix], axis=1, keys=["close", "vix"], sort=True).dropna()
    z = np.diff(np.log(both["close"])) / (both["vix"].to_numpy()[:-1] / 100 / 252**0.5)
    moved = np.diff(np.log(both["vix"]))
    slope = float(z @ moved / (z @ z))
    assert len(z) == 150
    assert slope == pytest.approx(-RESPONSE, abs=0.0005)
    assert float(np.std(moved - slope * z)) == pytest.approx(RESIDUAL, abs=0.0005)


def test_an_unknown_volatility_gives_unknown_moves_and_leaves_the_others() -> None:
    found = implied({"NIFTY": nan, "SENSEX": 0.15})
    assert np.isnan(found.spot[0]).all()
    assert np.isnan(found.vol[0]).all()
    assert np.isfinite(found.spot[1]).all()
    assert np.isfinite(found.vol[1]).all()


@pytest.mark.parametrize(
    ("volatility", "more", "named"),
    [
        (0.0, {}, "volatility"),
        (-0.1, {}, "volatility"),
        (inf, {}, "volatility"),
        (0.2, {"moves": 99}, "moves"),
        (0.2, {"freedom": 2.0}, "freedom"),
        (0.2, {"residual": -0.1}, "residual"),
        (0.2, {"residual": nan}, "residual"),
    ],
)
def test_a_model_out_of_its_domain_is_refused(volatility: float, more: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        implied({"NIFTY": volatility}, **more)


def test_shocks_of_wrong_shapes_or_beyond_total_loss_of_volatility_are_refused() -> None:
    two = np.zeros((2, 5))
    with pytest.raises(ValueError, match="spot must be 2-D with 1 rows"):
        Shocks(("A",), two, two, "historical")
    with pytest.raises(ValueError, match="vol must have the shape of spot"):
        Shocks(("A", "B"), two, np.zeros((2, 4)), "historical")
    with pytest.raises(ValueError, match="vol must be at least -1"):
        Shocks(("A", "B"), two, two - 1.5, "historical")


def test_rows_finds_each_underlying_and_says_minus_one_for_a_stranger() -> None:
    assert implied({"A": 0.1, "B": 0.2}).rows(("B", "A", "C", "B")).tolist() == [1, 0, -1, 1]
