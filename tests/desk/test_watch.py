from __future__ import annotations

from decimal import Decimal
from math import isfinite, isnan, nan

import pytest
from msgspec.structs import replace

from sidecar.desk.measuring import feed_age_s, measures
from sidecar.desk.recovery import restore
from sidecar.domain.breaker import BreakerStatus, Trigger
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import ChangeLimits, EnableOverride
from sidecar.domain.events import Beat, Listed, Quote, StorageFailed, StrategyFailed
from sidecar.domain.report import CancelAtVenue, LimitLine, LimitStatus
from tests.desk.world import CALL, LISTED, PUT, SPOT, World, chain, fresh, index


@pytest.fixture
def world() -> World:
    return World().begin()


def line(world: World, name: str, scope: str = "*") -> LimitLine:
    (found,) = [one for one in world.report.limits if (one.name, one.scope) == (name, scope)]
    return found


def triggers(world: World) -> list[Trigger]:
    return [cause.trigger for cause in world.state.breaker.causes]


def set_limit(world: World, **limits: float) -> None:
    world.ask(ChangeLimits, reason="drill", limits=limits)


def test_every_watched_limit_has_a_line_in_every_scope_and_is_ok_on_a_quiet_day(world: World) -> None:
    assert {one.status for one in world.report.limits} == {LimitStatus.OK}
    assert {one.scope for one in world.report.limits} == {"main", "*"}


@pytest.mark.parametrize(
    ("limits", "trigger"),
    [
        ({"daily_loss": 0.0005}, Trigger.DAILY_LOSS_LIMIT),
        ({"drawdown": 0.0005}, Trigger.DRAWDOWN_LIMIT),
        ({"capital_utilization": 0.01}, Trigger.MARGIN_LIMIT),
        ({"margin_utilization": 0.01}, Trigger.MARGIN_LIMIT),
        ({"strategy_allocation": 0.01}, Trigger.POSITION_LIMIT),
        ({"position_allocation": 0.01}, Trigger.POSITION_LIMIT),
        ({"net_delta": 1.0}, Trigger.GREEK_LIMIT),
        ({"net_gamma": 0.01}, Trigger.GREEK_LIMIT),
        ({"net_vega": 1.0}, Trigger.GREEK_LIMIT),
        ({"net_theta": 1.0}, Trigger.GREEK_LIMIT),
    ],
)
def test_a_breach_on_marks_trips_after_three_trusted_beats_and_not_before(
    world: World, limits: dict[str, float], trigger: Trigger
) -> None:
    world.trade_lots(lots=5)
    (order,) = world.place(PUT).orders
    set_limit(world, **limits)
    world.trade(SPOT + 150)
    world.trade(SPOT + 150)
    assert world.state.breaker.active
    assert line(world, *limits).status is LimitStatus.WARN
    report = world.trade(SPOT + 150)
    assert triggers(world) == [trigger]
    assert world.state.breaker.causes[0].limit_name == next(iter(limits))
    assert report.actions == (CancelAtVenue(world.state.orders[order.id]),), "a trip cancels what works"
    world.trade(SPOT + 150, beats=3)
    assert len([event for event in world.report.breaker_events if event.event == "triggered"]) == 1
    assert triggers(world) == [trigger], "a cause that stands trips once"


def test_many_events_within_one_instant_confirm_nothing(world: World) -> None:
    world.trade_lots(lots=5)
    set_limit(world, daily_loss=0.0005)
    world.trade(SPOT + 150)
    for _ in range(20):
        world.ask(ChangeLimits, reason="x", limits={"vix": 40})
    assert world.state.breaker.active
    assert line(world, "daily_loss").confirmations == 1
    world.trade(SPOT + 150, beats=2)
    assert not world.state.breaker.active


def test_a_breach_that_ends_begins_its_count_anew(world: World) -> None:
    world.trade_lots(lots=5)
    set_limit(world, daily_loss=0.0005)
    for _ in range(3):
        world.trade(SPOT + 150, beats=2)
        world.trade(SPOT)
    assert world.state.breaker.active


def test_a_breach_on_stale_marks_neither_trips_nor_counts_as_ok(world: World) -> None:
    world.trade_lots(lots=5)
    set_limit(world, daily_loss=0.0005)
    world.trade(SPOT + 150)
    for _ in range(12):
        world.at += SECOND
        world.take(index(world.at, SPOT + 150), Beat(world.at))  # the index lives, the held option does not
    assert line(world, "daily_loss").status in (LimitStatus.UNKNOWN, LimitStatus.BREACH)
    world.at += 30 * SECOND
    world.take(index(world.at, SPOT + 150), Beat(world.at))
    assert line(world, "daily_loss").status is not LimitStatus.OK


def test_marks_that_are_long_untrusted_make_the_desk_blind_and_fresh_ones_end_it(world: World) -> None:
    world.trade_lots()
    for _ in range(9):
        world.at += SECOND
        world.take(index(world.at), Beat(world.at))
    assert not world.report.blind
    for _ in range(60):
        world.at += SECOND
        world.take(index(world.at), Beat(world.at))
    assert not world.report.blind
    world.at += SECOND
    world.take(index(world.at), Beat(world.at))
    assert world.report.blind
    assert world.report.breaker.active, "blind refuses what adds risk; it is no trip"
    refused = world.place(PUT)
    assert refused.refusal is not None
    assert refused.refusal.limit_name == "blind"
    assert not world.trade().blind
    world.trade()
    assert world.place(PUT).refusal is None


def test_an_unknown_price_is_unknown_to_every_limit_on_marks_and_never_ok() -> None:
    first = World().begin()
    first.trade_lots()
    again = World(fresh(), at=first.at)
    restore(again.state, first.records)
    again.take(Listed(again.at, (CALL,), "test"), index(again.at), Beat(again.at))
    for name in ("daily_loss", "drawdown", "capital_utilization", "margin_utilization", "net_delta", "net_gamma"):
        found = line(again, name)
        assert found.status is LimitStatus.UNKNOWN, name
        assert isnan(found.value), name
    for name in ("strategy_allocation", "position_allocation"):
        assert line(again, name).status is LimitStatus.UNKNOWN, name


def test_one_unknown_margin_among_known_ones_hides_nothing(world: World) -> None:
    world.trade_lots(CALL)
    world.trade(seconds=6)
    world.trade_lots(PUT)
    positions = (world.report.positions[0], replace(world.report.positions[1], margin=nan, strategy="other"))
    for order in (positions, tuple(reversed(positions))):
        found = measures(world.state, world.report.total, order, world.report.greeks, 15.0)
        assert isnan(found.position_allocation)
    unknown = replace(world.report.total, used_margin=nan, available_margin=nan)
    assert isnan(measures(world.state, unknown, positions, world.report.greeks, 15.0).margin_utilization)


def test_one_strategy_whose_margin_is_unknown_hides_behind_no_other() -> None:
    first = World().begin()
    first.trade_lots(CALL)
    first.trade(seconds=6)
    first.trade_lots(PUT, strategy="other")
    again = World(fresh(), at=first.at)
    restore(again.state, first.records)
    known = [one for one in chain(again.at) if one.symbol != PUT.id]
    again.take(LISTED, *known, Beat(again.at))
    margins = {position.symbol: position.margin for position in again.report.positions}
    assert margins[CALL.id] > 0
    assert isnan(margins[PUT.id])
    assert line(again, "strategy_allocation").status is LimitStatus.UNKNOWN


def test_a_strategys_allocation_is_its_own_portfolio_and_not_the_sum_of_its_legs(world: World) -> None:
    world.trade_lots(CALL)
    world.trade(seconds=6)
    world.trade_lots(PUT)
    world.trade()
    total, legs = world.report.total, sum(position.margin for position in world.report.positions)
    assert line(world, "strategy_allocation").value == pytest.approx(total.capital_utilization)
    assert total.used_margin < 0.8 * legs


def test_a_high_volatility_index_trips_and_a_missing_one_is_unknown() -> None:
    world = World().begin()
    world.trade(vix=41.0, beats=4)  # the first is taken for a slipped digit
    assert triggers(world) == [Trigger.VIX_SPIKE]
    blank = World()
    blank.take(Listed(blank.at, (CALL,), "test"), index(blank.at), Beat(blank.at))
    assert line(blank, "vix").status is LimitStatus.UNKNOWN


def test_staleness_warns_at_five_seconds_and_trips_at_ten_even_with_a_flat_book(world: World) -> None:
    for _ in range(5):
        world.beat()
    assert line(world, "stale_warn").status is LimitStatus.WARN
    assert world.state.breaker.active
    for _ in range(5):
        world.beat()
    assert triggers(world) == [Trigger.DATA_FAILURE]
    assert world.report.blind


def test_an_index_that_was_never_heard_is_as_old_as_the_session() -> None:
    world = World()
    world.take(Listed(world.at, (CALL,), "test"), Beat(world.at + 3 * SECOND))
    assert feed_age_s(world.state) == 3.0


def test_a_quote_from_the_near_future_is_not_younger_than_now(world: World) -> None:
    world.take(Quote("NIFTY", world.at + 5 * SECOND, world.at + 5 * SECOND, last=SPOT))
    world.take(*chain(world.at)[1:], Beat(world.at))
    assert feed_age_s(world.state) == 0.0


def test_an_override_holds_a_trip_back_for_its_named_limit_alone(world: World) -> None:
    world.trade_lots(lots=5)
    set_limit(world, daily_loss=0.0005, drawdown=0.0005)
    world.ask(EnableOverride, reason="x", limits=("daily_loss",), expires_at=world.at + 60 * SECOND)
    world.trade(SPOT + 150, beats=4)
    assert triggers(world) == [Trigger.DRAWDOWN_LIMIT]


def test_a_second_cause_while_tripped_is_recorded_too(world: World) -> None:
    world.trade_lots(lots=5)
    set_limit(world, daily_loss=0.0005)
    world.trade(SPOT + 150, beats=3)
    world.trade(SPOT + 150, beats=4, vix=45.0)
    assert triggers(world) == [Trigger.DAILY_LOSS_LIMIT, Trigger.VIX_SPIKE]
    assert [event.event for event in world.report.breaker_events] == ["triggered", "repeated"]
    assert world.state.breaker.halt_seq == 1


def test_the_order_rate_of_a_fund_counts_its_own_orders() -> None:
    world = World(fresh(capital={"a": Decimal(5_000_000), "b": Decimal(5_000_000)})).begin()
    world.place(fund_id="a")
    world.beat()
    assert [line(world, "order_rate", scope).value for scope in ("a", "b", "*")] == [1.0, 0.0, 1.0]


def test_a_storage_failure_stops_what_adds_risk_and_a_failed_strategy_stops_itself(world: World) -> None:
    (order,) = world.place(strategy="odd").orders
    report = world.take(StrategyFailed(world.at, "odd", "ValueError"))
    assert report.actions == (CancelAtVenue(order),)
    assert report.breaker.active
    report = world.take(StorageFailed(world.at, "disk full"))
    assert report.breaker.status is BreakerStatus.TRIPPED
    assert report.breaker.causes[0].trigger is Trigger.ORDER_FAILURE
    assert world.state.journal_failed


def test_limits_with_a_known_value_are_finite(world: World) -> None:
    world.trade_lots()
    world.trade()
    assert all(isfinite(one.value) and isfinite(one.utilization) for one in world.report.limits)
