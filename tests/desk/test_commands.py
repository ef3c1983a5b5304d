from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sidecar.domain.breaker import BreakerStatus
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import ChangeLimits, Disable, DisableOverride, EnableOverride, Reset
from sidecar.domain.events import OrderAccepted, StorageFailed, StrategyFailed
from sidecar.domain.orders import OrderState, Side
from sidecar.domain.records import Audited, BreakerRecorded, LimitsRecorded
from sidecar.domain.report import CancelAtVenue, OutcomeStatus
from tests.desk.world import CALL, PUT, SPOT, World, fresh


@pytest.fixture
def world() -> World:
    return World().begin()


def test_a_stop_shuts_the_gate_cancels_what_works_and_is_on_record(world: World) -> None:
    (order,) = world.place().orders
    world.take(OrderAccepted(world.at, order.id, "V"))
    outcome = world.stop()
    assert outcome.status is OutcomeStatus.DONE
    assert (outcome.breaker.status, outcome.breaker.halt_seq) == (BreakerStatus.EMERGENCY_STOP, 1)
    assert [one.id for one in outcome.orders] == [order.id]
    assert world.report.actions == (CancelAtVenue(world.state.orders[order.id]),)
    assert [type(record) for record in world.report.records] == [BreakerRecorded, Audited]
    refused = world.place(PUT)
    assert refused.refusal is not None
    assert refused.refusal.limit_name == "breaker"


def test_a_hundred_stops_are_one_transition_a_hundred_answers_and_a_hundred_lines(world: World) -> None:
    outcomes = [world.stop() for _ in range(100)]
    assert {outcome.status for outcome in outcomes} == {OutcomeStatus.DONE}
    assert {outcome.breaker.halt_seq for outcome in outcomes} == {1}
    assert sum(isinstance(record, Audited) and record.action == "stop" for record in world.records) == 100
    assert sum(isinstance(record, BreakerRecorded) for record in world.records) == 100
    assert len(world.state.breaker.causes) == 1


def test_orders_that_reduce_still_pass_a_stop(world: World) -> None:
    world.trade_lots()
    world.stop()
    assert world.place(CALL, Side.BUY).status is OutcomeStatus.DONE
    assert world.place(CALL, Side.BUY, lots=2).status is OutcomeStatus.REFUSED


def test_a_reset_by_a_named_person_opens_the_gate_again(world: World) -> None:
    world.stop()
    assert world.reset().status is OutcomeStatus.DONE
    assert world.state.breaker.active
    assert world.place().status is OutcomeStatus.DONE


@pytest.mark.parametrize("blank", [{"actor": " "}, {"reason": ""}])
def test_a_reset_without_a_name_or_a_reason_is_invalid(world: World, blank: dict[str, str]) -> None:
    world.stop()
    outcome = world.ask(Reset, **{"actor": "root", "reason": "clear", **blank})
    assert outcome.status is OutcomeStatus.INVALID
    assert not world.state.breaker.active


def test_a_reset_of_an_active_breaker_changes_nothing(world: World) -> None:
    assert world.reset().status is OutcomeStatus.CONFLICT
    assert not any(isinstance(record, BreakerRecorded) for record in world.records)


def test_a_reset_is_refused_while_its_cause_stands_and_says_which(world: World) -> None:
    world.trade_lots(lots=5)
    world.ask(ChangeLimits, reason="drill", limits={"daily_loss": 0.0005})
    world.trade(SPOT + 150, beats=4)
    refused = world.reset()
    assert refused.status is OutcomeStatus.CONFLICT
    assert "daily_loss" in refused.message
    world.trade(SPOT)
    assert world.reset().status is OutcomeStatus.DONE


def test_a_drawdown_stands_until_somebody_raises_its_limit(world: World) -> None:
    world.trade_lots(lots=5)
    world.ask(ChangeLimits, reason="drill", limits={"drawdown": 0.0005})
    world.trade(SPOT + 150, beats=4)
    assert "drawdown" in world.reset().message
    world.ask(ChangeLimits, reason="seen and accepted", limits={"drawdown": 0.5})
    world.trade(SPOT + 150)
    assert world.reset().status is OutcomeStatus.DONE
    world.trade(SPOT + 150, beats=4)
    assert world.state.breaker.active


def test_an_override_lets_a_reset_pass_and_the_limit_trips_again_when_it_ends(world: World) -> None:
    world.trade_lots(lots=5)
    world.ask(ChangeLimits, reason="drill", limits={"drawdown": 0.0005})
    world.trade(SPOT + 150, beats=4)
    world.ask(EnableOverride, reason="unwinding", limits=("drawdown",), expires_at=world.at + 60 * SECOND)
    assert world.reset().status is OutcomeStatus.DONE
    world.trade(SPOT + 150, beats=4)
    assert world.state.breaker.active
    world.trade(SPOT + 150, seconds=60.0)
    world.trade(SPOT + 150, beats=4)
    assert world.state.breaker.status is BreakerStatus.TRIPPED
    assert world.state.breaker.override is None


def test_a_reset_is_refused_while_the_desk_is_blind(world: World) -> None:
    for _ in range(11):
        world.beat()
    refused = world.reset()
    assert refused.status is OutcomeStatus.CONFLICT
    assert "data_failure" in refused.message
    world.trade()
    assert world.reset().status is OutcomeStatus.DONE


def test_a_failed_journal_can_only_be_reset_by_a_restart(world: World) -> None:
    world.take(StorageFailed(world.at, "disk full"))
    assert "restart" in world.reset().message
    assert world.state.breaker.status is BreakerStatus.TRIPPED


def lose(world: World, times: int, strategy: str = "loser") -> None:
    """So many losing round trips: bought, then sold lower."""
    for _ in range(times):
        world.trade_lots(PUT, Side.BUY, strategy=strategy)
        world.trade(seconds=61.0)
        world.trade_lots(PUT, Side.SELL, strategy=strategy, at_price="5.00")
        world.trade(seconds=61.0)


def test_a_strategy_with_five_losses_in_a_row_is_off_until_a_named_person_resets(world: World) -> None:
    lose(world, 4)
    assert world.state.disabled == set()
    lose(world, 1)
    assert world.state.disabled == {"loser"}
    (cause,) = world.state.breaker.partial
    assert (cause.trigger, cause.scope) == ("loss_streak", "main/loser")
    assert world.state.breaker.active
    assert world.report.counters.breaker_triggers == {"loss_streak": 1}
    assert any("loser is disabled: 5 losing round trips" in note for note in world.report.notes)
    outcome = world.reset(actor="root")
    assert outcome.status is OutcomeStatus.DONE
    assert "enabled again: loser" in outcome.message
    (line,) = [r for r in world.records if isinstance(r, Audited) and r.action == "enable_strategy"]
    assert (line.actor, line.subject, line.detail) == ("root", "loser", "all clear")
    world.trade(beats=3)
    assert world.state.breaker.active
    lose(world, 1)
    assert world.state.disabled == set()


def test_a_strategy_that_failed_is_refused_until_a_reset_though_the_breaker_is_active(world: World) -> None:
    world.take(StrategyFailed(world.at, "odd", "ValueError"))
    refused = world.place(strategy="odd")
    assert refused.refusal is not None
    assert refused.refusal.limit_name == "disabled_strategy"
    assert world.place(PUT, strategy="fine").status is OutcomeStatus.DONE
    outcome = world.reset()
    assert (outcome.status, outcome.message) == (OutcomeStatus.DONE, "enabled again: odd")
    assert world.place(strategy="odd").status is OutcomeStatus.DONE


def test_disable_turns_trading_off_without_an_alarm(world: World) -> None:
    outcome = world.ask(Disable, reason="lunch")
    assert outcome.breaker.status is BreakerStatus.MANUAL_DISABLE
    assert world.place().refusal is not None
    assert world.reset().status is OutcomeStatus.DONE


def test_an_override_never_covers_an_emergency_stop_and_ends_when_asked(world: World) -> None:
    world.stop()
    until = world.at + 60 * SECOND
    refused = world.ask(EnableOverride, reason="x", limits=("vix",), expires_at=until)
    assert refused.status is OutcomeStatus.CONFLICT
    world.reset()
    assert world.ask(EnableOverride, reason="x", limits=("vix",), expires_at=until).status is OutcomeStatus.DONE
    assert world.ask(DisableOverride).status is OutcomeStatus.DONE
    assert world.ask(DisableOverride).status is OutcomeStatus.CONFLICT


@pytest.mark.parametrize(
    "fields",
    [
        {"limits": ("nothing",)},
        {"limits": ()},
        {"expires_in": 0},
        {"expires_in": 901},
        {"reason": " "},
    ],
)
def test_an_override_that_cannot_be_is_invalid(world: World, fields: dict[str, Any]) -> None:
    seconds = fields.pop("expires_in", 60)
    asked = {"reason": "x", "limits": ("vix",), "expires_at": world.at + seconds * SECOND, **fields}
    assert world.ask(EnableOverride, **asked).status is OutcomeStatus.INVALID
    assert world.state.breaker.override is None


def test_limits_change_with_a_reason_and_what_changed_goes_on_record(world: World) -> None:
    outcome = world.ask(ChangeLimits, reason="calmer", limits={"order_lots": 1})
    assert "order_lots 5" in outcome.message
    (record,) = [record for record in world.records if isinstance(record, LimitsRecorded)]
    assert (record.limits["order_lots"], record.fund_id, record.actor) == (1.0, None, "ann")
    assert record.limits.keys() == {"order_lots"}
    assert record.configured == {"order_lots": world.state.config.limits["order_lots"]}
    assert world.place(lots=2).refusal is not None


def test_a_fund_may_have_tighter_limits_of_its_own() -> None:
    world = World(fresh(capital={"a": Decimal(5_000_000), "b": Decimal(5_000_000)})).begin()
    world.ask(ChangeLimits, reason="new fund", limits={"order_lots": 1}, fund_id="b")
    assert world.place(lots=2, fund_id="a").status is OutcomeStatus.DONE
    assert world.place(lots=2, fund_id="b").status is OutcomeStatus.REFUSED


@pytest.mark.parametrize(
    "fields",
    [
        {"reason": ""},
        {"fund_id": "nobody"},
        {"limits": {}},
        {"limits": {"no_such": 1.0}},
        {"limits": {"daily_loss": float("nan")}},
        {"limits": {"daily_loss": -1.0}},
        {"limits": {"daily_loss": 3.0}},
    ],
)
def test_limits_that_cannot_be_change_nothing(world: World, fields: dict[str, Any]) -> None:
    before = world.state.limits_set()
    outcome = world.ask(ChangeLimits, **{"reason": "x", "limits": {"order_lots": 1}, **fields})
    assert outcome.status is OutcomeStatus.INVALID
    assert world.state.limits_set() == before


def test_every_command_is_answered_and_leaves_one_audit_line(world: World) -> None:
    before = len(world.records)
    world.place()
    world.place(lots=9)
    world.stop()
    world.reset()
    world.ask(ChangeLimits, reason="", limits={})
    audits = [record for record in world.records[before:] if isinstance(record, Audited)]
    assert [record.action for record in audits] == ["placeorder", "placeorder", "stop", "reset", "changelimits"]
    assert [record.outcome for record in audits] == ["done", "refused", "done", "done", "invalid"]
    assert OrderState.REFUSED in {order.state for order in world.state.orders.values()}
    assert CALL.id in world.state.contracts


def test_a_drill_stops_like_any_other_stop_and_goes_on_record_as_a_rehearsal(world: World) -> None:
    order = world.place().orders[0]
    assert world.report.last_drill_at is None
    assert world.stop(drill=True).orders == (order,)
    assert world.state.breaker.status is BreakerStatus.EMERGENCY_STOP
    audits = [record for record in world.records if isinstance(record, Audited)]
    assert [(audit.action, audit.outcome) for audit in audits[-2:]] == [("drill", "done"), ("stop", "done")]
    assert world.report.last_drill_at == world.report.timestamp
    world.trade()
    world.stop()
    assert (world.report.last_drill_at or world.report.timestamp) < world.report.timestamp
