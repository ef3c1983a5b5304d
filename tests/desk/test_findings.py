from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from sidecar.alerts.kinds import KINDS, Ends
from sidecar.desk import findings
from sidecar.desk.asking import Wait
from sidecar.desk.halting import shut, trip
from sidecar.desk.state import Switch
from sidecar.domain.alerts import AlertLevel
from sidecar.domain.breaker import Cause, Trigger
from sidecar.domain.clock import SECOND, at_local
from sidecar.domain.commands import ChangeLimits, ClosePositions, Disable
from sidecar.domain.contracts import Right
from sidecar.domain.events import Beat, FeedState, StorageFailed, StrategyFailed, TradingHalt, VenueBook
from tests.desk.world import CALENDAR, CALL, CLOSE, World, option


@pytest.fixture
def world() -> World:
    world = World().begin()
    world.trade(beats=12)
    return world


def found(world: World) -> dict[str, AlertLevel]:
    """What is found now, and a second later, when a warning has lasted."""
    findings.standing(world.state)
    world.state.ran += 2 * SECOND
    return {one.fingerprint: one.level for one in findings.standing(world.state)}


def test_a_calm_desk_has_nothing_to_say(world: World) -> None:
    world.trade_lots(lots=2)
    world.trade(beats=30)
    assert found(world) == {}
    assert world.report.alerts == ()
    assert world.state.pending.records == []


def test_a_desk_that_has_just_started_says_nothing_of_its_market() -> None:
    world = World().begin()
    for _ in range(6):
        world.beat()
        assert findings.standing(world.state) == []
    world.beat(2.0)
    world.beat(2.0)
    assert findings.standing(world.state) != []


def test_a_warning_of_a_moment_is_none(world: World) -> None:
    world.beat(6.0)
    assert findings.standing(world.state) == []
    world.trade()
    world.beat(6.0)
    assert findings.standing(world.state) == []
    world.beat(1.0)
    assert [one.fingerprint for one in findings.standing(world.state)] == ["data:stale:NIFTY"]


def test_the_only_fund_of_a_desk_and_the_desk_are_one(world: World) -> None:
    broken(world)
    assert [key for key in found(world) if key.startswith("limits:breach")] == ["limits:breach:* positions"]


def test_a_feed_that_is_down_while_nothing_trades_is_a_warning(world: World) -> None:
    feed_down(world)
    world.at = CLOSE + 60 * SECOND
    world.take(Beat(world.at))
    assert found(world) == {"data:feed_down:test": AlertLevel.WARNING}


def stop(world: World) -> None:
    world.stop()


def disable(world: World) -> None:
    world.ask(Disable, reason="x")


def fund_trip(world: World) -> None:
    trip(world.state, Cause(Trigger.HEARTBEAT_LOST, world.at, "desk", "nothing heard of bot"))


def near_a_limit(world: World) -> None:
    world.trade_lots(lots=4)
    world.ask(ChangeLimits, reason="x", limits={"positions": 1})
    world.trade()


def broken(world: World) -> None:
    world.trade_lots(lots=1)
    world.trade_lots(option(24_800.0, Right.CALL))
    world.ask(ChangeLimits, reason="x", limits={"positions": 1})
    world.trade()


def silence(world: World) -> None:
    world.beat(6.0)


def deaf(world: World) -> None:
    world.beat(11.0)


def feed_down(world: World) -> None:
    world.take(FeedState(world.at, "test", up=False))


def halted(world: World) -> None:
    world.take(TradingHalt(world.at, "test", halted=True, detail="level 1"))


def full_disk(world: World) -> None:
    world.take(StorageFailed(world.at, "disk full"))


def odd_strategy(world: World) -> None:
    world.take(StrategyFailed(world.at, "odd", "ValueError"))


def differs(world: World) -> None:
    world.take(VenueBook(world.at, {CALL.id: 75}, ()))


def silent_venue(world: World) -> None:
    world.take(VenueBook(world.at, {}, (), problem="timed out"))


def owed(world: World) -> None:
    order = world.place().orders[0]
    world.stop()
    world.state.asking.cancels[order.id] = Wait(0, 8.0)


def late_client(world: World) -> None:
    world.state.switches["bot"] = Switch(20.0, world.state.ran - 16 * SECOND)


def does_not_close(world: World) -> None:
    world.trade_lots()
    world.ask(ClosePositions, reason="out", close_all=True)
    next(iter(world.state.closing.values())).wait_s = 16.0


def residual(world: World) -> None:
    world.state.explaining.residual.alarm = "a leg has 100 unexplained"


def dated(month: int, day: int) -> Callable[[World], None]:
    """The clock as it will be then: the table of sessions ends with the year."""

    def later(world: World) -> None:
        world.state.now = at_local(date(2026, month, day), 10, 0, CALENDAR.zone)

    return later


def beyond(world: World) -> None:
    world.state.calendar_ends = True


def in_part(world: World) -> None:
    shut(world.state, Cause(Trigger.LOSS_STREAK, world.at, "desk", "five in a row", scope="main/demo"))


def part_broken(world: World) -> None:
    world.trade_lots()
    world.ask(ChangeLimits, reason="x", limits={"positions": 0}, fund_id="main", strategy="manual")
    world.trade()


def never_heard(world: World) -> None:
    world.state.board._last[world.state.board.universe.rows["NIFTY"]] = None
    world.beat(6.0)


CASES: tuple[tuple[Callable[[World], None], str, str], ...] = (
    (stop, "breaker:emergency_stop:*", "critical"),
    (disable, "breaker:manual_disable:*", "error"),
    (fund_trip, "breaker:tripped:*", "critical"),
    (fund_trip, "heartbeat:lost:*", "error"),
    (near_a_limit, "limits:warn:* positions", "warning"),
    (broken, "limits:breach:* positions", "critical"),
    (silence, "data:stale:NIFTY", "warning"),
    (deaf, "limits:breach:* stale", "critical"),
    (deaf, "data:blind:*", "error"),
    (feed_down, "data:feed_down:test", "critical"),
    (halted, "venue:halted:*", "critical"),
    (halted, "breaker:market_halt:*", "critical"),
    (full_disk, "storage:journal:*", "critical"),
    (odd_strategy, "strategy:disabled:odd", "error"),
    (differs, "venue:differs:*", "critical"),
    (silent_venue, "venue:silent:*", "error"),
    (owed, "venue:unconfirmed:*", "error"),
    (late_client, "heartbeat:late:bot", "warning"),
    (does_not_close, f"orders:close_fails:main/manual/{CALL.id}", "error"),
    (residual, "pnl:residual:*", "warning"),
    (in_part, "breaker:shut:main/demo loss_streak", "error"),
    (part_broken, "limits:scope_breach:main/manual positions", "error"),
    (never_heard, "data:missing:NIFTY", "warning"),
    (dated(12, 2), "calendar:near:*", "warning"),
    (dated(12, 30), "calendar:soon:*", "error"),
    (beyond, "calendar:ended:*", "critical"),
)


@pytest.mark.parametrize(("cause", "fingerprint", "level"), CASES, ids=[case[1] for case in CASES])
def test_what_is_wrong_is_found(world: World, cause: Callable[[World], None], fingerprint: str, level: str) -> None:
    cause(world)
    now = found(world)
    assert now.get(fingerprint) == level, now


def test_every_kind_that_stands_has_its_case() -> None:
    kinds = {f"{row.source}:{row.name}" for row in KINDS if row.ends is Ends.GONE}
    assert kinds == {fingerprint.rsplit(":", 1)[0] for _, fingerprint, _ in CASES}
