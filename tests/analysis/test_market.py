"""The chain and the surface as they are told."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest

from sidecar.analysis.asking import Analysis
from sidecar.analysis.market import surface_of
from sidecar.domain import wire
from sidecar.domain.errors import InputError, NotReported
from sidecar.domain.events import Beat
from tests.analysis.making import analysis, booked
from tests.desk.world import CALENDAR, CALL, EXPIRY, FUTURE, LISTED, OPTIONS, SPOT, World


@pytest.fixture(scope="module")
def world() -> World:
    return booked()


def test_the_chain_tells_every_contract_that_trades_with_all_its_greeks(world: World) -> None:
    told = analysis(world).chain("NIFTY", None)
    assert {row["symbol"] for row in told["contracts"]} == {*(one.id for one in OPTIONS), FUTURE.id}
    assert told["count"] == len(OPTIONS) + 1
    row = next(row for row in told["contracts"] if row["symbol"] == CALL.id)
    assert row["vol_quality"] == "quoted"
    assert row["iv"] == pytest.approx(0.15, abs=0.003)
    assert row["forward"] == pytest.approx(SPOT, abs=0.2)
    for name in ("delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm"):
        assert np.isfinite(row[name]), name
    assert (told["seq"], told["simulated"], told["source"]) == (world.report.seq, True, "test")
    assert told["market"]["symbol"] == "NIFTY"


def test_one_expiry_can_be_asked_for_and_one_that_is_not_listed_names_those_that_are(world: World) -> None:
    told = analysis(world).chain("NIFTY", EXPIRY)
    assert {row["expiry"] for row in told["contracts"]} == {EXPIRY}
    with pytest.raises(InputError, match="expiry: 2030-01-01 is not listed; choose from 2026-09-08, 2026-09-29"):
        analysis(world).chain("NIFTY", date(2030, 1, 1))


def test_an_underlying_without_options_names_those_that_have_some(world: World) -> None:
    with pytest.raises(InputError, match="no options are listed on 'INDIAVIX'; choose from NIFTY"):
        analysis(world).chain("INDIAVIX", None)
    with pytest.raises(InputError, match="no options are listed on 'X'; choose from NIFTY"):
        analysis(world).surface("X")


def test_the_surface_is_the_one_the_quotes_were_made_from_and_free_of_arbitrage(world: World) -> None:
    told = analysis(world).surface("NIFTY")
    (expiry,) = told["expiries"]
    assert expiry["atm_iv"] == pytest.approx(0.15, abs=0.001)
    assert expiry["skew_25"] == pytest.approx(0.0, abs=0.002)
    assert expiry["quality"] == "good"
    assert told["arbitrage"] == {"butterfly": 0, "calendar": 0}
    strikes = [quote["strike"] for quote in expiry["quotes"]]
    assert 5 < expiry["quotes_fitted"] <= len(strikes)
    assert strikes == sorted(strikes)
    assert len(strikes) == len(OPTIONS) / 2
    for quote in expiry["quotes"]:
        assert quote["bid_iv"] < quote["ask_iv"]
        assert quote["fitted_iv"] == pytest.approx(0.15, abs=0.004)
    grid = told["grid"]
    assert grid["volatility"].shape == grid["log_moneyness"].shape == (1, 41)
    assert np.isfinite(grid["volatility"]).all()


def test_a_quotes_volatility_is_the_chains_even_when_the_smile_is_older(world: World) -> None:
    moved = booked()
    moved.trade(SPOT + 5.0, seconds=0.5)
    assert moved.report.smiles[0].forward != pytest.approx(SPOT + 5.0, abs=1.0)
    chain = {row["strike"]: row["iv"] for row in analysis(moved).chain("NIFTY", EXPIRY)["contracts"]}
    (expiry,) = analysis(moved).surface("NIFTY")["expiries"]
    for quote in expiry["quotes"]:
        assert quote["iv"] == pytest.approx(chain[quote["strike"]], abs=1e-6)


def test_a_future_has_no_volatility_and_nothing_that_it_rests_on(world: World) -> None:
    rows = {row["symbol"]: row for row in analysis(world).chain("NIFTY", None)["contracts"]}
    assert rows[FUTURE.id]["vol_quality"] is None
    assert np.isnan(rows[FUTURE.id]["iv"])


def test_a_surface_can_be_made_again_from_what_the_report_says_of_it(world: World) -> None:
    fitted = world.state.valuation.surfaces.fitted["NIFTY"]
    again = surface_of(world.report.smiles)
    k = np.linspace(-0.1, 0.1, 21)
    assert np.allclose(again.total_variance(k, 0.002), fitted.total_variance(k, 0.002), rtol=1e-12)
    assert again.quality == fitted.quality


def test_without_quotes_the_surface_says_that_it_is_missing_and_draws_nothing() -> None:
    world = World()
    world.take(LISTED, Beat(world.at))
    told = json.loads(wire.encode(analysis(world).surface("NIFTY")), parse_constant=pytest.fail)
    assert all(line["quality"] == "missing" for line in told["expiries"])
    assert told["arbitrage"] == {"butterfly": 0, "calendar": 0}


def test_before_anything_is_listed_the_market_is_not_known_rather_than_wrongly_named() -> None:
    world = World()
    world.take(Beat(world.at))
    with pytest.raises(NotReported):
        analysis(world).chain("NIFTY", None)
    with pytest.raises(NotReported):
        analysis(world).surface("NIFTY")


def test_before_the_first_report_there_is_no_answer() -> None:
    silent = Analysis(lambda: None, World().state.rates, (), CALENDAR.zone)
    with pytest.raises(NotReported, match="has not reported yet"):
        silent.chain("NIFTY", None)
