from __future__ import annotations

from datetime import date
from math import nan

import numpy as np
import pytest
from msgspec.structs import replace

from sidecar.desk.valuation import GREEKS
from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Right
from sidecar.domain.events import Beat, Listed, Quote
from sidecar.pricing.black import greeks
from sidecar.pricing.daycount import years
from tests.desk.world import (
    CALL,
    EXPIRY,
    FUTURE,
    INDEX,
    LAST_EXPIRY,
    OPTIONS,
    PUT,
    SPOT,
    STRIKES,
    World,
    chain,
    index,
    option,
    quote,
)


@pytest.fixture
def world() -> World:
    return World().begin()


def row(world: World, symbol: str) -> int:
    return world.state.board.universe.rows[symbol]


def value(world: World, name: str, symbol: str) -> float:
    return float(world.state.valuation.values[name][row(world, symbol)])


def test_forward_volatility_and_greeks_are_those_the_quotes_were_made_from(world: World) -> None:
    expiry, curve = world.state.valuation.nearest("NIFTY", world.at)
    assert expiry == str(EXPIRY)
    assert curve.forward == pytest.approx(SPOT, abs=0.2)
    assert curve.atm_iv == pytest.approx(0.15, abs=0.002)
    rate = world.state.config.risk_free_rate
    for contract in (CALL, PUT):
        time = years(world.at, contract.expires_at or 0)
        assert value(world, "iv", contract.id) == pytest.approx(0.15, abs=0.003)
        mine = greeks(
            SPOT, contract.strike or 0, time, 0.15, rate, call=np.bool_(contract.right is Right.CALL), spot=SPOT
        )
        for name in GREEKS[1:]:
            assert value(world, name, contract.id) == pytest.approx(float(getattr(mine, name)), rel=0.06), name


def test_both_rights_of_a_strike_share_one_volatility(world: World) -> None:
    for right in Right:
        assert value(world, "iv", option(24_900.0, right).id) == value(world, "iv", CALL.id)


def test_a_strike_without_a_price_takes_its_volatility_from_its_neighbours() -> None:
    world = World()
    quotes = [one for one in chain(world.at) if "-24900-" not in one.symbol]
    world.take(Listed(world.at, (INDEX, *OPTIONS), "test"), *quotes, Beat(world.at))
    assert value(world, "iv", CALL.id) == pytest.approx(0.15, abs=0.003)
    assert np.isnan(world.state.valuation.mark[row(world, CALL.id)])


def test_without_an_index_nothing_is_known_and_nothing_fails() -> None:
    world = World()
    world.take(Listed(world.at, OPTIONS, "test"), *[quote(one, world.at) for one in OPTIONS], Beat(world.at))
    assert np.isnan(world.state.valuation.values["delta"]).all()
    assert np.isfinite(world.state.valuation.mark).all()


def test_an_index_moves_with_itself_and_a_future_by_its_carry() -> None:
    world = World().begin()
    world.take(Listed(world.at, (FUTURE,), "test"), Beat(world.at))
    assert np.isnan(value(world, "delta", FUTURE.id)), "no price, no delta"
    world.take(quote(FUTURE, world.at), Beat(world.at + 1))
    assert value(world, "delta", FUTURE.id) == pytest.approx((SPOT + 40) / SPOT)
    assert value(world, "delta", "NIFTY") == 1.0
    for name in ("gamma", "vega", "theta", "rho"):
        assert (value(world, name, "NIFTY"), value(world, name, FUTURE.id)) == (0.0, 0.0)


def test_where_a_future_of_the_expiry_trades_its_price_is_the_forward(world: World) -> None:
    own = replace(FUTURE, expiry=EXPIRY, expires_at=CALL.expires_at)
    world.take(Listed(world.at, (own,), "test"))
    world.trade()
    world.take(Quote(own.id, world.at, world.at, SPOT + 7.9, SPOT + 8.1))
    world.trade()
    assert world.state.valuation.nearest("NIFTY", world.at)[1].forward == pytest.approx(SPOT + 8)
    for _ in range(70):
        world.trade()
    assert world.state.valuation.nearest("NIFTY", world.at)[1].forward == pytest.approx(SPOT, abs=0.2)


def test_an_expiry_that_cannot_say_its_own_forward_takes_the_carry_of_the_others() -> None:
    middle, later = date(2026, 9, 15), LAST_EXPIRY
    alone, unquoted = (option(24_700.0, right, middle) for right in Right)
    far = [option(strike, right, later) for strike in STRIKES for right in Right]
    world = World()
    world.take(Listed(world.at, (INDEX, *OPTIONS, alone, unquoted, *far), "test"), Beat(world.at))
    for _ in range(2):
        world.at += SECOND
        world.take(*chain(world.at), *[quote(one, world.at) for one in (*far, alone)], Beat(world.at))
    curves = world.state.valuation.curves
    # The quotes are made on a forward that is the spot: the configured rate would put it some 30 points higher.
    found = curves["NIFTY", str(middle)]
    assert found.forward == pytest.approx(SPOT, abs=1.0)
    assert not found.known_by_itself
    assert found.forward_error < 20.0
    assert curves["NIFTY", str(later)].known_by_itself


def test_where_no_expiry_says_a_forward_it_is_spot_and_rate_and_its_error_unknown() -> None:
    world = World()
    world.take(
        Listed(world.at, (INDEX, CALL, option(24_900.0, Right.PUT)), "test"),
        index(world.at),
        quote(CALL, world.at),
        Beat(world.at),
    )
    found = world.state.valuation.curves["NIFTY", str(EXPIRY)]
    time = years(world.at, CALL.expires_at or 0)
    assert found.forward == pytest.approx(SPOT * np.exp(world.state.config.risk_free_rate * time))
    assert np.isnan(found.forward_error)


def test_greeks_move_with_time_though_no_quote_comes_and_the_digest_with_them(world: World) -> None:
    before = world.report.chain_digest
    theta = value(world, "theta", CALL.id)
    world.beat(0.5)
    assert world.report.chain_digest == before
    assert world.published is not None
    chain_before = world.published.chain
    world.beat(9.5)
    assert value(world, "theta", CALL.id) != theta
    assert world.report.chain_digest != before
    assert world.published.chain is not chain_before
    assert world.report.chain_digest == world.published.chain.digest()


def test_from_its_expiry_on_an_option_has_no_greeks(world: World) -> None:
    world.take(Beat((CALL.expires_at or 0) - SECOND))
    world.take(Beat(CALL.expires_at or 0))
    rows = [row(world, one.id) for one in OPTIONS]
    for name in GREEKS[1:]:
        assert (world.state.valuation.values[name][rows] == 0.0).all()
    assert np.isnan(world.state.valuation.values["iv"][rows]).all()
    assert world.state.valuation.nearest("NIFTY", CALL.expires_at or 0)[0] is None


def test_no_greek_is_ever_infinite_up_to_the_last_microsecond(world: World) -> None:
    strike = 24_700.0
    for left in (60 * SECOND, SECOND, 1):
        at = (CALL.expires_at or 0) - left
        both = [quote(option(strike, right), at, strike) for right in Right]
        world.take(index(at, strike), *[one for one in both if one.bid == one.bid], Beat(at))
        for name in GREEKS:
            assert not np.isinf(world.state.valuation.values[name]).any(), (name, left)


def test_put_call_ratio_and_max_pain_come_from_the_open_interest(world: World) -> None:
    curve = world.state.valuation.nearest("NIFTY", world.at)[1]
    assert curve.pcr == 1.0
    assert curve.max_pain == 24_700.0
    bare = World()
    quotes = [replace(one, open_interest=nan) for one in chain(bare.at)]
    bare.take(Listed(bare.at, (INDEX, *OPTIONS), "test"), *quotes, Beat(bare.at))
    curve = bare.state.valuation.nearest("NIFTY", bare.at)[1]
    assert np.isnan(curve.pcr)
    assert np.isnan(curve.max_pain)
