from __future__ import annotations

import pytest

from sidecar.domain.alerts import Alert
from sidecar.domain.events import FeedState, OrderRejected, OrderUnknown, Quote, QuoteRefused
from sidecar.domain.orders import Side
from tests.desk.world import CALL, LOT, PUT, World, chain


@pytest.fixture
def world() -> World:
    world = World().begin()
    world.trade(beats=12)
    return world


def alerts(world: World) -> dict[str, Alert]:
    return {alert.fingerprint: alert for alert in world.report.alerts}


def test_a_refused_order_is_found_at_once_by_its_strategy_and_limit(world: World) -> None:
    outcome = world.place(lots=9, strategy="eager")
    assert outcome.refusal is not None
    (alert,) = world.report.alerts
    assert alert.fingerprint == f"orders:refused:eager {outcome.refusal.limit_name}"
    assert alert.message.startswith(f"{outcome.orders[0].id}, sell {9 * LOT} {CALL.id}: ")


def test_a_second_refusal_for_the_same_reason_is_counted(world: World) -> None:
    for _ in range(3):
        world.place(lots=9, strategy="eager")
        world.place(lots=9, strategy="other")
    world.trade(seconds=30)
    assert sorted(alert.count for alert in world.report.alerts) == [3, 3]


def test_a_rejection_is_found_by_its_reason_without_its_numbers(world: World) -> None:
    for number, contract in ((1, CALL), (2, PUT)):
        order = world.place(contract, Side.SELL).orders[0]
        world.take(OrderRejected(world.at, order.id, f"RMS: margin short by 1,2{number}4.50"))
    (alert,) = world.report.alerts
    assert alert.fingerprint == "orders:rejected:manual RMS: margin short by #"


def test_an_order_without_an_answer_is_an_error(world: World) -> None:
    order = world.place().orders[0]
    world.take(OrderUnknown(world.at, order.id, "timed out"))
    alert = alerts(world)["orders:unknown:manual timed out"]
    assert (alert.level, alert.severity) == ("error", 4)


def test_a_gap_of_the_feed_is_found_with_what_was_missed(world: World) -> None:
    world.take(FeedState(world.at, "test", up=True, gap=7))
    world.trade()
    assert alerts(world)["data:gap:test"].message == "7 messages of test were missed"
    world.trade(beats=5)
    assert alerts(world)["data:gap:test"].count == 1


def test_a_few_bad_ticks_are_no_alert_and_many_are(world: World) -> None:
    for _ in range(40):
        world.take(QuoteRefused(world.at, "NIFTY", "crossed"))
    world.trade(beats=11)
    assert alerts(world) == {}
    for _ in range(120):
        world.take(Quote("NIFTY", world.at, world.at, last=-1.0))
    world.trade(beats=11)
    alert = alerts(world)["data:refused:NIFTY"]
    assert alert.message.startswith("120 of ")


def test_what_is_told_twice_is_no_bad_tick(world: World) -> None:
    for _ in range(10):
        world.take(*chain(world.at))
    world.trade(beats=11)
    assert sum(each.total() for each in world.state.board.refused_by_symbol.values()) > 100
    assert alerts(world) == {}


def test_unlisted_contracts_are_one_alert_however_many(world: World) -> None:
    for number in range(500):
        world.take(Quote(f"SPAM{number}", world.at, world.at, last=1.0))
    world.trade(beats=11)
    assert list(alerts(world)) == ["data:refused:unlisted contracts"]
