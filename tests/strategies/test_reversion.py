from __future__ import annotations

from math import nan

import pytest
from msgspec.structs import replace

from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.commands import SendSignal, Stop
from sidecar.domain.records import SignalRecorded
from sidecar.domain.report import DeskReport, Quality
from sidecar.domain.signals import Signal, SignalRequest, SignalStatus, SignalType
from sidecar.strategies.demo import Demo
from sidecar.strategies.reversion import Reversion
from tests.desk.world import CLOSE, SPOT, World
from tests.test_drive import Room


def said(levels: list[float], *, every: float = 5.0) -> list[SignalRequest]:
    """What it says of a market that goes through these levels."""
    world, opinion = World().begin(), Reversion("NIFTY", "demo", "main")
    found = []
    for level in levels:
        (line,) = world.report.markets
        world.at += int(every * SECOND)
        report = replace(world.beat(0.0), markets=(replace(line, spot_price=level, quality=Quality.LIVE),))
        found.append(opinion.look(report))
    return [one for one in found if one is not None]


@pytest.mark.parametrize(
    ("last", "kind", "confidence"),
    [(SPOT + 20.0, "sell", 0.829), (SPOT - 20.0, "buy", 0.829), (SPOT, "hold", 1.0)],
)
def test_it_expects_a_level_that_is_far_from_its_average_to_come_back(
    last: float, kind: str, confidence: float
) -> None:
    (signal,) = said([SPOT] * 11 + [last])
    assert (signal.symbol, signal.signal_type, signal.horizon_s) == ("NIFTY", SignalType(kind), 120.0)
    assert (signal.strategy, signal.fund_id, signal.quantity) == ("demo", "main", 0)
    assert signal.confidence == confidence
    assert "deviations" in signal.reason


def test_it_speaks_about_once_a_minute_and_only_after_a_minute_of_levels() -> None:
    assert said([SPOT] * 11) == []
    assert len(said([SPOT + place % 3 for place in range(12 + 36)])) == 4
    assert len(said([SPOT] * 600, every=0.5)) == 5, "it notes a level every five seconds, however often it is asked"


def test_what_it_has_not_seen_or_cannot_trust_it_says_nothing_of() -> None:
    world = World().begin()
    (line,) = world.report.markets

    def silent(report: DeskReport) -> bool:
        opinion = Reversion("NIFTY", "demo", "main")
        return all(opinion.look(replace(report, timestamp=world.beat(5.0).timestamp)) is None for _ in range(20))

    assert silent(replace(world.report, markets=()))
    assert silent(replace(world.report, markets=(replace(line, quality=Quality.STALE),)))
    assert silent(replace(world.report, markets=(replace(line, spot_price=nan),)))
    assert silent(replace(world.report, session_open=False))


def signals(room: Room) -> list[Signal]:
    records = [record for published in room.reports for record in published.report.records]
    return [one.signal for one in records if isinstance(one, SignalRecorded)]


def test_the_demonstrations_signals_are_recorded_and_scored() -> None:
    room = Room([Demo()])
    for place in range(300):
        room.trade(spot=SPOT + 5.0 * (place // 10 % 3))
    given = [one for one in signals(room) if one.status is SignalStatus.OPEN]
    scored = {one.id: one for one in signals(room) if one.status is SignalStatus.SCORED}
    assert len(given) == 5
    assert {one.actor for one in given} == {"strategy:demo"}
    assert [one.at - other.at for one, other in zip(given[1:], given[:-1], strict=True)] == [MINUTE] * 4
    assert len(scored) == len([one for one in given if one.due_at <= room.at]) >= 2
    for one in scored.values():
        assert one.price is not None
        assert one.outcome_price is not None
        assert one.scored_at == one.due_at


def test_it_goes_on_saying_what_it_expects_while_trading_is_stopped_and_no_longer_when_the_session_is_over() -> None:
    room = Room([Demo()])
    room.ask(Stop, reason="drill")
    room.trade(70)
    assert len(signals(room)) == 1
    room.at = CLOSE
    room.trade(70)
    assert len([event for event in room.events if isinstance(event, SendSignal)]) == 1
