from __future__ import annotations

from math import nan
from typing import Any

import pytest
from msgspec.structs import replace

from sidecar.domain.report import DeskReport, Quality
from sidecar.domain.wire import builtins
from sidecar.servers.quality import data_quality
from tests.servers.desk import report


def told(**changes: Any) -> Any:
    return builtins(data_quality(report(**changes)))


def of_symbols(made: DeskReport, *scores: float, **more: Any) -> Any:
    one = made.data_quality[0]
    return tuple(replace(one, symbol=f"S{place}", score=score, **more) for place, score in enumerate(scores))


def test_overall_quality_is_the_worst_symbol_and_unknown_when_one_is() -> None:
    made = report()
    assert told(data_quality=of_symbols(made, 0.9, 0.4))["overall_quality"] == 0.4
    assert told(data_quality=of_symbols(made, 0.9, nan))["overall_quality"] is None
    assert told(data_quality=())["overall_quality"] is None


def test_every_symbol_tells_what_was_counted_of_it() -> None:
    counted = {"crossed": 2, "out_of_order": 1, "gaps": 3, "refused_by_reason": {"crossed": 2, "out_of_order": 1}}
    shown = told(data_quality=of_symbols(report(), 0.9, 0.4, **counted))
    assert shown["total_symbols"] == 2
    assert list(shown["symbols"]) == ["S0", "S1"]
    line = shown["symbols"]["S1"]
    assert {name: line[name] for name in counted} == counted
    assert (line["score"], line["stale"], line["age_s"]) == (0.4, 2, 0.1)
    assert line["fresh"] is None, "what was not worked out is unknown"


@pytest.mark.parametrize(
    ("qualities", "changes", "missed", "health"),
    [
        (("live", "live"), {}, 0, "up"),
        (("live", "stale"), {}, 0, "degraded"),
        (("live", "missing"), {}, 0, "degraded"),
        (("live", "live"), {}, 4, "degraded"),
        (("stale", "missing"), {}, 0, "silent"),
        (("live", "live"), {"session_open": False}, 0, "up"),
        (("live", "live"), {"feed_up": False}, 0, "down"),
        (("stale", "stale"), {"feed_up": False}, 0, "down"),
        ((), {}, 0, "up"),
    ],
)
def test_the_streams_health_is_what_is_heard_and_not_what_the_feed_claims(
    qualities: tuple[str, ...], changes: dict[str, Any], missed: int, health: str
) -> None:
    made = report()
    markets = tuple(replace(made.markets[0], quality=Quality(word)) for word in qualities)
    shown = told(markets=markets, data_quality=of_symbols(made, 0.9, missed=missed), **changes)
    assert shown["streaming_health"] == health
    assert shown["stale_count"] == sum(word != "live" for word in qualities)
