"""Limits of parts of a fund: set, taken away, refused, on record, and what they do."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sidecar.desk.recovery import restore
from sidecar.domain.commands import ChangeLimits
from sidecar.domain.records import LimitsRecorded
from sidecar.domain.report import OutcomeStatus
from sidecar.domain.scopes import Scope
from tests.desk.world import World, fresh

TWO = {"capital": {"a": Decimal(5_000_000), "b": Decimal(5_000_000)}}


@pytest.fixture
def world() -> World:
    return World().begin()


def change(world: World, limits: dict[str, float | None], **where: Any) -> Any:
    return world.ask(ChangeLimits, **{"reason": "drill", "limits": limits, "fund_id": "main", **where})


def test_a_limit_is_set_where_it_is_asked_for_and_binds_there_alone(world: World) -> None:
    outcome = change(world, {"order_lots": 1}, strategy="demo", underlying="NIFTY")
    assert outcome.message.startswith("limits changed in main/demo/NIFTY: order_lots unset to 1")
    assert "no order of a strategy named demo is known yet" in outcome.message
    refused = world.place(lots=2, strategy="demo").refusal
    assert refused is not None
    assert (refused.limit_name, refused.scope, refused.limit) == ("order_lots", "main/demo/NIFTY", 1.0)
    assert refused.detail.startswith("in main/demo/NIFTY: order_lots")
    assert world.place(lots=2, strategy="other").refusal is None
    assert "known yet" not in change(world, {"positions": 9}, strategy="other").message


def test_none_takes_a_limit_away_below_the_desk(world: World) -> None:
    change(world, {"order_lots": 1, "positions": 3}, underlying="NIFTY")
    assert "order_lots 1.0 to unset" in change(world, {"order_lots": None}, underlying="NIFTY").message
    assert world.state.limits_set()["main/*/NIFTY"] == {"positions": 3.0}
    change(world, {"positions": None}, underlying="NIFTY")
    assert list(world.state.limits_set()) == ["*"]
    assert change(world, {"positions": None}, fund_id=None).status is OutcomeStatus.INVALID


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"fund_id": None, "strategy": "demo"}, "fund_id: is missing"),
        ({"fund_id": None, "underlying": "NIFTY"}, "fund_id: is missing"),
        ({"strategy": "a/b"}, "strategy: 'a/b'"),
        ({"strategy": "*"}, "strategy: '*'"),
        ({"strategy": ""}, "strategy: ''"),
        ({"underlying": "BANKNIFTY"}, "underlying: 'BANKNIFTY' is not listed; use one of"),
        ({"strategy": "demo", "limits": {"drawdown": 0.01}}, "drawdown: cannot be measured in main/demo; use one of"),
        ({"limits": {}}, "limits: names none"),
    ],
)
def test_what_could_not_be_watched_is_refused(world: World, fields: dict[str, Any], words: str) -> None:
    before = world.state.limits_set()
    outcome = world.ask(ChangeLimits, **{"reason": "x", "limits": {"positions": 1}, "fund_id": "main", **fields})
    assert outcome.status is OutcomeStatus.INVALID
    assert words in outcome.message
    assert world.state.limits_set() == before


def test_limits_of_every_scope_survive_a_restart() -> None:
    world = World(fresh(**TWO)).begin()
    where = [{}, {"fund_id": "b"}, {"fund_id": "b", "strategy": "x"}, {"fund_id": "b", "underlying": "NIFTY"}]
    for own in where:
        world.ask(ChangeLimits, reason="x", limits={"positions": 9, "order_lots": 2}, **own)
    world.ask(ChangeLimits, reason="x", limits={"positions": None}, fund_id="b", strategy="x")
    again = fresh(**TWO)
    restore(again, world.records)
    assert again.limits_set() == world.state.limits_set()
    assert again.limits_set()["b/x"] == {"order_lots": 2.0}
    assert again.limits_of(Scope("b", "x"))["positions"] == 9.0


def test_a_limit_on_record_that_is_unknown_or_gone_is_no_obstacle() -> None:
    state = fresh()
    restore(state, [
        LimitsRecorded(1, {"positions": None}, "ann", "x", "main", {}, "x"),
        LimitsRecorded(2, {"drawdown": 0.1}, "ann", "x", "main", {}, "x"),
        LimitsRecorded(3, {"positions": 4.0}, "ann", "x", "main", {}, "x", "NIFTY"),
    ])  # fmt: skip
    assert list(state.limits_set()) == ["*", "main/x/NIFTY"]
    assert "drawdown: cannot be measured" in state.notes[0]


def test_limits_of_a_fund_that_the_desk_no_longer_has_are_watched_nowhere() -> None:
    world = World(fresh(**TWO)).begin()
    world.ask(ChangeLimits, reason="x", limits={"positions": 9}, fund_id="b", strategy="x")
    again = fresh(capital={"a": Decimal(5_000_000)})
    restore(again, world.records)
    report = World(again, at=world.at).begin().report
    assert {line.scope for line in report.limits} == {"a", "*"}
