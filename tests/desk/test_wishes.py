"""A wish to close survives a restart, and so does its end."""

from __future__ import annotations

import pytest

from sidecar.desk import wishes
from sidecar.desk.recovery import restore
from sidecar.desk.step import step
from sidecar.domain.commands import CancelAll, ClosePositions
from sidecar.domain.events import VenueBook
from sidecar.domain.records import CloseRecorded, Entry, decode, encode
from tests.desk.world import CALL, LISTED, LOT, World, fresh

ID = f"main/manual/{CALL.id}"


@pytest.fixture
def world() -> World:
    return World().begin()


def restarted(world: World) -> World:
    """Another desk, from what the journal kept, byte for byte."""
    state = fresh()
    restore(state, [decode(encode(Entry(0, record))).record for record in world.records])
    step(state, LISTED)
    after = World(state, at=world.at)
    after.trade()
    return after


def records(world: World) -> list[tuple[str, bool]]:
    return [(one.position_id, one.wanted) for one in world.records if isinstance(one, CloseRecorded)]


def test_a_close_goes_on_after_a_restart_where_it_stood(world: World) -> None:
    world.trade_lots()
    world.stop(flatten=True)
    assert records(world) == [(ID, True)]
    after = restarted(world)
    wish = after.state.closing[ID]
    assert (wish.actor, wish.reason) == ("ann", "drill")
    (old,) = after.state.working.values()  # its fate is unknown: nothing is sent before the venue has spoken
    assert after.report.closing[0].detail == f"what became of {old.id} is not known: the venue is asked"
    after.trade(seconds=6)
    after.take(VenueBook(after.at, {CALL.id: -LOT}, ()))
    after.trade(seconds=3)
    (new,) = after.state.working.values()
    assert new.id != old.id
    after.fill(new)
    after.trade()
    after.take(VenueBook(after.at, {}, ()))
    assert after.state.closing == {}
    assert records(after) == [(ID, False)]


def test_what_was_withdrawn_or_came_to_its_end_does_not_begin_again(world: World) -> None:
    world.trade_lots()
    world.ask(ClosePositions, reason="x", close_all=True)
    world.ask(CancelAll, reason="leave it")
    assert records(world) == [(ID, True), (ID, False)]
    assert restarted(world).state.closing == {}


def test_the_stop_that_changes_the_state_puts_the_withdrawal_on_record(world: World) -> None:
    world.trade_lots()
    world.ask(ClosePositions, reason="x", close_all=True)
    world.stop(flatten=True)
    assert records(world) == [(ID, True), (ID, False), (ID, True)]
    assert list(restarted(world).state.closing) == [ID]


def test_a_wish_is_begun_once_and_ended_once(world: World) -> None:
    world.trade_lots()
    first = wishes.begin(world.state, ID, "ann", "x")
    assert wishes.begin(world.state, ID, "bob", "y") is first
    wishes.end(world.state, ID, "flat")
    wishes.end(world.state, ID, "flat")
    assert [one.wanted for one in world.state.pending.records if isinstance(one, CloseRecorded)] == [True, False]


def test_a_fund_withdraws_its_own_alone(world: World) -> None:
    for name in ("main/a/X", "other/a/X"):
        wishes.begin(world.state, name, "ann", "x")
    wishes.end_all(world.state, "x", "main")
    assert list(world.state.closing) == ["other/a/X"]
    assert wishes.symbol_of("main/a/b/X") == "X"


def test_the_report_tells_what_is_left_who_asked_and_how_often_it_was_tried(world: World) -> None:
    world.trade_lots(lots=2)
    world.ask(ClosePositions, reason="enough", close_all=True)
    (line,) = world.report.closing
    assert (line.position_id, line.quantity, line.actor, line.reason, line.tries) == (ID, -2 * LOT, "ann", "enough", 1)
    assert (line.since, line.detail) == (world.at, "sent")
