from __future__ import annotations

from typing import Any

import pytest

from sidecar.desk.heartbeats import MOST
from sidecar.desk.recovery import restore
from sidecar.domain.breaker import BreakerStatus, Trigger
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import Heartbeat
from sidecar.domain.events import Beat
from sidecar.domain.orders import OrderState
from sidecar.domain.records import Audited, HeartbeatRecorded
from sidecar.domain.report import CancelAtVenue, DeskReport, Outcome, OutcomeStatus
from tests.desk.world import CALL, World, fresh, index


class Ward(World):
    """A world whose beats carry real time too, as a live desk's do: an hour of market a second."""

    ran = 0

    def live(self, seconds: float) -> DeskReport:
        """Real time passes, and a little of the market's."""
        self.ran += int(seconds * SECOND)
        self.at += SECOND // 100
        return self.take(index(self.at), Beat(self.at, self.ran))

    def sign(self, client: str = "bot", seconds: float = 60.0, **more: Any) -> Outcome:
        return self.ask(Heartbeat, client=client, expires_in_s=seconds, **more)


def ward() -> Ward:
    world = Ward()
    world.begin()
    world.live(1.0)
    return world


def test_a_client_that_renews_in_time_is_never_lost() -> None:
    world = ward()
    assert "armed" in world.sign().message
    for _ in range(10):
        world.live(59.0)
        assert world.sign().status is OutcomeStatus.DONE
    assert world.report.breaker.active
    (line,) = world.live(3.0).heartbeats
    assert (line.client, line.age_s, line.expires_in_s) == ("bot", 3.0, 60.0)


def test_a_client_that_is_silent_too_long_trips_the_desk_and_cancels_what_works() -> None:
    world = ward()
    order = world.place(CALL).orders[0]
    world.sign()
    assert world.live(60.0).breaker.active
    report = world.live(0.1)
    (cause,) = report.breaker.causes
    assert report.breaker.status is BreakerStatus.TRIPPED
    assert cause.trigger is Trigger.HEARTBEAT_LOST
    assert "nothing heard of bot for 60 s" in cause.detail
    assert [a.order.id for a in report.actions if isinstance(a, CancelAtVenue)] == [order.id]
    assert report.heartbeats == ()


def test_the_interval_is_real_time_and_not_the_markets() -> None:
    world = ward()
    world.sign()
    world.at += 3_600 * SECOND
    assert world.take(index(world.at), Beat(world.at, world.ran + SECOND)).heartbeats[0].age_s == 1.0


def test_where_a_beat_carries_no_real_time_the_markets_counts() -> None:
    world = Ward()
    world.begin()
    world.sign(seconds=10.0)
    world.trade(seconds=10.0)
    assert world.report.breaker.active
    world.trade()
    assert world.report.breaker.causes[0].trigger is Trigger.HEARTBEAT_LOST


def test_a_goodbye_disarms_and_leaves_orders_alone() -> None:
    world = ward()
    order = world.place(CALL).orders[0]
    world.sign()
    assert "disarmed" in world.sign(goodbye=True).message
    world.live(1_000.0)
    assert world.report.breaker.active
    assert world.state.orders[order.id].state is OrderState.PENDING
    assert world.sign(goodbye=True).status is OutcomeStatus.NOT_FOUND


def test_a_lost_client_is_disarmed_so_that_a_person_can_reset_and_arms_anew_when_heard() -> None:
    world = ward()
    world.sign()
    world.live(61.0)
    world.trade(beats=2)
    assert world.reset().status is OutcomeStatus.DONE
    world.live(500.0)
    assert world.report.breaker.active
    assert "armed" in world.sign().message
    assert world.live(61.0).breaker.status is BreakerStatus.TRIPPED


def test_a_loss_while_stopped_is_recorded_and_cancels_again() -> None:
    world = ward()
    world.sign()
    world.stop()
    report = world.live(61.0)
    assert report.breaker.status is BreakerStatus.EMERGENCY_STOP
    assert [event.trigger for event in report.breaker_events] == ["emergency_stop", "heartbeat_lost"]


def test_arming_and_disarming_are_on_record_and_renewals_are_not() -> None:
    world = ward()
    world.sign()
    count = len(world.records)
    world.live(10.0)
    world.sign()
    assert not any(isinstance(record, Audited | HeartbeatRecorded) for record in world.records[count:])
    world.sign(seconds=30.0)
    world.sign(goodbye=True)
    told = [record for record in world.records if isinstance(record, HeartbeatRecorded)]
    assert [(record.client, record.expires_in_s) for record in told] == [("bot", 60.0), ("bot", 30.0), ("bot", None)]
    assert [r.actor for r in world.records[count:] if isinstance(r, Audited)] == ["ann", "ann"]


def test_a_restart_keeps_who_is_armed_and_gives_each_a_whole_interval() -> None:
    world = ward()
    world.sign("one")
    world.sign("two", 10.0)
    world.sign("three")
    world.sign("three", goodbye=True)
    world.live(9.0)
    state = fresh()
    restore(state, world.records)
    again = Ward(state, at=world.at)
    again.live(5.0)
    assert [line.client for line in again.report.heartbeats] == ["one", "two"]
    assert again.live(10.0).breaker.active
    report = again.live(0.1)
    assert "two" in report.breaker.causes[0].detail
    assert [line.client for line in report.heartbeats] == ["one"]


@pytest.mark.parametrize("seconds", [4.9, 600.1, 0.0, -1.0, float("nan"), float("inf")])
def test_an_interval_out_of_range_is_refused(seconds: float) -> None:
    outcome = ward().sign(seconds=seconds)
    assert outcome.status is OutcomeStatus.INVALID
    assert "expires_in_s" in outcome.message


@pytest.mark.parametrize("client", ["", "a b", "x" * 41, "a\nb", "ü"])
def test_a_name_that_is_none_is_refused(client: str) -> None:
    outcome = ward().sign(client)
    assert outcome.status is OutcomeStatus.INVALID
    assert outcome.message.startswith("client")


def test_twenty_clients_are_watched_and_not_one_more() -> None:
    world = ward()
    for number in range(MOST):
        assert world.sign(f"c{number}").status is OutcomeStatus.DONE
    assert world.sign("late").status is OutcomeStatus.INVALID
    assert world.sign("c3").status is OutcomeStatus.DONE
    assert len(world.live(0.1).heartbeats) == MOST
