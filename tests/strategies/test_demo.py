from __future__ import annotations

from decimal import Decimal
from typing import Any

from sidecar.domain.breaker import BreakerStatus
from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.commands import Reset, Stop
from sidecar.domain.contracts import Right
from sidecar.domain.events import AnyEvent, Beat, Listed, Settlement
from sidecar.domain.orders import OrderState
from sidecar.strategies.demo import Demo
from tests.desk.test_recovery import restarted
from tests.desk.world import CALL, EXPIRY, FUTURE, LOT, World, chain, fresh, quote
from tests.test_drive import Room


def begun(lots: int = 1, **more: Any) -> Room:
    room = Room([Demo(lots=lots)], **more)
    room.trade(12)
    return room


def held(room: Room) -> dict[str, int]:
    return {position.symbol: position.quantity for position in room.state.book.open_positions()}


def rights(room: Room) -> list[str]:
    return sorted(str(room.state.contracts[symbol].right) for symbol in held(room))


def test_it_sells_one_lot_each_of_a_call_and_a_put_near_a_delta_of_a_fifth() -> None:
    room = begun()
    assert sorted(held(room).values()) == [-LOT, -LOT]
    assert rights(room) == [Right.CALL, Right.PUT]
    unit = {line.option_type: line.delta / line.quantity for line in room.reports[-1].report.positions}
    assert 0.1 < unit[Right.CALL] < 0.3
    assert -0.3 < unit[Right.PUT] < -0.1
    before = held(room)
    room.trade(30)
    assert held(room) == before


def test_it_rolls_the_leg_whose_delta_has_grown() -> None:
    room = begun()
    before = held(room)
    room.trade(15, spot=24_780.0)
    room.trade(25, spot=24_880.0)
    after = held(room)
    (gone,) = [symbol for symbol in before if symbol not in after]
    assert room.state.contracts[gone].right is Right.CALL
    assert rights(room) == [Right.CALL, Right.PUT]
    calls = [room.state.contracts[s].strike for s in (gone, *after) if room.state.contracts[s].right is Right.CALL]
    assert calls == sorted(calls, key=float)  # type: ignore[arg-type]


def test_it_hedges_with_the_nearest_future_where_one_is_listed_and_not_otherwise() -> None:
    bare = begun(lots=5)
    bare.trade(20, spot=24_760.0)
    assert FUTURE.id not in held(bare)
    room = Room([Demo(lots=5)])
    room.drive.handle(Listed(room.at, (FUTURE,), "test"))
    for second in range(40):
        room.at += SECOND
        spot = 24_700.0 if second < 12 else 24_760.0
        events: list[AnyEvent] = [*chain(room.at, spot), quote(FUTURE, room.at, spot), Beat(room.at)]
        for event in events:
            room.drive.handle(event)
    assert held(room)[FUTURE.id] > 0
    assert held(room)[FUTURE.id] % LOT == 0
    assert abs(sum(line.delta for line in room.reports[-1].report.positions)) <= 0.5 * LOT * 1.5


def test_it_respects_a_refusal_and_pauses_for_a_minute() -> None:
    room = begun(lots=6)
    refused = [order for order in room.state.orders.values() if order.state is OrderState.REFUSED]
    assert len(refused) == len(room.state.orders) == 2
    room.trade(40)
    assert len(room.state.orders) == 2
    room.trade(30)
    assert len(room.state.orders) == 4


def test_it_is_idle_while_the_desk_is_stopped_and_goes_on_after_a_reset() -> None:
    room = Room([Demo()])
    room.ask(Stop, reason="drill")
    before = len(room.state.orders)
    room.trade(30)
    assert room.state.breaker.status is BreakerStatus.EMERGENCY_STOP
    assert len(room.state.orders) == before
    room.ask(Reset, actor="root", reason="over")
    room.trade(15)
    assert sorted(held(room).values()) == [-LOT, -LOT]


def test_it_carries_on_after_a_restart_from_the_report_alone() -> None:
    room = begun()
    world = World()
    world.records = [record for published in room.reports for record in published.report.records]
    again = Room([Demo()])
    again.drive.state = again.state = restarted(world)
    again.at = room.at
    again.drive.handle(Listed(again.at, tuple(c for c in room.state.board.universe), "test", True))
    again.trade(30)
    assert held(again) == held(room)
    assert len(again.state.orders) == len(room.state.orders)


def test_an_order_that_does_not_fill_is_cancelled_after_a_while() -> None:
    room = Room()
    demo = Demo()
    room.place(strategy="demo", price=Decimal("22.40"))
    room.trade()
    assert demo.on_report(room.reports[-1]) == ()
    room.trade(310)
    (intent,) = demo.on_report(room.reports[-1])
    assert intent.cancel == "O260907034459-00001"


def test_it_trades_nothing_expired_and_enters_nothing_in_the_last_hour() -> None:
    state = fresh()
    closes = CALL.expires_at or 0
    world = World(state, at=closes - 59 * MINUTE).begin()
    demo = Demo()
    assert world.published is not None
    assert demo.on_report(world.published) == ()
    world.at = closes + SECOND
    world.take(Beat(world.at))
    assert Demo().on_report(world.published) == ()


def test_what_is_left_settles_at_expiry() -> None:
    room = begun()
    closes = CALL.expires_at or 0
    room.drive.handle(Settlement(closes, "NIFTY", f"{EXPIRY:%Y%m%d}", 24_700.0, closes))
    room.drive.handle(Beat(closes + SECOND))
    assert held(room) == {}
    assert room.state.book.imbalance() == 0


def test_it_wants_nothing_without_prices_or_in_another_underlying() -> None:
    room = Room([Demo(underlying="SENSEX")])
    room.trade(15)
    assert room.state.orders == {}


def test_a_leg_that_would_be_rolled_at_once_is_not_sold() -> None:
    room = begun()
    room.trade(90, spot=25_080.0)
    assert rights(room) == [Right.PUT], "every call that is listed has a delta of more than 0.3"
    assert len(room.state.book.round_trips) == 1
