"""The strangle with other numbers than the demonstration's; what they share stands in the demonstration's tests."""

from __future__ import annotations

import pytest

from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.commands import Stop
from sidecar.domain.events import AnyEvent, Beat, Listed
from sidecar.strategies.short_strangle import ShortStrangle
from tests.desk.world import CALL, FUTURE, World, chain, quote
from tests.strategies.chain_world import LastOnly, held, orders, told
from tests.test_drive import Room


def with_future(strategy: ShortStrangle, move: float = 60.0) -> dict[str, int]:
    """What is held in lots of the future after the market has moved."""
    room = Room([strategy])
    room.drive.handle(Listed(room.at, (FUTURE,), "test"))
    for second in range(20):
        room.at += SECOND
        spot = 24_700.0 if second < 12 else 24_700.0 + move
        events: list[AnyEvent] = [*chain(room.at, spot), quote(FUTURE, room.at, spot), Beat(room.at)]
        for event in events:
            room.drive.handle(event)
    return {one.symbol: one.quantity for one in room.state.book.open_positions()}


@pytest.mark.parametrize("kind", [Room, LastOnly])
def test_it_sells_a_call_and_a_put_of_the_delta_it_was_given(kind: type[Room]) -> None:
    near, far = kind([ShortStrangle(delta=0.3, roll=0.6)]), kind([ShortStrangle(delta=0.08, roll=0.4)])
    for room in (near, far):
        room.trade(12)
        assert [reason for _, reason in told(room)] == ["sell the strangle's leg"] * 2
        assert {order.request.strategy for order in orders(room)} == {"short_strangle"}
    assert held(near) == {"24800CE": -1, "24600PE": -1}
    assert held(far) == {"25000CE": -1, "24400PE": -1}


def test_it_rolls_a_leg_beyond_the_delta_it_was_given_and_not_before() -> None:
    for roll, rolled in ((0.3, True), (0.9, False)):
        room = Room([ShortStrangle(roll=roll)])
        room.trade(12)
        room.trade(15, spot=24_800.0)
        assert (("buy", "roll: delta has grown") in told(room)) is rolled


def test_it_hedges_with_the_future_by_the_band_it_was_given_and_not_at_all_where_it_shall_not() -> None:
    assert with_future(ShortStrangle(lots=5))[FUTURE.id] > 0
    assert FUTURE.id not in with_future(ShortStrangle(lots=5, hedge=False))
    assert FUTURE.id not in with_future(ShortStrangle(lots=5, hedge_band=50.0))
    assert with_future(ShortStrangle(lots=5), -60.0)[FUTURE.id] < 0


def test_where_no_future_is_listed_it_hedges_nothing_and_carries_the_delta() -> None:
    room = Room([ShortStrangle(lots=5)])
    room.trade(12)
    room.trade(15, spot=24_760.0)
    assert {reason for _, reason in told(room)} == {"sell the strangle's leg"}
    assert abs(sum(line.delta for line in room.reports[-1].report.positions)) > 0.5 * 65


def test_how_near_to_the_expiry_a_strangle_may_begin_is_a_parameter() -> None:
    world = World(at=(CALL.expires_at or 0) - 59 * MINUTE).begin()
    world.trade(24_750.0)
    assert world.published is not None
    assert ShortStrangle().on_report(world.published) == ()
    assert len(ShortStrangle(last_entry_minutes=58.0, delta=0.1).on_report(world.published)) == 2


def test_nothing_is_sent_while_the_breaker_is_not_active_or_the_session_is_shut() -> None:
    room = Room()
    room.ask(Stop, reason="drill")
    room.drive.strategies = [ShortStrangle()]
    room.trade(12)
    assert orders(room) == []
    world = World(at=CALL.expires_at or 0)
    report = world.take(*chain(world.at - 1), Beat(world.at))
    assert not report.session_open
    assert world.published is not None
    assert ShortStrangle().on_report(world.published) == ()
