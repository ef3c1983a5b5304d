from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from sidecar.domain import wire
from sidecar.domain.events import Beat, FeedState, Listed, Quote, QuoteRefused
from sidecar.domain.orders import OrderState
from tests.desk.world import CALL, FUTURE, OPEN, SPOT, World, chain, quote


@pytest.fixture
def world() -> World:
    return World().begin()


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for part in value.values() for number in numbers(part)]
    if isinstance(value, list):
        return [number for part in value for number in numbers(part)]
    return [value] if isinstance(value, float) else []


def test_reports_are_numbered_without_a_gap(world: World) -> None:
    seqs = [world.beat(0.1).seq for _ in range(5)]
    assert seqs == list(range(seqs[0], seqs[0] + 5))


def test_no_number_on_the_wire_is_nan_or_infinite_even_where_nothing_is_known() -> None:
    worlds = [World(), World().begin()]
    worlds[0].take(Listed(OPEN, (CALL, FUTURE), "test"), Beat(OPEN))
    worlds[1].trade_lots()
    worlds[1].take(Beat((CALL.expires_at or 0) + 1))
    for world in worlds:
        text = wire.encode(world.report)
        assert all(math.isfinite(number) for number in numbers(json.loads(text)))
    assert worlds[0].report.total.portfolio_value == 10_000_000.0


def test_equity_is_capital_and_realised_and_unrealised_less_fees(world: World) -> None:
    world.trade_lots(lots=2)
    total = world.trade(SPOT + 40).total
    cash = float(total.capital + total.realized_pnl - total.fees)
    assert total.portfolio_value == cash + total.unrealized_pnl
    assert total.portfolio_value == 10_000_000.0 + total.daily_pnl
    assert total.unrealized_pnl == sum(line.unrealized_pnl for line in world.report.positions)


def test_the_last_line_of_the_funds_is_the_desk(world: World) -> None:
    assert [line.fund_id for line in world.report.funds] == ["main", "*"]
    assert world.report.total is world.report.funds[-1]


def test_a_quiet_beat_shares_the_chain_and_a_changed_one_gets_its_own(world: World) -> None:
    assert world.published is not None
    first = world.published
    world.beat(0.1)
    assert world.published.chain is first.chain
    assert world.published.report.chain_digest == first.report.chain_digest
    world.take(quote(CALL, world.at, SPOT + 5), Beat(world.at))
    assert world.published.chain is not first.chain
    assert world.published.report.chain_digest != first.report.chain_digest


def test_the_digest_changes_if_and_only_if_an_array_does(world: World) -> None:
    assert world.published is not None
    seen: dict[bytes, bytes] = {}
    for number in range(12):
        if number % 3 == 0:
            world.take(*chain(world.at + 1, SPOT + number))
        world.beat(0.4)
        content = world.published.chain.digest()
        assert world.report.chain_digest == content
        seen[content] = content
    assert 4 <= len(seen) <= 12


def test_what_is_published_cannot_be_changed_and_does_not_change(world: World) -> None:
    assert world.published is not None
    held = world.published
    before = held.chain.digest()
    for name in ("bid", "mark", "iv", "at"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(held.chain, name)[0] = 1
    world.trade(SPOT + 50, beats=2)
    assert held.chain.digest() == before
    assert not np.array_equal(held.chain.bid, world.published.chain.bid, equal_nan=True)


def test_records_actions_and_outcomes_are_told_once(world: World) -> None:
    world.place()
    assert world.report.records
    assert world.report.actions
    after = world.beat()
    assert (after.records, after.actions, after.outcomes, after.order_updates) == ((), (), (), ())


def test_the_report_shows_what_works_and_the_last_fifty_that_ended_newest_first(world: World) -> None:
    for _ in range(60):
        world.place(lots=6)
    world.place()
    orders = world.beat().orders
    assert [order.id[-5:] for order in orders[:3]] == ["00061", "00060", "00059"]
    assert orders[0].state is OrderState.PENDING
    assert len(orders) == 51


def test_the_feeds_name_and_whether_it_is_simulated_follow_the_data(world: World) -> None:
    assert (world.report.source, world.report.simulated, world.report.feed_up) == ("test", True, True)
    world.take(FeedState(world.at, "test", False, "gone", gap=3))
    report = world.beat()
    assert (report.feed_up, report.counters.feed_gaps) == (False, 3)


def test_quotes_and_refusals_are_counted(world: World) -> None:
    before = world.report.counters.quotes
    world.take(quote(CALL, world.at + 1, SPOT + 1), QuoteRefused(world.at, "X", "not_finite"))
    world.take(Quote("NIFTY", world.at + 1, world.at + 1, last=-1.0))
    counters = world.beat().counters
    assert counters.quotes == before + 1
    assert counters.quotes_refused == {"not_finite": 1, "not_positive": 1}


def test_a_beat_with_nothing_new_costs_little(world: World) -> None:
    import time

    took = []
    for _ in range(50):
        began = time.perf_counter()
        world.beat(0.001)
        took.append(time.perf_counter() - began)
    assert sorted(took)[25] < 0.01


def test_rehearsed_faults_are_said_in_every_report() -> None:
    world = World(rehearsed="reject=0.1").begin()
    assert "simulated venue with faults: reject=0.1" in world.report.notes
    for _ in range(20):
        world.state.say("something else")
    assert "simulated venue with faults: reject=0.1" in world.beat().notes
