from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from sidecar.desk.recovery import restore
from sidecar.domain.alerts import Alert, AlertLevel, Finding
from sidecar.domain.commands import AcknowledgeAlert, RaiseAlert, ResolveAlert
from sidecar.domain.events import FeedState, Noticed, StrategyFailed
from sidecar.domain.records import AlertRecorded, Audited
from sidecar.domain.report import Outcome, OutcomeStatus
from sidecar.replay import ReportHash
from tests.desk.test_recovery import on_disk
from tests.desk.world import World, fresh

FOUND = Finding("outside", "HighLoad", "db1", AlertLevel.WARNING, 3, "load is high", "9.5", {"job": "db"})


@pytest.fixture
def world() -> World:
    world = World().begin()
    world.trade(beats=12)
    return world


def raised(world: World, *findings: Finding, cleared: tuple[str, ...] = (), actor: str = "ann") -> Outcome:
    return world.ask(RaiseAlert, findings=findings, cleared=cleared, actor=actor)


def recorded(world: World) -> list[Alert]:
    return [record.alert for record in world.records if isinstance(record, AlertRecorded)]


def about(world: World, fingerprint: str) -> Alert:
    (alert,) = [alert for alert in world.report.alerts if alert.fingerprint == fingerprint]
    return alert


def test_what_somebody_found_is_answered_with_its_alert_and_in_the_same_report(world: World) -> None:
    outcome = raised(world, FOUND)
    assert (outcome.status, outcome.message) == (OutcomeStatus.DONE, "1 found, 0 over")
    assert outcome.alerts == world.report.alerts
    assert outcome.alerts[0].details == {"job": "db", "raised_by": "ann"}
    assert [record.alert for record in world.report.records if isinstance(record, AlertRecorded)] == [*outcome.alerts]


def test_what_somebody_cleared_is_answered_with_what_is_over(world: World) -> None:
    raised(world, FOUND)
    outcome = raised(world, cleared=(FOUND.fingerprint, "outside:nobody:knows"))
    assert outcome.message == "0 found, 1 over"
    assert [alert.resolved for alert in outcome.alerts] == [True]
    assert world.report.alerts == ()


def test_found_again_it_is_the_same_alert_counted(world: World) -> None:
    first, second = raised(world, FOUND), raised(world, FOUND)
    assert second.alerts[0].id == first.alerts[0].id
    assert second.alerts[0].count == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": "nowhere"}, "source"),
        ({"source": "limits", "kind": "breach"}, "kind"),
        ({"source": "system", "kind": "flood", "subject": "*"}, "kind"),
        ({"kind": "two words"}, "kind"),
        ({"kind": ""}, "kind"),
        ({"severity": 0}, "severity"),
        ({"severity": 6}, "severity"),
        ({"title": "  "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"subject": "x" * 201}, "subject"),
        ({"message": "x" * 2_001}, "message"),
        ({"details": {str(n): "x" for n in range(33)}}, "details"),
    ],
)
def test_a_finding_that_is_none_is_refused_by_its_field_and_so_are_the_others(
    world: World, changes: dict[str, Any], field: str
) -> None:
    outcome = raised(world, FOUND, replace(FOUND, **changes))
    assert outcome.status is OutcomeStatus.INVALID
    assert outcome.message.startswith(f"{field}: ") or f" {field} " in f" {outcome.message} "
    assert world.report.alerts == ()


def test_nothing_at_all_and_too_much_at_once_are_refused(world: World) -> None:
    assert raised(world).status is OutcomeStatus.INVALID
    assert raised(world, *[FOUND] * 151).status is OutcomeStatus.INVALID


def test_another_source_may_be_named_if_there_is_one(world: World) -> None:
    assert raised(world, replace(FOUND, source="training", kind="failed")).status is OutcomeStatus.DONE


def test_what_the_machine_noticed_stands_until_it_is_cleared(world: World) -> None:
    found = replace(FOUND, source="system")
    world.take(Noticed(world.at, (found,)))
    world.trade(seconds=4_000.0)
    assert about(world, found.fingerprint).count == 1
    world.take(Noticed(world.at, cleared=(found.fingerprint,)))
    world.trade(seconds=30.0)
    assert found.fingerprint not in [alert.fingerprint for alert in world.report.alerts]


def test_to_acknowledge_is_to_say_who_and_twice_is_the_same_as_once(world: World) -> None:
    alert = raised(world, FOUND).alerts[0]
    first = world.ask(AcknowledgeAlert, alert_id=alert.id, note="rebooting")
    again = world.ask(AcknowledgeAlert, alert_id=alert.id, actor="bob")
    assert (first.status, again.status) == (OutcomeStatus.DONE, OutcomeStatus.DONE)
    assert again.message == f"alert {alert.id} was acknowledged by ann already"
    assert again.alerts == first.alerts == world.report.alerts
    assert first.alerts[0].acknowledged_by == "ann"
    assert len(recorded(world)) == 2


def test_what_nobody_knows_is_not_found_and_what_is_over_is_a_conflict(world: World) -> None:
    alert = raised(world, FOUND).alerts[0]
    for kind in (AcknowledgeAlert, ResolveAlert):
        assert world.ask(kind, alert_id="A-none").status is OutcomeStatus.NOT_FOUND
    assert world.ask(ResolveAlert, alert_id=alert.id, reason="rebooted").status is OutcomeStatus.DONE
    for kind in (AcknowledgeAlert, ResolveAlert):
        outcome = world.ask(kind, alert_id=alert.id)
        assert (outcome.status, outcome.message) == (
            OutcomeStatus.CONFLICT,
            f"alert {alert.id} was resolved already, by ann",
        )
        assert outcome.alerts[0].details["resolution"] == "rebooted"


def test_resolved_while_its_cause_stands_the_answer_says_that_it_comes_back(world: World) -> None:
    world.take(StrategyFailed(world.at, "odd", "ValueError"))
    world.trade()
    alert = about(world, "strategy:disabled:odd")
    assert "ValueError" in alert.message
    outcome = world.ask(ResolveAlert, alert_id=alert.id)
    assert outcome.message.endswith("; its cause stands: it comes back in 30 s")
    world.trade(seconds=29)
    assert world.report.alerts == ()
    world.trade(seconds=1)
    assert about(world, "strategy:disabled:odd").id != alert.id


def test_every_command_leaves_an_audit_line(world: World) -> None:
    alert = raised(world, FOUND).alerts[0]
    world.ask(AcknowledgeAlert, alert_id=alert.id)
    world.ask(ResolveAlert, alert_id=alert.id)
    actions = [record.action for record in world.records if isinstance(record, Audited)]
    assert actions[-3:] == ["raisealert", "acknowledgealert", "resolvealert"]


def test_a_stop_explains_the_orders_that_it_refuses(world: World) -> None:
    world.stop()
    world.trade()
    world.place(strategy="demo")
    refused = about(world, "orders:refused:demo breaker")
    assert (refused.shown, refused.inhibited_by) == (False, "breaker:emergency_stop:*")


def test_a_feed_that_is_down_hides_what_follows_from_it(world: World) -> None:
    world.take(FeedState(world.at, "test", up=False))
    for _ in range(15):
        world.beat()
    hidden = {alert.fingerprint for alert in world.report.alerts if not alert.shown}
    assert {"data:stale:NIFTY", "limits:breach:* stale", "data:blind:*"} <= hidden
    assert {alert.fingerprint for alert in world.report.alerts} - hidden == {"data:feed_down:test", "breaker:tripped:*"}


def test_after_a_restart_the_same_alerts_stand_and_none_is_raised_twice(world: World) -> None:
    world.stop()
    world.take(StrategyFailed(world.at, "odd", "ValueError"))
    raised(world, FOUND)
    world.trade(beats=3)
    world.ask(AcknowledgeAlert, alert_id=about(world, "breaker:emergency_stop:*").id)
    before = world.report.alerts
    assert len(before) == 3
    state = fresh()
    restore(state, on_disk(world.records))
    assert state.alerts.standing == before
    again = World(state, at=world.at).begin()
    again.trade(beats=20)
    assert recorded(again) == []
    assert again.report.alerts == before


def test_the_same_day_twice_gives_the_same_alerts_and_the_same_bytes() -> None:
    hashes = set()
    for _ in range(2):
        world, total = World().begin(), ReportHash()
        world.trade(beats=12)
        for number in range(20):
            world.place(lots=9, strategy=f"s{number}")
            raised(world, replace(FOUND, subject=str(number)))
            world.trade(seconds=number)
            assert world.published is not None
            total.add(world.published)
        hashes.add(total.hex)
        assert any(alert.fingerprint == "system:flood:*" for alert in world.report.alerts)
    assert len(hashes) == 1
