"""A rule as a strategy of the desk: what it orders, when, and when it does not."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from math import nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.commands import Reset, Stop
from sidecar.domain.orders import OrderState, OrderType, Side, TimeInForce
from sidecar.domain.ticks import limit_price
from sidecar.strategies.bar_strategy import BarStrategy
from sidecar.strategies.catalogue import CATALOGUE
from tests.desk.world import CLOSE, FUTURE, LOT, SPOT
from tests.strategies.bar_world import Minutes, Told, trading
from tests.test_drive import Room


def lots_after(room: Minutes, bars: int) -> list[int]:
    found = []
    for _ in range(bars):
        room.bar()
        found.append(room.held.get(FUTURE.id, 0))
    return found


def test_a_target_becomes_one_order_that_meets_the_next_bars_open() -> None:
    room = trading(Told(1.0), lots=2)
    room.bar(SPOT)
    (order,) = room.sent
    request = order.request
    assert (request.symbol, request.side, request.quantity) == (FUTURE.id, Side.BUY, 2 * LOT)
    assert (request.order_type, request.time_in_force) == (OrderType.LIMIT, TimeInForce.IOC)
    assert (request.strategy, request.fund_id, request.reason) == ("mine", "main", "told: target 1")
    assert request.price == limit_price(SPOT + 40.0, FUTURE.tick_size, Side.BUY) == Decimal("25729.60")
    assert order.state is OrderState.OPEN, "nothing of the bar that it was decided on fills it"
    room.bar(SPOT + 90.0, SPOT + 30.0)
    (order,) = room.sent
    assert (order.state, order.average_price) == (OrderState.FILLED, Decimal("24770.10")), "the ask at the open"


def test_from_long_to_short_is_one_order_for_the_sum() -> None:
    room = trading(Told(1.0, -1.0))
    assert lots_after(room, 3) == [0, 1, -1]
    assert [(order.request.side, order.request.quantity) for order in room.sent] == [
        (Side.BUY, LOT),
        (Side.SELL, 2 * LOT),
    ]


def test_a_part_of_the_size_is_rounded_toward_nothing_and_more_than_all_of_it_is_all_of_it() -> None:
    room = trading(Told(0.99, -0.99, 0.5, 7.0, -9.0), lots=2)
    assert lots_after(room, 6) == [0, 1, -1, 1, 2, -2]


def test_a_target_that_is_met_or_unknown_sends_nothing() -> None:
    room = trading(Told(1.0, 1.0, nan, 1.0))
    assert lots_after(room, 5) == [0, 1, 1, 1, 1]
    assert len(room.sent) == 1


def test_what_finds_no_match_is_gone_and_the_next_bar_decides_anew() -> None:
    room = trading(Told(1.0, 1.0, 0.0))
    room.bar(SPOT)
    room.bar(SPOT * 1.01, SPOT * 1.05)
    first, second = room.sent
    assert first.state is OrderState.CANCELLED
    assert second.state is OrderState.OPEN
    assert second.request.price == limit_price(SPOT * 1.01 + 40.0, FUTURE.tick_size, Side.BUY)
    room.bar(SPOT * 1.01)
    assert room.held == {FUTURE.id: 1}


def test_nothing_leaves_at_the_sessions_last_bar_and_what_is_held_stays_overnight() -> None:
    rule = Told(1.0, 1.0, 0.0)
    room = trading(rule)
    room.to_the_last(3)
    assert lots_after(room, 3) == [0, 1, 1]
    assert room.at == CLOSE
    assert len(rule.bars) == 3, "the rule has seen the last bar all the same"
    assert len(room.sent) == 1


def test_nothing_leaves_while_an_own_order_works() -> None:
    room = Minutes()
    room.bar()
    room.place(strategy="mine", symbol=FUTURE.id, side=Side.BUY, price=Decimal("23600.00"))
    room.drive.strategies = [BarStrategy(Told(1.0), "mine", "main", "NIFTY")]
    room.bar()
    assert room.states() == [OrderState.OPEN]
    room.place(strategy="other", symbol=FUTURE.id, side=Side.BUY, price=Decimal("23600.05"))
    room.drive.strategies = [BarStrategy(Told(1.0), "third", "main", "NIFTY")]
    room.bar()
    assert len(room.sent) == 3, "another strategy's order is in nobody's way"


def test_nothing_leaves_while_the_breaker_is_not_active_and_the_rule_goes_on_seeing_bars() -> None:
    rule = Told(1.0)
    room = trading(rule)
    room.ask(Stop, reason="drill")
    room.bar()
    room.bar()
    assert room.sent == []
    room.ask(Reset, actor="root", reason="over")
    room.bar()
    assert len(room.sent) == 1
    assert len(rule.bars) == 3


def test_nothing_leaves_in_a_market_without_a_future_or_of_another_underlying() -> None:
    room = Minutes([BarStrategy(Told(1.0), "mine", "main", "BANKNIFTY")])
    room.bar()
    assert room.sent == []
    without = Room([BarStrategy(Told(1.0), "mine", "main", "NIFTY")])
    without.trade(2)
    without.at += 59 * SECOND
    without.trade(2)
    assert list(without.state.orders.values()) == []


def test_the_future_that_expires_first_of_those_that_still_trade_is_the_one() -> None:
    room = trading(Told(1.0))
    room.bar()
    (order,) = room.sent
    assert order.request.symbol == FUTURE.id == "NIFTY-20260929-FUT"


def test_the_rule_sees_each_bar_once_with_its_close_and_the_sessions_first_is_flagged() -> None:
    rule = Told(0.0)
    room = trading(rule)
    start = room.at
    for close in (24_700.0, 24_710.0, 24_690.0):
        room.bar(close, SPOT + 55.0)
    assert [(bar.closes_at, bar.close, bar.first) for bar in rule.bars] == [
        (start + MINUTE, 24_700.0, True),
        (start + 2 * MINUTE, 24_710.0, False),
        (start + 3 * MINUTE, 24_690.0, False),
    ]
    assert all(bar.p_buy != bar.p_buy for bar in rule.bars)


@settings(max_examples=6, deadline=None)
@given(st.lists(st.floats(-3.0, 3.0, width=16) | st.just(nan), min_size=4, max_size=8), st.integers(1, 2))
def test_it_never_holds_or_works_more_than_its_size(targets: list[float], lots: int) -> None:
    room = trading(Told(*targets), lots)
    for target in targets:
        room.bar()
        held = room.held.get(FUTURE.id, 0)
        working = sum(order.signed_remaining for order in room.sent) // LOT
        assert abs(held) <= lots
        assert abs(held + working) <= lots
        if target == target:
            assert held + working == int(lots * min(max(target, -1.0), 1.0))


@pytest.mark.parametrize("name", [name for name, entry in CATALOGUE.items() if entry.rule is not None])
def test_every_rule_of_the_table_trades_on_the_desk_and_never_more_than_its_lots(
    name: str, closes: Callable[[], list[float]]
) -> None:
    (strategy,) = CATALOGUE[name].make("main", "NIFTY", {"lots": 2.0})
    room = Minutes([strategy])
    most = 0
    for close in closes()[: 8 if CATALOGUE[name].line.needs_model else None]:
        room.bar(close)
        most = max(most, abs(room.held.get(FUTURE.id, 0)))
    assert most <= 2
    if not CATALOGUE[name].line.needs_model:
        assert most == 2
        assert set(room.states()) <= {OrderState.FILLED, OrderState.OPEN}
    assert room.state.breaker.active


@pytest.fixture
def closes() -> Callable[[], list[float]]:
    """A fall and a rise of seventy minutes together: long enough for fifty bars of warm-up."""
    return lambda: [SPOT - 2.0 * minute for minute in range(40)] + [SPOT - 80.0 + 4.0 * minute for minute in range(32)]
