from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.breaker import Trigger
from sidecar.domain.errors import ConfigurationError, InputError
from sidecar.risk.checks import CHECKS
from sidecar.risk.limits import BY_NAME, LIMITS, WATCHED, Limit, Measures, defaults, effective, validate

#: Who raises the triggers that no limit raises.
RAISED_ELSEWHERE = {
    Trigger.MARKET_HALT: "the exchange",
    Trigger.HEARTBEAT_LOST: "the dead man's switch",
    Trigger.RECONCILIATION_BREAK: "the comparison with the venue's book",
    Trigger.MANUAL_TRIGGER: "a person",
    Trigger.EMERGENCY_STOP: "a person",
}


def test_names_are_unique_and_every_default_is_valid() -> None:
    assert len(BY_NAME) == len(LIMITS)
    assert validate(defaults()) == defaults()


def test_every_limit_is_either_watched_or_checked_by_the_gate() -> None:
    checked = {check.limit for check in CHECKS}
    for row in LIMITS:
        assert row.kind in {"book", "order"}
        assert row in WATCHED if row.kind == "book" else row.name in checked


def test_every_trigger_belongs_to_a_limit_or_is_raised_elsewhere() -> None:
    assert {row.trigger for row in LIMITS} | RAISED_ELSEWHERE.keys() == set(Trigger)


def test_every_measure_is_watched() -> None:
    assert {row.watches for row in WATCHED} == set(Measures.__struct_fields__) - {"trusted"}


def test_with_no_limits_loaded_nothing_may_trade() -> None:
    with pytest.raises(ConfigurationError, match="none are loaded"):
        validate({})


@pytest.mark.parametrize("row", LIMITS, ids=lambda row: row.name)
def test_a_missing_limit_is_named(row: Limit) -> None:
    limits = defaults()
    del limits[row.name]
    with pytest.raises(ConfigurationError, match=f"^{row.name}: "):
        validate(limits)
    assert row.name not in validate(limits, whole=False)


@pytest.mark.parametrize("row", LIMITS, ids=lambda row: row.name)
@pytest.mark.parametrize("value", [nan, inf, -0.01, True, "5", None])
def test_a_value_that_cannot_be_a_limit_is_named(row: Limit, value: float) -> None:
    with pytest.raises(InputError, match=f"^{row.name}: "):
        validate({**defaults(), row.name: value})


def test_an_unknown_limit_is_refused() -> None:
    with pytest.raises(InputError, match=r"^max_fun: is not a limit"):
        validate({**defaults(), "max_fun": 1})


def test_per_cent_in_place_of_a_fraction_is_refused() -> None:
    with pytest.raises(InputError, match=r"write 0\.03 for 3 %"):
        validate({**defaults(), "daily_loss": 3})


@given(
    st.sampled_from(LIMITS),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_the_tightest_limit_wins(row: Limit, desk: float, fund: float) -> None:
    both = effective({**defaults(), row.name: desk}, {row.name: fund})
    assert both[row.name] == (max(desk, fund) if row.name == "duplicate_order" else min(desk, fund))
    assert {**both, row.name: 0.0} == {**defaults(), row.name: 0.0}


def test_a_fund_without_limits_has_the_desks() -> None:
    assert effective(defaults(), None) == defaults()


@pytest.mark.parametrize("name", ["positions", "loss_streak", "order_lots", "order_rate"])
def test_counts_are_whole(name: str) -> None:
    assert validate({**defaults(), name: 3.0})[name] == 3.0
    with pytest.raises(InputError, match=rf"{name}: 2\.5 is not a whole number"):
        validate({**defaults(), name: 2.5})


def test_data_that_would_trip_before_it_warns_is_refused() -> None:
    assert validate({**defaults(), "stale_warn": 10, "stale": 10})["stale_warn"] == 10.0
    with pytest.raises(InputError, match="stale_warn: 11 is above stale, 10"):
        validate({**defaults(), "stale_warn": 11, "stale": 10})
    assert validate({"stale": 2}, whole=False) == {"stale": 2.0}


NAMES = ", ".join(BY_NAME)


@pytest.mark.parametrize(
    ("limits", "whole", "words"),
    [
        ({}, True, f"limits: none are loaded, so nothing may trade; set {NAMES}"),
        (
            {name: value for name, value in defaults().items() if name not in ("vix", "stale")}, True,
            "vix: has no limit; set it, loosely if you must, but knowingly",
        ),
        ({"n" * 50: 1}, False, f"{'n' * 40}: is not a limit; use one of {NAMES}"),
        ({"vix": True}, False, "vix: True is not a finite number; give points, such as 40"),
        ({"vix": "40"}, False, "vix: '40' is not a finite number; give points, such as 40"),
        ({"vix": inf}, False, "vix: inf is not a finite number; give points, such as 40"),
        ({"vix": -1}, False, "vix: -1 is negative; give points, such as 40"),
        ({"drawdown": 8}, False, "drawdown: 8 is more than the whole; limits are fractions: write 0.03 for 3 %"),
        ({"positions": 2.5}, False, "positions: 2.5 is not a whole number; give count, such as 20"),
        ({"stale_warn": 11, "stale": 10}, False, "stale_warn: 11 is above stale, 10; warn no later than it trips"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_limit_is_said_with_the_remedy(limits: dict[str, Any], whole: bool, words: str) -> None:
    with pytest.raises((ConfigurationError, InputError)) as refused:
        validate(limits, whole=whole)
    assert str(refused.value) == words


def test_the_edges_of_what_can_be_a_limit_are_taken() -> None:
    edges = {"drawdown": 1, "positions": 0, "vix": 0, "stale_warn": 10, "stale": 10}
    taken = validate(edges, whole=False)
    assert taken == {"drawdown": 1.0, "positions": 0.0, "vix": 0.0, "stale_warn": 10.0, "stale": 10.0}
    assert all(type(value) is float for value in taken.values())
    # Without its other half neither is too late.
    assert validate({"stale_warn": 11}, whole=False) == {"stale_warn": 11.0}
    assert validate({"stale": 0.0}, whole=False) == {"stale": 0.0}
    assert validate(dict(reversed(defaults().items()))) == defaults()
    assert list(validate(dict(reversed(defaults().items())))) == list(BY_NAME)
