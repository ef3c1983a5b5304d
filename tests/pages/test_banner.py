from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import Any

import pytest
from msgspec.structs import replace

from pages.parts import banner
from sidecar.domain.report import Quality
from sidecar.servers.quality import data_quality
from tests.servers.desk import report


@pytest.mark.parametrize(
    ("changes", "word", "color"),
    [
        ({}, "feed up", "blue"),
        ({"data_quality": 5}, "feed degraded", "orange"),
        ({"markets": Quality.STALE}, "FEED SILENT", "red"),
        ({"feed_up": False}, "FEED DOWN", "red"),
    ],
)
def test_whatever_the_desk_says_of_its_feed_has_a_badge(changes: dict[str, Any], word: str, color: str) -> None:
    made = report()
    rows: dict[str, Callable[[Any], Any]] = {
        "data_quality": lambda missed: tuple(replace(one, missed=missed, score=nan) for one in made.data_quality),
        "markets": lambda quality: tuple(replace(one, quality=quality) for one in made.markets),
        "feed_up": bool,
    }
    told = data_quality(report(**{name: rows[name](value) for name, value in changes.items()}))
    shown = banner._FEEDS[told["streaming_health"]]
    assert (shown[0], shown[2]) == (word, color)
