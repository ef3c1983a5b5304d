from __future__ import annotations

from decimal import Decimal

import pytest

from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.commands import Reset, Stop
from sidecar.domain.events import Beat, Listed, Settlement
from sidecar.domain.orders import OrderState, Side
from sidecar.strategies.iron_condor import IronCondor
from tests.desk.test_recovery import restarted
from tests.desk.world import CALL, EXPIRY, LOT, World, chain
from tests.strategies.chain_world import LastOnly, held, orders, told
from tests.test_drive import Room

WING, LEG = ("buy", "buy the condor's wing"), ("sell", "sell the condor's leg")
CONDOR = {"25000CE": 1, "24900CE": -1, "24500PE": -1, "24400PE": 1}


def begun(lots: int = 1, **more: float) -> Room:
    room = Room([IronCondor(lots=lots, **more)])  # type: ignore[arg-type]
    room.trade(12)
    return room


def after_the_stop(room: Room) -> None:
    """The market has gone against it; a wing that was refused beside the other is asked for again after a minute."""
    room.trade(16, spot=24_930.0)
    room.at += 55 * SECOND
    room.trade(8, spot=24_930.0)


@pytest.mark.parametrize("kind", [Room, LastOnly])
def test_it_sells_a_strangle_behind_wings_that_are_bought_first(kind: type[Room]) -> None:
    room = kind([IronCondor()])
    room.trade(12)
    assert held(room) == CONDOR
    assert told(room) == [WING, WING, LEG, LEG]
    wings, legs = orders(room)[:2], orders(room)[2:]
    assert all(wing.state is OrderState.FILLED for wing in wings)
    assert max(wing.updated_at for wing in wings) < min(leg.created_at for leg in legs)
    room.trade(12)
    assert held(room) == CONDOR, "one condor, and no more"


def test_its_legs_are_near_a_fifth_and_its_wings_near_a_twelfth() -> None:
    unit = {line.symbol: line.delta / line.quantity for line in begun().reports[-1].report.positions}
    assert sorted(round(abs(delta), 1) for delta in unit.values()) == [0.1, 0.1, 0.2, 0.2]


@pytest.mark.parametrize("lots", [1, 2, 3])
def test_it_holds_as_many_lots_of_each_leg_as_it_was_given(lots: int) -> None:
    assert held(begun(lots)) == {strike: lots * side for strike, side in CONDOR.items()}


def test_what_was_filled_in_part_is_completed_and_never_exceeded() -> None:
    room = Room()
    wing = "NIFTY-20260908-25000-CE"
    room.place(strategy="iron_condor", symbol=wing, side=Side.BUY, price=Decimal("8.80"))
    room.trade()
    assert held(room) == {"25000CE": 1}
    room.drive.strategies = [IronCondor(lots=2)]
    room.trade(12)
    assert [order.request.quantity // LOT for order in orders(room)] == [1, 1, 2, 2, 2]
    assert held(room) == {strike: 2 * side for strike, side in CONDOR.items()}


def test_where_no_strike_lies_beyond_the_leg_there_is_no_condor() -> None:
    room = Room()
    room.trade(spot=25_060.0)
    room.drive.strategies = [IronCondor(delta=0.08, wing=0.01)]
    room.trade(30, spot=25_060.0)
    assert orders(room) == []


def test_none_begins_in_the_last_hour_and_none_in_another_underlying() -> None:
    closes = CALL.expires_at or 0
    world = World(at=closes - 59 * MINUTE).begin()
    assert world.published is not None
    assert IronCondor().on_report(world.published) == ()
    assert len(IronCondor(last_entry_minutes=30.0).on_report(world.published)) == 2
    assert IronCondor(underlying="BANKNIFTY").on_report(world.published) == ()


def test_nothing_is_sent_while_the_desk_is_stopped_and_it_goes_on_where_it_was() -> None:
    room = Room()
    room.ask(Stop, reason="drill")
    room.drive.strategies = [IronCondor()]
    room.trade(12)
    assert orders(room) == []
    room.ask(Reset, actor="root", reason="over")
    room.trade(15)
    assert held(room) == CONDOR


def test_it_is_held_to_its_expiry_and_settles() -> None:
    room = begun()
    room.trade(20, spot=24_950.0)
    assert held(room) == CONDOR
    closes = CALL.expires_at or 0
    room.drive.handle(Settlement(closes, "NIFTY", f"{EXPIRY:%Y%m%d}", 24_700.0, closes))
    room.drive.handle(Beat(closes + SECOND))
    assert held(room) == {}


def test_a_stop_buys_back_what_was_sold_and_then_sells_the_wings_and_begins_no_other() -> None:
    room = begun(stop=0.5)
    credit = sum(-line.entry_price * line.quantity for line in room.reports[-1].report.positions)
    room.trade(6, spot=24_760.0)
    assert held(room) == CONDOR, "a loss of less than half the credit"
    after_the_stop(room)
    assert held(room) == {}
    sent = [order for order in orders(room)[4:] if order.state is not OrderState.REFUSED]
    closing = [(order.request.side, order.request.reason) for order in sent]
    assert closing == [("buy", "stop: close the condor")] * 2 + [("sell", "stop: close the condor")] * 2
    lost = -float(room.reports[-1].report.total.realized_pnl)
    assert 0.5 * credit < lost < credit + 5.0 * LOT
    room.trade(30)
    assert held(room) == {}, "one condor an expiry"


def test_without_a_stop_it_is_never_bought_back() -> None:
    room = begun()
    room.trade(12, spot=24_980.0)
    assert held(room) == CONDOR


def test_after_a_restart_it_knows_its_condor_and_its_stop_from_the_report() -> None:
    room = begun(stop=0.5)
    after_the_stop(room)
    world = World()
    world.records = [record for published in room.reports for record in published.report.records]
    again = Room([IronCondor(stop=0.5)])
    again.drive.state = again.state = restarted(world)
    again.at = room.at
    again.drive.handle(Listed(again.at, tuple(c for c in room.state.board.universe), "test", True))
    before = len(again.state.orders)
    again.trade(12)
    assert held(again) == {}
    assert len(again.state.orders) == before
    assert chain(again.at), "the market is there"
