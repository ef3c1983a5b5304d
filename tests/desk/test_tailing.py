"""The desk's tail on a small live market: one vector a contract, the lines made of them, and what is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace as altered
from decimal import Decimal
from math import erfc, exp, inf, isfinite, isnan, log, nan, sqrt
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from sidecar.desk.config import History
from sidecar.desk.market import levels
from sidecar.desk.recovery import restore
from sidecar.desk.step import step
from sidecar.desk.tailing import SPOT_MOVES, STRESSES, VOL_CHANGES, Tails, holdings
from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.contracts import Contract, Right
from sidecar.domain.events import Beat
from sidecar.domain.orders import Side
from sidecar.domain.report import Chain
from sidecar.pricing.curve import Curve
from sidecar.pricing.daycount import years
from sidecar.risk.legs import Floats
from sidecar.risk.shocks import Shocks, implied
from tests.desk.world import CALL, FUTURE, INDEX, LISTED, LOT, PUT, SPOT, World, chain, fresh, index, quote

#: A hundred days that happened to have been, and what they did to volatility.
MOVES = np.random.default_rng(8).normal(0.0, 0.01, 120)
HISTORY = Shocks(("NIFTY",), MOVES[None], np.expm1(-4.0 * MOVES)[None], "historical")
FLAT = Curve.flat(0.0)
TWO_FUNDS: dict[str, Any] = {"capital": {"main": Decimal(6_000_000), "other": Decimal(4_000_000)}}


@pytest.fixture(scope="module")
def world() -> World:
    """A quoted market with a future in it, and nothing held. No test moves it."""
    world = World()
    step(world.state, replace(LISTED, contracts=(*LISTED.contracts, FUTURE)))
    world.take(quote(FUTURE, world.at), *chain(world.at), Beat(world.at))
    return world


def tails(world: World, history: Shocks | None = HISTORY, market: Chain | None = None, **level: float) -> Tails:
    """The tails at the world's market, by its own levels or by those given."""
    assert world.published is not None
    found = Tails(history)
    found.look(market or world.published.chain, world.at, FLAT, level or levels(world.state))
    return found


def black(forward: float, strike: float, time: float, volatility: float, right: Right) -> float:
    """Black-76 undiscounted, as a textbook has it."""
    width = volatility * sqrt(time)
    d1 = log(forward / strike) / width + width / 2
    call = forward * erfc(-d1 / sqrt(2)) / 2 - strike * erfc((width - d1) / sqrt(2)) / 2
    return call if right is Right.CALL else call - forward + strike


def gain(world: World, contract: Contract, spot: float, vol: float, days: float) -> float:
    """What one unit makes when the spot moves by a log return and the volatility by a fraction: one by one."""
    assert world.published is not None
    assert contract.strike is not None
    assert contract.right is not None
    market = world.published.chain
    row = market.rows[contract.id]
    forward, sigma = float(market.forward[row]), float(market.iv[row])
    time = float(years(world.at, contract.expires_at or 0))
    left = time - days / 365
    level = float(market.mark[market.rows[INDEX.id]])
    then = forward * (level / forward) ** (1 - left / time) * exp(spot)
    now = black(forward, contract.strike, time, sigma, contract.right)
    return black(then, contract.strike, left, sigma * (1 + vol), contract.right) - now


@pytest.mark.parametrize("contract", [CALL, PUT], ids=["call", "put"])
def test_a_vector_is_the_days_moves_and_then_the_stresses_each_revalued_in_full(
    world: World, contract: Contract
) -> None:
    found = tails(world)
    lost = found.losses({contract.id: 1.0})
    assert lost.shape == (120 + len(STRESSES),)
    assert found.moves == 120
    for move in (0, 17, 119):
        made = gain(world, contract, float(HISTORY.spot[0, move]), float(HISTORY.vol[0, move]), days=1.0)
        assert lost[move] == pytest.approx(-made, abs=1e-7)
    for place, (spot, vol) in enumerate(STRESSES):
        assert lost[120 + place] == pytest.approx(-gain(world, contract, log(1 + spot), vol, days=0.0), abs=1e-7)


def test_the_stresses_are_every_move_of_the_spot_with_every_change_of_the_volatility() -> None:
    assert len(STRESSES) == len(SPOT_MOVES) * len(VOL_CHANGES) == len(set(STRESSES))
    assert min(SPOT_MOVES) == -max(SPOT_MOVES) == -0.15
    assert (0.0, 0.0) in STRESSES


def test_where_nothing_moves_nothing_is_lost_and_a_future_loses_its_move(world: World) -> None:
    found = tails(world)
    calm = found.moves + STRESSES.index((0.0, 0.0))
    assert found.losses({CALL.id: 3.0, PUT.id: -2.0, FUTURE.id: 1.0})[calm] == 0.0
    fall = found.moves + STRESSES.index((-0.10, 0.5))
    assert found.losses({FUTURE.id: 2.0})[fall] == pytest.approx(2 * 0.10 * (SPOT + 40.0), rel=1e-9)


def test_losses_are_linear_in_what_is_held(world: World) -> None:
    found = tails(world)
    book = {CALL.id: -2.0 * LOT, PUT.id: -1.0 * LOT, FUTURE.id: 1.0 * LOT}
    parts = sum(units * found.losses({symbol: 1.0}) for symbol, units in book.items())
    np.testing.assert_allclose(found.losses(book), parts, rtol=1e-12, atol=1e-9)
    np.testing.assert_array_equal(found.losses({}), np.zeros(120 + len(STRESSES)))
    np.testing.assert_array_equal(found.losses({CALL.id: 0.0}), found.losses({}))


def test_the_order_in_which_contracts_are_first_asked_for_changes_nothing(world: World) -> None:
    one, other = tails(world), tails(world)
    one.losses({PUT.id: 1.0})
    one.losses({CALL.id: 1.0})
    both = {CALL.id: -1.0, PUT.id: -1.0}
    np.testing.assert_array_equal(one.losses(both), other.losses(both))


def test_a_line_is_the_tail_of_the_moves_and_the_worst_of_the_stresses(world: World) -> None:
    found = tails(world)
    lost = found.losses({CALL.id: -LOT, PUT.id: -LOT})
    line = found.line("main", lost)
    ordered = np.sort(lost[:120])
    assert (line.fund_id, line.method, line.days) == ("main", "historical", 120)
    assert line.var_95 == ordered[114]  # ceil(121 x 0.95) = 115
    assert line.var_99 == ordered[119]
    assert line.es_975 == pytest.approx(ordered[117:].mean())  # the worst 3 of 120
    assert min(line.var_95_error, line.var_99_error, line.es_975_error) > 0
    assert line.worst == lost[120:].max()
    assert line.worst_case.split(",")[0] in ("spot -15.0%", "spot +15.0%")


def test_a_book_that_no_stress_hurts_has_a_worst_of_nothing_and_no_case(world: World) -> None:
    found = tails(world)
    lost = np.concatenate([np.linspace(-1.0, 1.0, 120), np.full(len(STRESSES), -5.0)])
    line = found.line("main", lost)
    assert (line.worst, line.worst_case) == (0.0, "")
    assert line.var_95 > 0
    empty = found.line("main", found.losses({}))
    assert (empty.var_95, empty.es_975, empty.worst, empty.worst_case) == (0.0, 0.0, 0.0, "")


def unknown(line: Any) -> bool:
    return all(isnan(number) for number in (line.var_95, line.var_99, line.es_975, line.worst))


@pytest.mark.parametrize("symbol", ["NIFTY-20260908-99000-CE", "nothing"])
def test_a_contract_that_is_not_listed_is_unknown_and_so_is_every_book_with_it(world: World, symbol: str) -> None:
    found = tails(world)
    assert np.isnan(found.losses({CALL.id: -LOT, symbol: 1.0})).all()
    line = found.line("main", found.losses({symbol: 1.0}))
    assert unknown(line)
    assert line.worst_case == ""
    assert np.isfinite(found.losses({CALL.id: -LOT})).all()


def test_a_quantity_that_is_no_number_is_unknown(world: World) -> None:
    assert np.isnan(tails(world).losses({CALL.id: nan, PUT.id: 1.0})).all()


@pytest.mark.parametrize("column", ["iv", "forward"])
def test_a_contract_that_cannot_be_valued_is_unknown(world: World, column: str) -> None:
    assert world.published is not None
    market = world.published.chain
    values = getattr(market, column).copy()
    values[market.rows[CALL.id]] = nan
    found = tails(world, market=altered(market, **{column: values}))
    assert np.isnan(found.losses({CALL.id: 1.0})).all()
    assert np.isfinite(found.losses({PUT.id: 1.0})).all()


def test_before_any_market_a_held_contract_is_unknown_and_an_empty_book_is_not() -> None:
    found = Tails()
    assert np.isnan(found.losses({CALL.id: -LOT})).all()
    assert unknown(found.line("main", found.losses({CALL.id: -LOT})))
    assert np.isfinite(found.losses({})).all()


def test_without_a_history_a_model_at_todays_volatility_stands_in_and_the_line_says_so(world: World) -> None:
    found = tails(world, None, NIFTY=0.14)
    lost = found.losses({CALL.id: -LOT})
    same = tails(world, implied({"NIFTY": 0.14}), NIFTY=0.14).losses({CALL.id: -LOT})
    np.testing.assert_allclose(lost, same, rtol=1e-12, atol=1e-9)
    line = found.line("main", lost)
    assert (line.method, line.days) == ("implied", 500)
    assert line.var_95 > 0
    assert isnan(line.var_95_error)  # nothing was sampled


@pytest.mark.parametrize("level", [nan, 0.0, -0.1, inf])
def test_without_a_history_or_a_volatility_the_tail_is_unknown_and_not_zero_and_the_stresses_still_stand(
    world: World, level: float
) -> None:
    found = tails(world, None, NIFTY=level)
    lost = found.losses({CALL.id: -LOT, FUTURE.id: LOT})
    assert np.isnan(lost[: found.moves]).all()
    np.testing.assert_array_equal(lost[found.moves :], tails(world).losses({CALL.id: -LOT, FUTURE.id: LOT})[120:])
    line = found.line("main", lost)
    assert all(isnan(number) for number in (line.var_95, line.var_99, line.es_975))
    assert line.worst > 0
    assert line.worst_case.startswith("spot ")


def test_a_history_needs_no_volatility_of_today(world: World) -> None:
    assert isfinite(tails(world, HISTORY, NIFTY=nan).line("*", tails(world).losses({CALL.id: -LOT})).var_95)


def test_a_history_that_lacks_an_underlying_gives_way_to_the_model(world: World) -> None:
    assert tails(world, HISTORY, NIFTY=0.14).line("*", np.zeros(600)).method == "historical"
    assert tails(world, HISTORY, NIFTY=0.14, BANKNIFTY=0.16).line("*", np.zeros(600)).method == "implied"


def test_a_contract_that_has_expired_loses_nothing_more(world: World) -> None:
    assert world.published is not None
    found = Tails(HISTORY)
    found.look(world.published.chain, CALL.expires_at or 0, FLAT, levels(world.state))
    np.testing.assert_array_equal(found.losses({CALL.id: -LOT}), np.zeros(120 + len(STRESSES)))
    assert np.isfinite(found.losses({CALL.id: -LOT, FUTURE.id: LOT})).all()


def shifted(market: Chain, by: float) -> Chain:
    return altered(market, forward=market.forward * by)


@pytest.mark.parametrize(
    ("later", "kept"), [(0, True), (SECOND - 1, True), (SECOND, False), (MINUTE, False), (-1, False)]
)
def test_vectors_stand_for_a_second_of_market_time_and_never_for_one_that_goes_back(
    world: World, later: int, kept: bool
) -> None:
    assert world.published is not None
    found = tails(world)
    before = found.losses({CALL.id: 1.0})
    found.look(shifted(world.published.chain, 1.01), world.at + later, FLAT, levels(world.state))
    assert np.array_equal(found.losses({CALL.id: 1.0}), before) is kept


def test_a_contract_first_asked_for_within_the_second_is_valued_at_the_newest_chain(world: World) -> None:
    assert world.published is not None
    found, market = tails(world), shifted(world.published.chain, 1.01)
    found.losses({CALL.id: 1.0})
    found.look(market, world.at + 1, FLAT, levels(world.state))
    newest = tails(world, market=market).losses({PUT.id: 1.0})
    np.testing.assert_allclose(found.losses({PUT.id: 1.0}), newest, rtol=1e-6, atol=1e-6)


def traded() -> World:
    """Short a call in one fund and a put in the other, long a call there too."""
    world = World(fresh(**TWO_FUNDS, history=History.of(HISTORY))).begin()
    world.trade_lots(CALL, Side.SELL, 2)
    world.trade_lots(PUT, Side.SELL, 1, fund_id="other")
    world.trade_lots(CALL, Side.BUY, 1, fund_id="other")
    world.trade(beats=2)
    return world


def test_the_report_has_a_line_a_fund_and_the_desks_last_and_the_desk_nets_what_the_funds_hold() -> None:
    world = traded()
    lines = {line.fund_id: line for line in world.report.tail}
    assert list(lines) == ["main", "other", "*"]
    assert {line.method for line in lines.values()} == {"historical"}
    found = Tails(HISTORY)
    assert world.published is not None
    found.look(world.published.chain, world.at, world.state.rates, levels(world.state))
    books: Mapping[str, dict[str, float]] = {
        "main": {CALL.id: -2.0 * LOT},
        "other": {CALL.id: 1.0 * LOT, PUT.id: -1.0 * LOT},
        "*": {CALL.id: -1.0 * LOT, PUT.id: -1.0 * LOT},
    }
    assert {fund: holdings(world.report.positions, fund) for fund in books} == books
    for fund, book in books.items():
        line = found.line(fund, found.losses(book))
        assert lines[fund].es_975 == pytest.approx(line.es_975, rel=1e-9)
        assert lines[fund].worst == pytest.approx(line.worst, rel=1e-9)
    assert lines["*"].es_975 <= lines["main"].es_975 + lines["other"].es_975
    limits = {(line.name, line.scope): line.value for line in world.report.limits}
    assert limits["var_95", "main"] == pytest.approx(lines["main"].var_95 / 6_000_000)
    assert limits["stress_loss", "other"] == pytest.approx(lines["other"].worst / 4_000_000)


def test_lines_are_made_anew_when_the_book_moves_or_a_second_has_passed_and_not_otherwise() -> None:
    world = traded()
    lines, positions = world.report.tail, world.report.positions
    state = world.state
    assert state.tails.lines(state.funds, positions) is lines
    more = tuple(replace(line, quantity=line.quantity * 2) for line in positions)
    doubled = state.tails.lines(state.funds, more)
    assert doubled[0].es_975 == pytest.approx(2 * lines[0].es_975)
    assert doubled[0].es_975_error == pytest.approx(2 * lines[0].es_975_error)
    assert state.tails.lines(state.funds, ()) is not doubled
    assert world.trade(SPOT + 60).tail != lines


def test_a_held_contract_without_a_volatility_makes_its_fund_and_the_desk_unknown_and_no_other() -> None:
    world = traded()
    row = world.state.board.universe.rows[PUT.id]
    assert world.published is not None
    values: Floats = world.published.chain.iv.copy()
    values[row] = nan
    tails = world.state.tails
    tails.look(altered(world.published.chain, iv=values), world.at + SECOND, FLAT, levels(world.state))
    lines = {line.fund_id: line for line in tails.lines(world.state.funds, world.report.positions)}
    assert unknown(lines["other"])
    assert unknown(lines["*"])
    assert isfinite(lines["main"].var_95)


def test_the_same_second_gives_the_same_lines_byte_for_byte() -> None:
    assert repr(traded().report.tail) == repr(traded().report.tail)


def test_what_was_unknown_is_known_as_soon_as_the_market_knows_it(world: World) -> None:
    world.trade_lots()
    world.trade()
    again = World(fresh(), at=world.at)
    restore(again.state, world.records)
    again.take(LISTED, index(again.at), Beat(again.at))
    assert np.isnan(again.state.tail_lines[0].worst)
    again.at += SECOND // 20
    again.take(*chain(again.at), Beat(again.at))
    assert again.state.tail_lines[0].worst > 0
    assert again.state.tail_lines[0].var_95 > 0
