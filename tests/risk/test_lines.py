from math import inf, nan

import pytest

from sidecar.domain.breaker import Cause, Trigger
from sidecar.domain.errors import ConfigurationError
from sidecar.domain.report import LimitLine, LimitStatus
from sidecar.risk.limits import BY_NAME, WATCHED, Basis, Limit, Measures, defaults
from sidecar.risk.lines import cause, evaluate, standing

TRIPPING = [row for row in WATCHED if row.trips]
WARNING = [row for row in WATCHED if not row.trips]
by_name = pytest.mark.parametrize("row", WATCHED, ids=lambda row: row.name)
tripping = pytest.mark.parametrize("row", TRIPPING, ids=lambda row: row.name)


def line(row: Limit, value: float, *, held: int = 0, needed: int = 1, trusted: bool = True) -> LimitLine:
    measures = Measures(**{row.watches: value}, trusted=trusted)
    lines = evaluate("main", measures, defaults(), {row.name: held}, needed)
    return next(line for line in lines if line.name == row.name)


@by_name
def test_well_below_a_limit_all_is_well(row: Limit) -> None:
    found = line(row, 0.5 * row.default)
    assert found.status is LimitStatus.OK
    assert found.utilization == pytest.approx(0.5)
    assert found.scope == "main"


@by_name
def test_from_four_fifths_of_a_limit_its_line_warns(row: Limit) -> None:
    assert line(row, 0.79 * row.default).status is LimitStatus.OK
    expected = LimitStatus.OK if row.name == "stale_warn" else LimitStatus.WARN
    assert line(row, 0.8 * row.default).status is expected


@tripping
def test_at_a_limit_losses_and_ages_breach_and_amounts_do_not(row: Limit) -> None:
    assert line(row, row.default).status is (LimitStatus.BREACH if row.reached else LimitStatus.WARN)


@tripping
def test_above_a_limit_it_breaches(row: Limit) -> None:
    found = line(row, 1.01 * row.default)
    assert found.status is LimitStatus.BREACH
    assert standing((found,), 1) == (found,)


@pytest.mark.parametrize("row", WARNING, ids=lambda row: row.name)
@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_a_limit_that_does_not_trip_only_warns(row: Limit, factor: float) -> None:
    found = line(row, factor * row.default)
    assert found.status is LimitStatus.WARN
    assert standing((found,), 1) == ()


@by_name
@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_an_unknown_value_is_neither_ok_nor_a_breach(row: Limit, value: float) -> None:
    found = line(row, value)
    assert found.status is LimitStatus.UNKNOWN
    assert found.value != found.value
    assert found.utilization != found.utilization


@pytest.mark.parametrize("row", [r for r in TRIPPING if r.basis is not Basis.DESK], ids=lambda row: row.name)
def test_a_breach_of_market_values_needs_confirmations_in_a_row(row: Limit) -> None:
    first = line(row, 2 * row.default, held=0, needed=3)
    assert (first.status, first.confirmations) == (LimitStatus.WARN, 1)
    assert line(row, 2 * row.default, held=2, needed=3).status is LimitStatus.BREACH
    assert line(row, 2 * row.default, held=3, needed=3).confirmations == 3
    assert line(row, 0.1 * row.default, held=2, needed=3).confirmations == 0


@pytest.mark.parametrize("row", [r for r in TRIPPING if r.basis is Basis.DESK], ids=lambda row: row.name)
def test_a_breach_of_the_desks_own_facts_counts_at_once(row: Limit) -> None:
    assert line(row, 2 * row.default, needed=3, trusted=False).status is LimitStatus.BREACH


@pytest.mark.parametrize("row", [r for r in TRIPPING if r.basis is Basis.MARKS], ids=lambda row: row.name)
def test_untrusted_marks_neither_trip_nor_clear(row: Limit) -> None:
    trip = line(row, 2 * row.default, held=2, needed=3, trusted=False)
    assert (trip.status, trip.confirmations) == (LimitStatus.UNKNOWN, 2)
    clear = line(row, 0.0, held=3, needed=3, trusted=False)
    assert (clear.status, clear.confirmations) == (LimitStatus.BREACH, 3)
    assert standing((clear,), 3) == (clear,)


@tripping
def test_an_unknown_value_does_not_clear_a_breach(row: Limit) -> None:
    unknown = line(row, nan, held=3, needed=3)
    assert standing((unknown,), 3) == (unknown,)


def test_no_confirmation_at_all_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="confirmations"):
        evaluate("main", Measures(), defaults(), {}, 0)


def test_a_limit_of_zero_allows_nothing_and_has_no_utilisation() -> None:
    limits = {**defaults(), "positions": 0.0}
    flat, one = (
        next(x for x in evaluate("*", Measures(positions=n), limits, {}, 1) if x.name == "positions") for n in (0, 1)
    )
    assert (flat.status, flat.utilization) == (LimitStatus.OK, 0.0)
    assert one.status is LimitStatus.BREACH
    assert one.utilization != one.utilization


def test_a_profit_uses_none_of_the_loss_limit() -> None:
    assert line(BY_NAME["daily_loss"], -0.02).utilization == 0.0


def test_a_scope_has_lines_of_the_limits_that_it_has_and_no_others() -> None:
    found = evaluate("main/demo", Measures(positions=3.0), {"order_lots": 1.0, "positions": 2.0}, {}, 3)
    assert [(one.name, one.scope, one.status) for one in found] == [("positions", "main/demo", LimitStatus.BREACH)]


@pytest.mark.parametrize(
    ("scope", "where"), [("*", "the desk"), ("main", "fund main"), ("main/*/NIFTY", "of main/*/NIFTY")]
)
def test_a_cause_names_limit_scope_and_value(scope: str, where: str) -> None:
    found = cause(LimitLine("daily_loss", scope, 0.031, 0.03, 1.03, LimitStatus.BREACH, 3), 7, scope)
    assert (found.trigger, found.limit_name, found.limit, found.value) == (
        Trigger.DAILY_LOSS_LIMIT, "daily_loss", 0.03, 0.031,
    )  # fmt: skip
    assert where in found.detail
    assert found.scope == scope


def test_nothing_is_confirmed_by_nothing() -> None:
    with pytest.raises(ConfigurationError) as refused:
        evaluate("*", Measures(), defaults(), {}, 0)
    assert str(refused.value) == "confirmations: 0 would trip on nothing; give 1 or more"


def test_a_first_breach_is_the_first_of_its_confirmations() -> None:
    (first,) = evaluate("main", Measures(daily_loss=0.05, trusted=True), {"daily_loss": 0.03}, {}, 3)
    assert first == LimitLine("daily_loss", "main", 0.05, 0.03, 0.05 / 0.03, LimitStatus.WARN, 1)
    (third,) = evaluate("main", Measures(daily_loss=0.05, trusted=True), {"daily_loss": 0.03}, {"daily_loss": 2}, 3)
    assert (third.status, third.confirmations) == (LimitStatus.BREACH, 3)


def test_an_unknown_value_keeps_its_scope_its_limit_and_its_count() -> None:
    (found,) = evaluate("main/demo", Measures(trusted=True), {"daily_loss": 0.03}, {"daily_loss": 2}, 3)
    assert (found.name, found.scope, found.limit, found.status) == ("daily_loss", "main/demo", 0.03, "unknown")
    assert (found.value != found.value, found.utilization != found.utilization, found.confirmations) == (True, True, 2)


@pytest.mark.parametrize(
    ("scope", "where"), [("*", "the desk"), ("main", "fund main"), ("main/demo", "main/demo"), ("a/*/N", "a/*/N")]
)
def test_a_cause_says_what_is_beyond_which_limit_of_whom(scope: str, where: str) -> None:
    told = LimitLine("drawdown", scope, 0.0912345678, 0.08, 1.14, LimitStatus.BREACH, 3)
    detail = f"fall from the highest equity of {where} is 0.0912346 fraction, the limit is 0.08"
    limits = ("drawdown", 0.08, 0.0912345678, "main")
    assert cause(told, 7, "main") == Cause(Trigger.DRAWDOWN_LIMIT, 7, "desk", detail, *limits)
