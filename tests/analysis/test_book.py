"""Exposure, explain and scenarios of a book, as they are told."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pytest

from sidecar.analysis.asking import Analysis
from sidecar.domain import wire
from sidecar.domain.errors import InputError, UnknownContract
from sidecar.domain.report import Published
from sidecar.reference import load_stresses
from tests.analysis.making import analysis, booked
from tests.desk.world import CALENDAR, CALL, FUTURE, LOT, OPTIONS, PUT, SPOT, World

ASKED: dict[str, Any] = {"spots": (-0.05, 0.0, 0.05), "vols": (-0.02, 0.0, 0.02)}


@pytest.fixture(scope="module")
def world() -> World:
    return booked()


def test_each_table_adds_up_to_the_report(world: World) -> None:
    lines = analysis(world).greeks("", "")["lines"]
    whole = next(line for line in world.report.greeks if line.fund_id == "*")
    for table in ("leg", "strategy", "fund", "underlying", "expiry"):
        own = [line for line in lines if line.by == table]
        assert sum(line.delta for line in own) == pytest.approx(whole.delta), table
        assert sum(line.vega for line in own) == pytest.approx(whole.vega), table
    assert {line.key for line in lines if line.by == "expiry"} == {"1-7d", "8-30d"}
    assert {line.by for line in analysis(world).greeks("fund", "main")["lines"]} == {"fund"}


def test_a_table_or_fund_that_is_none_is_refused(world: World) -> None:
    with pytest.raises(InputError, match="by: 'colour' is no table; choose from leg, strategy"):
        analysis(world).greeks("colour", "")
    why = "fund_id: 'x' is not a fund of this desk"
    with pytest.raises(InputError, match=why):
        analysis(world).greeks("", "x")
    with pytest.raises(InputError, match=why):
        analysis(world).explain("x", "")
    with pytest.raises(InputError, match=why):
        analysis(world).scenarios(**ASKED, fund_id="x")


def test_the_parts_of_the_explain_are_the_days_pnl(world: World) -> None:
    told = analysis(world).explain("", "")
    desk = next(line for line in told["lines"] if line.fund_id == "*")
    assert desk.total == pytest.approx(world.report.total.daily_pnl, abs=0.005)
    parts = ("theta", "delta", "gamma", "vega", "vanna", "volga", "trades", "fees", "unexplained")
    for line in told["lines"]:
        assert sum(round(getattr(line, name), 2) for name in parts) == pytest.approx(line.total, abs=1e-9)
    assert {line.fund_id for line in analysis(world).explain("main", "")["lines"]} == {"main"}


def test_a_held_contract_that_the_chain_does_not_know_is_named_and_not_left_out(world: World) -> None:
    told = world.published
    assert told is not None
    gone = msgspec.structs.replace(told.report.positions[0], symbol="NIFTY-20991231-1-CE")
    report = msgspec.structs.replace(told.report, positions=(gone, *told.report.positions[1:]))
    answers = Analysis(lambda: Published(report, told.chain), world.state.rates, load_stresses(), CALENDAR.zone)
    with pytest.raises(UnknownContract, match="'NIFTY-20991231-1-CE' is not one listed contract"):
        answers.scenarios(**ASKED)


def test_where_nothing_moves_nothing_is_lost_and_a_short_strangle_loses_at_both_ends(world: World) -> None:
    told = analysis(world).scenarios(**ASKED, per_leg=True)
    total = told["total"]
    assert total.shape == (1, 3, 3)
    assert total[0, 1, 1] == 0.0
    assert total[0, 0, 1] < 0.0
    assert np.allclose(sum(leg["pnl"] for leg in told["legs"]), total)
    assert {leg["symbol"]: leg["quantity"] for leg in told["legs"]} == {CALL.id: -LOT, PUT.id: -LOT, FUTURE.id: LOT}
    assert told["worst"]["loss"] == pytest.approx(-total.min())
    assert {stress["name"] for stress in told["stresses"]} >= {"gap_down_10", "2020-03-23", "2024-06-04"}
    assert all(stress["source"] for stress in told["stresses"])


def test_extra_legs_are_laid_on_top_and_can_flatten_the_book(world: World) -> None:
    flat = ((CALL.id, LOT), (PUT.id, LOT), (FUTURE.id, -LOT))
    told = analysis(world).scenarios(**ASKED, extra=flat)
    assert told["legs"] == []
    assert not told["total"].any()


@pytest.mark.parametrize("sticky", ["strike", "delta"])
def test_on_a_flat_smile_it_does_not_matter_what_sticks(world: World, sticky: str) -> None:
    told = analysis(world).scenarios(spots=(-0.01, 0.01), vols=(0.0,), sticky=sticky)
    plain = analysis(world).scenarios(spots=(-0.01, 0.01), vols=(0.0,))
    assert told["total"] == pytest.approx(plain["total"], rel=0.02)


def test_time_alone_pays_a_short_strangle(world: World) -> None:
    told = analysis(world).scenarios(spots=(0.0,), vols=(0.0,), days=(0.0, 0.5, 1.0), underlying="NIFTY")
    pnl = told["total"][:, 0, 0]
    assert pnl[0] == 0.0
    assert pnl[0] < pnl[1] < pnl[2]


def test_the_payoff_breaks_even_outside_the_strikes_of_a_strangle() -> None:
    world = World().begin()
    legs = ((CALL.id, -LOT), (PUT.id, -LOT))
    told = analysis(world).scenarios(spots=(-0.05, 0.0, 0.05), vols=(0.0,), extra=legs)["payoff"]
    low, high = told["breakevens"]
    assert SPOT * (1 + low) < (PUT.strike or 0)
    assert SPOT * (1 + high) > (CALL.strike or 0)


def test_what_cannot_be_asked_is_refused_and_names_the_field(world: World) -> None:
    with pytest.raises(UnknownContract):
        analysis(world).scenarios(**ASKED, extra=(("NIFTY-20990101-1-CE", 1),))
    wide: dict[str, Any] = {"spots": tuple(n / 1_000 for n in range(200)), "vols": tuple(n / 1_000 for n in range(100))}
    legs = tuple((one.id, 1) for one in OPTIONS)
    with pytest.raises(
        InputError, match=r"spots: 200 spots x 100 vols x 31 days x .* cells; ask for at most 2,000,000"
    ):
        analysis(world).scenarios(**wide, days=tuple(range(31)), extra=legs)
    many = tuple((one.id, 1_000) for one in OPTIONS)
    with pytest.raises(InputError, match="100 vols x 1 days would be an answer of"):
        analysis(world).scenarios(**wide, extra=many, per_leg=True)


def test_a_strategy_that_held_nothing_today_is_no_book_without_risk(world: World) -> None:
    why = "strategy: 'demmo' held nothing today; choose from manual"
    with pytest.raises(InputError, match=why):
        analysis(world).scenarios(**ASKED, strategy="demmo")
    with pytest.raises(InputError, match=why):
        analysis(world).explain("", "demmo")
    with pytest.raises(InputError, match="leave it out until one has traded"):
        analysis(World().begin()).explain("", "manual")
    with pytest.raises(InputError, match="underlying: no options are listed on 'DAX'; choose from NIFTY"):
        analysis(world).scenarios(**ASKED, underlying="DAX")
    assert analysis(world).scenarios(**ASKED, strategy="manual")["total"].any()


def test_each_leg_says_what_its_revaluation_rests_on(world: World) -> None:
    legs = {leg["symbol"]: leg for leg in analysis(world).scenarios(**ASKED)["legs"]}
    assert legs[CALL.id]["vol_quality"] == "quoted"
    assert legs[CALL.id]["iv"] == pytest.approx(0.15, abs=0.003)
    assert legs[FUTURE.id]["vol_quality"] is None
    assert legs[CALL.id]["age_s"] == 0.0
    assert legs[FUTURE.id]["age_s"] > 0.0


def test_every_answer_is_json_without_nan(world: World) -> None:
    told = analysis(world).scenarios(**ASKED, extra=((CALL.id, -LOT),), per_leg=True)
    for answer in (told, analysis(world).greeks("", ""), analysis(world).explain("", "")):
        json.loads(wire.encode(answer), parse_constant=pytest.fail)
