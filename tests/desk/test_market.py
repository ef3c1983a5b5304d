from __future__ import annotations

from math import isnan, nan

import pytest

from sidecar.desk.market import conditions
from sidecar.domain.clock import SECOND
from sidecar.domain.events import Beat, Listed, Quote
from sidecar.domain.report import Condition, Quality
from tests.desk.world import CALL, EXPIRY, OPTIONS, SPOT, World, index


@pytest.mark.parametrize(
    ("vix", "condition"),
    [
        (nan, Condition.UNKNOWN), (10.0, Condition.NORMAL), (24.99, Condition.NORMAL), (25.0, Condition.ELEVATED),
        (39.99, Condition.ELEVATED), (40.0, Condition.HIGH_STRESS), (60.0, Condition.EXTREME),
    ],
)  # fmt: skip
def test_the_condition_follows_the_volatility_index(vix: float, condition: Condition) -> None:
    assert conditions(vix) is condition


def test_an_underlyings_line_tells_spot_forward_and_the_nearest_expiry() -> None:
    (line,) = World().begin().report.markets
    assert (line.symbol, line.spot_price, line.expiry, line.vix) == ("NIFTY", SPOT, EXPIRY, 15.0)
    assert line.days_to_expiry == pytest.approx(1.267, abs=0.01)
    assert line.atm_iv == pytest.approx(0.15, abs=0.002)
    assert (line.condition, line.quality, line.age_s) == (Condition.NORMAL, Quality.LIVE, 0.0)


def test_an_index_never_seen_is_missing_and_not_zero() -> None:
    world = World()
    (line,) = world.take(Listed(world.at, (CALL,), "test"), Beat(world.at)).markets
    assert isnan(line.spot_price)
    assert isnan(line.age_s)
    assert (line.quality, line.condition, line.timestamp) == (Quality.MISSING, Condition.UNKNOWN, None)


def test_an_old_index_is_stale_in_the_session() -> None:
    world = World().begin()
    (line,) = world.beat(11.0).markets
    assert (line.quality, line.age_s) == (Quality.STALE, 11.0)


def test_the_quality_of_the_data_counts_live_stale_missing_and_refused() -> None:
    world = World()
    world.take(Listed(world.at, (*OPTIONS,), "test"), index(world.at), Beat(world.at))
    (line,) = world.report.data_quality
    assert (line.contracts, line.live, line.stale, line.missing, line.score) == (18, 0, 0, 18, 0.0)
    world.begin()
    world.take(Quote(CALL.id, world.at + 1, world.at + 1, last=-1.0))
    (line,) = world.beat().data_quality
    assert (line.live, line.missing, line.refused, line.score) == (18, 0, 1, 1.0)
    world.at += 10 * SECOND
    world.take(index(world.at))
    (line,) = world.beat(0.0).data_quality
    assert (line.live, line.stale) == (0, 18)


def test_expired_contracts_are_no_longer_counted() -> None:
    world = World().begin()
    (line,) = world.take(Beat((CALL.expires_at or 0) + SECOND)).data_quality
    assert line.contracts == 0
    assert isnan(line.score)
