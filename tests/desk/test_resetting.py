"""Ways back: of the desk and of its parts, and what keeps each shut."""

from __future__ import annotations

from decimal import Decimal

from sidecar.desk.recovery import restore
from sidecar.desk.step import step
from sidecar.domain.breaker import BreakerStatus
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import ChangeLimits, EnableOverride, Reset
from sidecar.domain.events import StrategyFailed, TradingHalt
from sidecar.domain.orders import Side
from sidecar.domain.report import Condition, OutcomeStatus
from tests.desk.test_commands import lose
from tests.desk.world import CALL, LISTED, PUT, SPOT, World, fresh

TWO = {"capital": {"a": Decimal(5_000_000), "b": Decimal(5_000_000)}}


def shut_part(fund: str = "a") -> World:
    """Two funds, each short a call; the fund's strategy is over its delta, three beats long."""
    world = World(fresh(**TWO)).begin()
    world.trade_lots(fund_id="a", strategy="x")
    world.trade(seconds=6.0)
    world.trade_lots(fund_id="b", strategy="x")
    world.ask(ChangeLimits, reason="drill", limits={"net_delta": 1}, fund_id=fund, strategy="x")
    world.trade(beats=3)
    return world


def scopes(world: World) -> list[str]:
    return [cause.scope for cause in world.state.breaker.partial]


def test_a_part_stays_shut_while_its_breach_stands_and_a_reset_says_so() -> None:
    world = shut_part()
    assert scopes(world) == ["a/x"]
    for scope in ("*", "a", "a/x"):
        refused = world.ask(Reset, actor="root", reason="seen", scope=scope)
        assert refused.status is OutcomeStatus.CONFLICT
        assert "net_delta in a/x" in refused.message
    world.ask(ChangeLimits, reason="accepted", limits={"net_delta": 500}, fund_id="a", strategy="x")
    world.trade()
    other = world.ask(Reset, actor="root", reason="seen", scope="b/x")
    assert (other.status, scopes(world)) == (OutcomeStatus.CONFLICT, ["a/x"])
    done = world.ask(Reset, actor="root", reason="seen", scope="a/x")
    assert (done.status, done.message, scopes(world)) == (OutcomeStatus.DONE, "a/x is reset", [])


def test_a_limit_that_is_taken_away_no_longer_stands() -> None:
    world = shut_part()
    world.ask(ChangeLimits, reason="over", limits={"net_delta": None}, fund_id="a", strategy="x")
    assert world.ask(Reset, actor="root", reason="seen").status is OutcomeStatus.DONE
    assert scopes(world) == []


def test_the_desk_opens_though_a_part_of_it_still_stands_which_is_named() -> None:
    world = shut_part()
    world.stop()
    done = world.ask(Reset, actor="root", reason="seen")
    assert (done.status, done.message) == (
        OutcomeStatus.DONE, "breaker is active; still standing: net_delta in a/x",
    )  # fmt: skip
    assert (world.state.breaker.active, scopes(world)) == (True, ["a/x"])
    again = world.ask(Reset, actor="root", reason="seen")
    assert again.status is OutcomeStatus.CONFLICT, "what stands is not forgotten by asking twice"


def test_a_reset_of_a_part_opens_nothing_while_the_desk_is_stopped() -> None:
    world = shut_part()
    world.stop()
    world.ask(ChangeLimits, reason="over", limits={"net_delta": None}, fund_id="a", strategy="x")
    assert world.ask(Reset, actor="root", reason="seen", scope="a/x").status is OutcomeStatus.DONE
    assert world.state.breaker.status is BreakerStatus.EMERGENCY_STOP
    assert world.place(PUT, fund_id="a", strategy="x").refusal is not None


def test_a_scope_that_is_none_is_invalid() -> None:
    world = World().begin()
    assert world.ask(Reset, actor="root", reason="x", scope="a//b").status is OutcomeStatus.INVALID


def test_a_losing_run_is_ended_for_its_strategy_by_name_and_by_no_other_reset() -> None:
    world = World().begin()
    lose(world, 5)
    world.take(StrategyFailed(world.at, "odd", "ValueError"))
    assert world.ask(Reset, actor="root", reason="x", scope="main/odd").message == "enabled again: odd"
    assert world.ask(Reset, actor="root", reason="x", scope="main/other").status is OutcomeStatus.CONFLICT
    assert world.state.disabled == {"loser"}
    refused = world.place(PUT, strategy="loser").refusal
    assert refused is not None
    assert (refused.limit_name, refused.scope) == ("breaker_scope", "main/loser")
    assert world.place(PUT, strategy="fine").refusal is None
    done = world.ask(Reset, actor="root", reason="x", scope="main/loser")
    assert done.message == "main/loser is reset; enabled again: loser"
    assert (world.state.disabled, scopes(world)) == (set(), [])


def test_a_losing_run_in_two_funds_is_shut_in_both_and_on_again_when_both_are_reset() -> None:
    world = World(fresh(**TWO)).begin()
    for fund in ("a", "b"):
        world.trade_lots(PUT, Side.BUY, fund_id=fund, strategy="loser")
        world.trade(seconds=61.0)
        world.trade_lots(PUT, Side.SELL, fund_id=fund, strategy="loser", at_price="5.00")
        world.trade(seconds=61.0)
    world.ask(ChangeLimits, reason="x", limits={"loss_streak": 2}, fund_id="a", strategy="loser")
    world.trade()
    assert scopes(world) == ["a/loser", "b/loser"]
    world.ask(Reset, actor="root", reason="x", scope="a/loser")
    assert world.state.disabled == {"loser"}
    world.trade(beats=2)
    assert "b/loser" in scopes(world)
    world.ask(Reset, actor="root", reason="x")
    assert (world.state.disabled, scopes(world)) == (set(), [])


def test_a_losing_run_survives_a_restart() -> None:
    world = World().begin()
    lose(world, 5)
    again = fresh()
    restore(again, world.records)
    assert again.breaker == world.state.breaker
    assert again.disabled == {"loser"}
    assert [cause.scope for cause in again.breaker.partial] == ["main/loser"]


def test_a_halted_exchange_shuts_everything_and_is_reset_by_a_person_once_it_trades_again() -> None:
    world = World().begin()
    world.trade_lots()
    report = world.take(TradingHalt(world.at, "NSE", True, "index down 10 %"))
    assert report.breaker.status is BreakerStatus.MARKET_HALT
    assert {line.condition for line in report.markets} == {Condition.HALTED}
    refused = world.place(CALL, Side.BUY).refusal
    assert refused is not None
    assert refused.limit_name == "market_halt", "what reduces cannot leave either"
    assert "market_halt (index down 10 %)" in world.reset().message
    world.take(TradingHalt(world.at, "NSE", True, "still"))
    assert world.state.triggers["market_halt"] == 1, "told again it is no second halt"
    report = world.take(TradingHalt(world.at, "NSE", False))
    assert report.breaker.status is BreakerStatus.MARKET_HALT
    assert {line.condition for line in report.markets} == {Condition.NORMAL}
    assert world.reset().status is OutcomeStatus.DONE
    assert world.place(CALL, Side.BUY).refusal is None


def test_while_the_exchange_is_halted_an_emergency_stop_lets_nothing_reduce() -> None:
    world = World().begin()
    world.trade_lots()
    world.stop()
    world.take(TradingHalt(world.at, "NSE", True))
    assert world.state.breaker.status is BreakerStatus.EMERGENCY_STOP
    refused = world.place(CALL, Side.BUY).refusal
    assert refused is not None
    assert refused.limit_name == "market_halt"
    world.take(TradingHalt(world.at, "NSE", False))
    assert world.place(CALL, Side.BUY).refusal is None


def test_an_override_covers_its_limit_in_every_scope_and_what_it_held_trips_when_it_ends() -> None:
    world = shut_part()
    until = world.at + 60 * SECOND
    assert world.place(PUT, fund_id="a", strategy="x").refusal is not None
    world.ask(EnableOverride, reason="unwinding", limits=("net_delta",), expires_at=until)
    assert world.place(PUT, fund_id="a", strategy="x").refusal is None
    assert world.ask(Reset, actor="root", reason="x", scope="a/x").status is OutcomeStatus.DONE
    world.trade(beats=4)
    assert scopes(world) == []
    world.trade(seconds=60.0)
    assert world.state.breaker.override is None
    world.trade(beats=3)
    assert scopes(world) == ["a/x"]


def test_an_override_whose_time_is_over_while_the_desk_was_down_does_not_live_on() -> None:
    world = shut_part()
    world.ask(EnableOverride, reason="x", limits=("net_delta",), expires_at=world.at + 60 * SECOND)
    for down, lives in ((30.0, True), (61.0, False)):
        state = fresh(**TWO)
        restore(state, world.records)
        again = World(state, at=world.at)
        step(state, LISTED)
        again.trade(seconds=down)
        assert (state.breaker.override is not None) == lives
        assert (again.place(PUT, fund_id="a", strategy="x").refusal is None) == lives


def test_what_is_shut_for_a_day_opens_at_the_next_days_roll() -> None:
    world = World(fresh(**TWO)).begin()
    world.trade_lots(lots=5, fund_id="a", strategy="x")
    world.ask(ChangeLimits, reason="drill", limits={"daily_loss": 0.0005}, fund_id="a", strategy="x")
    world.trade(SPOT + 150, beats=3)
    assert scopes(world) == ["a/x"]
    assert world.state.breaker.active
    world.trade(SPOT + 150, seconds=24 * 3600.0)
    assert scopes(world) == []
