from __future__ import annotations

from math import nan

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.desk.valuation import GREEKS
from sidecar.domain.analytics import FitQuality, SmileLine, VolQuality
from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.events import Beat, Listed, Quote
from sidecar.pricing.surface import Surface
from tests.desk.world import (
    CALL,
    EXPIRY,
    INDEX,
    LAST_EXPIRY,
    OPTIONS,
    SPOT,
    STRIKES,
    World,
    chain,
    index,
    option,
    quote,
)

FAR = tuple(option(strike, right, LAST_EXPIRY) for strike in STRIKES for right in Right)
OTHER_INDEX = Contract("BANKNIFTY", Kind.INDEX)
OTHERS = tuple(replace(each, underlying="BANKNIFTY") for each in OPTIONS)


@pytest.fixture
def world() -> World:
    return World().begin()


def surface(world: World) -> Surface:
    return world.state.valuation.surfaces.fitted["NIFTY"]


def line(world: World) -> SmileLine:
    (only,) = world.report.smiles
    return only


def quality(world: World, symbol: str) -> VolQuality:
    state = world.state
    return VolQuality(int(state.valuation.vol_quality[state.board.universe.rows[symbol]]))


def volatility(world: World, symbol: str) -> float:
    state = world.state
    return float(state.valuation.values["iv"][state.board.universe.rows[symbol]])


def sent(*quotes: Quote, contracts: tuple[Contract, ...] = (INDEX, *OPTIONS)) -> World:
    """A desk that has seen these quotes on two beats: the first fits a surface, the second reads it."""
    world = World()
    world.take(Listed(world.at, contracts, "test"), *quotes, Beat(world.at))
    world.at += SECOND
    again = [replace(each, at=world.at, received_at=world.at) for each in quotes]
    world.take(*again, Beat(world.at))
    return world


def test_the_report_tells_the_smile_that_the_quotes_were_made_from(world: World) -> None:
    told = line(world)
    assert (told.underlying, told.expiry, told.quotes) == ("NIFTY", EXPIRY, len(STRIKES))
    assert told.quality is FitQuality.GOOD
    assert told.atm_iv == pytest.approx(0.15, abs=0.001)
    assert told.forward == pytest.approx(SPOT, abs=0.2)
    assert surface(world).violations() == (0, 0)


def test_a_moving_market_is_fitted_every_two_seconds_and_no_more(world: World) -> None:
    first = surface(world)
    world.trade(volatility=0.16)
    assert surface(world) is first
    world.trade(volatility=0.17, seconds=0.999)
    assert surface(world) is first
    world.trade(volatility=0.18, seconds=0.001)
    assert surface(world) is not first
    assert line(world).atm_iv == pytest.approx(0.18, abs=0.001)


def test_a_still_market_is_not_fitted_again(world: World) -> None:
    first = surface(world)
    for _ in range(5):
        world.beat(10)
    assert surface(world) is first


def test_what_moved_too_early_is_fitted_when_it_is_due_though_nothing_more_comes(world: World) -> None:
    world.trade(volatility=0.2)
    assert line(world).atm_iv == pytest.approx(0.15, abs=0.001)
    world.beat(1)
    assert line(world).atm_iv == pytest.approx(0.2, abs=0.001)


def test_each_underlying_is_fitted_on_its_own() -> None:
    world = World()
    quotes = [replace(each, symbol=each.symbol.replace("NIFTY", "BANKNIFTY", 1)) for each in chain(world.at)]
    theirs = [each for each in quotes if each.symbol.startswith("BANKNIFTY")]
    listed = Listed(world.at, (INDEX, OTHER_INDEX, *OPTIONS, *OTHERS), "test")
    world.take(listed, *chain(world.at), *theirs, Beat(world.at))
    assert [each.underlying for each in world.report.smiles] == ["BANKNIFTY", "NIFTY"]
    before = dict(world.state.valuation.surfaces.fitted)
    world.trade(seconds=3)  # NIFTY alone
    after = world.state.valuation.surfaces.fitted
    assert (after["BANKNIFTY"] is before["BANKNIFTY"], after["NIFTY"] is before["NIFTY"]) == (True, False)
    assert [each.underlying for each in world.report.smiles] == ["BANKNIFTY", "NIFTY"]


def test_an_expiry_that_is_over_leaves_the_surface_though_no_quote_comes(world: World) -> None:
    world.take(Listed(world.at, FAR, "test"))
    world.trade(seconds=3)
    far = [quote(each, world.at) for each in FAR]
    world.take(*far, Beat(world.at))
    world.beat(3)
    assert [each.expiry for each in world.report.smiles] == [EXPIRY, LAST_EXPIRY]
    world.take(Beat(CALL.expires_at or 0))
    assert [each.expiry for each in world.report.smiles] == [LAST_EXPIRY]
    world.take(Beat(FAR[0].expires_at or 0))
    assert world.report.smiles == ()


def test_a_contract_that_nobody_prices_rests_on_the_fit_and_says_so() -> None:
    quotes = [each for each in chain(World().at) if "-24900-" not in each.symbol]
    world = sent(*quotes)
    assert quality(world, CALL.id) is VolQuality.FITTED
    assert volatility(world, CALL.id) == pytest.approx(0.15, abs=0.001)
    assert quality(world, option(24_800.0, Right.CALL).id) is VolQuality.QUOTED
    delta = world.state.valuation.values["delta"][world.state.board.universe.rows[CALL.id]]
    assert 0.0 < delta < 0.5


def test_before_the_first_fit_and_without_one_neighbours_say_and_without_those_nothing_does() -> None:
    world = World()
    quotes = [each for each in chain(world.at) if "-24900-" not in each.symbol]
    world.take(Listed(world.at, (INDEX, *OPTIONS), "test"), *quotes, Beat(world.at))
    assert quality(world, CALL.id) is VolQuality.INTERPOLATED
    empty = sent(index(World().at))
    for contract in OPTIONS:
        assert quality(empty, contract.id) is VolQuality.MISSING
    rows = [empty.state.board.universe.rows[contract.id] for contract in OPTIONS]
    for name in GREEKS:
        assert np.isnan(empty.state.valuation.values[name][rows]).all()


def test_a_chain_without_a_quote_has_a_line_that_says_missing() -> None:
    told = line(sent(index(World().at)))
    assert told.quality is FitQuality.MISSING
    assert told.quotes == 0
    assert np.isnan([told.atm_iv, told.skew_25, told.rmse, told.inside, told.a]).all()


def test_a_chain_of_one_strike_is_flat_and_every_other_strike_reads_it() -> None:
    """One pair is too few for parity: the forward is the spot's at the rate, and 4 points too high."""
    at = World().at
    pair = [quote(option(24_700.0, right), at) for right in Right]
    world = sent(index(at), *pair)
    assert line(world).quality is FitQuality.FLAT
    for contract in OPTIONS:
        own = contract.strike == 24_700.0
        assert quality(world, contract.id) is (VolQuality.QUOTED if own else VolQuality.FITTED)
        assert volatility(world, contract.id) == pytest.approx(0.15, abs=0.006)


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_quotes_of_one_side_make_a_coarse_smile_and_are_no_quotes_to_a_contract(side: str) -> None:
    """An ask alone is fitted as what might be half of it; a bid alone as what it is or more."""
    quotes = [each if each.symbol == "NIFTY" else replace(each, **{side: nan}) for each in chain(World().at)]
    world = sent(*[replace(each, last=nan) if each.bid == each.bid else each for each in quotes])
    assert line(world).quality is FitQuality.COARSE
    assert np.isnan(line(world).rmse)
    assert 0.0 <= line(world).inside <= 1.0
    assert quality(world, CALL.id) is VolQuality.TRADED
    assert np.isfinite(volatility(world, CALL.id))


def test_trades_without_quotes_are_fitted_and_flagged_on_the_contracts() -> None:
    quotes = [each if each.symbol == "NIFTY" else replace(each, bid=nan, ask=nan) for each in chain(World().at)]
    world = sent(*quotes)
    assert line(world).quotes >= len(STRIKES) - 2
    assert {quality(world, each.id) for each in OPTIONS} <= {VolQuality.TRADED, VolQuality.FITTED}


def test_without_an_index_there_is_no_forward_and_no_smile() -> None:
    at = World().at
    world = sent(*[quote(each, at) for each in OPTIONS])
    assert line(world).quality is FitQuality.MISSING
    assert np.isnan(world.state.valuation.surfaces.volatility("NIFTY", np.array(STRIKES), 0.01)).all()


def test_an_underlying_that_was_never_fitted_has_no_volatility(world: World) -> None:
    assert np.isnan(world.state.valuation.surfaces.volatility("SENSEX", np.array([1.0, 2.0]), 0.1)).all()


SIDES = st.sampled_from(["both", "bid", "ask", "last", "none", "wild"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    left=st.sampled_from([1, SECOND, 60 * SECOND, 3_600 * SECOND, 100_000 * SECOND]),
    sides=st.lists(SIDES, min_size=len(OPTIONS), max_size=len(OPTIONS)),
    prices=st.lists(st.floats(0.05, 30_000.0), min_size=len(OPTIONS), max_size=len(OPTIONS)),
    spot=st.sampled_from([SPOT, 24_300.0, 1_000.0, 400_000.0]),
)
def test_no_market_however_odd_raises_inside_a_beat(
    left: int, sides: list[str], prices: list[float], spot: float
) -> None:
    """Sides missing, prices below intrinsic or above the spot, a microsecond to expiry: a number, or not known."""
    at = (CALL.expires_at or 0) - left
    quotes = [index(at, spot)]
    for contract, side, price in zip(OPTIONS, sides, prices, strict=True):
        model = quote(contract, at, spot)
        keep = {"both": ("bid", "ask", "last"), "none": ()}.get(side, (side,))
        gone = {name: nan for name in ("bid", "ask", "last") if name not in keep}
        quotes.append(replace(model, **gone) if side != "wild" else replace(model, bid=nan, ask=nan, last=price))
    world = World()
    world.take(Listed(at, (INDEX, *OPTIONS), "test"), *quotes, Beat(at))
    again = [replace(each, at=at + left // 2, received_at=at + left // 2) for each in quotes]
    world.take(*again, Beat(at + left // 2))
    for name in GREEKS:
        assert not np.isinf(world.state.valuation.values[name]).any(), name
    iv = world.state.valuation.values["iv"]
    assert not (iv < 0).any()
    assert (np.isnan(iv[world.state.board.groups[0].rows]) == (
        world.state.valuation.vol_quality[world.state.board.groups[0].rows] == VolQuality.MISSING
    )).all()  # fmt: skip
    assert surface(world).violations() == (0, 0)


def test_a_chain_of_calls_alone_is_listed_and_nothing_is_known_of_it() -> None:
    at = World().at
    calls = [each for each in OPTIONS if each.right is Right.CALL]
    world = sent(index(at), *[quote(each, at) for each in calls], contracts=(INDEX, *calls))
    assert line(world).quality is FitQuality.MISSING
    assert {quality(world, each.id) for each in calls} == {VolQuality.MISSING}
