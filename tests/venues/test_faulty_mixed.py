"""Two hundred orders with every fault there is, through a real desk; and a stop while the venue is out of reach."""

from __future__ import annotations

from collections import Counter

import pytest
from msgspec.structs import replace

from sidecar.domain.breaker import Trigger
from sidecar.domain.commands import CancelAll, Reset
from sidecar.domain.orders import OrderState, Side
from sidecar.venues.faults import Fault, Row, parse
from tests.desk.world import CALL, PUT
from tests.venues.rehearsal import Rehearsal

pytestmark = pytest.mark.slow

MIXED = (
    "reject=0.06 unsent=0.06 timeout=0.08 lose=0.12 duplicate=0.10 partial=0.10 late=0.10 delay=0.10@7s deaf=0.06 "
    "disconnect=40s@150s"
)
FAULTS = {*Fault, "disconnect"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_hundred_orders_with_mixed_faults_leave_a_book_that_adds_up_and_agrees(seed: int) -> None:
    faults = replace(parse(MIXED), script=(Row(Fault.STRANGER, nth=50), Row(Fault.STRANGER, nth=120)))
    room = Rehearsal(faults, seed)
    for _ in range(200):
        room.any_order()
        room.check()
        room.run(room.random.randint(1, 5))
    room.ask(CancelAll, reason="the end")
    room.run(150)
    room.check()
    room.agree()
    assert len(room.state.orders) == 200
    assert room.report.unconfirmed == ()
    assert room.state.working == {}
    assert set(room.faulty.drawn) == FAULTS, "every fault was met"
    found = {cause.trigger for event in room.reports for cause in event.breaker.causes}
    assert found == {Trigger.RECONCILIATION_BREAK}, "only the stranger stopped trading"
    differences = [note for report in room.reports for note in report.notes if note.startswith("the venue differs")]
    assert differences == []


def test_each_fault_alone_is_told_apart_and_ends_in_a_state_that_is_true() -> None:
    ends: dict[Fault, Counter[OrderState]] = {}
    for fault in Fault:
        if fault is Fault.STRANGER:
            continue
        room = Rehearsal(replace(parse(""), script=(Row(fault),)), seed=5, walk=0.0)
        for number in range(8):
            room.order((CALL, PUT)[number % 2], (Side.BUY, Side.SELL)[number // 2 % 2], 2, 12)
            room.run(3)
        room.run(70)
        room.check()
        room.agree()
        ends[fault] = Counter(order.state for order in room.state.orders.values())
    assert ends[Fault.REJECT] == {OrderState.REJECTED: 8}
    assert ends[Fault.UNSENT] == {OrderState.CANCELLED: 8}
    assert ends[Fault.PARTIAL] == {OrderState.CANCELLED: 8}
    whole = (Fault.TIMEOUT, Fault.LOSE, Fault.DUPLICATE, Fault.LATE, Fault.DELAY, Fault.DEAF)
    assert {fault: ends[fault] for fault in whole} == {fault: {OrderState.FILLED: 8} for fault in whole}


@pytest.mark.parametrize("seed", range(20))
def test_a_stop_while_the_venue_is_out_of_reach_shuts_the_gate_at_once_and_ends_confirmed(seed: int) -> None:
    room = Rehearsal(parse("timeout=0.1 lose=0.1 disconnect=60s@120s"), seed)
    while room.at < room.reports[0].timestamp.timestamp() * 1e6 + 117_000_000:
        if len(room.state.working) < 4:
            room.order(room.random.choice((CALL, PUT)), room.random.choice(tuple(Side)), 2, -room.random.randint(1, 40))
        room.run(room.random.randint(1, 4))
    room.run(6)
    asked = len(room.stop().orders)
    sent = sum(room.venue.sent.values())
    assert room.stopped
    assert f"stopped here, venue unconfirmed: {asked}" in room.report.notes
    refused = room.order(CALL, Side.BUY if room.state.book.net(CALL.id) > 0 else Side.SELL, 1, 0)
    assert refused.refusal is not None
    for _ in range(45):
        room.run(1)
        room.check()
        owed = len(room.report.unconfirmed)
        assert owed == asked
        assert f"stopped here, venue unconfirmed: {owed}" in room.report.notes
    room.run(60)
    room.check()
    room.agree()
    assert (room.report.unconfirmed, room.state.working, room.stopped) == ((), {}, True)
    assert not any("unconfirmed" in note for note in room.report.notes)
    assert sum(room.venue.sent.values()) == sent, "nothing left while the gate was shut"
    assert room.ask(Reset, reason="the venue is back").status == "done"
