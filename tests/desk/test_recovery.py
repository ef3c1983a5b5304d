from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.book.pnl import DayBase
from sidecar.desk.recovery import restore, start_state, unfunded
from sidecar.desk.state import DeskState
from sidecar.domain.breaker import BreakerState, BreakerStatus
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import CancelAll, ChangeLimits, Disable
from sidecar.domain.events import (
    Beat,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    Settlement,
    StrategyFailed,
    VenueBook,
)
from sidecar.domain.orders import WORKING, OrderState, Side
from sidecar.domain.records import Entry as JournalEntry
from sidecar.domain.records import LimitsRecorded, Started, decode, encode
from sidecar.domain.report import OutcomeStatus
from tests.desk.world import CALL, LISTED, LOT, PUT, SPOT, World, chain, config, fresh


@pytest.fixture
def world() -> World:
    return World().begin()


def on_disk(records: list[Any]) -> list[Any]:
    """The records as the journal gives them back."""
    return [decode(encode(JournalEntry(0, record))).record for record in records]


def restarted(world: World, **more: Any) -> DeskState:
    state = fresh(**more)
    restore(state, on_disk(world.records))
    return state


def facts(state: DeskState) -> dict[str, Any]:
    """All that must survive, in a form that compares."""
    orders = {
        order.id: (order.request, order.filled, order.average_price, order.actor, order.created_at, order.reduces_only)
        for order in state.orders.values()
    }
    ended = {order.id: order.state for order in state.orders.values() if order.state not in WORKING}
    return {
        "positions": state.book.positions,
        "seen": state.book.seen,
        "trips": state.book.round_trips,
        "money": (state.book.cash(), state.book.realized(), state.book.fees(), state.book.imbalance()),
        "streaks": {name: state.book.loss_streak(name) for name in state.book.strategies()},
        "orders": orders,
        "ended": ended,
        "recent": list(state.ended),
        "working": list(state.working),
        "count": state.order_count,
        "client ids": state.by_client_id,
        "rate": [order.id for order in state.recent_orders()],
        "breaker": state.breaker,
        "history": list(state.breaker_events),
        "limits": state.limits_set(),
        "disabled": state.disabled,
        "base": state.base,
        "day": state.day,
    }


def test_an_empty_journal_gives_an_empty_desk() -> None:
    assert facts(restarted(World())) == facts(fresh())


def test_a_days_work_comes_back_to_the_last_bit() -> None:
    world = World().begin()
    world.trade_lots(lots=2, client_order_id="c1")
    world.trade(SPOT + 30, beats=70)
    world.place(PUT, Side.SELL)
    world.ask(ChangeLimits, reason="calmer", limits={"order_lots": 3})
    world.take(StrategyFailed(world.at, "odd", "ValueError"))
    world.stop()
    assert facts(restarted(world)) == facts(world.state)


def test_peaks_and_the_deepest_drawdown_come_back_as_they_were_last_put_on_record() -> None:
    world = World().begin()
    world.trade_lots(lots=5)
    world.trade(SPOT - 30, seconds=30)
    world.trade(SPOT + 60, seconds=31)
    again = restarted(world)
    assert again.peak == world.state.peak
    assert again.max_drawdown == world.state.max_drawdown
    assert again.max_drawdown["main"] > 0.0
    assert again.marked_at == world.state.marked_at


def test_a_trip_puts_its_drawdown_on_record_with_it() -> None:
    world = World().begin()
    world.trade_lots(lots=5)
    world.ask(ChangeLimits, reason="drill", limits={"drawdown": 0.0005})
    world.trade(SPOT + 150, beats=3)
    assert not world.state.breaker.active
    assert restarted(world).max_drawdown == world.state.max_drawdown


@pytest.mark.parametrize("status", [BreakerStatus.EMERGENCY_STOP, BreakerStatus.MANUAL_DISABLE])
def test_a_restart_never_leaves_a_state_and_the_order_is_refused_again(status: BreakerStatus) -> None:
    world = World().begin()
    if status is BreakerStatus.EMERGENCY_STOP:
        world.stop()
    else:
        world.ask(Disable, reason="x")
    again = World(restarted(world), at=world.at).begin()
    assert again.state.breaker.status is status
    assert again.place().status is OutcomeStatus.REFUSED
    assert again.reset().status is OutcomeStatus.DONE
    assert again.place().status is OutcomeStatus.DONE
    third = restarted(again)
    assert third.breaker.active


def test_a_client_order_id_is_remembered_across_a_restart() -> None:
    world = World().begin()
    world.place(client_order_id="mine")
    again = World(restarted(world), at=world.at).begin()
    repeated = again.place(client_order_id="mine")
    assert repeated.status is OutcomeStatus.REPEATED
    assert repeated.orders[0].id == "O260907034459-00001"
    assert again.place(PUT).orders[0].id == "O260907034459-00002"


def test_what_worked_is_unknown_until_the_venue_has_been_asked() -> None:
    world = World().begin()
    (order,) = world.place().orders
    again = World(restarted(world), at=world.at)
    assert again.state.orders[order.id].state is OrderState.UNKNOWN
    again.take(VenueBook(again.at, {}, ()))
    assert again.state.orders[order.id].state is OrderState.CANCELLED


def test_held_contracts_have_rows_before_the_feed_speaks_and_keep_them_after() -> None:
    world = World().begin()
    world.trade_lots()
    again = World(restarted(world), at=world.at)
    row = again.state.board.universe.rows[CALL.id]
    (line,) = again.beat().positions
    assert line.current_price != line.current_price
    assert line.quality == "missing"
    again.take(LISTED)
    assert again.state.board.universe.rows[CALL.id] == row
    (line,) = again.trade().positions
    assert line.quality == "live"
    assert line.delta < 0.0


def test_only_what_is_held_or_works_is_listed_again() -> None:
    world = World().begin()
    world.trade_lots(CALL, Side.BUY)
    world.trade(seconds=6)
    world.trade_lots(CALL, Side.SELL)
    assert len(restarted(world).board.universe) == 0


def test_the_day_goes_on_from_its_own_base_after_a_restart() -> None:
    world = World().begin()
    world.trade_lots(lots=5)
    before = world.trade(SPOT + 50).total
    again = World(restarted(world), at=world.at).begin()
    after = again.trade(SPOT + 50).total
    assert isinstance(again.state.base, DayBase)
    # A second passed in between: the options lost a little time value, nothing else.
    assert after.daily_pnl == pytest.approx(before.daily_pnl, abs=60.0)
    assert after.realized_pnl == before.realized_pnl


def test_a_disabled_strategy_stays_disabled_and_an_enabled_one_begins_anew() -> None:
    world = World().begin()
    for _ in range(5):
        world.trade_lots(PUT, Side.BUY, strategy="loser")
        world.trade(seconds=61.0)
        world.trade_lots(PUT, Side.SELL, strategy="loser", at_price="5.00")
        world.trade(seconds=61.0)
    assert restarted(world).disabled == {"loser"}
    world.reset()
    again = restarted(world)
    assert (again.disabled, again.book.loss_streak("loser")) == (set(), 0)


def test_a_funds_own_limits_come_back() -> None:
    more = {"capital": {"a": Decimal(5_000_000), "b": Decimal(5_000_000)}}
    world = World(fresh(**more)).begin()
    world.ask(ChangeLimits, reason="tight", limits={"order_lots": 1}, fund_id="b")
    again = restarted(world, **more)
    assert again.limits["b"] == {"order_lots": 1.0}
    assert again.notes == ()


def test_limits_on_record_that_this_program_does_not_know_leave_the_settings_and_say_so() -> None:
    state = fresh()
    restore(state, [LimitsRecorded(1, {"retired": 1.0}, "ann", "old"), Started(2, "0", "m", True)])
    assert state.limits_set() == {"*": config().limits}
    assert "not this program's" in state.notes[0]


def test_the_start_takes_the_safer_of_two_states_that_disagree() -> None:
    state = fresh()
    stopped = BreakerState(BreakerStatus.EMERGENCY_STOP, halt_seq=3)
    note = start_state(state, stopped, fresh=False)
    assert state.breaker.status is BreakerStatus.EMERGENCY_STOP
    assert note is not None
    assert "emergency_stop" in note
    state.breaker = stopped
    assert start_state(state, BreakerState(), fresh=False) is not None
    assert state.breaker.status is BreakerStatus.EMERGENCY_STOP
    assert start_state(state, stopped, fresh=False) is None


def test_a_fresh_desk_is_active_on_paper_and_disabled_on_a_live_venue() -> None:
    paper, live = fresh(), fresh()
    assert start_state(paper, None, fresh=True) is None
    assert paper.breaker.active
    assert start_state(live, None, fresh=True, live=True) is not None
    assert live.breaker.status is BreakerStatus.MANUAL_DISABLE


def changed(world: World, **limits: float) -> None:
    world.take(ChangeLimits(at=world.at, request_id="L", actor="ann", reason="drill", limits=limits))


def test_a_limit_that_somebody_changed_stands_after_a_restart_and_the_others_follow_the_settings(world: World) -> None:
    changed(world, order_lots=3)
    tightened = {**config().limits, "vix": 20.0}
    state = restarted(world, limits=tightened)
    assert state.limits[None] == {**tightened, "order_lots": 3.0}
    assert state.notes == ()


def test_where_the_settings_of_a_changed_limit_have_changed_since_the_tighter_applies_and_is_told(world: World) -> None:
    changed(world, order_lots=3, positions=15)
    state = restarted(world, limits={**config().limits, "order_lots": 1.0, "positions": 18.0})
    assert state.limits[None] is not None
    assert (state.limits[None]["order_lots"], state.limits[None]["positions"]) == (1.0, 15.0)
    assert len(state.notes) == 2
    assert "order_lots: changed in the settings since it was set by ann: 1 applies" in state.notes[0]


def test_capital_added_between_two_runs_is_neither_profit_nor_loss(world: World) -> None:
    before = dict(world.state.peak)
    base = world.state.base
    assert base is not None
    more = {fund: amount + 1_000_000 for fund, amount in config().capital.items()}
    state = restarted(world, capital=more)
    assert state.base is not None
    for fund in config().capital:
        assert state.base.equity_by_fund[fund] == base.equity_by_fund[fund] + 1_000_000
        assert state.peak[fund] == pytest.approx(before[fund] + 1_000_000)
    added = 1_000_000 * len(more)
    assert state.base.equity_by_fund["*"] == base.equity_by_fund["*"] + added
    assert any("capital has changed" in note for note in state.notes)
    assert restarted(world).notes == ()


def test_a_fund_that_holds_something_but_has_no_capital_any_more_is_named(world: World) -> None:
    assert unfunded(world.state) == ()
    world.place(CALL, Side.BUY, 1)
    state = restarted(world, capital={"another": Decimal(1_000_000)})
    assert unfunded(state) == (next(iter(config().capital)),)


ACTIONS = ("order", "fill", "cancel", "trade", "stop", "disable", "reset", "limits", "fail", "settle", "clear", "beat")
STEPS = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 10_000)), min_size=1, max_size=25)


def act(world: World, action: str, number: int) -> None:
    """One random thing that can happen to the desk."""
    contract, side = (CALL, PUT)[number % 2], (Side.BUY, Side.SELL)[number // 2 % 2]
    working = list(world.state.working.values())
    match action:
        case "order":
            name = f"c{number % 7}" if number % 3 == 0 else ""
            world.place(contract, side, number % 6 + 1, strategy=f"s{number % 2}", client_order_id=name)
        case "fill" if working:
            order = working[number % len(working)]
            price = str(max(order.request.price or 1, Decimal("0.05")))
            size = order.request.quantity if number % 2 else max(LOT, order.remaining // 2)
            world.take(OrderAccepted(world.at, order.id, "V"))
            world.take(OrderFilled(world.at, order.id, f"F{number % 50}", size, price))
        case "cancel" if working:
            world.take(OrderCancelled(world.at, working[number % len(working)].id, "by request"))
        case "trade":
            world.trade(SPOT + number % 200 - 100, seconds=number % 40 + 1)
        case "stop":
            world.stop(flatten=bool(number % 2))
        case "disable":
            world.ask(Disable, reason="x")
        case "reset":
            world.reset()
        case "limits":
            world.ask(ChangeLimits, reason="x", limits={"order_lots": float(number % 5 + 1)})
        case "fail":
            world.take(StrategyFailed(world.at, f"s{number % 2}", "odd"))
        case "settle":
            closed = CALL.expires_at or 0
            world.take(Settlement(closed, "NIFTY", "20260908", SPOT + number % 300, closed))
        case "clear":
            world.ask(CancelAll)
        case _:
            world.beat()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_whatever_happens_the_records_folded_give_the_same_desk(steps: list[tuple[str, int]]) -> None:
    world = World().begin()
    for action, number in steps:
        act(world, action, number)
        world.at = max(world.at, world.state.now)
    again = restarted(world)
    assert facts(again) == facts(world.state)
    assert world.state.book.imbalance() == 0
    for symbol in {position.symbol for position in world.state.book.positions.values()}:
        fills = [record.fill for record in world.records if type(record).__name__ == "FillRecorded"]
        assert world.state.book.net(symbol) == sum(fill.quantity for fill in fills if fill.symbol == symbol)
    # and it can go on from there
    alive = World(again, at=world.state.now + SECOND)
    assert alive.take(LISTED, *chain(alive.at), Beat(alive.at)).seq == 1


def test_when_a_stop_was_last_rehearsed_is_known_after_a_restart() -> None:
    world = World().begin()
    world.stop(drill=True)
    at = world.state.last_drill_at
    world.trade()
    world.stop()
    assert restarted(world).last_drill_at == at > 0
