"""Limits in words: every limit of the desk has them, and they say what the desk does."""

from __future__ import annotations

from math import nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.parts import limit_words
from pages.parts.words import FRACTIONS
from sidecar.risk.limits import LIMITS


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_every_limit_of_the_desk_has_words_and_they_say_what_it_does(limit: object) -> None:
    name, kind, trips, unit = (getattr(limit, field) for field in ("name", "kind", "trips", "unit"))
    said = limit_words.LIMITS[name]
    wanted = limit_words.REFUSES if kind == "order" else limit_words.TRIPS if trips else limit_words.WARNS
    assert said.does == wanted
    assert (unit == "fraction") == (name in FRACTIONS) == said.unit.startswith("%")


def test_no_words_are_left_over_and_a_new_limit_is_not_invented() -> None:
    assert set(limit_words.LIMITS) == {limit.name for limit in LIMITS}
    assert limit_words.meaning("brand_new").what == "not described here"


@given(st.sampled_from(sorted(limit_words.LIMITS)), st.floats(0.0, 1e6))
def test_what_is_typed_comes_back_as_it_was(name: str, value: float) -> None:
    assert limit_words.on_screen(name, limit_words.on_wire(name, value)) == pytest.approx(value, abs=1e-9)


def test_per_cent_on_the_screen_is_a_fraction_on_the_wire() -> None:
    assert limit_words.on_wire("daily_loss", 3.0) == 0.03
    assert limit_words.on_wire("positions", 3.0) == 3.0
    assert limit_words.stated("daily_loss", 0.03) == "3.00 % of capital"
    assert limit_words.stated("positions", 20.0) == "20 positions"
    assert limit_words.stated("positions", None) == "–"


def test_breaches_come_first_and_what_is_unknown_comes_after_what_is_known() -> None:
    lines: list[dict[str, Any]] = [
        {"name": "unknown", "status": "unknown", "utilization": nan},
        {"name": "half", "status": "ok", "utilization": 0.5},
        {"name": "off", "status": "off"},
        {"name": "most", "status": "warn", "utilization": 0.9},
        {"name": "broken", "status": "breach", "utilization": 1.01},
    ]
    assert [line["name"] for line in limit_words.nearest(lines)] == ["broken", "most", "half", "unknown", "off"]


@pytest.mark.parametrize(
    ("scope", "level"), [("*", "desk"), ("main", "fund"), ("main/demo", "strategy"), ("main/*/NIFTY", "underlying")]
)
def test_scopes_have_levels(scope: str, level: str) -> None:
    assert limit_words.level(scope) == level


def test_a_new_limit_breaks_at_once_what_is_over_it_in_its_scope() -> None:
    lines: list[dict[str, Any]] = [
        {"name": "positions", "scope": "*", "value": 4.0},
        {"name": "positions", "scope": "main", "value": 3.0},
        {"name": "positions", "scope": "other", "value": None},
        {"name": "positions", "scope": "main/demo", "value": 1.0},
        {"name": "drawdown", "scope": "main", "value": 9.0},
    ]
    over, unknown = limit_words.crossed(lines, "positions", "*", 3.0)
    assert [line["scope"] for line in over] == ["*", "main"]
    assert [line["scope"] for line in unknown] == ["other"]
    assert [line["scope"] for line in limit_words.crossed(lines, "positions", "main", 1.0)[0]] == ["main", "main/demo"]


def test_a_fund_that_says_what_the_desk_says_is_left_out_and_one_that_differs_is_not() -> None:
    desk = {"name": "vix", "scope": "*", "value": 14.0, "limit": 40.0, "status": "ok"}
    same, tighter = {**desk, "scope": "main"}, {**desk, "scope": "main", "limit": 20.0}
    strategy = {**desk, "scope": "main/demo"}
    assert limit_words.distinct([desk, same]) == [desk]
    assert limit_words.distinct([tighter, desk, strategy]) == [tighter, desk, strategy]
    assert limit_words.distinct([same]) == [same]


def test_limits_without_a_value_are_those_of_the_gate() -> None:
    rows = limit_words.at_orders({"order_lots": 5.0, "positions": 20.0}, [{"name": "positions"}])
    assert rows == [{"name": "order_lots", "limit": 5.0}]
