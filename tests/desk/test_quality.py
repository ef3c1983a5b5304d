from __future__ import annotations

from math import isnan

import pytest
from msgspec.structs import replace

from sidecar.domain.clock import SECOND
from sidecar.domain.events import AnyEvent, Beat, FeedState, Listed, Quote, QuoteRefused
from sidecar.domain.report import QualityLine
from tests.desk.world import CALL, CLOSE, INDEX, LISTED, OPEN, OPTIONS, PUT, World, chain, index, quote


def line_of(world: World) -> QualityLine:
    (line,) = world.report.data_quality
    return line


def test_contracts_are_counted_as_live_stale_and_missing() -> None:
    world = World()
    world.take(Listed(world.at, (*OPTIONS,), "test"), index(world.at), Beat(world.at))
    line = line_of(world)
    assert (line.contracts, line.live, line.stale, line.missing, line.fresh, line.score) == (18, 0, 0, 18, 0.0, 0.0)
    world.begin()
    world.beat()
    line = line_of(world)
    assert (line.live, line.missing, line.fresh, line.score) == (18, 0, 1.0, 1.0)
    world.at += 10 * SECOND
    world.take(index(world.at))
    world.beat(0.0)
    line = line_of(world)
    assert (line.live, line.stale, line.fresh, line.score) == (0, 18, 0.0, 0.0)


def bad(world: World) -> list[AnyEvent]:
    good, at = quote(CALL, world.at), world.at
    return [
        replace(good, bid=good.ask + 1.0),
        replace(good, bid=good.ask + 2.0),
        replace(good, at=at - SECOND),
        replace(good, last=-1.0),
        QuoteRefused(at, PUT.id, "crossed"),
        QuoteRefused(at, "WHO", "crossed"),
    ]


def test_what_is_refused_is_counted_by_underlying_and_reason_and_takes_its_share_of_the_score() -> None:
    world = World().begin()
    world.take(*bad(world))
    world.beat()
    line = line_of(world)
    assert dict(line.refused_by_reason) == {"crossed": 3, "not_positive": 1, "out_of_order": 1}
    assert (line.refused, line.crossed, line.out_of_order) == (5, 3, 1)
    assert line.updates == 19
    assert line.clean == line.score == pytest.approx(19 / 24)
    assert world.report.counters.quotes_refused["crossed"] == 4, "one of them is of no underlying"


def test_what_was_bad_more_than_a_minute_ago_weighs_no_more() -> None:
    world = World().begin()
    world.take(*bad(world))
    world.trade(beats=59)
    assert line_of(world).clean < 1.0
    world.trade(beats=3)
    line = line_of(world)
    assert (line.clean, line.score) == (1.0, 1.0)
    assert line.refused == 5


def test_a_quote_that_only_repeats_another_or_comes_after_expiry_says_nothing_against_the_data() -> None:
    world = World().begin()
    world.take(quote(CALL, world.at), replace(quote(CALL, world.at), at=CALL.expires_at or 0))
    world.beat()
    line = line_of(world)
    assert dict(line.refused_by_reason) == {"duplicate": 1, "expired": 1}
    assert (line.clean, line.score) == (1.0, 1.0)


@pytest.mark.parametrize(("age", "steady"), [(1, 1.0), (4, 1.0), (5, 1.0), (7.5, 0.5), (9, 0.2), (10, 0.0), (60, 0.0)])
def test_an_underlying_that_falls_silent_loses_its_score_between_the_warning_and_the_limit(
    age: float, steady: float
) -> None:
    world = World().begin()
    world.at += int(age * SECOND)
    world.take(*[one for one in chain(world.at) if one.symbol != INDEX.id], Beat(world.at))
    line = line_of(world)
    assert line.steady == pytest.approx(steady)
    assert line.score == pytest.approx(steady)
    assert line.gaps == (age >= 10)


def test_each_silence_of_a_session_is_one_gap_and_the_closed_hours_are_none() -> None:
    world = World(at=CLOSE - 60 * SECOND).begin()
    for _ in range(2):
        for _ in range(15):
            world.beat()
        world.trade()
    assert line_of(world).gaps == 2
    world.at = CLOSE
    world.trade(beats=2)
    for _ in range(30):
        world.beat()
    line = line_of(world)
    assert (line.gaps, line.steady, line.stale) == (2, 1.0, 0)


def test_an_underlying_never_heard_of_is_a_gap_and_not_steady() -> None:
    world = World(at=OPEN + SECOND)
    world.take(LISTED, *[one for one in chain(world.at) if one.symbol != INDEX.id], Beat(world.at))
    assert (line_of(world).steady, line_of(world).gaps) == (0.0, 0)
    world.beat(11)
    assert (line_of(world).gaps, line_of(world).score) == (1, 0.0)
    assert isnan(line_of(world).age_s)


def test_messages_that_the_feed_missed_are_told_for_a_minute() -> None:
    world = World().begin()
    world.take(FeedState(world.at, "test", up=True, gap=7))
    world.trade(beats=2)
    assert (line_of(world).missed, world.report.counters.feed_gaps) == (7, 7)
    world.trade(beats=62)
    assert (line_of(world).missed, world.report.counters.feed_gaps) == (0, 7)


def test_it_is_worked_out_once_a_second() -> None:
    world = World().begin()
    lines = world.report.data_quality
    assert world.beat(0.5).data_quality is lines
    world.take(Quote(CALL.id, world.at, world.at, last=-1.0))
    assert world.beat(0.5).data_quality is not lines


def test_expired_contracts_are_no_longer_counted() -> None:
    world = World().begin()
    world.take(Beat((CALL.expires_at or 0) + SECOND))
    assert line_of(world).contracts == 0
    assert isnan(line_of(world).score)
