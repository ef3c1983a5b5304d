"""What the limits watch in a part of a fund, against the fund's own lines."""

from __future__ import annotations

from decimal import Decimal
from math import isnan
from typing import Any

import pytest

from sidecar.desk.measuring import feed_age_s, measures, measures_of
from sidecar.domain.breaker import Trigger
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import ChangeLimits
from sidecar.domain.events import Beat, Listed
from sidecar.domain.report import CancelAtVenue, LimitLine, LimitStatus
from sidecar.domain.scopes import Scope
from sidecar.risk.limits import Measures
from sidecar.risk.nodes import measurable
from tests.desk.world import CALL, FUTURE, INDEX, PUT, SPOT, World, chain, fresh, index

TWO = {"capital": {"a": Decimal(5_000_000), "b": Decimal(5_000_000)}}
EVERY = tuple(Measures.__struct_fields__)


def part(world: World, text: str) -> Measures:
    return measures_of(world.state, Scope.parse(text), world.report.positions, EVERY)


def fund(world: World, number: int = 0) -> Measures:
    report = world.report
    return measures(world.state, report.funds[number], report.positions, report.greeks, 15.0)


def test_the_only_strategy_in_the_only_underlying_is_its_fund() -> None:
    world = World().begin()
    world.trade_lots(lots=2, strategy="x")
    world.trade(SPOT + 40)
    world.trade_lots(PUT, strategy="x")
    world.trade(SPOT + 50, beats=2)
    whole = fund(world)
    for text in ("main/x", "main/*/NIFTY", "main/x/NIFTY"):
        found, scope = part(world, text), Scope.parse(text)
        for name in EVERY:
            if name in measurable(scope):
                assert getattr(found, name) == pytest.approx(getattr(whole, name), rel=1e-6, abs=1e-9), (text, name)
        assert found.trusted


def test_parts_of_a_fund_add_up_to_it_and_another_funds_are_none_of_it() -> None:
    world = World(fresh(**TWO)).begin()
    world.trade_lots(lots=2, fund_id="a", strategy="x")
    world.trade(seconds=6.0)
    world.trade_lots(lots=1, fund_id="a", strategy="y")
    world.trade(seconds=6.0)
    world.trade_lots(PUT, fund_id="b", strategy="x")
    world.trade(SPOT + 60, beats=2)
    x, y, whole = part(world, "a/x"), part(world, "a/y"), fund(world)
    for name in ("daily_loss", "positions", "net_delta", "net_vega", "order_rate"):
        assert getattr(x, name) + getattr(y, name) == pytest.approx(getattr(whole, name), rel=1e-5), name
    assert x.net_delta == pytest.approx(2 * y.net_delta)
    assert x.stress_loss == pytest.approx(2 * y.stress_loss)
    assert part(world, "b/y").positions == part(world, "b/y").daily_loss == 0.0
    assert isnan(x.drawdown)


def test_a_days_loss_is_unknown_until_the_day_has_begun() -> None:
    world = World(fresh(**TWO)).begin()
    world.state.base = None
    assert isnan(part(world, "a/x").daily_loss)


def test_a_stale_mark_makes_its_own_part_untrusted_and_no_other() -> None:
    world = World().begin()
    world.trade_lots(strategy="x")
    world.trade_lots(PUT, strategy="y")
    for _ in range(12):
        world.at += SECOND
        world.take(*(one for one in chain(world.at) if one.symbol != CALL.id), Beat(world.at))
    assert not part(world, "main/x").trusted
    assert part(world, "main/y").trusted


def lines(world: World, scope: str) -> dict[str, LimitLine]:
    return {line.name: line for line in world.report.limits if line.scope == scope}


@pytest.mark.parametrize("scope", ["a/x", "a/*/NIFTY", "a/x/NIFTY", "a", "*"])
def test_a_breach_warns_is_confirmed_and_shuts_the_scope_of_its_limit(scope: str) -> None:
    world = World(fresh(**TWO)).begin()
    world.trade_lots(lots=4, fund_id="a", strategy="x")
    (mine,) = world.place(PUT, fund_id="a", strategy="x").orders
    (other,) = world.place(PUT, fund_id="b", strategy="x").orders
    world.trade()
    delta = lines(world, "*")["net_delta"].value
    where = [None if one == "*" else one for one in (*scope.split("/"), "*", "*")[:3]]
    own: dict[str, Any] = {"fund_id": where[0], "strategy": where[1], "underlying": where[2]}

    def limit(value: float) -> LimitLine:
        world.ask(ChangeLimits, reason="x", limits={"net_delta": value}, **own)
        return lines(world, scope)["net_delta"]

    assert limit(delta / 0.75).status is LimitStatus.OK
    assert limit(delta / 0.85).status is LimitStatus.WARN
    limit(delta / 2)
    world.trade(beats=2)
    assert (world.state.breaker.halt_seq, lines(world, scope)["net_delta"].status) == (0, LimitStatus.WARN)
    report = world.trade()
    breaker = world.state.breaker
    shut = breaker.causes if scope == "*" else breaker.partial
    assert (shut[0].trigger, shut[0].scope, breaker.halt_seq >= 1) == (Trigger.GREEK_LIMIT, scope, True)
    assert breaker.active == (scope != "*")
    cancelled = {action.order.id for action in report.actions if isinstance(action, CancelAtVenue)}
    assert cancelled == ({mine.id, other.id} if scope == "*" else {mine.id})
    events = len(world.report.breaker_events)
    world.trade(beats=3)
    assert len(world.report.breaker_events) == events, "a cause that stands trips once"


def test_with_one_fund_a_breach_of_its_own_limit_is_the_desks() -> None:
    world = World().begin()
    world.trade_lots(lots=4)
    world.ask(ChangeLimits, reason="x", limits={"net_delta": 1}, fund_id="main")
    world.trade(beats=3)
    assert [cause.scope for cause in world.state.breaker.causes] == ["*"]
    assert world.state.breaker.partial == ()


def test_what_the_market_does_is_the_desks_and_no_funds_unless_it_has_a_tighter_limit() -> None:
    world = World(fresh(**TWO)).begin()
    world.ask(ChangeLimits, reason="x", limits={"vix": 20}, fund_id="a")
    world.trade(beats=4, vix=25.0)
    assert [(one.trigger, one.scope) for one in world.state.breaker.partial] == [(Trigger.VIX_SPIKE, "a")]
    assert world.state.breaker.active
    world.trade(beats=4, vix=45.0)
    assert [one.scope for one in world.state.breaker.causes] == ["*"]
    assert [one.scope for one in world.state.breaker.partial] == ["a"]


def test_a_shock_of_volatility_trips_after_its_confirmations() -> None:
    world = World().begin()
    world.trade(beats=4)
    world.trade(beats=1, volatility=0.20)
    assert lines(world, "*")["iv_shock"].value == pytest.approx(1 / 3, rel=0.05)
    world.trade(beats=2, volatility=0.25)
    assert world.state.breaker.active
    assert lines(world, "*")["iv_shock"].status is LimitStatus.WARN
    world.trade(volatility=0.25)
    assert [cause.trigger for cause in world.state.breaker.causes] == [Trigger.IV_SHOCK]


def test_a_desk_of_futures_alone_hears_its_index_and_reports_its_market() -> None:
    world = World()
    world.take(Listed(world.at, (INDEX, FUTURE), "test"), index(world.at), Beat(world.at))
    world.at += 60 * SECOND
    report = world.take(index(world.at), Beat(world.at + SECOND))
    assert feed_age_s(world.state) == 1.0
    (line,) = report.markets
    assert (line.symbol, line.spot_price, line.expiry) == ("NIFTY", SPOT, None)
    assert isnan(line.atm_iv)
    assert world.state.breaker.active
