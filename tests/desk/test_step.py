from __future__ import annotations

from typing import get_args

import pytest

from sidecar.desk.step import step
from sidecar.domain import commands, events
from sidecar.domain.alerts import AlertLevel, Finding
from sidecar.domain.clock import DAY, SECOND
from sidecar.domain.events import AnyEvent, Beat, OrderAccepted, VenueBook
from sidecar.domain.models import ModelAction, RunResult, TrainingRun
from sidecar.domain.orders import OrderRequest, Side
from sidecar.domain.signals import SignalRequest, SignalType
from sidecar.replay import ReportHash
from tests.desk.learnt import FAMILY, expected, line, outcome
from tests.desk.test_recovery import act
from tests.desk.world import CALL, FUTURE, LOT, World, fresh, index

AT = World().at
COMMAND = {"at": AT, "request_id": "r", "actor": "ann"}
FOUND = Finding("outside", "Probe", "x", AlertLevel.WARNING, 3, "a probe failed", "it does not answer")
RUN = TrainingRun("T1", "asked", "", FAMILY, "ann", RunResult.SKIPPED, AT, AT, 0.0, "too few bars")
EXAMPLES: tuple[AnyEvent, ...] = (
    events.Listed(AT, (FUTURE,), "test"),
    index(AT),
    events.QuoteRefused(AT, "NIFTY", "crossed"),
    events.FeedState(AT, "test", False),
    events.TradingHalt(AT, "test", halted=True),
    events.Settlement(AT, "NIFTY", "20260908", 24_700.0, AT),
    Beat(AT),
    OrderAccepted(AT, "O1", "V1"),
    events.OrderRejected(AT, "O1", "no"),
    events.OrderFilled(AT, "O1", "F1", LOT, "20.00"),
    events.OrderCancelled(AT, "O1", "x"),
    events.OrderUnknown(AT, "O1", "x"),
    VenueBook(AT, {}, ()),
    events.StorageFailed(AT, "x"),
    events.StrategyFailed(AT, "s", "x"),
    commands.PlaceOrder(**COMMAND, request=OrderRequest(CALL.id, Side.SELL, LOT)),  # type: ignore[arg-type]
    commands.WhatIf(**COMMAND, orders=(OrderRequest(CALL.id, Side.SELL, LOT),)),  # type: ignore[arg-type]
    commands.CancelOrder(**COMMAND, order_id="O1"),  # type: ignore[arg-type]
    commands.CancelAll(**COMMAND),  # type: ignore[arg-type]
    commands.Stop(**COMMAND, reason="x"),  # type: ignore[arg-type]
    commands.Disable(**COMMAND, reason="x"),  # type: ignore[arg-type]
    commands.Reset(**COMMAND, reason="x"),  # type: ignore[arg-type]
    commands.EnableOverride(**COMMAND, reason="x", limits=("vix",), expires_at=AT + SECOND),  # type: ignore[arg-type]
    commands.DisableOverride(**COMMAND),  # type: ignore[arg-type]
    commands.ChangeLimits(**COMMAND, reason="x", limits={"vix": 30.0}),  # type: ignore[arg-type]
    commands.Heartbeat(**COMMAND, client="bot"),  # type: ignore[arg-type]
    commands.PlanClose(**COMMAND, close_all=True),  # type: ignore[arg-type]
    commands.ClosePositions(**COMMAND, reason="x", close_all=True),  # type: ignore[arg-type]
    events.Noticed(AT, (FOUND,)),
    commands.RaiseAlert(**COMMAND, findings=(FOUND,)),  # type: ignore[arg-type]
    commands.AcknowledgeAlert(**COMMAND, alert_id="A1"),  # type: ignore[arg-type]
    commands.ResolveAlert(**COMMAND, alert_id="A1"),  # type: ignore[arg-type]
    commands.SendSignal(**COMMAND, request=SignalRequest("NIFTY", SignalType.BUY, 0.6, 60.0)),  # type: ignore[arg-type]
    events.ModelOffered(AT, line()),
    events.Forecast(AT, (expected(World().begin()),)),
    events.Matured(AT, (outcome("P1"),)),
    events.ModelRefused(AT, "m1", "its file is damaged"),
    events.TrainingEnded(AT, RUN),
    commands.ChangeModel(**COMMAND, model_id="m1", action=ModelAction.PROMOTE, reason="x"),  # type: ignore[arg-type]
)


def test_there_is_an_example_of_every_kind_of_event() -> None:
    assert {type(event) for event in EXAMPLES} == set(get_args(AnyEvent))


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_every_event_is_taken_by_a_fresh_desk_and_by_one_that_lives(event: AnyEvent) -> None:
    quiet = isinstance(event, events.Listed | events.Quote | events.QuoteRefused | events.FeedState)
    for state in (fresh(), World().begin().state):
        before = state.seq
        published = step(state, event)
        assert (published is None) is quiet
        assert state.seq == before + (not quiet)
        if isinstance(event, get_args(commands.CommandEvent)):
            assert published is not None
            assert [outcome.request_id for outcome in published.report.outcomes] == ["r"]


def test_a_venues_clock_carries_the_desks_by_a_second_at_most_but_a_venues_book_begins_the_day() -> None:
    world = World().begin()
    now = world.state.now
    world.take(OrderAccepted(now + DAY, "O1", "V"))
    assert world.state.now == now + SECOND
    late = World()
    late.take(VenueBook(AT, {}, ()))
    assert late.state.now == AT


def test_the_same_events_give_the_same_reports_byte_for_byte() -> None:
    hashes = set()
    for _ in range(2):
        world, total = World().begin(), ReportHash()
        for number, action in enumerate(("order", "fill", "trade", "order", "cancel", "stop", "reset", "settle") * 4):
            act(world, action, number * 37)
            world.at = max(world.at, world.state.now)
            assert world.published is not None
            total.add(world.published)
        hashes.add(total.hex)
    assert len(hashes) == 1
